/* SPDX-License-Identifier: Apache-2.0 */
/* The option tmpcopyup: a tmpfs begins as a copy of what it covers. */
#ifndef BIVY_RUNTIME_COPY_UP_H
#define BIVY_RUNTIME_COPY_UP_H

#include "base/error.h"

/* What of the directory itself is copied; its times and its other attributes always are. */
enum copy_up_flag {
	COPY_UP_UID = 1 << 0,
	COPY_UP_GID = 1 << 1,
	COPY_UP_MODE = 1 << 2, /* with its ACL */
};

/*
 * Copies what is in the directory SOURCE_FD into the empty directory TARGET_FD
 * (O_PATH will do for both), of which nobody else knows: directories, files,
 * links of both kinds, devices, fifos, with owner, mode, times and extended
 * attributes (host/xattr.h). Sockets are left out. No link is followed; more
 * than 128 levels are refused. *ERR names the entry by its path. For a process
 * with one thread: the working directory changes, and is restored.
 */
int copy_up(int source_fd, int target_fd, unsigned flags, struct error *err) _must_check_;

#endif
