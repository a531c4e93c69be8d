/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_reader.h"
#include "base/file.h"
#include "engine/program.h"
#include "spec/log_line.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BLOCK (64u << 10)
#define WINDOW (2 * SPEC_LOG_LINE_LIMIT) /* has a whole record of either driver, wherever it begins */

/* ---- a compressed part ---------------------------------------------------------------------- */

/* In the child. What it says of a damaged file we say in our words. */
_noreturn_ static void execute(const char *program, int fd, int pipe_fd, pid_t parent)
{
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(127);
	if (null_fd >= 0 && dup2(fd, STDIN_FILENO) >= 0 && dup2(pipe_fd, STDOUT_FILENO) >= 0 && dup2(null_fd, STDERR_FILENO) >= 0)
		execl(program, "bivy-transfer", "decompress", NULL);
	_exit(127);
}

static int start_decompressing(struct log_reader *reader, struct error *err)
{
	char program[PATH_MAX];
	pid_t parent = getpid();
	int fds[2], r = program_find(&program_transfer, program, err);

	if (r < 0)
		return r;
	if (lseek(reader->fd, 0, SEEK_SET) < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot read a compressed log");
	reader->pipe_fd = fds[0];
	reader->child = fork();
	if (reader->child == 0)
		execute(program, reader->fd, fds[1], parent);
	close(fds[1]);
	if (reader->child > 0)
		return 0;
	reader->child = 0;
	return error_errno(err, errno, "cannot start '%s'", program);
}

/* At the end of what it writes: whether that was all. */
static int end_decompressing(struct log_reader *reader, struct error *err)
{
	int status = 0;

	close_and_forget(&reader->pipe_fd);
	while (reader->child > 0 && waitpid(reader->child, &status, 0) < 0 && errno == EINTR)
		;
	reader->child = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INTERNAL, EIO, "cannot decompress an older part of the log");
	return 0;
}

/* ---- forwards ---------------------------------------------------------------------------------- */

int log_reader_open(enum spec_log_driver driver, const struct log_part *part, off_t offset, struct log_reader *ret, struct error *err)
{
	*ret = (struct log_reader){ .driver = driver, .fd = part->fd, .pipe_fd = -EBADF, .offset = offset, .end = part->end,
		.is_compressed = part->is_compressed, .has_begun = driver != SPEC_LOG_LOCAL || offset > 0 };
	return part->is_compressed ? start_decompressing(ret, err) : 0;
}

void log_reader_close(struct log_reader *reader)
{
	if (reader->child > 0) {
		kill(reader->child, SIGKILL);
		ignore_result(end_decompressing(reader, NULL)); /* it had not come to its end */
	}
	close_and_forget(&reader->pipe_fd);
	buf_done(&reader->bytes);
	arena_free(reader->arena);
	reader->arena = NULL;
}

/*
 * What is half there is read anew: a writer whose disk was full takes it back
 * and puts something else in its place.
 */
static int take_end(struct log_reader *reader, struct error *err)
{
	if (reader->is_compressed)
		return end_decompressing(reader, err);
	reader->offset -= (off_t)(reader->bytes.length - reader->used);
	reader->bytes.length = reader->used = 0;
	return 0;
}

static ssize_t read_block(const struct log_reader *reader, char block[static BLOCK])
{
	off_t left = reader->end - reader->offset;

	if (reader->pipe_fd >= 0)
		return read(reader->pipe_fd, block, BLOCK);
	return left <= 0 ? 0 : pread(reader->fd, block, left < (off_t)BLOCK ? (size_t)left : BLOCK, reader->offset);
}

/* More of the part's bytes; 0 if there are none now. */
static int read_more(struct log_reader *reader, struct error *err)
{
	char block[BLOCK];
	ssize_t n;

	if (reader->is_compressed && reader->pipe_fd < 0)
		return 0;
	if (reader->used > 0) {
		reader->bytes.length -= reader->used;
		memmove(reader->bytes.data, reader->bytes.data + reader->used, reader->bytes.length);
		reader->used = 0;
	}
	do
		n = read_block(reader, block);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, errno, "cannot read the log");
	if (n == 0)
		return take_end(reader, err);
	buf_add(&reader->bytes, block, (size_t)n);
	reader->offset += n;
	return 1;
}

/* The next of a segment's records in the bytes that are there: as spec_log_record_decode(). */
static int next_record(struct log_reader *reader, struct spec_log_record *ret)
{
	size_t length, magic = strlen(SPEC_LOG_MAGIC), left = reader->bytes.length - reader->used;
	int r;

	if (!reader->has_begun) {
		if (left < magic)
			return -ENODATA;
		if (memcmp(reader->bytes.data + reader->used, SPEC_LOG_MAGIC, magic) != 0)
			return -EBADMSG;
		reader->used += magic;
		left -= magic;
		reader->has_begun = true;
	}
	r = spec_log_record_decode(reader->bytes.data + reader->used, left, ret, &length);
	if (r == 0)
		reader->used += length;
	return r;
}

/* The next line; one that is damaged is passed over. */
static int next_line(struct log_reader *reader, struct spec_log_record *ret)
{
	while (true) {
		const char *line = reader->bytes.data + reader->used;
		size_t left = reader->bytes.length - reader->used;
		const char *end = left > 0 ? memchr(line, '\n', left) : NULL;
		struct arena *arena;

		if (!end)
			return left > SPEC_LOG_LINE_LIMIT ? -EBADMSG : -ENODATA;
		reader->used += (size_t)(end - line) + 1;
		arena_free(reader->arena);
		reader->arena = arena = arena_new();
		if (spec_log_line_decode(arena, line, (size_t)(end - line), ret, NULL) == 0)
			return 0;
	}
}

int log_reader_next(struct log_reader *reader, struct spec_log_record *ret, struct error *err)
{
	while (!reader->is_broken) {
		int r = (reader->driver == SPEC_LOG_LOCAL ? next_record : next_line)(reader, ret);

		if (r == 0)
			return 1;
		if (r == -EBADMSG)
			reader->is_broken = true;
		else if ((r = read_more(reader, err)) <= 0)
			return r;
	}
	return 0;
}

/* ---- backwards --------------------------------------------------------------------------------- */

/* A piece of a file. */
struct window {
	int fd;
	off_t start; /* in the file, of .bytes */
	size_t length;
	char *bytes;
};

/* The WINDOW bytes before END, or what there is of them. */
static int fill(struct window *window, off_t end)
{
	off_t start = end > (off_t)WINDOW ? end - (off_t)WINDOW : 0;
	size_t length = 0;

	if (!window->bytes)
		window->bytes = memory_new(WINDOW, 1);
	while (length < (size_t)(end - start)) {
		ssize_t n = pread(window->fd, window->bytes + length, (size_t)(end - start) - length, start + (off_t)length);

		if (n <= 0 && (n == 0 || errno != EINTR))
			return n < 0 ? -errno : -ENODATA; /* somebody has cut it off */
		length += n < 0 ? 0 : (size_t)n;
	}
	window->start = start;
	window->length = length;
	return 0;
}

/* The record that ends at END, in the window's bytes. */
static int last_record(const struct window *window, off_t end, struct spec_log_record *ret, size_t *ret_length)
{
	/* The magic is no record, whatever it looks like. */
	off_t start = window->start < (off_t)strlen(SPEC_LOG_MAGIC) ? (off_t)strlen(SPEC_LOG_MAGIC) : window->start;

	if (end < start)
		return -ENODATA;
	return spec_log_record_decode_last(window->bytes + (start - window->start), (size_t)(end - start), ret, ret_length);
}

/* Where the last whole record ends, which takes reading from the beginning: a record that was cut off has no end to be found by. */
static int find_end(const struct log_part *part, off_t *ret)
{
	struct log_reader reader;
	struct spec_log_record record;
	int r = log_reader_open(SPEC_LOG_LOCAL, part, 0, &reader, NULL);

	while (r >= 0 && (r = log_reader_next(&reader, &record, NULL)) > 0)
		;
	*ret = reader.offset - (off_t)(reader.bytes.length - reader.used);
	log_reader_close(&reader);
	return r;
}

static int search_segment(const struct log_part *part, off_t end, log_reader_visit *each, void *context)
{
	_cleanup_free_ char *bytes = NULL;
	struct window window = { .fd = part->fd };
	struct spec_log_record record;
	size_t length;
	int r = fill(&window, end);

	bytes = window.bytes;
	if (r == 0 && last_record(&window, end, &record, &length) < 0) {
		r = find_end(part, &end);
		if (r == 0)
			r = fill(&window, end);
	}
	while (r == 0 && end > (off_t)strlen(SPEC_LOG_MAGIC)) {
		r = last_record(&window, end, &record, &length);
		if (r == -ENODATA && window.start > 0 && (r = fill(&window, end)) == 0)
			r = last_record(&window, end, &record, &length);
		if (r < 0)
			break;
		if (each(context, &record, end))
			return 1;
		end -= (off_t)length;
	}
	/* What does not hang together is lost, and no error. */
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* Where the line begins that ends, with its newline, at END; -1: before the window. */
static off_t find_line(const struct window *window, off_t end)
{
	const char *newline = end - window->start > 1 ? memrchr(window->bytes, '\n', (size_t)(end - window->start) - 1) : NULL;

	if (newline)
		return window->start + (newline - window->bytes) + 1;
	return window->start == 0 ? 0 : -1;
}

static int search_lines(const struct log_part *part, off_t end, log_reader_visit *each, void *context)
{
	_cleanup_free_ char *bytes = NULL;
	struct window window = { .fd = part->fd };
	int r = fill(&window, end);

	bytes = window.bytes;
	while (r == 0 && end > 0) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_log_record record;
		off_t start = find_line(&window, end);

		if (start < 0 && (r = fill(&window, end)) == 0)
			start = find_line(&window, end);
		/* A line that no window holds is none of ours. */
		if (r < 0 || start < 0)
			break;
		if (spec_log_line_decode(arena, window.bytes + (start - window.start), (size_t)(end - start), &record, NULL) == 0 &&
		    each(context, &record, end))
			return 1;
		end = start;
	}
	return r == -ENODATA ? 0 : r;
}

int log_reader_search(enum spec_log_driver driver, const struct log_part *part, log_reader_visit *each, void *context)
{
	struct stat status;
	off_t end;

	if (fstat(part->fd, &status) < 0)
		return -errno;
	end = status.st_size < part->end ? status.st_size : part->end;
	return end == 0 ? 0 : (driver == SPEC_LOG_LOCAL ? search_segment : search_lines)(part, end, each, context);
}
