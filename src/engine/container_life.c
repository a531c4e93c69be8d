/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a container that exists, mostly by asking its supervisor. */
#include "base/quantity.h"
#include "engine/container_event.h"
#include "engine/container_names.h"
#include "engine/container_network.h"
#include "engine/containers.h"
#include "engine/supervisor.h"

#include <signal.h>

static bool is_running(const struct container_record *record)
{
	return record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED;
}

static int refuse_stopped(const struct container_record *record, const char *verb, struct error *err)
{
	error_set(err, ERROR_CONFLICT, 0, "cannot %s the container '%s': it is not running", verb, record->container->name);
	return -ESRCH;
}

/* 0 for NULL: the container's own. */
static int read_signal(const char *text, int64_t *ret, struct error *err)
{
	int number = 0;

	if (text && (quantity_parse_signal(text, &number) < 0 || number == 0))
		return error_set(err, ERROR_INVALID, 0, "invalid signal '%s': expected a name such as SIGTERM, or a number", text);
	*ret = number;
	return 0;
}

/*
 * Asks the supervisor of RECORD. What it says is about the container; what VERB
 * could not be done is added here. ERROR_UNAVAILABLE if it ended meanwhile.
 */
static int ask(struct container_record *record, const char *verb, const struct spec_message *request, struct spec_message **ret, struct error *err)
{
	_cleanup_close_ int socket = -EBADF;
	struct error told = ERROR_INIT;
	int r = supervisor_connect(record, &socket, &told);

	if (r == 0)
		r = supervisor_ask(record->arena, socket, request, ret, &told);
	if (r == 0)
		return 0;
	if (err)
		*err = told;
	return error_wrap(err, "cannot %s the container '%s'", verb, record->container->name);
}

/* One request to a container that must be running. */
static int ask_running(const struct directories *directories, const char *container, const char *verb, const struct spec_message *request,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct spec_message *reply = NULL;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r < 0)
		return r;
	return is_running(&record) ? ask(&record, verb, request, &reply, err) : refuse_stopped(&record, verb, err);
}

int container_resize(const struct directories *directories, const char *container, uint32_t width, uint32_t height, struct error *err)
{
	const struct spec_message request = { .request = SPEC_REQUEST_RESIZE, .width = width, .height = height };

	return ask_running(directories, container, "resize the terminal of", &request, err);
}

/* ---- stop, restart, kill --------------------------------------------------------------- */

int container_stop(const struct directories *directories, const char *container, const char *signal, int64_t timeout_s, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct spec_message request = { .request = SPEC_REQUEST_STOP, .timeout_s = timeout_s, .manually = true }, *reply = NULL;
	struct error told = ERROR_INIT;
	int r = read_signal(signal, &request.signal, err);

	if (r == 0)
		r = container_record_open(arena, directories, container, &record, err);
	if (r < 0 || !record.is_supervised)
		return r;
	r = ask(&record, "stop", &request, &reply, &told);
	/* It ended while we asked, or is about to. */
	if (r < 0 && (told.kind == ERROR_UNAVAILABLE || supervisor_serves(&record, NULL) == 0 || container_record_refresh(&record, NULL) < 0 ||
			     !is_running(&record)))
		r = 0;
	if (r < 0 && err)
		*err = told;
	return r < 0 ? r : container_record_wait_gone(&record, err);
}

int container_restart(const struct directories *directories, const char *container, const char *signal, int64_t timeout_s, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	const struct container_start_request start = { .directories = directories, .container = container };
	struct spec_message request = { .request = SPEC_REQUEST_RESTART, .timeout_s = timeout_s, .manually = true }, *reply = NULL;
	struct container_start_report report;
	struct error told = ERROR_INIT;
	int r = read_signal(signal, &request.signal, err);

	if (r == 0)
		r = container_record_open(arena, directories, container, &record, err);
	if (r < 0)
		return r;
	if (is_running(&record)) {
		r = ask(&record, "restart", &request, &reply, &told);
		if (r == 0)
			return 0;
		if (told.kind != ERROR_UNAVAILABLE && told.kind != ERROR_CONFLICT) {
			if (err)
				*err = told;
			return r;
		}
		/* It is not about to end: it could not send the answer, and nobody knows what that was. */
		if (told.kind == ERROR_UNAVAILABLE && supervisor_serves(&record, NULL) == 1)
			return error_set(err, ERROR_UNAVAILABLE, 0, "cannot tell whether the container '%s' was restarted: its supervisor gave no answer",
					 record.container->name);
	}
	r = container_record_wait_gone(&record, err);
	return r < 0 ? r : container_start(&start, &report, err);
}

int container_kill(const struct directories *directories, const char *container, const char *signal, struct error *err)
{
	const struct spec_message end = { .request = SPEC_REQUEST_WAIT };
	struct spec_message request = { .request = SPEC_REQUEST_KILL };
	int r = read_signal(signal ? signal : "KILL", &request.signal, err);

	if (r == 0)
		r = ask_running(directories, container, "kill", &request, err);
	/* As docker's, it has ended then; or had, before we asked for that. */
	if (r == 0 && request.signal == SIGKILL)
		ignore_result(ask_running(directories, container, "wait for", &end, NULL));
	return r;
}

/* ---- pause ------------------------------------------------------------------------------- */

int container_pause(const struct directories *directories, const char *container, struct error *err)
{
	const struct spec_message request = { .request = SPEC_REQUEST_PAUSE };

	return ask_running(directories, container, "pause", &request, err);
}

int container_unpause(const struct directories *directories, const char *container, struct error *err)
{
	const struct spec_message request = { .request = SPEC_REQUEST_UNPAUSE };

	return ask_running(directories, container, "unpause", &request, err);
}

/* ---- rename --------------------------------------------------------------------------------- */

/* The record is what counts (container.h, invariant 5); the old name goes last. */
static int rename_record(struct container_record *record, const char *name, struct error *err)
{
	char *old = record->container->name;
	const char *id = record->container->id;
	struct spec_pair attribute = { (char *)"oldName", old };
	int r = container_name_reserve(record->directories, name, id, err);

	if (r < 0)
		return r;
	record->container->name = (char *)name;
	r = container_record_save(record, err);
	if (r < 0) {
		ignore_result(container_name_release(record->directories, name, id, -EBADF)); /* the first failure is the one to report */
		return r;
	}
	r = container_name_release(record->directories, old, id, -EBADF);
	if (r < 0)
		return error_errno(err, -r, "cannot release the name '%s'", old);
	container_event_add(record->directories, record->container, "rename", &attribute, 1);
	return container_network_rename(record, err);
}

/* Only what it writes and tells from now on is at stake. */
static void tell_supervisor(struct container_record *record, const char *name)
{
	const struct spec_message request = { .request = SPEC_REQUEST_RENAME, .name = (char *)name };
	struct spec_message *reply = NULL;

	if (is_running(record))
		ignore_result(ask(record, "rename", &request, &reply, NULL));
}

int container_rename(const struct directories *directories, const char *container, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r;

	if (name[0] == '/')
		name++;
	r = container_name_check(name, err);
	if (r == 0)
		r = container_record_open(arena, directories, container, &record, err);
	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	if (str_equal(record.container->name, name))
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' has that name already", name);
	r = rename_record(&record, name, err);
	container_record_unlock(&record);
	if (r == 0)
		tell_supervisor(&record, name);
	return r;
}
