/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading is done in two steps: where to begin is found from the end, so that
 * the last lines cost nothing of those before; from there on it goes forwards,
 * from part to part, and with .follow on to what is still to be written.
 */
#include "engine/logs.h"
#include "base/file.h"
#include "engine/log_journal.h"
#include "engine/log_reader.h"
#include "engine/time_limit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
/* How often the end of the supervisor is looked for where no descriptor tells of it, and what is new where inotify(7) does not. */
#define POLL_MS 200

struct logs {
	const struct logs_request *request;
	struct container_record *record;
	enum spec_log_driver driver;
	int64_t since_ns, until_ns;
	int directory_fd; /* -EBADF: it has not been started yet */
	struct log_parts parts;
	size_t current;   /* the part that is read; .parts.count: none yet */
	struct log_reader reader;
	int64_t skip;     /* lines that are still passed over */
	bool is_over;     /* nothing more is wanted */
	int result;       /* of .each, if it was not 0 */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool is_wanted(const struct logs *logs, const struct spec_log_record *record)
{
	return record->time_ns >= logs->since_ns && record->time_ns <= logs->until_ns &&
	       (record->stream == 2 ? logs->request->err : logs->request->out);
}

/* ---- where to begin ------------------------------------------------------------------------ */

struct start {
	const struct logs *logs;
	int64_t lines;  /* that are still to be found; -1: all */
	bool has_begun; /* one record at least was wanted */
	off_t offset;   /* found in a part */
};

/* As a log_reader_visit: true at the record that is not to be read any more. */
static bool look_back(void *context, const struct spec_log_record *record, off_t end)
{
	struct start *start = context;

	start->offset = end;
	if (record->time_ns < start->logs->since_ns)
		return true;
	if (!is_wanted(start->logs, record) || start->lines < 0)
		return false;
	/* A line that has no end yet is one, too, if it is the last. */
	if (record->partial && start->has_begun)
		return false;
	start->has_begun = true;
	return start->lines-- == 0;
}

/* How many lines of a compressed part are wanted. */
static int count_lines(const struct logs *logs, const struct log_part *part, int64_t *ret, struct error *err)
{
	struct log_reader reader;
	struct spec_log_record record;
	int r = log_reader_open(logs->driver, part, 0, &reader, err);

	*ret = 0;
	while (r >= 0 && (r = log_reader_next(&reader, &record, err)) > 0)
		*ret += is_wanted(logs, &record) && !record.partial;
	log_reader_close(&reader);
	return r;
}

/* Looks for the beginning in one part: 1 if it is there, 0 if it is further back. */
static int find_in_part(struct logs *logs, const struct log_part *part, struct start *start, struct error *err)
{
	int64_t lines;
	int r;

	start->offset = 0;
	if (!part->is_compressed) {
		r = log_reader_search(logs->driver, part, look_back, start);
		return r < 0 ? error_errno(err, -r, "cannot read the log of container '%s'", logs->record->container->name) : r;
	}
	if (start->lines < 0)
		return 0;
	r = count_lines(logs, part, &lines, err);
	if (r < 0)
		return r;
	if (lines < start->lines) {
		start->lines -= lines;
		return 0;
	}
	logs->skip = lines - start->lines;
	return 1;
}

/* Whether all in it is older than NS: a file's time comes from a clock that ticks less often than the one of its lines. */
static bool is_before(const struct log_part *part, int64_t ns)
{
	return ns != INT64_MIN && part->changed_ns < ns - NS_PER_S;
}

/*
 * Who does not wait for more sees what is there when he asks: the last lines
 * are no more than those, and one that is written faster than it is read has
 * an end. A part that another one follows has its own.
 */
static int set_end(struct logs *logs, struct error *err)
{
	struct log_part *last = logs->parts.count > 0 ? &logs->parts.list[logs->parts.count - 1] : NULL;
	struct stat status;

	if (!last || logs->request->follow)
		return 0;
	if (fstat(last->fd, &status) < 0)
		return error_errno(err, errno, "cannot read the log of container '%s'", logs->record->container->name);
	last->end = status.st_size;
	return 0;
}

/* Opens the part to begin with, at the place to begin at. */
static int begin(struct logs *logs, struct error *err)
{
	struct start start = { .logs = logs, .lines = logs->request->tail };
	size_t i = logs->parts.count;
	int r = 0;

	if (start.lines < 0 && logs->since_ns == INT64_MIN)
		i = 0;
	while (r == 0 && i > 0) {
		const struct log_part *part = &logs->parts.list[i - 1];

		if (is_before(part, logs->since_ns) || (start.lines == 0 && start.has_begun && part->is_compressed))
			break;
		r = find_in_part(logs, &logs->parts.list[--i], &start, err);
	}
	if (r < 0)
		return r;
	logs->current = i;
	return i == logs->parts.count ? 0 : log_reader_open(logs->driver, &logs->parts.list[i], r > 0 ? start.offset : 0, &logs->reader, err);
}

/* ---- forwards --------------------------------------------------------------------------------- */

static void deliver(struct logs *logs, const struct spec_log_record *record)
{
	if (record->time_ns > logs->until_ns)
		logs->is_over = true;
	if (!is_wanted(logs, record))
		return;
	if (logs->skip > 0) {
		logs->skip -= !record->partial;
		return;
	}
	logs->result = logs->request->each(logs->request->context, record);
	logs->is_over = logs->result != 0;
}

static int read_part(struct logs *logs, struct error *err)
{
	struct spec_log_record record;
	int r = 0;

	while (!logs->is_over && (r = log_reader_next(&logs->reader, &record, err)) > 0)
		deliver(logs, &record);
	return r < 0 ? r : 0;
}

/* All parts that are open, up to the present end of the last. */
static int read_parts(struct logs *logs, struct error *err)
{
	int r = 0;

	while (r == 0 && logs->current < logs->parts.count) {
		r = read_part(logs, err);
		if (r < 0 || logs->is_over || logs->current + 1 == logs->parts.count)
			break;
		log_reader_close(&logs->reader);
		r = log_reader_open(logs->driver, &logs->parts.list[++logs->current], 0, &logs->reader, err);
	}
	return r;
}

/* ---- what is still to be written ------------------------------------------------------------------ */

/* Whether PART is the one that was read as LAST, perhaps compressed meanwhile: then it has its time still. */
static bool is_same(enum spec_log_driver driver, const struct log_part *part, const struct log_part *last)
{
	struct stat status;

	if (driver == SPEC_LOG_LOCAL)
		return part->order == last->order;
	if (!part->is_compressed || last->is_compressed)
		return part->inode == last->inode;
	return fstat(last->fd, &status) == 0 && part->changed_ns == status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
}

/* The part of FRESH that follows the one that was read last. */
static size_t find_next(const struct logs *logs, const struct log_parts *fresh)
{
	const struct log_part *last = logs->current < logs->parts.count ? &logs->parts.list[logs->current] : NULL;

	for (size_t i = 0; last && i < fresh->count; i++)
		if (is_same(logs->driver, &fresh->list[i], last))
			return i + 1;
	/* There was none, or it was removed: all that are there are younger. */
	return 0;
}

/* Goes on to the parts FRESH from NEXT on; they are taken. */
static int continue_with(struct logs *logs, struct log_parts *fresh, size_t next, struct error *err)
{
	int r;

	/* What has come since it was looked at; nothing comes any more. */
	if (logs->current < logs->parts.count) {
		r = read_part(logs, err);
		if (r < 0 || logs->is_over)
			return r;
		log_reader_close(&logs->reader);
	}
	log_parts_close(&logs->parts);
	logs->parts = *fresh;
	*fresh = (struct log_parts){ .driver = logs->driver };
	logs->current = next;
	r = log_reader_open(logs->driver, &logs->parts.list[next], 0, &logs->reader, err);
	return r < 0 ? r : read_parts(logs, err);
}

static int open_directory(struct logs *logs, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/log", logs->record->path);

	if (logs->directory_fd < 0)
		logs->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (logs->directory_fd < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot open '%s'", path);
	return 0;
}

static int list_parts(struct logs *logs, struct log_parts *ret, struct error *err)
{
	int r = open_directory(logs, err);

	*ret = (struct log_parts){ .driver = logs->driver };
	if (r < 0 || logs->directory_fd < 0)
		return r;
	r = log_parts_open(logs->directory_fd, logs->driver, logs->record->container->id, ret);
	return r < 0 ? error_errno(err, -r, "cannot read the log of container '%s'", logs->record->container->name) : 0;
}

/* All that has been added. */
static int read_on(struct logs *logs, struct error *err)
{
	_cleanup_log_parts_ struct log_parts fresh = { .list = NULL };
	int r = read_parts(logs, err);
	size_t next;

	if (r < 0 || logs->is_over)
		return r;
	r = list_parts(logs, &fresh, err);
	if (r < 0)
		return r;
	next = find_next(logs, &fresh);
	return next < fresh.count ? continue_with(logs, &fresh, next, err) : 0;
}

/* -EBADF where it cannot be had. */
static int watch(struct logs *logs)
{
	char path[64];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	snprintf(path, sizeof path, "/proc/self/fd/%d", logs->directory_fd);
	if (fd >= 0 && (logs->directory_fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0))
		close_and_forget(&fd);
	return fd;
}

static int wait_ms(const struct logs *logs, bool is_told)
{
	int64_t left = logs->until_ns == INT64_MAX ? INT64_MAX : (logs->until_ns - now_ns()) / NS_PER_MS + 1;

	if (!is_told && left > POLL_MS)
		return POLL_MS;
	return left == INT64_MAX ? -1 : left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Waits until there may be more. *RET_IS_GONE: the supervisor is. */
static int wait_for_more(struct logs *logs, int watch_fd, int supervisor_fd, bool *ret_is_gone, struct error *err)
{
	struct pollfd polled[] = { { .fd = watch_fd, .events = POLLIN }, { .fd = supervisor_fd, .events = POLLIN } };
	char events[4096];
	int r = 0;

	if (poll(polled, 2, wait_ms(logs, watch_fd >= 0 && supervisor_fd >= 0)) < 0 && errno != EINTR)
		return error_errno(err, errno, "cannot wait for the log of container '%s'", logs->record->container->name);
	if (polled[0].revents)
		ignore_result(read(watch_fd, events, sizeof events)); /* that there was something is all */
	if (supervisor_fd >= 0) {
		*ret_is_gone = polled[1].revents != 0;
		return 0;
	}
	r = container_record_refresh(logs->record, err);
	*ret_is_gone = r == 0 && !logs->record->is_supervised;
	return r;
}

static int follow(struct logs *logs, struct error *err)
{
	pid_t supervisor = (pid_t)logs->record->state->supervisor_pid;
	bool is_gone = !logs->record->is_supervised;
	_cleanup_close_ int supervisor_fd = -EBADF, watch_fd = watch(logs);
	int r = 0;

	/* Its number counts as long as it holds its lock. */
	if (!is_gone && supervisor > 0)
		supervisor_fd = (int)syscall(SYS_pidfd_open, supervisor, 0);
	if (!is_gone)
		r = container_record_refresh(logs->record, err);
	is_gone = !logs->record->is_supervised;
	while (r == 0) {
		bool is_last = is_gone || now_ns() > logs->until_ns;

		r = read_on(logs, err);
		if (r < 0 || logs->is_over || is_last)
			break;
		if (logs->request->idle)
			logs->request->idle(logs->request->context);
		r = wait_for_more(logs, watch_fd, supervisor_fd, &is_gone, err);
	}
	return r;
}

/* ---- the request -------------------------------------------------------------------------------------- */

static int read_files(struct logs *logs, struct error *err)
{
	int r = list_parts(logs, &logs->parts, err);

	if (r == 0)
		r = set_end(logs, err);
	if (r == 0)
		r = begin(logs, err);
	if (r == 0)
		r = read_parts(logs, err);
	if (r == 0 && logs->request->follow && !logs->is_over)
		r = follow(logs, err);
	if (logs->current < logs->parts.count)
		log_reader_close(&logs->reader);
	log_parts_close(&logs->parts);
	close_and_forget(&logs->directory_fd);
	return r;
}

static int read_log(struct logs *logs, struct error *err)
{
	const struct spec_host_config *host = &logs->record->container->host;
	struct spec_log_options options;
	int r = spec_log_options_read(host->log_driver, host->log_options, host->log_option_count, &options, err);

	if (r < 0)
		return r;
	logs->driver = options.driver;
	if (options.driver == SPEC_LOG_LOCAL || options.driver == SPEC_LOG_JSON_FILE)
		return read_files(logs, err);
	if (options.driver == SPEC_LOG_JOURNALD)
		return log_journal_read(logs->request, logs->record, logs->since_ns, logs->until_ns, err);
	error_set(err, ERROR_UNSUPPORTED, 0, "container '%s' has no log: its log driver is '%s'", logs->record->container->name,
		spec_log_driver_name(options.driver));
	return -EOPNOTSUPP;
}

int logs_read(const struct logs_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct logs logs = { .request = request, .record = &record, .since_ns = INT64_MIN, .until_ns = INT64_MAX, .directory_fd = -EBADF };
	int r = time_limit_read("since", request->since, &logs.since_ns, err);

	if (r == 0)
		r = time_limit_read("until", request->until, &logs.until_ns, err);
	if (r == 0)
		r = container_record_open(arena, request->directories, request->container, &record, err);
	if (r == 0)
		r = read_log(&logs, err);
	return r < 0 ? r : logs.result;
}
