/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/clients.h"
#include "base/log.h"
#include "supervisor/deeds.h"
#include "supervisor/notes.h"
#include "supervisor/packets.h"
#include "supervisor/requests.h"
#include "supervisor/sessions.h"

#define ROUNDS 16 /* requests of one client before others have their turn */

/* ---- who is there ---------------------------------------------------------------------- */

void clients_add(struct keeper *keeper, int socket, bool is_first)
{
	struct client *client;
	size_t count = 0;

	for (client = keeper->clients; client; client = client->next)
		count++;
	if (count >= CLIENTS_LIMIT) {
		close(socket);
		return;
	}
	client = memory_new(1, sizeof *client);
	*client = (struct client){ .next = keeper->clients, .keeper = keeper, .socket = socket, .is_first = is_first, .in = FLOW_INIT };
	client->in.flags = FLOW_NEEDS_SINK | FLOW_BORROWS_SINKS;
	keeper->clients = client;
}

/* What it still has in its pipe for the process's input goes there all the same. */
static void leave(struct client *client)
{
	struct keeper *keeper = client->keeper;

	close_and_forget(&client->socket);
	client->awaits = client->cleans = client->is_attached = false;
	sessions_forget_client(keeper, client);
	if (client->is_first && !keeper->was_started)
		keeper->is_over = true;
}

static void release(struct client *client)
{
	flow_close(&client->in);
	close_and_forget(&client->socket);
	free(client);
}

void clients_done(struct keeper *keeper)
{
	while (keeper->clients) {
		struct client *client = keeper->clients;

		keeper->clients = client->next;
		release(client);
	}
}

bool clients_is_cleaning(const struct keeper *keeper)
{
	for (const struct client *client = keeper->clients; client; client = client->next)
		if (client->cleans)
			return true;
	return false;
}

/* ---- the process's input -------------------------------------------------------------------- */

void clients_connect_inputs(struct keeper *keeper)
{
	for (struct client *client = keeper->clients; client; client = client->next) {
		if (!client->feeds || flow_is_idle(&client->in))
			continue;
		if (keeper->first.in >= 0 && !client->in.sinks)
			flow_add_sink(&client->in, keeper->first.in);
		else if (keeper->first.in < 0)
			flow_close(&client->in);
	}
}

void clients_close_inputs(struct keeper *keeper)
{
	for (struct client *client = keeper->clients; client; client = client->next) {
		flow_close(&client->in);
		client->feeds = false;
	}
}

/* The end of the first client's input is the end of the process's, if it was promised one client only. */
static void end_input(struct keeper *keeper)
{
	if (!keeper->what->stdin_once || keeper->what->terminal)
		return;
	clients_close_inputs(keeper);
	close_and_forget(&keeper->first.in);
}

/* ---- messages ---------------------------------------------------------------------------------- */

void clients_send(struct client *client, const struct spec_message *message)
{
	int r;

	if (client->socket < 0)
		return;
	deeds_settle(client->keeper); /* who hears of something looks at once how it is written down */
	r = packet_send(client->socket, message);
	if (r < 0) {
		log_debug("a client takes no message: %s", error_words(-r));
		leave(client);
	}
}

void clients_send_error(struct client *client, const struct error *err)
{
	struct spec_message message = { .type = SPEC_MESSAGE_ERROR, .error = *err };

	clients_send(client, &message);
}

void clients_answer(struct client *client, const struct spec_message *reply)
{
	client->awaits = false;
	clients_send(client, reply);
}

void clients_answer_all(struct keeper *keeper, enum spec_request request, const struct spec_message *reply)
{
	for (struct client *client = keeper->clients; client; client = client->next)
		if (client->awaits && client->request == request)
			clients_answer(client, reply);
}

static struct spec_message make_reply(const struct keeper *keeper)
{
	return (struct spec_message){
		.type = SPEC_MESSAGE_REPLY,
		.pid = keeper->state.pid,
		.exit_code = keeper->state.exit_code,
		.oom_killed = keeper->state.oom_killed,
	};
}

static bool is_awaited(const struct keeper *keeper, enum spec_request request)
{
	for (const struct client *client = keeper->clients; client; client = client->next)
		if (client->awaits && client->request == request)
			return true;
	return false;
}

void clients_tell_end(struct keeper *keeper, bool comes_again)
{
	struct spec_message reply = make_reply(keeper), event = reply;

	event.type = SPEC_MESSAGE_EVENT_EXIT;
	event.will_restart = reply.will_restart = comes_again;
	for (struct client *client = keeper->clients; client; client = client->next) {
		if (client->is_attached)
			clients_send(client, &event);
		client->is_attached = false;
	}
	clients_answer_all(keeper, SPEC_REQUEST_WAIT, &reply);
	if (is_awaited(keeper, SPEC_REQUEST_RESTART))
		notes_add_event(keeper, "stop", NULL, NULL);
	if (comes_again)
		clients_answer_all(keeper, SPEC_REQUEST_STOP, &reply);
}

void clients_tell_start(struct keeper *keeper)
{
	struct spec_message reply = make_reply(keeper);

	if (!is_awaited(keeper, SPEC_REQUEST_RESTART))
		return;
	clients_answer_all(keeper, SPEC_REQUEST_RESTART, &reply);
	notes_add_event(keeper, "restart", NULL, NULL);
}

void clients_tell_failed_start(struct keeper *keeper, const struct error *err)
{
	struct spec_message message = { .type = SPEC_MESSAGE_ERROR, .error = *err };

	clients_answer_all(keeper, SPEC_REQUEST_RESTART, &message);
}

void clients_tell_gone(struct keeper *keeper)
{
	struct spec_message reply = make_reply(keeper), failure = { .type = SPEC_MESSAGE_ERROR };

	if (is_awaited(keeper, SPEC_REQUEST_STOP))
		notes_add_event(keeper, "stop", NULL, NULL);
	error_set(&failure.error, ERROR_CONFLICT, 0, "container '%s' has ended", keeper_name(keeper));
	clients_answer_all(keeper, SPEC_REQUEST_WAIT, &reply);
	clients_answer_all(keeper, SPEC_REQUEST_STOP, &reply);
	clients_answer_all(keeper, SPEC_REQUEST_WAIT_GONE, &reply);
	clients_answer_all(keeper, SPEC_REQUEST_RESTART, &failure);
	clients_answer_all(keeper, SPEC_REQUEST_CHECK_HEALTH, &failure);
}

/* ---- the loop's part ----------------------------------------------------------------------------------- */

/* False when there is nothing more to be heard for now. */
static bool hear(struct client *client)
{
	_cleanup_packet_ struct packet packet = { 0 };
	struct error err = ERROR_INIT;
	int r = packet_receive(client->socket, &packet, &err);

	if (r == -EAGAIN)
		return false;
	if (r == -EPIPE) {
		leave(client);
		return false;
	}
	if (r < 0)
		clients_send_error(client, &err);
	else
		requests_serve(client, &packet);
	return !client->awaits && client->socket >= 0 && !client->keeper->is_over;
}

void clients_hear_last(struct keeper *keeper)
{
	for (struct client *client = keeper->clients; client; client = client->next)
		if (client->socket >= 0 && !client->awaits)
			hear(client);
}

static void is_ready(void *context, short events)
{
	struct client *client = context;

	if (client->socket < 0)
		return;
	/* One that waits for an answer is only heard when it goes. */
	if (client->awaits) {
		if (events & (POLLHUP | POLLERR))
			leave(client);
		return;
	}
	for (int i = 0; i < ROUNDS && hear(client); i++)
		;
}

void clients_watch(struct keeper *keeper)
{
	for (struct client *client = keeper->clients; client; client = client->next) {
		if (client->socket >= 0)
			loop_watch(&keeper->loop, client->socket, client->awaits ? 0 : POLLIN, is_ready, client);
		if (client->in.sinks)
			flow_watch(&client->in, &keeper->loop);
	}
}

void clients_step(struct keeper *keeper)
{
	for (struct client *client = keeper->clients; client; client = client->next) {
		if (client->feeds && client->in.has_ended) {
			client->feeds = false;
			end_input(keeper);
		}
	}
	for (struct client **slot = &keeper->clients; *slot;) {
		struct client *client = *slot;

		if (client->socket < 0 && flow_is_idle(&client->in)) {
			*slot = client->next;
			release(client);
		} else {
			slot = &client->next;
		}
	}
}
