/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a path of a container's process leads, by looking alone: it is resolved
 * in that process's root, and nothing but links and directories is opened
 * (O_PATH). What the process finds a moment later may be something else; it is
 * for learning, not for deciding.
 */
#ifndef BIVY_SUPERVISOR_LEARN_PATH_H
#define BIVY_SUPERVISOR_LEARN_PATH_H

#include "base/cleanup.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct learn_path {
	char path[PATH_MAX];      /* from the container's root, without links */
	char directory[PATH_MAX]; /* that has it */
	bool exists, is_directory;
};

/*
 * PATH of process PID, relative to its descriptor DIRFD (or AT_FDCWD), a link
 * at its end followed or not. ROOT_FD is the container's root. Files of procfs
 * are all "/proc", terminals all "/dev/pts": what they are called changes with
 * each run. -ENOENT and others if it leads nowhere, -EXDEV if to what has no
 * path: pipes, sockets.
 */
int learn_path_find(int root_fd, pid_t pid, int dirfd, const char *path, bool follow, struct learn_path *ret) _must_check_;

/* PATH made "/proc" or "/dev/pts" if it is beneath, as above. */
void learn_path_generalise(char *path);

#endif
