/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start and attach. A start, under the lock of the record:
 *
 *      step                                          undo
 *   1. what an earlier supervisor left is removed    -
 *   2. the supervisor, which waits for the bundle    it ends with our connection
 *   3. the bundle, in the volatile directory         bundle_remove()
 *      those who attached before are let in (waiters.h)
 *   4. ATTACH with our streams, CLIENT_CLEANS, START, all sent before the first reply is read
 *   5. the reply to START: it runs
 *
 * Who is killed before 5 leaves a supervisor that sees its connection end and
 * undoes the rest; who is killed later leaves a container that runs.
 */
#include "engine/bundle.h"
#include "engine/container_event.h"
#include "engine/container_network.h"
#include "engine/container_removal.h"
#include "engine/containers.h"
#include "engine/pool.h"
#include "engine/seat_groups.h"
#include "engine/session.h"
#include "engine/supervisor.h"
#include "engine/turns.h"
#include "engine/waiters.h"
#include "engine/wire.h"
#include "base/log.h"
#include "base/timing.h"

#include <sys/socket.h>

/* Others that are started first, which may have others. */
#define REQUIRES_DEPTH 32

static bool is_up(const struct container_record *record)
{
	switch (record->state->status) {
	case SPEC_CONTAINER_STARTING:
	case SPEC_CONTAINER_RUNNING:
	case SPEC_CONTAINER_PAUSED:
	case SPEC_CONTAINER_RESTARTING:
	case SPEC_CONTAINER_STOPPING:
		return record->is_supervised;
	case SPEC_CONTAINER_CREATED:
	case SPEC_CONTAINER_EXITED:
	case SPEC_CONTAINER_REMOVING:
		break;
	}
	return false;
}

static bool runs(const struct container_record *record)
{
	return is_up(record) && record->state->status != SPEC_CONTAINER_STARTING;
}

/* What of the streams there is to attach to. */
static struct container_attachment fit_attachment(const struct container_attachment *asked, const struct spec_container *container)
{
	struct container_attachment attachment = *asked;

	attachment.in = asked->in && container->config.open_stdin;
	return attachment;
}

/* ---- starting --------------------------------------------------------------------------- */

struct start {
	const struct container_start_request *request;
	struct container_record record;
	struct container_attachment attachment;
	struct session session;
	struct seat adopted; /* with .takes_seat */
	int socket;
	size_t asked; /* requests without a reply so far */
};

static int send_request(struct start *start, enum spec_request request, struct error *err)
{
	struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = request };

	session_size(&start->session, &message.width, &message.height); /* of the terminal that START makes */
	if (!message.width && !message.height) {
		message.width = start->record.container->host.console_width;
		message.height = start->record.container->host.console_height;
	}
	start->asked++;
	return supervisor_send(start->socket, &message, NULL, 0, err);
}

static int send_attach(struct start *start, struct error *err)
{
	struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_ATTACH };
	int theirs[3], r;
	size_t count = 0;

	r = session_open(&start->session, theirs, &count, err);
	if (r == 0)
		r = session_send(&start->session, &message, theirs, count, err);
	while (count > 0)
		close(theirs[--count]);
	start->asked++;
	return r;
}

/* Once the supervisor answers anything it can be connected to. One that does not tells why to who asks next. */
static void admit_waiters(struct start *start)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_SESSIONS };
	struct spec_message *reply = NULL;

	if (supervisor_ask(arena, start->socket, &request, &reply, NULL) == 0)
		waiters_admit(&start->record);
}

/* Steps 4 and 5. */
static int have_it_run(struct start *start, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *reply = NULL;
	int r = 0;

	start->session = SESSION_INIT;
	start->session.attachment = &start->attachment;
	start->session.socket = start->socket;
	start->session.terminal = start->record.container->config.tty;
	start->session.is_ours = true;
	if (waiters_exist(&start->record))
		admit_waiters(start);
	if (start->request->attachment)
		r = send_attach(start, err);
	if (r == 0 && start->request->cleans)
		r = send_request(start, SPEC_REQUEST_CLIENT_CLEANS, err);
	if (r == 0)
		r = send_request(start, SPEC_REQUEST_START, err);
	/* It may have told why it ended before it read all that. */
	if (r < 0 && err && err->kind != ERROR_UNAVAILABLE)
		return r;
	for (r = 0; r == 0 && start->asked > 0; start->asked--)
		r = supervisor_receive_reply(arena, start->socket, &reply, err);
	return r;
}

/* Until it has closed its end, which is its last act. */
static void wait_for_end(int socket)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *message = NULL;

	while (supervisor_receive_any(arena, socket, -1, &message, NULL) == 0 && message)
		;
}

/* That it could not be started, for `inspect` and `ps`; what the supervisor has written itself stays. */
static void keep_error(struct container_record *record, const struct error *failure)
{
	struct error err = ERROR_INIT;
	struct spec_container_state *state;

	if (container_record_refresh(record, &err) < 0 || runs(record) || record->state->error)
		return;
	state = record->state;
	state->should_run = false;
	state->error = arena_strdup(record->arena, failure->message);
	state->exit_code = failure->exit_status ? failure->exit_status : 125;
	if (container_record_save_state(record, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* After the end of the host, which takes what is volatile along, its policy decides what becomes of it. */
static int note_should_run(struct container_record *record, struct error *err)
{
	if (str_equal(record->container->host.restart_policy, "no"))
		return 0;
	record->state->should_run = true;
	record->state->manually_stopped = false;
	return container_record_save_state(record, err);
}

/* What is prepared for it, or would be: who has none prepares one for the next. NULL: it does without. */
static struct seat *choose_seat(struct start *start)
{
	const struct container_record *record = &start->record;

	if (start->request->seat || !start->request->takes_seat)
		return start->request->seat;
	if (!pool_adopt(record->arena, record->directories, record->container, &start->adopted)) {
		start->adopted = SEAT_NONE;
		start->adopted.is_adopted = true;
	}
	return &start->adopted;
}

/* Those of a seat, which the runtime may not have come to. */
static void drop_groups(const struct start *start)
{
	const struct container_record *record = &start->record;
	const struct seat *seat = start->request->seat;
	struct error err = ERROR_INIT;

	if (seat && seat->has_groups && seat_groups_remove(record->directories, record->container->id, &err) < 0)
		log_warning("%s, left", err.message);
}

/* Steps 1 to 5; the record is locked. */
static int launch(struct start *start, struct error *err)
{
	struct container_record *record = &start->record;
	_cleanup_close_ int turn = turn_take(record->directories);
	struct bundle bundle = BUNDLE_INIT;
	int64_t since;
	int r = access(record->run_path, F_OK) == 0 ? container_removal_clear_run(record, err) : 0;
	struct seat *seat = r == 0 ? choose_seat(start) : NULL;

	since = timing_now();
	if (r == 0)
		r = supervisor_start(record, seat ? seat->fds[SEAT_VIEW] : -EBADF, &start->socket, err);
	timing_phase("execute the supervisor", since);
	if (r == 0)
		r = bundle_make(record, seat, start->request->warn, start->request->context, &bundle, err);
	if (r < 0) {
		close_and_forget(&start->socket);
		drop_groups(start);
		return r;
	}
	r = note_should_run(record, err);
	if (r == 0)
		r = supervisor_hand_over(start->socket, &bundle, err);
	bundle_done(&bundle);
	since = timing_now();
	if (r == 0)
		r = have_it_run(start, err);
	close_and_forget(&turn);
	timing_phase("wait for the start", since);
	if (r == 0 && bundle.has_groups)
		seat_groups_hand_over(record->directories, record->container->id);
	if (r == 0)
		return 0;
	if (start->socket >= 0) {
		shutdown(start->socket, SHUT_WR);
		wait_for_end(start->socket);
	}
	/* It had come to run before that was seen, and we could not hear it: it stays, as after the end of who has started it. */
	if (container_record_refresh(record, NULL) == 0 && runs(record))
		return r;
	/* What is left, who starts or removes it next removes. */
	if (container_network_release(record, NULL) >= 0)
		ignore_result(bundle_remove(record, NULL));
	drop_groups(start);
	return r;
}

/*
 * An earlier supervisor may be about to end, also one that still is what its state says: what serves was killed, and its other half
 * is yet to hear of it. It is waited for without the lock, which what it does last may need. Of one that is starting whoever asked
 * for it is gone, as the lock is ours: it says soon what becomes of that.
 */
static int lock_at_rest(struct container_record *record, struct error *err)
{
	int r;

	while ((r = container_record_lock(record, err)) == 0 && record->is_supervised) {
		r = is_up(record) ? supervisor_serves(record, err) : 0;
		if (r < 0 || (r > 0 && record->state->status != SPEC_CONTAINER_STARTING))
			return r < 0 ? r : 0;
		container_record_unlock(record);
		if (r == 0)
			r = container_record_wait_gone(record, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int attach_to(struct container_record *record, const struct container_attachment *asked, struct container_start_report *ret, struct error *err);

/* Removes what a person in the foreground wanted removed, once it has ended or could not be started. */
static void clean(const struct start *start)
{
	unsigned flags = CONTAINER_REMOVE_AUTO | CONTAINER_REMOVE_VOLUMES | CONTAINER_REMOVE_ENDED;
	struct error err = ERROR_INIT;

	if (start->request->removes_image)
		flags |= CONTAINER_REMOVE_IMAGE;
	if (container_remove(start->request->directories, start->record.container->id, flags, &err) < 0 && err.kind != ERROR_NOT_FOUND)
		log_warning("%s, ignoring", err.message);
}

static int fail_start(struct start *start, int r, struct error *err)
{
	struct error failure = err ? *err : ERROR_INIT;

	if (start->request->cleans || start->record.container->host.auto_remove) {
		container_record_unlock(&start->record);
		clean(start);
	} else {
		keep_error(&start->record, &failure);
	}
	error_wrap(err, "cannot start the container '%s'", start->record.container->name);
	return r;
}

/* The record is locked, and nothing of it runs. */
static int start_and_stay(struct start *start, struct container_start_report *ret, struct error *err)
{
	const struct container_start_request *request = start->request;
	int64_t since;
	int r;

	if (request->attachment)
		start->attachment = fit_attachment(request->attachment, start->record.container);
	r = launch(start, err);
	if (r < 0)
		return fail_start(start, r, err);
	container_record_unlock(&start->record);
	if (request->started)
		request->started(request->context, start->record.container->id);
	if (!request->attachment)
		return 0;
	since = timing_now();
	r = session_run(&start->session, ret, err);
	timing_phase("the container", since);
	since = timing_now();
	if (request->ended && r == 0 && !ret->detached)
		r = request->ended(request->context, &start->record, ret->exit_code, err);
	/* Our connection tells the supervisor that we are still at it. What it has to remove itself is gone when it is. */
	if (request->cleans && r == 0 && !ret->detached) {
		clean(start);
		timing_phase("remove the record", since);
		since = timing_now();
		shutdown(start->socket, SHUT_WR);
		wait_for_end(start->socket);
		timing_phase("wait for the supervisor", since);
	}
	return r;
}

static int start_at_depth(const struct container_start_request *request, unsigned depth, struct container_start_report *ret, struct error *err);

static int start_record(struct start *start, unsigned depth, struct container_start_report *ret, struct error *err)
{
	const struct container_start_request *request = start->request;
	struct container_record *record = &start->record;
	int r = 0;

	for (char **id = record->container->host.requires; id && *id && r == 0; id++) {
		const struct container_start_request first = { .directories = request->directories, .container = *id, .restarted = request->restarted };
		struct container_start_report report = { .exit_code = 0 };

		r = start_at_depth(&first, depth + 1, &report, err);
	}
	if (r == 0)
		r = lock_at_rest(record, err);
	if (r < 0)
		return r;
	if (!is_up(record))
		return start_and_stay(start, ret, err);
	container_record_unlock(record);
	if (record->state->status == SPEC_CONTAINER_PAUSED) {
		error_set(err, ERROR_CONFLICT, 0, "cannot start the container '%s': it is paused", record->container->name);
		error_hint(err, "'bivy unpause' lets it go on");
		return -EINVAL;
	}
	ret->was_running = true;
	return request->attachment ? attach_to(record, request->attachment, ret, err) : 0;
}

static int start_at_depth(const struct container_start_request *request, unsigned depth, struct container_start_report *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct start start = { .request = request, .session = SESSION_INIT, .adopted = SEAT_NONE, .socket = -EBADF };
	struct container_start_report report = { .exit_code = 0 };
	int r;

	if (depth > REQUIRES_DEPTH)
		return error_set(err, ERROR_INVALID, 0, "containers that require one another are more than %d", REQUIRES_DEPTH);
	r = container_record_open(arena, request->directories, request->container, &start.record, err);
	if (r < 0)
		return r;
	r = start_record(&start, depth, &report, err);
	if (r == 0)
		*ret = report;
	close_and_forget(&start.socket);
	seat_done(&start.adopted);
	container_record_close(&start.record);
	session_close(&start.session);
	return r;
}

int container_start(const struct container_start_request *request, struct container_start_report *ret, struct error *err)
{
	return start_at_depth(request, 0, ret, err);
}

/* ---- attaching ------------------------------------------------------------------------------ */

/* One that somebody is just starting attaches before START; others miss what was before. WAITER: of the former, told once it has; or NULL. */
static int attach_by(struct container_record *record, const struct container_attachment *asked, struct waiter *waiter, struct container_start_report *ret,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct container_attachment attachment = fit_attachment(asked, record->container);
	struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_ATTACH }, *reply = NULL;
	_cleanup_session_ struct session session = SESSION_INIT;
	_cleanup_close_ int socket = -EBADF;
	int theirs[3], r = supervisor_connect(record, &socket, err);
	size_t count = 0;

	session.attachment = &attachment;
	session.socket = socket;
	session.terminal = record->container->config.tty;
	if (r == 0)
		r = session_open(&session, theirs, &count, err);
	if (r == 0)
		r = session_send(&session, &message, theirs, count, err);
	while (count > 0)
		close(theirs[--count]);
	if (r == 0)
		r = supervisor_receive_reply(arena, socket, &reply, err);
	if (waiter)
		waiter_close(waiter);
	if (r < 0)
		return r;
	if (attachment.wire) {
		attachment.wire->backlog = record->directories->root;
		attachment.wire->was_first = waiter != NULL;
	}
	container_event_add(record->directories, record->container, "attach", NULL, 0);
	r = session_run(&session, ret, err);
	if (r == 0 && ret->detached)
		container_event_add(record->directories, record->container, "detach", NULL, 0);
	return r;
}

static int attach_to(struct container_record *record, const struct container_attachment *asked, struct container_start_report *ret, struct error *err)
{
	return attach_by(record, asked, NULL, ret, err);
}

static bool is_left(const void *context)
{
	return wire_is_left(context);
}

/* It does not run, and is attached to once it is started. Nobody is told of that before it can be found. */
static int wait_and_attach(struct container_record *record, const struct container_attachment *asked, struct container_start_report *ret, struct error *err)
{
	_cleanup_waiter_ struct waiter waiter = WAITER_INIT;
	int r = waiter_open(record, &waiter, err);

	if (r == 0)
		r = container_record_refresh(record, err);
	if (r == 0 && is_up(record)) {
		waiter_close(&waiter);
		return attach_to(record, asked, ret, err);
	}
	if (r == 0)
		r = wire_open(asked->wire, err);
	if (r == 0)
		r = waiter_wait(&waiter, record, is_left, asked->wire, err);
	if (r <= 0)
		return r;
	r = container_record_refresh(record, err);
	return r < 0 ? r : attach_by(record, asked, &waiter, ret, err);
}

static int refuse_attach(const struct container_record *record, struct error *err)
{
	if (record->state->status == SPEC_CONTAINER_PAUSED) {
		error_set(err, ERROR_CONFLICT, 0, "cannot attach to the container '%s': it is paused", record->container->name);
		error_hint(err, "'bivy unpause' lets it go on");
	} else {
		error_set(err, ERROR_CONFLICT, 0, "cannot attach to the container '%s': it is not running", record->container->name);
		error_hint(err, "'bivy start --attach %s' starts it", record->container->name);
	}
	return -EINVAL;
}

int container_attach(const struct container_attach_request *request, struct container_start_report *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct container_start_report report = { .exit_code = 0 };
	int r = container_record_open(arena, request->directories, request->container, &record, err);

	if (r < 0)
		return r;
	if (record.state->status == SPEC_CONTAINER_PAUSED || (!is_up(&record) && !request->attachment.wire))
		return refuse_attach(&record, err);
	if (is_up(&record))
		r = attach_to(&record, &request->attachment, &report, err);
	else
		r = wait_and_attach(&record, &request->attachment, &report, err);
	if (r < 0)
		return error_wrap(err, "cannot attach to the container '%s'", record.container->name);
	*ret = report;
	return 0;
}
