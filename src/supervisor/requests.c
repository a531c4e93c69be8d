/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/requests.h"
#include "base/log.h"
#include "host/pty.h"
#include "supervisor/deeds.h"
#include "supervisor/life.h"
#include "supervisor/notes.h"
#include "supervisor/sessions.h"

#include <signal.h>

/* A request that awaits its answer has set client->awaits; else REPLY is sent. Descriptors that it keeps become -EBADF. */
typedef int serve_request(struct client *client, struct packet *packet, struct spec_message *reply, struct error *err);

static int not_running(const struct keeper *keeper, struct error *err)
{
	return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", keeper_name(keeper));
}

static void await(struct client *client, enum spec_request request)
{
	client->awaits = true;
	client->request = request;
}

/* ---- start and streams ---------------------------------------------------------------- */

/* The terminal has the size that the request says, or else that of who attached before. */
static int start(struct client *client, struct packet *packet, struct spec_message *reply, struct error *err)
{
	const struct spec_message *request = packet->message;
	bool has_size = request->width || request->height;
	struct keeper *keeper = client->keeper;
	int r;

	if (!client->is_first || keeper->was_started)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' was started already", keeper_name(keeper));
	r = life_start(keeper, has_size ? request->width : client->width, has_size ? request->height : client->height, err);
	if (r < 0)
		keeper->is_over = true;
	reply->pid = keeper->state.pid;
	return r;
}

/* What nobody waits for. */
static void note_start(struct keeper *keeper)
{
	if (!keeper->what->exit_command)
		notes_write_record(keeper); /* after a crash or a reboot it tells that it ran */
	notes_add_network_events(keeper, "connect");
	notes_add_volume_events(keeper, "mount");
	notes_add_event(keeper, "start", NULL, NULL);
}

static void attach_input(struct client *client, int *fd)
{
	struct keeper *keeper = client->keeper;

	if (!keeper->what->open_stdin && !keeper->what->terminal)
		return;
	flow_open(&client->in, *fd);
	*fd = -EBADF;
	client->feeds = true;
	if (keeper->was_started)
		clients_connect_inputs(keeper);
}

/*
 * The size is a hint to the program, no more. It comes twice because of who attaches anew: the same size would be no news, and
 * what fills a screen (an editor, a shell's prompt) draws it again when there is news.
 */
static void set_size(int terminal, uint32_t width, uint32_t height)
{
	if (terminal < 0 || (!width && !height))
		return;
	ignore_result(pty_set_size(terminal, width, height + 1));
	ignore_result(pty_set_size(terminal, width, height));
}

static int attach(struct client *client, struct packet *packet, struct spec_message *reply, struct error *err)
{
	const struct spec_message *request = packet->message;
	struct keeper *keeper = client->keeper;
	const size_t wanted = (size_t)request->in + request->out + request->err;
	size_t used = 0;

	if (client->is_attached)
		return error_set(err, ERROR_CONFLICT, 0, "this connection is attached already");
	if (keeper->was_started && !keeper_is_running(keeper))
		return not_running(keeper, err);
	if (packet->count != wanted)
		return error_set(err, ERROR_INVALID, 0, "%zu descriptors came along, not %zu", packet->count, wanted);
	client->is_attached = true;
	client->width = request->width;
	client->height = request->height;
	if (request->in)
		attach_input(client, &packet->fds[used++]);
	if (request->out) {
		flow_add_sink(&keeper->first.out, packet->fds[used]);
		packet->fds[used++] = -EBADF;
	}
	if (request->err && !keeper->what->terminal) {
		flow_add_sink(&keeper->first.err, packet->fds[used]);
		packet->fds[used++] = -EBADF;
	}
	set_size(keeper->first.terminal, client->width, client->height);
	reply->pid = keeper->state.pid;
	return 0;
}

static int resize(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	const struct spec_message *request = packet->message;
	struct session *session = request->session ? sessions_find(client->keeper, request->session) : NULL;
	int terminal = session ? session->terminal : request->session ? -EBADF : client->keeper->first.terminal;
	int r;

	/* Before there is a terminal it is remembered. */
	if (!client->keeper->was_started) {
		client->width = request->width;
		client->height = request->height;
		return 0;
	}
	if (session && !session->is_started) {
		session->width = request->width;
		session->height = request->height;
		return 0;
	}
	if (terminal < 0)
		return error_set(err, ERROR_CONFLICT, 0, "there is no terminal");
	r = pty_set_size(terminal, request->width, request->height);
	return r < 0 ? error_errno(err, -r, "cannot set the size of the terminal") : 0;
}

static int exec(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	int r = sessions_start(client->keeper, client, packet->message, packet->fds, packet->count, err);

	if (r == 0)
		await(client, SPEC_REQUEST_EXEC);
	return r;
}

/* ---- the life of the process ----------------------------------------------------------------- */

static int wait_for_end(struct client *client, struct packet *packet _unused_, struct spec_message *reply, struct error *err _unused_)
{
	struct keeper *keeper = client->keeper;

	if (!keeper->was_started || keeper->first.pid)
		await(client, SPEC_REQUEST_WAIT);
	reply->exit_code = keeper->state.exit_code;
	reply->will_restart = keeper->restart_at_ns != LOOP_NEVER;
	return 0;
}

static int wait_until_gone(struct client *client, struct packet *packet _unused_, struct spec_message *reply _unused_, struct error *err _unused_)
{
	await(client, SPEC_REQUEST_WAIT_GONE);
	return 0;
}

static void note_signal(struct keeper *keeper, int64_t signal_number)
{
	notes_add_number_event(keeper, "kill", "signal", signal_number);
}

/* Of STOP and RESTART: what the process is asked by, and, if it is given no time, what ends it. */
static void note_stop(struct keeper *keeper, const struct spec_message *request)
{
	note_signal(keeper, request->signal ? request->signal : keeper->what->stop_signal ? keeper->what->stop_signal : SIGTERM);
	if (request->timeout_s == 0)
		note_signal(keeper, SIGKILL);
}

static int stop(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	const struct spec_message *request = packet->message;
	struct keeper *keeper = client->keeper;
	bool was_running = keeper_is_running(keeper);
	int r = life_stop(keeper, (int)request->signal, request->timeout_s, err);

	if (r < 0)
		return r;
	keeper->restarts_next = false;
	keeper->state.manually_stopped |= request->manually;
	if (was_running)
		note_stop(keeper, request);
	await(client, SPEC_REQUEST_STOP);
	return 0;
}

static int restart(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	const struct spec_message *request = packet->message;
	struct keeper *keeper = client->keeper;
	int r = 0;

	if (keeper->restart_at_ns != LOOP_NEVER)
		keeper->restart_at_ns = 0;
	else if (keeper->first.pid)
		r = life_stop(keeper, (int)request->signal, request->timeout_s, err);
	else
		r = not_running(keeper, err);
	if (r < 0)
		return r;
	if (keeper->first.pid)
		note_stop(keeper, request);
	keeper->restarts_next = keeper->first.pid != 0;
	await(client, SPEC_REQUEST_RESTART);
	return 0;
}

/* As docker has it: what is meant to end the container ends it for good. */
static bool is_meant_to_end(const struct keeper *keeper, int64_t signal_number)
{
	return signal_number == SIGKILL || signal_number == (keeper->what->stop_signal ? keeper->what->stop_signal : SIGTERM);
}

static int kill_process(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	const struct spec_message *request = packet->message;
	struct keeper *keeper = client->keeper;
	int r;

	if (request->session) {
		struct session *session = sessions_find(keeper, request->session);

		return session ? sessions_signal(session, (int)request->signal, err)
			       : error_set(err, ERROR_NOT_FOUND, 0, "no such session '%lld'", (long long)request->session);
	}
	r = life_signal(keeper, (int)request->signal, err);
	if (r < 0)
		return r;
	if (is_meant_to_end(keeper, request->signal)) {
		keeper->is_stopping = true;
		keeper->state.manually_stopped = true;
	}
	note_signal(keeper, request->signal);
	return 0;
}

static int pause_all(struct client *client, struct packet *packet _unused_, struct spec_message *reply _unused_, struct error *err)
{
	return life_pause(client->keeper, err);
}

static int unpause_all(struct client *client, struct packet *packet _unused_, struct spec_message *reply _unused_, struct error *err)
{
	return life_unpause(client->keeper, err);
}

/* ---- settings ------------------------------------------------------------------------------------ */

static int check_health(struct client *client, struct packet *packet _unused_, struct spec_message *reply _unused_, struct error *err)
{
	struct keeper *keeper = client->keeper;
	int r = 0;

	if (!keeper->health)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' has no health check", keeper_name(keeper));
	if (!health_is_checking(keeper->health))
		r = sessions_start_check(keeper, err);
	if (r == 0)
		await(client, SPEC_REQUEST_CHECK_HEALTH);
	return r;
}

static void update_health(struct keeper *keeper, const struct spec_supervision *from)
{
	struct spec_supervision *what = keeper->what;
	struct health_config config = {
		.check = from->health_check,
		.startup_check = from->startup_check,
		.shell = from->shell,
		.startup_successes = from->startup_successes,
		.on_failure = from->health_on_failure,
	};

	what->shell = from->shell;
	what->health_check = from->health_check;
	what->startup_check = from->startup_check;
	what->startup_successes = from->startup_successes;
	what->health_on_failure = from->health_on_failure;
	if (keeper->health) {
		health_configure(keeper->health, &config);
	} else {
		keeper->health = health_new(&config);
		if (keeper_is_running(keeper))
			health_start(keeper->health, loop_now_ns());
	}
}

static int update_policy(struct spec_supervision *what, const struct spec_supervision *from, struct error *err)
{
	static const char *const policies[] = { "no", "always", "unless-stopped", "on-failure" };

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		if (str_equal(policies[i], from->restart_policy)) {
			what->restart_policy = (char *)policies[i]; /* the message's own goes with it */
			what->restart_maximum = from->restart_maximum;
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, 0, "unknown restart policy '%s'", from->restart_policy);
}

static int update(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err)
{
	const struct spec_supervision *from = packet->message->supervision;
	struct keeper *keeper = client->keeper;
	struct spec_supervision *what = keeper->what;
	int r = from->restart_policy ? update_policy(what, from, err) : 0;

	if (r < 0)
		return r;
	if (from->stop_signal) {
		what->stop_signal = from->stop_signal;
		what->stop_timeout_s = from->stop_timeout_s;
	}
	/* The checks of the message count until the next one's. */
	if (from->health_check || from->startup_check) {
		update_health(keeper, from);
		arena_free(keeper->checks);
		keeper->checks = TAKE_PTR(packet->arena);
	}
	notes_write_state(keeper);
	return 0;
}

static int rename_container(struct client *client, struct packet *packet, struct spec_message *reply _unused_, struct error *err _unused_)
{
	struct keeper *keeper = client->keeper;

	free(keeper->new_name);
	keeper->what->name = keeper->new_name = str_dup(packet->message->name);
	deeds_do_text(keeper, DEED_RENAME, keeper->new_name, strlen(keeper->new_name));
	if (keeper->log)
		log_rename(keeper->log, keeper->what->name);
	return 0;
}

static int clean_up(struct client *client, struct packet *packet _unused_, struct spec_message *reply _unused_, struct error *err _unused_)
{
	client->cleans = true;
	return 0;
}

static int list_sessions(struct client *client, struct packet *packet, struct spec_message *reply, struct error *err _unused_)
{
	size_t count = 0;

	for (struct session *session = client->keeper->sessions; session; session = session->next)
		count++;
	reply->sessions = arena_alloc(packet->arena, count + 1, sizeof *reply->sessions);
	for (struct session *session = client->keeper->sessions; session; session = session->next) {
		if (session->is_check)
			continue;
		reply->sessions[reply->session_count++] = (struct spec_session){
			.number = session->number,
			.pid = session->pid,
			.exit_code = session->exit_code,
			.running = !session->has_ended,
			.args = session->args,
			.name = session->name,
		};
	}
	return 0;
}

/* ---- which is which ----------------------------------------------------------------------------------- */

static serve_request *const servers[] = {
	[SPEC_REQUEST_START] = start,
	[SPEC_REQUEST_ATTACH] = attach,
	[SPEC_REQUEST_RESIZE] = resize,
	[SPEC_REQUEST_EXEC] = exec,
	[SPEC_REQUEST_WAIT] = wait_for_end,
	[SPEC_REQUEST_WAIT_GONE] = wait_until_gone,
	[SPEC_REQUEST_STOP] = stop,
	[SPEC_REQUEST_RESTART] = restart,
	[SPEC_REQUEST_KILL] = kill_process,
	[SPEC_REQUEST_PAUSE] = pause_all,
	[SPEC_REQUEST_UNPAUSE] = unpause_all,
	[SPEC_REQUEST_CHECK_HEALTH] = check_health,
	[SPEC_REQUEST_UPDATE] = update,
	[SPEC_REQUEST_RENAME] = rename_container,
	[SPEC_REQUEST_CLIENT_CLEANS] = clean_up,
	[SPEC_REQUEST_SESSIONS] = list_sessions,
};

void requests_serve(struct client *client, struct packet *packet)
{
	struct spec_message reply = { .type = SPEC_MESSAGE_REPLY };
	enum spec_request request = packet->message->request;
	struct error err = ERROR_INIT;
	int r = servers[request](client, packet, &reply, &err);

	if (r < 0)
		clients_send_error(client, &err);
	else if (!client->awaits)
		clients_send(client, &reply);
	if (r == 0 && request == SPEC_REQUEST_START)
		note_start(client->keeper);
}
