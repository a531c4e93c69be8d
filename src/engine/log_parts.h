/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a log, of the drivers that write files. */
#ifndef BIVY_ENGINE_LOG_PARTS_H
#define BIVY_ENGINE_LOG_PARTS_H

#include "spec/log_options.h"

#include <sys/types.h>

/* A file that is open, whatever happens to its name. */
struct log_part {
	int fd;
	bool is_compressed;
	int64_t order;    /* ascending with time; of "local" the same for good */
	ino_t inode;
	int64_t changed_ns; /* when the last line was written */
	off_t end;        /* what is beyond is not read; INT64_MAX after log_parts_open() */
};

struct log_parts {
	enum spec_log_driver driver;
	struct log_part *list; /* the oldest first */
	size_t count;
};

/* All files of container ID's log in the directory DIRECTORY_FD; names that change meanwhile are followed. */
int log_parts_open(int directory_fd, enum spec_log_driver driver, const char *id, struct log_parts *ret) _must_check_;
void log_parts_close(struct log_parts *parts);
#define _cleanup_log_parts_ _cleanup_(log_parts_close)

#endif
