/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver "local": segments (spec/log_record.h). A name never means another
 * segment, so that readers need no lock.
 */
#include "base/file.h"
#include "base/log.h"
#include "supervisor/log_driver.h"
#include "supervisor/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TAIL_BYTES (SPEC_LOG_TEXT_LIMIT + 64) /* the last record is within */

struct local {
	char *path;
	int directory_fd;
	uint64_t number; /* of the segment that is written; 0: not known yet */
	struct log_file file;
	log_compress *compress;
	void *compress_context;
	struct spec_log_options options; /* but the texts */
};

static int find_highest(void *context, const char *name)
{
	uint64_t *highest = context, number = spec_log_segment_number(name, NULL);

	if (number > *highest)
		*highest = number;
	return 0;
}

static int remove_old(void *context, const char *name)
{
	const struct local *local = context;
	uint64_t number = spec_log_segment_number(name, NULL);

	/* One that is to be begun counts. */
	if (number && number + (uint64_t)local->options.max_files <= local->number && unlinkat(local->directory_fd, name, 0) < 0)
		log_warning("cannot remove the old log '%s/%s': %s", local->path, name, error_words(errno));
	return 0;
}

/* Opens segment .number, which is made if it is not there. */
static int open_segment(struct local *local)
{
	char name[SPEC_LOG_SEGMENT_NAME];
	struct stat status;

	spec_log_segment_name(local->number, name);
	local->file.fd = openat(local->directory_fd, name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (local->file.fd < 0)
		return -errno;
	if (fstat(local->file.fd, &status) < 0)
		return -errno;
	local->file.size = status.st_size;
	return 0;
}

/* Whether more can follow: it ends with a whole record. */
static bool ends_well(const struct log_file *file)
{
	_cleanup_free_ char *tail = NULL;
	int64_t start = file->size > TAIL_BYTES ? file->size - TAIL_BYTES : 0;
	struct spec_log_record record;
	size_t length;
	ssize_t n;

	if (file->size == 0)
		return true;
	tail = memory_new(TAIL_BYTES, 1);
	n = pread(file->fd, tail, TAIL_BYTES, start);
	return n == file->size - start && spec_log_record_decode_last(tail, (size_t)n, &record, &length) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct old_segments {
	const struct local *local;
	struct log_file_names names;
	bool is_busy;
};

static int find_old(void *context, const char *name)
{
	struct old_segments *old = context;
	bool is_compressed = false;
	uint64_t number = spec_log_segment_number(name, &is_compressed);

	if (number && !is_compressed)
		log_file_names_add(&old->names, old->local->directory_fd, name, &old->is_busy);
	return 0;
}

/* All that is not compressed, as what was written while an earlier one was, or what that left; one process at a time. */
static void compress(const struct local *local)
{
	struct old_segments old = { .local = local };

	ignore_result(file_each_name(local->directory_fd, find_old, &old)); /* what is not found is compressed next time */
	if (!old.is_busy && old.names.count > 0) {
		qsort(old.names.list, old.names.count, sizeof *old.names.list, compare_names);
		log_file_have_compressed(local->compress, local->compress_context, "zstd", local->file.fd, &old.names);
	}
	log_file_names_done(&old.names);
}

/* Another segment: the oldest one makes room first, also on a disk that is full. */
static int64_t rotate(struct local *local)
{
	int64_t lost = log_file_flush(&local->file);

	if (local->options.compress)
		compress(local);
	log_file_close(&local->file);
	local->number++;
	ignore_result(file_each_name(local->directory_fd, remove_old, local)); /* next time, then */
	ignore_result(open_segment(local));                                      /* without one, lines are dropped, and it is tried again */
	return lost;
}

/* The directory is open, and what is in it known. */
static int look(struct local *local)
{
	int r = log_file_open_directory(local->path, &local->directory_fd);

	if (r == 0 && local->number == 0)
		r = file_each_name(local->directory_fd, find_highest, &local->number);
	return r < 0 ? r : 0;
}

/* The segment to go on with is open, or the reason why not is returned. */
static int prepare(struct local *local)
{
	int r;

	if (local->file.fd >= 0)
		return 0;
	r = look(local);
	if (r < 0)
		return r;
	if (local->number == 0)
		local->number = 1;
	r = open_segment(local);
	if (r < 0)
		return r;
	if (!ends_well(&local->file))
		local->file.is_torn = true;
	ignore_result(file_each_name(local->directory_fd, remove_old, local));
	return 0;
}

static void close_local(void *state)
{
	struct local *local = state;

	log_file_close(&local->file);
	close_and_forget(&local->directory_fd);
	free(local->path);
	free(local);
}

static int open_local(const struct log_request *request, const struct spec_log_options *options, void **ret, struct error *err)
{
	struct local *local = memory_new(1, sizeof *local);
	int r;

	*local = (struct local){ .path = str_dup(request->path), .directory_fd = -EBADF,
		.file = LOG_FILE_INIT, .compress = request->compress, .compress_context = request->compress_context, .options = *options };
	/* Who says nothing needs no segment. */
	r = look(local);
	if (r == 0 && local->number > 0)
		r = prepare(local);
	if (r < 0 && !log_file_is_for_want_of_room(r)) {
		close_local(local);
		return error_errno(err, -r, "cannot open the log '%s'", request->path);
	}
	*ret = local;
	return 0;
}

static int64_t flush_local(void *state)
{
	struct local *local = state;

	return log_file_flush(&local->file);
}

static int64_t write_local(void *state, const struct spec_log_record *record)
{
	struct local *local = state;
	int64_t lost = 0;

	if (prepare(local) < 0)
		return 1;
	if (log_file_is_full(&local->file, local->options.max_size))
		lost = rotate(local);
	if (local->file.fd < 0)
		return lost + 1;
	if (local->file.size == 0 && local->file.pending.length == 0)
		buf_add_text(&local->file.pending, SPEC_LOG_MAGIC);
	spec_log_record_encode(record, &local->file.pending);
	return lost + log_file_added(&local->file);
}

const struct log_driver log_driver_local = {
	.open = open_local,
	.write = write_local,
	.flush = flush_local,
	.close = close_local,
};
