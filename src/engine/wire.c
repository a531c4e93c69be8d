/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/detach_keys.h"
#include "engine/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define FRAME_HEAD 8
#define FRAME_BODY (16u << 10)
#define INPUT_BLOCK (16u << 10)
#define FAILURE_MS 20 /* after the reply to an EXEC that failed, or less */
#define LINGER_MS 5000 /* how long a client that goes on sending is listened to, so that what it was sent is not lost */

enum { WATCH_SOCKET, WATCH_CLIENT_IN, WATCH_CLIENT_OUT, WATCH_IN, WATCH_OUT, WATCH_ERR, WATCH_COUNT };

struct relay {
	struct session *session;
	struct container_wire *wire;
	struct error *err;
	struct detach_keys keys;
	struct buf input;  /* typed, and not yet written to the process */
	size_t input_used;
	char output[2 * (FRAME_HEAD + FRAME_BODY)]; /* frames that are not yet written to the client */
	size_t output_length, output_used;
	bool has_ended, is_gone;              /* the process; the supervisor */
	bool input_has_ended, has_left, has_detached; /* the client: says nothing more; is not there any more; by the keys */
	int64_t exit_code;
	struct error failure; /* the process could not be executed */
};

int wire_open(struct container_wire *wire, struct error *err)
{
	int (*open)(void *, struct container_wire *, struct error *) = wire->open;

	wire->open = NULL;
	return open ? open(wire->context, wire, err) : 0;
}

bool wire_is_left(const struct container_wire *wire)
{
	struct pollfd ask = { .fd = wire->out };

	return poll(&ask, 1, 0) > 0 && ask.revents & (POLLERR | POLLHUP | POLLNVAL);
}

/* ---- the supervisor ----------------------------------------------------------------------- */

static void take_message(struct relay *relay)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct session *session = relay->session;
	struct spec_message *message = NULL;

	if (supervisor_receive_any(arena, session->socket, -1, &message, NULL) < 0 || !message) {
		relay->is_gone = true;
		return;
	}
	if (session->number == 0 ? message->type != SPEC_MESSAGE_EVENT_EXIT :
				   message->type != SPEC_MESSAGE_EVENT_SESSION_EXIT || message->session != session->number)
		return;
	relay->has_ended = true;
	relay->exit_code = message->exit_code;
	relay->failure = message->error;
}

/* ---- to the process ------------------------------------------------------------------------- */

/* What of it is for the process. */
static void add_input(struct relay *relay, const char *bytes, size_t length)
{
	if (relay->session->in < 0 || relay->input_has_ended)
		return;
	if (!relay->session->terminal || relay->keys.length == 0)
		buf_add(&relay->input, bytes, length);
	else if (detach_keys_filter(&relay->keys, bytes, length, &relay->input))
		relay->has_left = relay->has_detached = true;
}

static void end_input(struct relay *relay)
{
	if (!relay->input_has_ended && relay->session->terminal)
		detach_keys_flush(&relay->keys, &relay->input);
	relay->input_has_ended = true;
}

static void read_client(struct relay *relay)
{
	char block[INPUT_BLOCK];
	ssize_t n = read(relay->wire->in, block, sizeof block);

	if (n > 0)
		add_input(relay, block, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_input(relay);
}

static void write_input(struct relay *relay)
{
	struct session *session = relay->session;

	while (session->in >= 0 && relay->input_used < relay->input.length) {
		ssize_t n = write(session->in, relay->input.data + relay->input_used, relay->input.length - relay->input_used);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			close_and_forget(&session->in);
		else
			relay->input_used += (size_t)n;
	}
	relay->input.length = relay->input_used = 0;
	if (relay->input_has_ended)
		close_and_forget(&session->in);
}

/* ---- to the client ----------------------------------------------------------------------------- */

static void add_head(struct relay *relay, unsigned char stream, size_t length)
{
	const unsigned char head[FRAME_HEAD] = { stream, 0, 0, 0, (unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8),
						 (unsigned char)length };

	memcpy(relay->output + relay->output_length, head, sizeof head);
	relay->output_length += sizeof head;
}

/* What is there of a stream of the process, as a frame of it; dropped if nobody is there. */
static void read_stream(struct relay *relay, int *fd, unsigned char stream)
{
	char block[FRAME_BODY];
	ssize_t n = read(*fd, block, sizeof block);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_and_forget(fd);
		return;
	}
	if (relay->has_left)
		return;
	if (!relay->session->terminal && !relay->wire->unframed)
		add_head(relay, stream, (size_t)n);
	memcpy(relay->output + relay->output_length, block, (size_t)n);
	relay->output_length += (size_t)n;
}

static void leave(struct relay *relay)
{
	relay->has_left = true;
	relay->output_length = relay->output_used = 0;
	end_input(relay);
}

static void write_client(struct relay *relay)
{
	while (relay->output_used < relay->output_length) {
		ssize_t n = write(relay->wire->out, relay->output + relay->output_used, relay->output_length - relay->output_used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			return leave(relay);
		relay->output_used += (size_t)n;
	}
	relay->output_length = relay->output_used = 0;
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static void fill_polls(const struct relay *relay, struct pollfd polls[static WATCH_COUNT])
{
	const struct session *session = relay->session;
	bool is_over = relay->has_ended || relay->is_gone, has_output = relay->output_length > 0, has_input = relay->input.length > 0;
	bool listens = !relay->has_left && !relay->input_has_ended && !has_input && !is_over;

	polls[WATCH_SOCKET] = (struct pollfd){ .fd = is_over ? -1 : session->socket, .events = POLLIN };
	polls[WATCH_CLIENT_IN] = (struct pollfd){ .fd = listens ? relay->wire->in : -1, .events = POLLIN };
	polls[WATCH_CLIENT_OUT] = (struct pollfd){ .fd = relay->has_left ? -1 : relay->wire->out, .events = has_output ? POLLOUT : 0 };
	polls[WATCH_IN] = (struct pollfd){ .fd = has_input ? session->in : -1, .events = POLLOUT };
	polls[WATCH_OUT] = (struct pollfd){ .fd = has_output ? -1 : session->out, .events = POLLIN };
	polls[WATCH_ERR] = (struct pollfd){ .fd = has_output ? -1 : session->err, .events = POLLIN };
}

static int step(struct relay *relay)
{
	struct session *session = relay->session;
	struct pollfd polls[WATCH_COUNT];

	fill_polls(relay, polls);
	if (poll(polls, WATCH_COUNT, -1) < 0)
		return errno == EINTR ? 0 : error_errno(relay->err, errno, "cannot wait for the container");
	if (polls[WATCH_SOCKET].revents)
		take_message(relay);
	if (polls[WATCH_CLIENT_IN].revents)
		read_client(relay);
	if (polls[WATCH_OUT].revents)
		read_stream(relay, &session->out, 1);
	if (polls[WATCH_ERR].revents)
		read_stream(relay, &session->err, 2);
	if (polls[WATCH_CLIENT_OUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		leave(relay);
	write_input(relay);
	write_client(relay);
	return 0;
}

static bool is_done(const struct relay *relay)
{
	const struct session *session = relay->session;

	if (relay->has_left && !session->is_ours)
		return true;
	if (relay->has_detached)
		return !session->is_ours;
	return (relay->has_ended || relay->is_gone) && session->out < 0 && session->err < 0 && (relay->has_left || relay->output_length == 0);
}

/* In docker's way: on the stream, as there is no other place any more. */
static void tell_failure(struct relay *relay)
{
	_cleanup_free_ char *text = relay->failure.kind == ERROR_NONE ? NULL : str_printf("%s\r\n", relay->failure.message);

	if (!text || relay->has_left)
		return;
	if (!relay->session->terminal && !relay->wire->unframed)
		add_head(relay, 2, strlen(text));
	memcpy(relay->output + relay->output_length, text, strlen(text));
	relay->output_length += strlen(text);
	ignore_result(fcntl(relay->wire->out, F_SETFL, 0));
	write_client(relay);
}

/* A socket that is closed with bytes in it that nobody read tells its other end of an error, not of the end. */
static void linger(const struct relay *relay)
{
	int64_t end = clock_monotonic_ms() + LINGER_MS;
	struct pollfd ask = { .fd = relay->wire->in, .events = POLLIN };
	char block[INPUT_BLOCK];

	ignore_result(shutdown(relay->wire->out, SHUT_WR)); /* it may be gone, or no socket */
	while (!relay->input_has_ended && relay->wire->in >= 0 && clock_monotonic_ms() < end) {
		ssize_t n = poll(&ask, 1, (int)(end - clock_monotonic_ms())) <= 0 ? 0 : read(relay->wire->in, block, sizeof block);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
	}
}

static int judge(const struct relay *relay, struct container_start_report *ret, struct error *err)
{
	ret->detached = relay->has_left;
	ret->exit_code = relay->exit_code;
	if (relay->has_ended || relay->has_left)
		return 0;
	return error_set(err, ERROR_UNAVAILABLE, 0, "the supervisor of the container has ended before it");
}

/* Where no stream will tell why a process could not be executed, it is heard before the wire is opened. */
static int hear_of_failure(struct relay *relay)
{
	const struct session *session = relay->session;
	struct pollfd ask = { .fd = session->socket, .events = POLLIN };

	if (session->number == 0 || session->out >= 0 || session->err >= 0 || session->in >= 0 || poll(&ask, 1, FAILURE_MS) <= 0)
		return 0;
	take_message(relay);
	return relay->failure.kind == ERROR_NONE ? 0 : supervisor_take_error(&relay->failure, relay->err);
}

static void set_nonblocking(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (flags >= 0)
		ignore_result(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int wire_run(struct session *session, struct container_start_report *ret, struct error *err)
{
	struct relay relay = { .session = session, .wire = session->attachment->wire, .err = err };
	int r = detach_keys_parse(session->attachment->detach_keys, &relay.keys, err);

	if (r == 0)
		r = hear_of_failure(&relay);
	if (r == 0)
		r = wire_open(relay.wire, err);
	if (r < 0)
		return r;
	if (relay.wire->out < 0)
		leave(&relay);
	set_nonblocking(relay.wire->in);
	set_nonblocking(relay.wire->out);
	add_input(&relay, relay.wire->said, relay.wire->said_length);
	if (relay.wire->in < 0)
		end_input(&relay);
	write_input(&relay);
	while (r == 0 && !is_done(&relay)) {
		/* Who has left by the keys is let go at once; the process is heard to its end. */
		if (relay.has_detached && relay.wire->out >= 0 && relay.output_length == 0) {
			linger(&relay);
			leave(&relay);
			relay.has_detached = false;
		}
		r = step(&relay);
	}
	if (relay.has_ended && relay.wire->ended)
		relay.wire->ended(relay.wire->notes, relay.exit_code);
	tell_failure(&relay);
	if (!relay.has_left || relay.has_detached)
		linger(&relay);
	buf_done(&relay.input);
	return r < 0 ? r : judge(&relay, ret, err);
}
