/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and small files. All functions return 0 or -errno unless said. */
#ifndef BIVY_BASE_FILE_H
#define BIVY_BASE_FILE_H

#include "base/cleanup.h"
#include "base/str.h"

#include <sys/types.h>

/* Reads to the end of FD into *BUF (appending); -EFBIG when more than LIMIT bytes come. */
int fd_read_all(int fd, size_t limit, struct buf *buf) _must_check_;

/* Writes all bytes, going on after EINTR and short writes. */
int fd_write_all(int fd, const void *bytes, size_t length) _must_check_;

/* Moves FD to a number of 3 or more if it is below; returns it (CLOEXEC), or -errno (FD closed). */
int fd_above_stdio(int fd) _must_check_;

/* Waits for flock(2), LOCK_EX, whatever interrupts that. On failure errno says why, too. */
int fd_lock_exclusive(int fd) _must_check_;

/* Opens /dev/null for those of the standard streams that are closed, so that nothing else gets their numbers. First thing in a program. */
void fd_fill_stdio(void);

/*
 * The text of a small file under DIRFD (AT_FDCWD allowed), NUL-terminated,
 * appended to *BUF; -EFBIG above LIMIT bytes. Follows symlinks: not for paths
 * that a container controls.
 */
int file_read_at(int dirfd, const char *path, size_t limit, struct buf *buf) _must_check_;

/*
 * As file_read_at(), of a regular file: for places where somebody else may have
 * put a fifo, which would keep us waiting, or a device. -ENXIO for those.
 */
int file_read_regular_at(int dirfd, const char *path, size_t limit, struct buf *buf) _must_check_;

/*
 * As file_read_at(), of a regular file that is only ever replaced: a read that
 * brings less than it could is the end of it, which saves the one that brings
 * nothing. -ELOOP for a symlink.
 */
int file_read_whole_at(int dirfd, const char *path, size_t limit, struct buf *buf) _must_check_;

/* One write(2) of TEXT to an existing file (no create, no truncate): for kernel files. */
int file_put_at(int dirfd, const char *path, const char *text) _must_check_;

/*
 * Replaces the file: temporary name beside it, then rename(2). Not synced. A
 * crash leaves the old file, and perhaps "<path>.tmp-*".
 */
int file_replace_at(int dirfd, const char *path, const void *bytes, size_t length, mode_t mode) _must_check_;

/*
 * Calls VISIT with each name in the directory FD ("." and ".." too, in no
 * order) until it returns something else than 0, which is returned then. FD
 * itself is not read from: calls may overlap. -errno if there is no reading it.
 */
typedef int file_visit_name(void *context, const char *name);
int file_each_name(int fd, file_visit_name *visit, void *context) _must_check_;

/* mkdir -p with MODE for each part that is missing. */
int file_make_directories(const char *path, mode_t mode) _must_check_;

/* Whether NAME in DIRFD, if it is no link, is what FD is open of. */
bool file_is_at(int dirfd, const char *name, int fd) _must_check_;

#endif
