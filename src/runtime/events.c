/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs `events` and `events --stats`: readings of a container at
 * intervals, and its OOM kills as they happen, until it ends.
 *
 * How an OOM kill is told: v1 signals an eventfd that was registered in
 * cgroup.event_control (memory.rst, 9); v2 notifies by POLLPRI on
 * memory.events. Both also when nobody was killed, so the count decides where
 * there is one.
 */
#include "base/file.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/cgroup.h"
#include "runtime/container.h"
#include "runtime/stats.h"
#include "runtime/verbs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/eventfd.h>

#define SCHEMATA_LIMIT (1u << 20)

/* ---- lines -------------------------------------------------------------------------- */

/* The schemata of the container's class of service, if it has one. */
static void write_intel_rdt(struct json_writer *w, const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *file = path ? str_printf("%s/schemata", path) : NULL;
	char *rest = NULL;

	json_write_open(w, "intel_rdt", '{');
	if (file && file_read_at(AT_FDCWD, file, SCHEMATA_LIMIT, &text) == 0) {
		json_write_open(w, "schemata", '[');
		for (char *line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			json_write_string(w, NULL, line + strspn(line, " "));
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

static void write_stats(const struct container *container, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "type", "stats");
	json_write_string(&w, "id", container->state->id);
	json_write_open(&w, "data", '{');
	stats_write(&container->groups, &w);
	write_intel_rdt(&w, container->state->intel_rdt_path);
	/* runc leaves this to those who made the interfaces. */
	json_write_null(&w, "network_interfaces");
	json_write_close(&w, '}');
	json_write_close(&w, '}');
}

static void write_oom(const struct container *container, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "type", "oom");
	json_write_string(&w, "id", container->state->id);
	json_write_close(&w, '}');
}

static int open_running(const struct runtime *runtime, const char *id, struct container *container, struct error *err)
{
	int r = container_load(runtime, id, container, err);

	if (r < 0)
		return r;
	if (container_status(container) == CONTAINER_STOPPED)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", id);
	return container_open_groups(container, err);
}

int runtime_stats(const struct runtime *runtime, const char *id, struct buf *out, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int r = open_running(runtime, id, &container, err);

	if (r < 0)
		return r;
	write_stats(&container, out);
	return 0;
}

/* ---- the stream ------------------------------------------------------------------------ */

struct stream {
	const struct container *container;
	int (*emit)(void *context, const char *line);
	void *context;
	int oom_fd;           /* to be polled; -EBADF: nobody tells */
	short oom_events;
	int oom_control_fd;   /* v1: must stay open as long as the registration */
	uint64_t oom_kills;   /* told so far */
	int64_t look_until;   /* a notification came that the count does not show yet */
};

#define LOOK_MS 1000
#define LOOK_INTERVAL_MS 10

/* v1: "<eventfd> <memory.oom_control> " */
static int watch_oom_v1(struct stream *stream, const struct cgroup_group *group)
{
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), control = openat(group->fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	char text[32];
	int r;

	if (event < 0 || control < 0)
		return -errno;
	snprintf(text, sizeof text, "%d %d", event, control);
	r = cgroup_write(group, "cgroup.event_control", text);
	if (r < 0)
		return r;
	stream->oom_fd = TAKE_FD(event);
	stream->oom_control_fd = TAKE_FD(control);
	stream->oom_events = POLLIN;
	return 0;
}

static int watch_oom(struct stream *stream, struct error *err)
{
	const struct cgroup_group *group = cgroup_set_find(&stream->container->groups, CGROUP_MEMORY);
	_cleanup_free_ char *path = NULL;
	int r = 0;

	if (!group || group->fd < 0)
		return 0; /* nobody is killed for memory by group */
	stream->oom_kills = stats_oom_kills(&stream->container->groups);
	if (!group->is_v2) {
		r = watch_oom_v1(stream, group);
	} else {
		stream->oom_fd = openat(group->fd, "memory.events", O_RDONLY | O_CLOEXEC);
		stream->oom_events = POLLPRI;
		r = stream->oom_fd < 0 && errno != ENOENT ? -errno : 0;
	}
	path = cgroup_file_path(group, group->is_v2 ? "memory.events" : "memory.oom_control");
	return r < 0 ? error_errno(err, -r, "cannot watch '%s'", path) : 0;
}

static int emit_stats(struct stream *stream)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	write_stats(stream->container, &line);
	return stream->emit(stream->context, line.data);
}

/* One line for each kill since the last look. */
static int emit_oom_kills(struct stream *stream)
{
	uint64_t kills = stats_oom_kills(&stream->container->groups);
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = 0;

	write_oom(stream->container, &line);
	if (stream->oom_kills < kills)
		stream->look_until = 0;
	for (; r == 0 && stream->oom_kills < kills; stream->oom_kills++)
		r = stream->emit(stream->context, line.data);
	return r;
}

/*
 * Takes the notification back. v1 tells once more when the group goes away.
 * memory.events is re-read by emit_oom_kills() through another descriptor,
 * but kernfs counts per open file: so read this one too.
 */
static void acknowledge(struct stream *stream)
{
	char bytes[512];

	ignore_result(stream->oom_events == POLLIN ? read(stream->oom_fd, bytes, 8) : pread(stream->oom_fd, bytes, sizeof bytes, 0));
}

/* How long to sleep: to the next reading, or shorter while a kill is under way (v1 notifies before it counts). */
static int sleep_ms(const struct stream *stream, int64_t now, int64_t next)
{
	int64_t wait = next - now;

	if (stream->look_until > now && wait > LOOK_INTERVAL_MS)
		return LOOK_INTERVAL_MS;
	return wait < 0 ? 0 : wait > INT32_MAX ? INT32_MAX : (int)wait;
}

/* Until init's pidfd says that it has ended. */
static int run_stream(struct stream *stream, unsigned interval_ms)
{
	int64_t next = clock_monotonic_ms() + interval_ms;

	for (;;) {
		struct pollfd watched[2] = { { .fd = stream->container->pidfd, .events = POLLIN }, { .fd = stream->oom_fd, .events = stream->oom_events } };
		int64_t now = clock_monotonic_ms();
		int r;

		if (poll(watched, 2, sleep_ms(stream, now, next)) < 0 && errno != EINTR)
			return -errno;
		now = clock_monotonic_ms();
		if (watched[1].revents) {
			acknowledge(stream);
			stream->look_until = now + LOOK_MS;
		}
		r = emit_oom_kills(stream);
		if (r == 0 && !watched[0].revents && now >= next) {
			r = emit_stats(stream);
			next = next + interval_ms > now ? next + interval_ms : now + interval_ms;
		}
		if (r || watched[0].revents)
			return r;
	}
}

int runtime_events(const struct runtime *runtime, const char *id, unsigned interval_ms, int (*emit)(void *context, const char *line), void *context, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	struct stream stream = { .container = &container, .emit = emit, .context = context, .oom_fd = -EBADF, .oom_control_fd = -EBADF };
	int r;

	if (!interval_ms)
		return error_set(err, ERROR_INVALID, 0, "the interval must be greater than 0");
	r = open_running(runtime, id, &container, err);
	if (r == 0)
		r = watch_oom(&stream, err);
	if (r == 0) {
		r = run_stream(&stream, interval_ms);
		if (r < 0)
			error_errno(err, -r, "cannot watch container '%s'", id);
	}
	close_and_forget(&stream.oom_fd);
	close_and_forget(&stream.oom_control_fd);
	return r;
}
