/* SPDX-License-Identifier: Apache-2.0 */
/* Files of one side on their way, as an archive. */
#ifndef BIVY_TRANSFER_FILES_SOURCE_H
#define BIVY_TRANSFER_FILES_SOURCE_H

#include "base/error.h"
#include "store/stream.h"
#include "transfer/files_side.h"

enum files_send_flag {
	FILES_SEND_FOLLOW = 1 << 0, /* of a symbolic link what it names; so does a slash behind it */
	FILES_SEND_DOT = 1 << 1,    /* members of what is in "x/." begin with "./" */
};

/*
 * Writes what PATH is, with all that is in it, to SINK: as members that begin
 * with its last component, or without one if that is "." or "/": then it is
 * what is in the directory.
 */
int files_send(const struct files_side *side, const char *path, unsigned flags, struct sink sink, struct error *err) _must_check_;

#endif
