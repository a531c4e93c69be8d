/* SPDX-License-Identifier: Apache-2.0 */
/* A file that lines are appended to: whole ones or none, whatever the disk does. */
#ifndef BIVY_SUPERVISOR_LOG_FILE_H
#define BIVY_SUPERVISOR_LOG_FILE_H

#include "base/str.h"
#include "supervisor/log.h"

struct log_file {
	int fd;             /* -EBADF: there is none, and what is flushed is lost */
	int64_t size;       /* bytes in it; what would be behind them is no line */
	struct buf pending; /* to be written */
	int64_t lines;      /* in .pending */
	bool is_torn;       /* it has half a line at its end: another one is to be begun */
};

#define LOG_FILE_INIT ((struct log_file){ .fd = -EBADF })

/* One more line is in .pending; written if many are. Returns how many were lost. */
int64_t log_file_added(struct log_file *file);

/* Returns how many lines were lost. */
int64_t log_file_flush(struct log_file *file);

/* Whether MAX_SIZE (0: never) is reached, or it cannot be gone on with. */
bool log_file_is_full(const struct log_file *file, int64_t max_size);

void log_file_close(struct log_file *file);

/*
 * Makes PATH and opens it, in *FD if that is not open yet. A parent that is
 * missing is an error.
 */
int log_file_open_directory(const char *path, int *fd) _must_check_;

/* Whether it may be gone on without a file, dropping, as there is no room for one. */
bool log_file_is_for_want_of_room(int r);

/* Files in the order in which they are compressed. */
struct log_file_names {
	char **list;
	size_t count;
};

/* Adds NAME, a file of the directory, unless it is not there or not worth it; *RET_IS_BUSY, which may be NULL, if somebody compresses it already. */
void log_file_names_add(struct log_file_names *names, int directory_fd, const char *name, bool *ret_is_busy);
void log_file_names_done(struct log_file_names *names);
#define _cleanup_log_file_names_ _cleanup_(log_file_names_done)

/* Has the files compressed, one after the other, by COMPRESS (NULL: they stay as they are), unless that goes on already: FD, which has the last one open, is locked. */
void log_file_have_compressed(log_compress *compress, void *context, const char *format, int fd, const struct log_file_names *names);

/*
 * A log_compress, for who may start processes: bivy-transfer replaces the files,
 * which are in DIRECTORY, by compressed ones, and nobody waits for it. It has FD
 * open as long as it works. The file is unlocked if it cannot be started.
 */
void log_file_compress(const char *transfer, const char *format, const char *directory, int fd, const struct log_file_names *names);

/* Whether somebody compresses NAME. */
bool log_file_is_being_compressed(int directory_fd, const char *name);

#endif
