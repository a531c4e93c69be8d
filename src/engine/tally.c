/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tally.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/file.h>

#define NAME "tally.json"
#define NEW_NAME ".tally.new" /* only written under the lock, so that one name will do */
#define LOCK_NAME "tally.lock"

static struct spec_tally read_at(int root_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_tally tally = { .since_ns = 0 };
	struct error err = ERROR_INIT;
	int r = file_read_whole_at(root_fd, NAME, SPEC_TALLY_LIMIT, &text);

	if (r == 0 && spec_tally_decode(text.data ? text.data : "", text.length, &tally, &err) < 0)
		log_debug(NAME " is damaged: %s", err.message);
	return tally;
}

static int replace(int root_fd, const struct spec_tally *tally)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = openat(root_fd, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	spec_tally_encode(tally, &text);
	r = fd_write_all(fd, text.data, text.length);
	if (r == 0 && renameat(root_fd, NEW_NAME, root_fd, NAME) < 0)
		r = -errno;
	return r;
}

typedef void change_tally(struct spec_tally *tally, const void *context);

static int change_at(int root_fd, change_tally *change, const void *context)
{
	_cleanup_close_ int lock = openat(root_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct spec_tally tally;

	if (lock < 0)
		return -errno;
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	tally = read_at(root_fd);
	if (tally.since_ns <= 0)
		tally = (struct spec_tally){ .since_ns = clock_wall_ns() };
	change(&tally, context);
	return replace(root_fd, &tally);
}

static void change(const struct directories *directories, change_tally *how, const void *context)
{
	_cleanup_close_ int fd = open(directories->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : change_at(fd, how, context);

	if (r < 0)
		log_debug("cannot count in '%s/" NAME "': %s", directories->root, error_words(-r));
}

struct event {
	enum spec_tally_result result;
	int64_t took_ns;
	uint64_t bytes;
	size_t steps_run, steps_cached;
};

static void add_pull(struct spec_tally *tally, const void *context)
{
	const struct event *event = context;

	spec_tally_times_add(&tally->pulls[event->result], event->took_ns);
	tally->pulled_bytes += event->bytes;
}

static void add_build(struct spec_tally *tally, const void *context)
{
	const struct event *event = context;

	spec_tally_times_add(&tally->builds[event->result], event->took_ns);
	tally->steps_run += event->steps_run;
	tally->steps_cached += event->steps_cached;
}

void tally_add_pull(const struct directories *directories, enum spec_tally_result result, int64_t took_ns, uint64_t bytes)
{
	change(directories, add_pull, &(struct event){ .result = result, .took_ns = took_ns, .bytes = bytes });
}

void tally_add_build(const struct directories *directories, enum spec_tally_result result, int64_t took_ns, size_t steps_run, size_t steps_cached)
{
	change(directories, add_build,
	       &(struct event){ .result = result, .took_ns = took_ns, .steps_run = steps_run, .steps_cached = steps_cached });
}

struct spec_tally tally_read(const struct directories *directories)
{
	_cleanup_close_ int fd = open(directories->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? (struct spec_tally){ .since_ns = 0 } : read_at(fd);
}
