/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what a container becomes: by its supervisor, or by what changes in its directories. */
#include "engine/containers.h"
#include "engine/supervisor.h"
#include "engine/waiters.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

/* inotify(7) tells of changes; what it misses is looked for this often. */
#define LOOK_MS 1000

struct waiting {
	const struct directories *directories;
	const char *id;
	enum container_wait_condition condition;
	bool has_run;         /* since we wait */
	bool had_code;
	int64_t code;         /* the last one seen */
	struct waiter waiter; /* who starts it lets us in first: however short it is, its end is seen */
};

static bool is_active(const struct container_record *record)
{
	return record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED;
}

/* Its end has been, before anybody waited; the next one counts, as with docker, for which it is running meanwhile. */
static bool awaits_restart(const struct waiting *waiting, const struct container_record *record)
{
	return record->state->status == SPEC_CONTAINER_RESTARTING && waiting->condition != CONTAINER_REMOVED;
}

/* Whether what is waited for is true now. */
static bool is_met(struct waiting *waiting, const struct container_record *record)
{
	bool active = is_active(record);
	enum spec_container_status status = record->state->status;

	if (!waiting->had_code || !active)
		waiting->code = record->state->exit_code;
	switch (waiting->condition) {
	case CONTAINER_NOT_RUNNING:
		return !active;
	case CONTAINER_NEXT_EXIT:
		if (active)
			waiting->has_run = true;
		return !active && waiting->has_run;
	case CONTAINER_REMOVED:
		return false;
	case CONTAINER_HEALTHY:
		return record->state->health.status == SPEC_HEALTHY;
	case CONTAINER_RUNNING_NOW:
		return active && (status == SPEC_CONTAINER_RUNNING || status == SPEC_CONTAINER_PAUSED);
	}
	return true;
}

/*
 * Waits for the process to end. 1: it did, 0: its supervisor goes, or -errno.
 * Whoever is about to start it goes on once we have asked.
 */
static int wait_for_exit(struct waiting *waiting, struct container_record *record, struct error *err)
{
	_cleanup_close_ int socket = -EBADF;
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_WAIT };
	struct spec_message *reply = NULL;
	struct error told = ERROR_INIT;
	int r = supervisor_connect(record, &socket, &told);

	if (r == 0)
		r = supervisor_send(socket, &request, NULL, 0, &told);
	waiter_close(&waiting->waiter);
	if (r == 0)
		r = supervisor_receive_reply(record->arena, socket, &reply, &told);
	if (r == 0) {
		waiting->code = reply->exit_code;
		waiting->had_code = true;
		return 1;
	}
	if (told.kind == ERROR_CONFLICT || told.kind == ERROR_UNAVAILABLE)
		return 0;
	if (err)
		*err = told;
	return r;
}

/* ---- changes ------------------------------------------------------------------------------ */

/* -EBADF where there is none: then it is looked often. */
static int watch(const struct container_record *record)
{
	_cleanup_free_ char *parent = str_printf("%s/containers", record->directories->run_root);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -EBADF;
	/* Those that are not there are looked for. */
	ignore_result(inotify_add_watch(fd, record->path, IN_MOVE_SELF | IN_DELETE_SELF | IN_MOVED_TO));
	ignore_result(inotify_add_watch(fd, record->run_path, IN_MOVED_TO | IN_DELETE_SELF));
	ignore_result(inotify_add_watch(fd, parent, IN_CREATE | IN_DELETE | IN_MOVED_TO));
	return fd;
}

/* Whether it is about to be started, for which it waits for us. */
static bool wait_for_change(struct waiting *waiting, int watch_fd)
{
	struct pollfd polled[] = { { .fd = watch_fd, .events = POLLIN }, { .fd = waiting->waiter.listen_fd, .events = POLLIN } };

	ignore_result(poll(polled, ARRAY_SIZE(polled), watch_fd < 0 ? LOOK_MS / 10 : LOOK_MS)); /* a signal is a reason to look, too */
	if (polled[1].revents)
		waiting->waiter.starter = accept4(waiting->waiter.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return waiting->waiter.starter >= 0;
}

/* As wait_for_exit(), and until it is removed if that is what is waited for. */
static int wait_for_end(struct waiting *waiting, struct container_record *record, struct error *err)
{
	int r = wait_for_exit(waiting, record, err);

	if (r < 0 || (r > 0 && waiting->condition != CONTAINER_REMOVED))
		return r;
	return container_record_wait_gone(record, err);
}

/* 1: it is over, 0: look again, or -errno. */
static int look(struct waiting *waiting, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_close_ int watch_fd = -EBADF;
	struct error told = ERROR_INIT;
	int r = container_record_open(arena, waiting->directories, waiting->id, &record, &told);

	/* Who waits for anything of a container that is removed has waited for its end. */
	if (r < 0 && told.kind == ERROR_NOT_FOUND)
		return 1;
	if (r < 0) {
		if (err)
			*err = told;
		return r;
	}
	watch_fd = watch(&record);
	/* What changed before there was a watch. */
	r = container_record_refresh(&record, err);
	if (r < 0 || is_met(waiting, &record))
		return r < 0 ? r : 1;
	if (is_active(&record) && waiting->condition <= CONTAINER_REMOVED && !awaits_restart(waiting, &record))
		return wait_for_end(waiting, &record, err);
	if (!wait_for_change(waiting, watch_fd))
		return 0;
	waiting->has_run = true;
	r = container_record_refresh(&record, err);
	return r < 0 ? r : wait_for_end(waiting, &record, err);
}

/* What happens from here on is seen. */
static int begin(struct waiting *waiting, const struct container_wait_request *request, struct container_record *record, struct error *err)
{
	bool for_start = request->condition == CONTAINER_NEXT_EXIT || request->condition == CONTAINER_REMOVED;
	int r = for_start && !is_active(record) ? waiter_open(record, &waiting->waiter, err) : 0;

	return r == 0 && request->begun ? request->begun(request->context, err) : r;
}

int container_wait(const struct container_wait_request *request, int64_t *ret_code, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct waiting waiting = { .directories = request->directories, .condition = request->condition, .waiter = WAITER_INIT };
	int r = container_record_open(arena, request->directories, request->container, &record, err);

	if (r < 0)
		return r;
	waiting.id = record.container->id;
	r = begin(&waiting, request, &record, err);
	while (r == 0)
		r = look(&waiting, err);
	waiter_close(&waiting.waiter);
	if (r < 0)
		return r;
	*ret_code = waiting.code;
	return 0;
}
