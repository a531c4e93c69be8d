/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/events.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/event_filter.h"
#include "engine/time_limit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define BLOCK (64u << 10)
/* inotify(7) tells of changes; where it cannot, they are looked for this often. */
#define POLL_MS 1000

/* ---- writing -------------------------------------------------------------------------- */

/* The full file becomes the old one; who still has it open may add a last line there. */
static int rotate(const struct directories *directories, const char *path, int fd)
{
	_cleanup_free_ char *old = str_printf("%s/events.1", directories->run_root);
	struct stat by_name, by_fd;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno; /* somebody is at it */
	if (stat(path, &by_name) < 0 || fstat(fd, &by_fd) < 0 || by_name.st_ino != by_fd.st_ino)
		return 0;
	return rename(path, old) < 0 ? -errno : 0;
}

static int append(const struct directories *directories, const char *path, const struct buf *line)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat status;
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = file_make_directories(directories->run_root, 0711);
		if (r < 0)
			return r;
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (fd < 0 || write(fd, line->data, line->length) < 0 || fstat(fd, &status) < 0)
		return -errno;
	return status.st_size < EVENTS_BYTES ? 0 : rotate(directories, path, fd);
}

void events_add(const struct directories *directories, const struct spec_event *event)
{
	_cleanup_free_ char *path = str_printf("%s/events", directories->run_root);
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r;

	spec_event_encode(event, &line);
	r = line.length > SPEC_EVENT_LIMIT ? -EFBIG : append(directories, path, &line);
	if (r < 0)
		log_warning("cannot add the event '%s' of '%.12s': %s, left out", event->action, event->id, error_words(-r));
}

void events_add_prune(const struct directories *directories, const char *type, uint64_t bytes)
{
	char text[24];
	struct spec_pair reclaimed = { (char *)"reclaimed", text };
	struct spec_event event = { .type = type, .action = "prune", .id = "", .attributes = &reclaimed, .attribute_count = 1 };
	struct timespec now;

	snprintf(text, sizeof text, "%" PRIu64, bytes);
	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	events_add(directories, &event);
}

/* ---- reading ---------------------------------------------------------------------------- */

struct reader {
	const struct events_request *request;
	const struct event_filter *filter;
	const char *path;
	int64_t since_ns, until_ns; /* INT64_MIN, INT64_MAX: no limit */
	int fd;                     /* of the file that is read; -EBADF: none yet */
	struct buf pending;         /* what has come of a line */
	int result;                 /* of .each, if it was not 0 */
};

/* A line that is no event is passed over: a full disk cuts them off. */
static bool give(struct reader *reader, const char *line, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_event event;

	if (spec_event_decode(arena, line, length, &event, NULL) < 0)
		return true;
	if (event.time_ns < reader->since_ns || event.time_ns > reader->until_ns || !event_filter_passes(reader->filter, &event))
		return true;
	reader->result = reader->request->each(reader->request->context, &event);
	return reader->result == 0;
}

/* All whole lines that are there; false: EACH has had enough. */
static bool give_lines(struct reader *reader)
{
	struct buf *pending = &reader->pending;
	size_t start = 0;
	const char *end;
	bool more = true;

	while (more && (end = memchr(pending->data + start, '\n', pending->length - start))) {
		more = give(reader, pending->data + start, (size_t)(end - pending->data) - start);
		start = (size_t)(end - pending->data) + 1;
	}
	pending->length -= start;
	memmove(pending->data, pending->data + start, pending->length);
	if (pending->length > SPEC_EVENT_LIMIT)
		pending->length = 0;
	return more;
}

/* Reads to the present end. 1: go on, 0: EACH has had enough, or -errno. */
static int read_on(struct reader *reader)
{
	char block[4096];
	ssize_t n;

	while (reader->fd >= 0 && (n = read(reader->fd, block, sizeof block)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_add(&reader->pending, block, (size_t)n);
		if (!give_lines(reader))
			return 0;
	}
	return 1;
}

/* Whether the file has been put aside since it was opened. */
static bool was_rotated(const struct reader *reader)
{
	struct stat by_name, by_fd;

	return reader->fd < 0 || stat(reader->path, &by_name) < 0 || fstat(reader->fd, &by_fd) < 0 || by_name.st_ino != by_fd.st_ino;
}

static void open_next(struct reader *reader)
{
	close_and_forget(&reader->fd);
	reader->pending.length = 0;
	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* As read_on(), through a rotation into the next file. */
static int read_all(struct reader *reader)
{
	int r = read_on(reader);

	if (r <= 0 || !was_rotated(reader))
		return r;
	/* Its last lines may have come since. */
	r = read_on(reader);
	if (r <= 0)
		return r;
	open_next(reader);
	return read_on(reader);
}

/* ---- following ----------------------------------------------------------------------------- */

/* Waits for a change, or the end. */
static void wait_for_more(const struct reader *reader, int watch_fd)
{
	char changes[4096] __attribute__((aligned(8)));
	struct pollfd polled = { .fd = watch_fd, .events = POLLIN };
	int64_t left_ms = POLL_MS;

	if (reader->until_ns != INT64_MAX)
		left_ms = (reader->until_ns - clock_wall_ns()) / NS_PER_MS + 1;
	if (left_ms > POLL_MS)
		left_ms = POLL_MS;
	if (poll(&polled, watch_fd < 0 ? 0 : 1, left_ms < 0 ? 0 : (int)left_ms) > 0)
		ignore_result(read(watch_fd, changes, sizeof changes)); /* which change it was does not matter */
}

static int watch(const struct directories *directories)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0)
		ignore_result(inotify_add_watch(fd, directories->run_root, IN_MODIFY | IN_CREATE | IN_MOVED_TO)); /* else it is polled */
	return fd;
}

static int follow(struct reader *reader, struct error *err)
{
	_cleanup_close_ int watch_fd = watch(reader->request->directories);

	while (true) {
		bool over = clock_wall_ns() > reader->until_ns;
		int r = read_all(reader);

		if (r < 0)
			return error_errno(err, -r, "cannot read '%s'", reader->path);
		if (r == 0)
			return reader->result;
		if (over)
			return 0;
		wait_for_more(reader, watch_fd);
	}
}

/* Past events first, or only what is to come. */
static int begin(struct reader *reader, const char *old, struct error *err)
{
	int r = 1;

	if (reader->since_ns != INT64_MIN) {
		reader->fd = open(old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		r = read_on(reader);
		if (r < 0)
			return error_errno(err, -r, "cannot read '%s'", old);
		open_next(reader);
		return r;
	}
	reader->since_ns = clock_wall_ns();
	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->fd >= 0 && lseek(reader->fd, 0, SEEK_END) < 0)
		return error_errno(err, errno, "cannot read '%s'", reader->path);
	return 1;
}

static int run(struct reader *reader, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/events", reader->request->directories->run_root), *old = str_printf("%s.1", path);
	int r;

	/* Docker's "until" alone is about the past, all of it. */
	if (reader->until_ns != INT64_MAX && reader->since_ns == INT64_MIN)
		reader->since_ns = 0;
	reader->path = path;
	r = begin(reader, old, err);
	if (r > 0)
		r = follow(reader, err);
	else if (r == 0)
		r = reader->result;
	close_and_forget(&reader->fd);
	buf_done(&reader->pending);
	return r;
}

int events_follow(const struct events_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct event_filter filter = { .terms = NULL };
	struct reader reader = { .request = request, .filter = &filter, .since_ns = INT64_MIN, .until_ns = INT64_MAX, .fd = -EBADF };
	int r = time_limit_read("since", request->since, &reader.since_ns, err);

	if (r == 0)
		r = time_limit_read("until", request->until, &reader.until_ns, err);
	for (char **text = request->filters; r == 0 && text && *text; text++)
		r = event_filter_add(&filter, arena, *text, err);
	return r < 0 ? r : run(&reader, err);
}
