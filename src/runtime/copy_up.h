/* SPDX-License-Identifier: Apache-2.0 */
/* The option tmpcopyup: a tmpfs begins as a copy of what it covers. */
#ifndef BIVY_RUNTIME_COPY_UP_H
#define BIVY_RUNTIME_COPY_UP_H

#include "base/error.h"

/*
 * Copies what is in the directory SOURCE_FD into the empty directory TARGET_FD
 * (O_PATH will do for both): directories, files, links, devices, fifos, with
 * mode, owner and times. Sockets are left out. No link is
 * followed; more than 128 levels are refused. *ERR names the entry alone.
 */
int copy_up(int source_fd, int target_fd, struct error *err) _must_check_;

#endif
