/* SPDX-License-Identifier: Apache-2.0 */
/* Files of one side on their way, as an archive. */
#ifndef BIVY_TRANSFER_FILES_SOURCE_H
#define BIVY_TRANSFER_FILES_SOURCE_H

#include "base/error.h"
#include "store/stream.h"
#include "transfer/files_side.h"

/*
 * Writes what PATH is, with all that is in it, to SINK: as members that begin
 * with its last component, or without one if that is "." or "/": then it is
 * what is in the directory. FOLLOW, or a slash behind it: of a symbolic link
 * what it names.
 */
int files_send(const struct files_side *side, const char *path, bool follow, struct sink sink, struct error *err) _must_check_;

#endif
