/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of an archive: what is in it becomes files of the tree that is built. The umask is 0. */
#ifndef BIVY_TRANSFER_BUILD_UNPACK_H
#define BIVY_TRANSFER_BUILD_UNPACK_H

#include "transfer/build_write.h"

/* Whether the file FD, which is read, is a tar archive with something in it, compressed or not. Its offset moves. */
bool build_unpack_is_archive(int fd);

/*
 * Unpacks it into the directory that the target becomes, by docker's rules: what
 * is there under the same name is replaced, directories are merged and get the
 * archive's owner, mode and times. Links are followed within that directory.
 */
int build_unpack(const struct build_target *target, int fd, const char *title, struct build_written *written, struct error *err) _must_check_;

#endif
