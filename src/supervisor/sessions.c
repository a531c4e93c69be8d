/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/sessions.h"
#include "base/log.h"
#include "host/pty.h"
#include "runtime/sync.h"
#include "supervisor/clients.h"
#include "supervisor/deeds.h"
#include "supervisor/life.h"
#include "supervisor/notes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define ENDED_BY_KILL (128 + SIGKILL)

/* ---- making ------------------------------------------------------------------------- */

static struct session *add(struct keeper *keeper, struct client *client)
{
	struct session *session = memory_new(1, sizeof *session);

	*session = (struct session){
		.next = keeper->sessions,
		.keeper = keeper,
		.client = client,
		.starter = -EBADF,
		.pidfd = -EBADF,
		.terminal = -EBADF,
		.slave = -EBADF,
		.output = -EBADF,
		.in = FLOW_INIT,
		.out = FLOW_INIT,
	};
	session->in.flags = FLOW_NEEDS_SINK | FLOW_BORROWS_SINKS;
	keeper->sessions = session;
	return session;
}

static void release(struct session *session)
{
	flow_close(&session->in);
	flow_close(&session->out);
	close_and_forget(&session->starter);
	close_and_forget(&session->pidfd);
	close_and_forget(&session->slave);
	close_and_forget(&session->terminal);
	close_and_forget(&session->output);
	buf_done(&session->text);
	strv_free(session->args);
	free(session->name);
	free(session);
}

static int check_state(const struct keeper *keeper, struct error *err)
{
	if (!keeper_is_running(keeper))
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", keeper_name(keeper));
	if (keeper->state.status == SPEC_CONTAINER_PAUSED) {
		error_set(err, ERROR_CONFLICT, 0, "container '%s' is paused", keeper_name(keeper));
		error_hint(err, "`bivy unpause` lets it go on");
		return -EINVAL;
	}
	return 0;
}

/* What was asked for, in the order in, out, err; the others stay -EBADF. */
static size_t sort_streams(const struct spec_message *request, const int *fds, size_t count, int ret[3])
{
	const bool wanted[3] = { request->in, request->out, request->err && !request->process->terminal };
	size_t used = 0;

	for (int i = 0; i < 3; i++)
		ret[i] = wanted[i] && used < count ? fds[used++] : -EBADF;
	return used;
}

static char **copy_args(char *const *args)
{
	size_t count = strv_length(args);
	char **copy = memory_new(count + 1, sizeof *copy);

	for (size_t i = 0; i < count; i++)
		copy[i] = str_dup(args[i]);
	return copy;
}

/* REQUEST, with COUNT descriptors, goes to a child of the maker's, which tells on *RET_SOCKET (session_start.h). */
static int have_started(struct keeper *keeper, const struct spec_message *request, const int *fds, size_t count, int *ret_socket, struct error *err)
{
	const struct deed deed = { .type = DEED_EXEC };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int all[DEED_FDS], ends[2], r = sync_pair(ends);

	if (r < 0)
		return error_errno(err, -r, "cannot make a socket pair");
	spec_message_encode(request, &text);
	all[0] = ends[1];
	memcpy(all + 1, fds, count * sizeof *fds);
	deeds_do(keeper, &deed, &(const struct deed_luggage){ .text = text.data, .length = text.length, .fds = all, .count = count + 1 });
	close(ends[1]);
	*ret_socket = ends[0];
	return 0;
}

/* The terminal's pipes stay here, and are connected when there is one. */
static int have_request_started(struct keeper *keeper, const struct spec_message *request, const int *fds, size_t count, size_t used, int *ret_socket, struct error *err)
{
	struct spec_message forwarded = *request;

	if (!request->process->terminal)
		return have_started(keeper, request, fds, count, ret_socket, err);
	forwarded.in = forwarded.out = forwarded.err = false;
	return have_started(keeper, &forwarded, fds + used, count - used, ret_socket, err);
}

int sessions_start(struct keeper *keeper, struct client *client, const struct spec_message *request, int *fds, size_t count, struct error *err)
{
	bool terminal = request->process->terminal;
	struct session *session;
	int streams[3], socket = -EBADF, r = check_state(keeper, err);
	size_t used, others = (size_t)request->process->preserve_fds + request->process->timing;

	if (r < 0)
		return r;
	used = sort_streams(request, fds, count, streams);
	if (count - used != others)
		return error_set(err, ERROR_INVALID, 0, "%zu descriptors came along, not %zu", count - used, others);
	r = have_request_started(keeper, request, fds, count, used, &socket, err);
	if (r < 0)
		return r;
	session = add(keeper, client);
	session->number = ++keeper->last_session;
	session->args = copy_args(request->process->args);
	session->name = str_dup(request->name);
	session->starter = socket;
	session->width = request->width;
	session->height = request->height;
	if (terminal && streams[0] >= 0) {
		fds[0] = -EBADF;
		flow_open(&session->in, streams[0]);
	}
	if (terminal && streams[1] >= 0) {
		fds[streams[0] >= 0] = -EBADF;
		flow_add_sink(&session->out, streams[1]);
	}
	return 0;
}

/* ---- checks --------------------------------------------------------------------------- */

int sessions_start_check(struct keeper *keeper, struct error *err)
{
	struct spec_exec_process process = { .args = (char **)health_command(keeper->health) };
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_EXEC, .out = true, .err = true, .process = &process };
	int ends[2], socket = -EBADF, r = check_state(keeper, err);
	struct session *session;

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	r = have_started(keeper, &request, (const int[]){ ends[1], ends[1] }, 2, &socket, err);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	ignore_result(fcntl(ends[0], F_SETFL, O_NONBLOCK)); /* cannot fail for a descriptor that is open */
	session = add(keeper, NULL);
	session->is_check = true;
	session->starter = socket;
	session->output = ends[0];
	health_begin(keeper->health, loop_now_ns(), loop_wall_ns());
	return 0;
}

static void act(struct keeper *keeper, enum spec_health_action action)
{
	struct error err = ERROR_INIT;
	int r = 0;

	/* A check that fails because the container is being ended must not start it anew, nor give it more time. */
	if (keeper->is_stopping)
		return;
	if (action == SPEC_HEALTH_KILL)
		r = life_signal(keeper, SIGKILL, &err);
	if (action == SPEC_HEALTH_RESTART || action == SPEC_HEALTH_STOP)
		r = life_stop(keeper, 0, -2, &err);
	if (r == 0 && action == SPEC_HEALTH_RESTART)
		keeper->restarts_next = true;
	if (r < 0)
		log_warning("%s, ignoring", err.message);
}

static void end_check(struct keeper *keeper, int64_t exit_code, const char *output, size_t length)
{
	struct spec_message reply = { .type = SPEC_MESSAGE_REPLY, .exit_code = exit_code };
	const struct spec_health_state *state;
	struct health_verdict verdict;

	clients_answer_all(keeper, SPEC_REQUEST_CHECK_HEALTH, &reply);
	if (!health_is_checking(keeper->health)) /* the container ended before it did */
		return;
	verdict = health_end(keeper->health, loop_now_ns(), loop_wall_ns(), exit_code, output, length);
	state = health_state(keeper->health);
	if (state && verdict.changed) {
		_cleanup_free_ char *action = str_printf("health_status: %s", spec_health_status_name(state->status));

		notes_add_event(keeper, action, NULL, NULL);
	}
	notes_write_state(keeper);
	act(keeper, verdict.action);
}

static struct session *find_check(struct keeper *keeper)
{
	struct session *session = keeper->sessions;

	while (session && (!session->is_check || session->is_over))
		session = session->next;
	return session;
}

static void time_check_out(struct keeper *keeper)
{
	struct session *session = find_check(keeper);

	if (session) {
		session->is_over = true; /* its process is reaped like any stranger */
		/* With what it has started. */
		if (session->pid > 0 && !session->has_ended)
			deeds_do(keeper, &(const struct deed){ .type = DEED_KILL_SESSION, .numbers = { session->pid } }, NULL);
	}
	end_check(keeper, HEALTH_TIMED_OUT, session ? session->text.data : NULL, session ? session->text.length : 0);
}

void sessions_check_health(struct keeper *keeper, int64_t now_ns)
{
	enum health_step step = health_step(keeper->health, now_ns);
	struct error err = ERROR_INIT;

	if (step == HEALTH_TIME_OUT)
		time_check_out(keeper);
	else if (step == HEALTH_RUN && sessions_start_check(keeper, &err) < 0) {
		health_begin(keeper->health, now_ns, loop_wall_ns());
		end_check(keeper, HEALTH_TIMED_OUT, err.message, strlen(err.message));
	}
}

static void read_output(void *context, short events _unused_)
{
	struct session *session = context;
	char block[1024];
	ssize_t n = 0;

	while (session->output >= 0 && (n = read(session->output, block, sizeof block)) > 0)
		if (session->text.length < HEALTH_OUTPUT_LIMIT)
			buf_add(&session->text, block, (size_t)n);
	if (n == 0)
		close_and_forget(&session->output);
}

/* ---- the starter tells ------------------------------------------------------------------- */

static void tell_reply(struct session *session)
{
	struct spec_message reply = { .type = SPEC_MESSAGE_REPLY, .session = session->number, .pid = session->pid };

	if (session->client)
		clients_answer(session->client, &reply);
}

static void fail(struct session *session, const struct error *err)
{
	close_and_forget(&session->starter);
	session->error = *err;
	session->exit_code = err->exit_status ? err->exit_status : 125;
	session->is_started = session->has_ended = true;
	tell_reply(session);
}

static void take_terminal(struct session *session, int terminal)
{
	session->terminal = terminal;
	if (session->width || session->height)
		ignore_result(pty_set_size(terminal, session->width, session->height)); /* it may have been closed already */
	flow_open(&session->out, fcntl(terminal, F_DUPFD_CLOEXEC, 3));
	if (!flow_is_idle(&session->in))
		flow_add_sink(&session->in, terminal);
}

#define ACTION_BYTES 1024 /* of a command that an event shows */

/* As docker's, with the command, and a blank where its arguments are or would be: "exec_start: sh -c true", "exec_start: ls ". */
static void note_event(const struct session *session, const char *name)
{
	_cleanup_buf_ struct buf action = BUF_INIT;

	buf_printf(&action, "%s:", name);
	for (char **arg = session->args; *arg && action.length < ACTION_BYTES; arg++)
		buf_printf(&action, " %.*s", ACTION_BYTES, *arg);
	if (session->args[0] && !session->args[1])
		buf_add_char(&action, ' ');
	if (session->name)
		notes_add_event(session->keeper, action.data, "execID", session->name);
	else
		notes_add_number_event(session->keeper, action.data, "execID", session->number);
}

/* The starter has said all: its process runs. */
static void begin(struct session *session)
{
	close_and_forget(&session->starter);
	session->is_started = true;
	tell_reply(session);
	if (session->is_check)
		return;
	if (!session->name) /* whoever named it has told of that */
		note_event(session, "exec_create");
	note_event(session, "exec_start");
}

static void send_signal(struct keeper *keeper, int pidfd, int signal_number)
{
	const struct deed deed = { .type = DEED_SIGNAL_FD, .numbers = { signal_number } };

	deeds_do(keeper, &deed, &(const struct deed_luggage){ .fds = &pidfd, .count = 1 });
}

static void hear_starter(void *context, short events _unused_)
{
	struct session *session = context;
	struct sync_message message;
	int fd = -EBADF, r;

	if (session->starter < 0)
		return; /* all was heard earlier in this round */
	r = sync_receive(session->starter, &message, &fd);
	if (r == 0 && message.type == SYNC_CHILD && fd >= 0) {
		session->pid = message.value;
		session->pidfd = fd;
		if (session->is_over) /* a check whose time was over before it began */
			send_signal(session->keeper, fd, SIGKILL);
		return;
	}
	if (r == 0 && message.type == SYNC_GO && fd >= 0 && session->terminal < 0) {
		take_terminal(session, fd);
		return;
	}
	if (r == 0 && message.type == SYNC_GO && fd >= 0 && session->slave < 0) {
		session->slave = fd; /* without: a moment without readers ends the terminal */
		return;
	}
	close_and_forget(&fd);
	if (r < 0 && session->pid) {
		begin(session);
		return;
	}
	if (r < 0 || message.type != SYNC_ERROR)
		error_set(&message.error, ERROR_INTERNAL, 0, "the process ended before it could execute its program");
	fail(session, &message.error);
}

void sessions_take_started(struct keeper *keeper)
{
	for (struct session *session = keeper->sessions; session; session = session->next) {
		struct pollfd ask = { .fd = session->starter, .events = POLLIN };

		while (session->starter >= 0 && poll(&ask, 1, 0) > 0)
			hear_starter(session, 0);
	}
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void end(struct session *session, int64_t exit_code)
{
	session->exit_code = exit_code;
	session->has_ended = true;
	close_and_forget(&session->pidfd);
	flow_close(&session->in);
	close_and_forget(&session->slave);
	close_and_forget(&session->terminal);
	flow_cut(&session->out);
}

void sessions_take_end(struct keeper *keeper, pid_t pid, int status)
{
	for (struct session *session = keeper->sessions; session; session = session->next) {
		if (session->pid != pid || session->has_ended)
			continue;
		if (!session->is_started)
			begin(session);
		end(session, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		return;
	}
}

void sessions_end_all(struct keeper *keeper)
{
	static const struct error gone = { .kind = ERROR_CONFLICT, .exit_status = ENDED_BY_KILL, .message = "the container has ended" };

	for (struct session *session = keeper->sessions; session; session = session->next) {
		if (!session->is_started)
			fail(session, &gone);
		else if (!session->has_ended)
			end(session, ENDED_BY_KILL);
	}
	sessions_step(keeper);
}

struct session *sessions_find(struct keeper *keeper, int64_t number)
{
	struct session *session = keeper->sessions;

	while (session && (session->is_check || session->number != number || session->has_ended))
		session = session->next;
	return session;
}

int sessions_signal(struct session *session, int signal_number, struct error *err)
{
	if (session->pidfd < 0)
		return error_set(err, ERROR_CONFLICT, 0, "session %lld is not running", (long long)session->number);
	if (signal_number <= 0 || signal_number >= NSIG)
		return error_errno(err, EINVAL, "cannot signal session %lld", (long long)session->number);
	send_signal(session->keeper, session->pidfd, signal_number);
	return 0;
}

void sessions_forget_client(struct keeper *keeper, const struct client *client)
{
	for (struct session *session = keeper->sessions; session; session = session->next)
		if (session->client == client)
			session->client = NULL;
}

/* ---- the loop's part ----------------------------------------------------------------------------- */

void sessions_watch(struct keeper *keeper)
{
	for (struct session *session = keeper->sessions; session; session = session->next) {
		if (session->starter >= 0)
			loop_watch(&keeper->loop, session->starter, POLLIN, hear_starter, session);
		if (session->output >= 0)
			loop_watch(&keeper->loop, session->output, POLLIN, read_output, session);
		if (session->terminal >= 0)
			flow_watch(&session->in, &keeper->loop);
		flow_watch(&session->out, &keeper->loop);
	}
}

static void note_death(const struct session *session)
{
	char code[24], number[24];
	const struct spec_pair extra[] = { { (char *)"execID", session->name ? session->name : number }, { (char *)"exitCode", code } };

	snprintf(code, sizeof code, "%lld", (long long)session->exit_code);
	snprintf(number, sizeof number, "%lld", (long long)session->number);
	notes_add_event_with(session->keeper, "exec_die", extra, ARRAY_SIZE(extra));
}

static void tell_end(struct session *session)
{
	struct keeper *keeper = session->keeper;
	struct spec_message event = {
		.type = SPEC_MESSAGE_EVENT_SESSION_EXIT,
		.session = session->number,
		.exit_code = session->exit_code,
		.error = session->error,
	};

	session->is_over = true;
	if (session->is_check) {
		read_output(session, 0);
		if (session->error.kind)
			end_check(keeper, HEALTH_TIMED_OUT, session->error.message, strlen(session->error.message));
		else
			end_check(keeper, session->exit_code, session->text.data, session->text.length);
		return;
	}
	note_death(session);
	if (session->client)
		clients_send(session->client, &event);
}

void sessions_step(struct keeper *keeper)
{
	for (struct session **slot = &keeper->sessions; *slot;) {
		struct session *session = *slot;

		if (session->has_ended && !session->is_over && flow_is_idle(&session->out)) {
			flow_close(&session->out);
			tell_end(session);
		}
		/* One that took too long may not have told yet whom to reap: it is waited for. */
		if (session->is_over && session->starter < 0) {
			*slot = session->next;
			release(session);
			keeper->trim_at_ns = loop_now_ns() + KEEPER_TRIM_AFTER_NS;
		} else {
			slot = &session->next;
		}
	}
}

void sessions_done(struct keeper *keeper)
{
	while (keeper->sessions) {
		struct session *session = keeper->sessions;

		keeper->sessions = session->next;
		release(session);
	}
}
