/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a file of a log, forwards and backwards. */
#ifndef BIVY_ENGINE_LOG_READER_H
#define BIVY_ENGINE_LOG_READER_H

#include "base/error.h"
#include "base/memory.h"
#include "engine/log_parts.h"
#include "spec/log_record.h"

struct log_reader {
	enum spec_log_driver driver;
	int fd;        /* of the part; borrowed */
	int pipe_fd;   /* of the process that decompresses it; -EBADF: none */
	pid_t child;   /* 0: none, or it has ended */
	off_t offset;  /* in .fd, of what is read next */
	off_t end;     /* in .fd, where reading ends at the latest */
	struct buf bytes;
	size_t used;   /* of .bytes */
	bool is_compressed;
	bool has_begun; /* its magic has been seen */
	bool is_broken; /* what follows in it is lost */
	struct arena *arena; /* of the record that was returned last */
};

/* From OFFSET on, the end of a record of log_reader_search(), or 0: the beginning; only that if it is compressed. */
int log_reader_open(enum spec_log_driver driver, const struct log_part *part, off_t offset, struct log_reader *ret, struct error *err) _must_check_;
void log_reader_close(struct log_reader *reader);

/* The next record, valid until the next call. 1; 0 at the end, after which it may be called again for what has been added; or a negative errno. */
int log_reader_next(struct log_reader *reader, struct spec_log_record *ret, struct error *err) _must_check_;

/*
 * Calls EACH for the records of a part that is not compressed, the last one
 * first, with the offset of its end; until it returns true. 1 then, 0 after
 * the first record, or -errno.
 */
typedef bool log_reader_visit(void *context, const struct spec_log_record *record, off_t end);
int log_reader_search(enum spec_log_driver driver, const struct log_part *part, log_reader_visit *each, void *context) _must_check_;

#endif
