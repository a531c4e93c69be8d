/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/backlog.h"
#include "engine/detach_keys.h"
#include "engine/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define FRAME_HEAD 8
#define FRAME_BODY (16u << 10)
#define INPUT_BLOCK (16u << 10)
#define FAILURE_MS 20 /* after the reply to an EXEC that failed, or less */
#define PATIENCE_MS 300000 /* with a client that takes nothing of what there is for it */
#define LINGER_MS 5000 /* how long a client that goes on sending is listened to, so that what it was sent is not lost */

enum { STREAM_OUTPUT = 1, STREAM_ERROR, STREAM_SYSTEM /* that one ends it for docker's clients: what is in it is the reason */ };
/* As docker: of what was not executed there is nothing else there. */
#define FAILURE_STREAM STREAM_OUTPUT

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
	struct backlog backlog; /* frames after those: the client is slow */
	int64_t taken_ms;       /* CLOCK_MONOTONIC: when it last took something, or there was something for it again */
	bool is_cut;            /* it was so slow that it is told of nothing more */
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

static void fill_head(unsigned char head[static FRAME_HEAD], unsigned char stream, size_t length)
{
	head[0] = stream;
	head[1] = head[2] = head[3] = 0;
	for (size_t i = 4; i < FRAME_HEAD; i++)
		head[i] = (unsigned char)(length >> (8 * (FRAME_HEAD - 1 - i)));
}

/* With a terminal it is a view, and what is oldest in it goes first; false: what is added must have room. */
static bool may_forget(const struct relay *relay)
{
	return relay->session->terminal && relay->backlog.directory;
}

/* Whether a frame more can be kept: the process is not held back by who is slow. */
static bool has_room(const struct relay *relay)
{
	bool is_level = relay->backlog.length == 0 && relay->output_length + FRAME_HEAD + FRAME_BODY <= sizeof relay->output;

	return is_level || backlog_has_room(&relay->backlog, FRAME_HEAD + FRAME_BODY) || may_forget(relay);
}

/* Behind what the client has not taken yet. */
static void keep_frame(struct relay *relay, const void *bytes, size_t length)
{
	struct backlog *backlog = &relay->backlog;

	if (!backlog_has_room(backlog, length))
		backlog_drop(backlog, length);
	relay->is_cut |= backlog_add(backlog, bytes, length) < 0; /* there is no room on the disk */
}

static bool is_framed(const struct relay *relay)
{
	return relay->wire->framed || (!relay->session->terminal && !relay->wire->unframed);
}

static void add_frame(struct relay *relay, unsigned char stream, const void *bytes, size_t length)
{
	bool is_first = relay->output_length == 0;
	char frame[FRAME_HEAD + FRAME_BODY];
	size_t head = is_framed(relay) ? FRAME_HEAD : 0;

	if (head)
		fill_head((unsigned char *)frame, stream, length);
	memcpy(frame + head, bytes, length);
	if (is_first)
		relay->taken_ms = clock_monotonic_ms();
	if (relay->backlog.length == 0 && relay->output_length + head + length <= sizeof relay->output) {
		memcpy(relay->output + relay->output_length, frame, head + length);
		relay->output_length += head + length;
	} else {
		keep_frame(relay, frame, head + length);
	}
}

/* What is there of a stream of the process, as a frame of it; dropped if nobody is there. */
static void read_stream(struct relay *relay, int *fd, unsigned char stream)
{
	char block[FRAME_BODY];
	ssize_t n = read(*fd, block, sizeof block);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		close_and_forget(fd);
	else if (!relay->has_left)
		add_frame(relay, stream, block, (size_t)n);
}

static void leave(struct relay *relay)
{
	relay->has_left = true;
	relay->output_length = relay->output_used = 0;
	backlog_close(&relay->backlog);
	end_input(relay);
}

/* Once all before it was written. */
static void refill(struct relay *relay)
{
	ssize_t n = backlog_take(&relay->backlog, relay->output, sizeof relay->output);

	relay->output_used = 0;
	relay->output_length = n > 0 ? (size_t)n : 0;
	relay->is_cut |= n < 0;
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
		relay->taken_ms = clock_monotonic_ms();
		relay->output_used += (size_t)n;
		if (relay->output_used == relay->output_length)
			refill(relay);
	}
}

/* ---- clients that are slow ----------------------------------------------------------------------------- */

static int64_t patience_ms(const struct relay *relay)
{
	int64_t left = relay->taken_ms + PATIENCE_MS - clock_monotonic_ms();

	return left < 0 ? 0 : left;
}

/* Whether the process waits for it, as for the reader of a pipe. */
static bool may_hold(const struct relay *relay)
{
	return relay->session->is_ours || (relay->wire->was_first && patience_ms(relay) > 0);
}

/* No more is read for it: the supervisor forgets it, and what it has not taken is in the log. */
static void cut(struct relay *relay)
{
	relay->is_cut = true;
	close_and_forget(&relay->session->out);
	close_and_forget(&relay->session->err);
}

static bool is_over(const struct relay *relay)
{
	return relay->is_cut || relay->has_ended || relay->is_gone;
}

/* What is to become of one that does not take what there is. */
static void judge_slowness(struct relay *relay)
{
	if (relay->has_left || relay->output_length == 0)
		return;
	if (is_over(relay) && patience_ms(relay) == 0)
		leave(relay);
	else if (relay->is_cut || (!has_room(relay) && !may_hold(relay)))
		cut(relay);
}

/* How long nothing of that kind has to be done; -1: forever. */
static int next_judgement_ms(const struct relay *relay)
{
	bool holds = relay->wire->was_first && !relay->session->is_ours && !has_room(relay);

	if (relay->has_left || relay->output_length == 0 || !(is_over(relay) || holds))
		return -1;
	return (int)patience_ms(relay);
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static void fill_polls(const struct relay *relay, struct pollfd polls[static WATCH_COUNT])
{
	const struct session *session = relay->session;
	bool has_process = !relay->has_ended && !relay->is_gone, has_output = relay->output_length > 0, has_input = relay->input.length > 0;
	bool reads = relay->has_left || has_room(relay);
	bool listens = !relay->has_left && !relay->input_has_ended && !has_input && has_process;

	polls[WATCH_SOCKET] = (struct pollfd){ .fd = has_process ? session->socket : -1, .events = POLLIN };
	polls[WATCH_CLIENT_IN] = (struct pollfd){ .fd = listens ? relay->wire->in : -1, .events = POLLIN };
	polls[WATCH_CLIENT_OUT] = (struct pollfd){ .fd = relay->has_left ? -1 : relay->wire->out, .events = has_output ? POLLOUT : 0 };
	polls[WATCH_IN] = (struct pollfd){ .fd = has_input ? session->in : -1, .events = POLLOUT };
	polls[WATCH_OUT] = (struct pollfd){ .fd = reads ? session->out : -1, .events = POLLIN };
	polls[WATCH_ERR] = (struct pollfd){ .fd = reads ? session->err : -1, .events = POLLIN };
}

static int step(struct relay *relay)
{
	struct session *session = relay->session;
	struct pollfd polls[WATCH_COUNT];

	fill_polls(relay, polls);
	if (poll(polls, WATCH_COUNT, next_judgement_ms(relay)) < 0)
		return errno == EINTR ? 0 : error_errno(relay->err, errno, "cannot wait for the container");
	if (polls[WATCH_SOCKET].revents)
		take_message(relay);
	if (polls[WATCH_CLIENT_IN].revents)
		read_client(relay);
	if (polls[WATCH_OUT].revents)
		read_stream(relay, &session->out, STREAM_OUTPUT);
	if (polls[WATCH_ERR].revents && (relay->has_left || has_room(relay)))
		read_stream(relay, &session->err, STREAM_ERROR);
	if (polls[WATCH_CLIENT_OUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		leave(relay);
	write_input(relay);
	write_client(relay);
	judge_slowness(relay);
	return 0;
}

static bool is_done(const struct relay *relay)
{
	const struct session *session = relay->session;

	if (relay->has_left && !session->is_ours)
		return true;
	if (relay->has_detached)
		return !session->is_ours;
	if (relay->is_cut && !session->is_ours)
		return relay->output_length == 0;
	return (relay->has_ended || relay->is_gone) && session->out < 0 && session->err < 0 && (relay->has_left || relay->output_length == 0);
}

/* In docker's way: on the stream, as there is no other place any more. All before it was written. */
static void tell(struct relay *relay, unsigned char stream, const char *text)
{
	size_t length = strlen(text);

	relay->output_length = relay->output_used = 0;
	add_frame(relay, stream, text, length < FRAME_BODY ? length : FRAME_BODY);
	ignore_result(fcntl(relay->wire->out, F_SETFL, 0));
	write_client(relay);
}

static char *word_failure(const struct container_wire *wire, const struct error *failure)
{
	struct error worded = *failure;

	if (wire->word)
		wire->word(&worded);
	return str_printf("%s\r\n", worded.message);
}

static void tell_failure(struct relay *relay)
{
	_cleanup_free_ char *text = relay->failure.kind == ERROR_NONE ? NULL : word_failure(relay->wire, &relay->failure);

	if (text && !relay->has_left)
		tell(relay, FAILURE_STREAM, text);
}

/* Of bytes without frames nothing tells what is none of the container's. */
static void tell_of_cut(struct relay *relay)
{
	if (!relay->has_left && is_framed(relay))
		tell(relay, STREAM_SYSTEM, "this client was too slow for the output of the container, which is in its log");
}

void wire_tell_failure(struct container_wire *wire, bool terminal, const struct error *failure)
{
	_cleanup_free_ char *text = word_failure(wire, failure);
	_cleanup_buf_ struct buf out = BUF_INIT;
	unsigned char head[FRAME_HEAD];

	if (wire_open(wire, NULL) < 0 || wire->out < 0)
		return;
	if (wire->framed || (!terminal && !wire->unframed)) {
		fill_head(head, FAILURE_STREAM, strlen(text));
		buf_add(&out, head, sizeof head);
	}
	buf_add_text(&out, text);
	ignore_result(fd_write_all(wire->out, out.data, out.length)); /* whoever is left reads it */
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
	struct relay relay = { .session = session, .wire = session->attachment->wire, .err = err, .backlog = BACKLOG_INIT };
	int r = detach_keys_parse(session->attachment->detach_keys, &relay.keys, err);

	if (r == 0)
		r = hear_of_failure(&relay);
	if (r == 0)
		r = wire_open(relay.wire, err);
	if (r < 0)
		return r;
	if (relay.wire->out < 0)
		leave(&relay);
	if (!session->is_ours)
		relay.backlog.directory = relay.wire->backlog;
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
	if (r == 0 && relay.is_cut)
		tell_of_cut(&relay);
	if (!relay.has_left || relay.has_detached)
		linger(&relay);
	relay.has_left |= relay.is_cut;
	buf_done(&relay.input);
	backlog_close(&relay.backlog);
	return r < 0 ? r : judge(&relay, ret, err);
}
