/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_tcp.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/forwarder_pipe.h"
#include "net/forwarder_socket.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#define ACCEPTS 64             /* clients that are taken in one turn */
#define TURN_BYTES (1u << 20)  /* of one direction, before others have theirs */
#define COPY_BYTES (64u << 10)

/* A client whose machine has gone says nothing: after some 6 minutes it is forgotten. */
#define KEEPALIVE_IDLE_S 120
#define KEEPALIVE_INTERVAL_S 30
#define KEEPALIVE_PROBES 8

/* One of the two sockets. What it may have we think until the kernel says no (EPOLLET). */
struct end {
	struct forwarder_watch watch;
	struct forwarder_connection *connection;
	bool is_readable, is_writable;
	bool has_ended; /* nothing comes from it any more */
	bool is_shut;   /* and nothing goes to it */
	bool has_failed; /* what looks like its end is none */
	struct forwarder_pipe *pipe; /* of what came from it and has to go to the other */
	size_t pending;              /* bytes in that */
};

struct forwarder_connection {
	struct end client, server;
	struct forwarder_owner *owner;
	struct forwarder_connection *next, *previous; /* of its owner */
	struct forwarder_connection *next_ready;      /* or, when it has ended, of those */
	bool is_connecting, is_queued, is_over;
};

/* ---- the life of a connection ----------------------------------------------------------- */

static void link_to_owner(struct forwarder_connection *connection, struct forwarder_owner *owner)
{
	connection->owner = owner;
	connection->next = owner->connections;
	if (connection->next)
		connection->next->previous = connection;
	owner->connections = connection;
}

static void unlink_from_owner(struct forwarder_connection *connection)
{
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		connection->owner->connections = connection->next;
}

static void set_reset(int fd)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	ignore_result(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset)); /* of a socket that is open it cannot fail */
}

static void close_end(struct forwarder *forwarder, struct end *end, bool reset)
{
	forwarder_pipe_return(forwarder, &end->pipe, end->pending == 0);
	if (reset)
		set_reset(end->watch.fd);
	forwarder_close(forwarder, &end->watch);
}

/* Whatever is pending is lost. The memory stays: events and queues may still mean it. */
static void end_connection(struct forwarder *forwarder, struct forwarder_connection *connection, bool reset)
{
	if (connection->is_over)
		return;
	connection->is_over = true;
	close_end(forwarder, &connection->client, reset);
	close_end(forwarder, &connection->server, reset);
	unlink_from_owner(connection);
	forwarder_owner_release(forwarder, connection->owner);
	if (!connection->is_queued) {
		connection->next_ready = forwarder->ended;
		forwarder->ended = connection;
	}
	forwarder->full_until_ms = forwarder->now_ms; /* there is room again */
}

static void queue(struct forwarder *forwarder, struct forwarder_connection *connection)
{
	if (connection->is_queued)
		return;
	connection->is_queued = true;
	connection->next_ready = NULL;
	*forwarder->ready_end = connection;
	forwarder->ready_end = &connection->next_ready;
}

/* ---- moving bytes ------------------------------------------------------------------------ */

enum outcome { WAITS, GOES_ON, FAILED };

/* From the pipe of FROM; WAITS: the receiver is behind. */
static enum outcome drain(struct end *from, struct end *to)
{
	while (from->pending > 0) {
		ssize_t n;

		if (!to->is_writable)
			return WAITS;
		n = splice(from->pipe->out, NULL, to->watch.fd, NULL, from->pending, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (n > 0)
			from->pending -= (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			to->is_writable = false;
		else if (n == 0 || errno != EINTR)
			return FAILED;
	}
	return GOES_ON;
}

/* What a read answered: whether there was something. */
static enum outcome note_read(struct end *from, ssize_t n)
{
	if (n > 0 || (n < 0 && errno == EINTR))
		return GOES_ON;
	if (n == 0)
		from->has_ended = true;
	else if (errno == EAGAIN)
		from->is_readable = false;
	else
		return FAILED;
	return n == 0 ? GOES_ON : WAITS;
}

static enum outcome fill(struct end *from, size_t *budget)
{
	ssize_t n = splice(from->watch.fd, NULL, from->pipe->in, NULL, TURN_BYTES, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n > 0) {
		from->pending = (size_t)n;
		*budget -= *budget < (size_t)n ? *budget : (size_t)n;
	}
	return note_read(from, n);
}

/* Without a pipe, for pipes can be out: what the receiver does not take stays where it is. */
static enum outcome copy(struct end *from, struct end *to, size_t *budget)
{
	static char block[COPY_BYTES];
	ssize_t n, sent;

	if (!to->is_writable)
		return WAITS;
	n = recv(from->watch.fd, block, sizeof block, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return note_read(from, n);
	sent = send(to->watch.fd, block, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno == EAGAIN)
		to->is_writable = false;
	if (sent < 0)
		return errno == EAGAIN ? WAITS : errno == EINTR ? GOES_ON : FAILED;
	*budget -= *budget < (size_t)sent ? *budget : (size_t)sent;
	return recv(from->watch.fd, block, (size_t)sent, MSG_TRUNC | MSG_DONTWAIT) == sent ? GOES_ON : FAILED;
}

/* Nothing is pending and nothing will come. */
static enum outcome pass_end(struct end *to)
{
	if (!to->is_shut && shutdown(to->watch.fd, SHUT_WR) < 0)
		return FAILED;
	to->is_shut = true;
	return WAITS;
}

static enum outcome move_one_way(struct forwarder *forwarder, struct end *from, struct end *to)
{
	size_t budget = TURN_BYTES;
	enum outcome outcome = GOES_ON;

	while (outcome == GOES_ON && budget > 0) {
		if (from->pending > 0)
			outcome = drain(from, to);
		else if (from->has_ended)
			outcome = from->has_failed ? FAILED : pass_end(to);
		else if (!from->is_readable)
			outcome = WAITS;
		else if (from->pipe || (from->pipe = forwarder_pipe_take(forwarder)))
			outcome = fill(from, &budget);
		else
			outcome = copy(from, to, &budget);
	}
	if (from->pending == 0)
		forwarder_pipe_return(forwarder, &from->pipe, true);
	return outcome;
}

static void move(struct forwarder *forwarder, struct forwarder_connection *connection)
{
	enum outcome there = move_one_way(forwarder, &connection->client, &connection->server);
	enum outcome back = there == FAILED ? FAILED : move_one_way(forwarder, &connection->server, &connection->client);
	bool is_reset = there == FAILED || back == FAILED || connection->client.has_failed || connection->server.has_failed;

	if (is_reset || (connection->client.is_shut && connection->server.is_shut))
		end_connection(forwarder, connection, is_reset);
	else if (there == GOES_ON || back == GOES_ON)
		queue(forwarder, connection);
}

/* ---- events ------------------------------------------------------------------------------------ */

/* The error of a socket, which is cleared by that. */
static int socket_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof error;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

/* What its own socket was told of goes first: bytes that came before a reset. */
static void end_is_ready(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events)
{
	struct end *end = (struct end *)watch;
	struct forwarder_connection *connection = end->connection;

	if (connection->is_over)
		return;
	end->is_readable |= (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	end->is_writable |= (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
	if (!connection->is_connecting) {
		end->has_failed |= (events & EPOLLERR) != 0 && socket_error(watch->fd) != 0;
		move(forwarder, connection);
		return;
	}
	if (events & EPOLLERR) {
		int error = socket_error(watch->fd);

		log_debug("forwarder: a connection to the container of %s: %s", connection->owner->id, error_words(error));
		end_connection(forwarder, connection, true);
	} else if (end == &connection->server && (events & EPOLLOUT)) {
		connection->is_connecting = false;
		move(forwarder, connection);
	}
}

void forwarder_tcp_go_on(struct forwarder *forwarder)
{
	struct forwarder_connection *connection = forwarder->ready;

	forwarder->ready = NULL;
	forwarder->ready_end = &forwarder->ready;
	while (connection) {
		struct forwarder_connection *next = connection->next_ready;

		connection->is_queued = false;
		if (connection->is_over) {
			connection->next_ready = forwarder->ended;
			forwarder->ended = connection;
		} else
			move(forwarder, connection);
		connection = next;
	}
}

/* ---- clients ------------------------------------------------------------------------------------- */

static void set(int fd, int level, int option, int value)
{
	ignore_result(setsockopt(fd, level, option, &value, sizeof value)); /* it works without */
}

static void tune(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

static int watch_end(struct forwarder *forwarder, struct forwarder_connection *connection, struct end *end, int fd)
{
	*end = (struct end){ .watch = { .ready = end_is_ready, .fd = fd }, .connection = connection };
	tune(fd);
	return forwarder_watch(forwarder, &end->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

/* Both descriptors are the connection's from here on. */
static void begin_connection(struct forwarder *forwarder, struct forwarder_listener *listener, int client_fd, int server_fd)
{
	struct forwarder_connection *connection = memory_new(1, sizeof *connection);
	int r, q;

	connection->is_connecting = true;
	link_to_owner(connection, listener->owner);
	r = watch_end(forwarder, connection, &connection->client, client_fd);
	q = watch_end(forwarder, connection, &connection->server, server_fd);
	if (r < 0 || q < 0)
		end_connection(forwarder, connection, true);
}

/* Whether the next one may be taken. */
static bool accept_one(struct forwarder *forwarder, struct forwarder_listener *listener)
{
	union forwarder_address client = { 0 };
	socklen_t size = sizeof client;
	int client_fd, server_fd = -EBADF, r;

	if (!forwarder_has_room(forwarder)) {
		forwarder_pause(forwarder);
		return false;
	}
	client_fd = accept4(listener->watch.fd, &client.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (client_fd < 0) {
		if (forwarder_is_exhausted(-errno))
			forwarder_pause(forwarder);
		return errno == EINTR || errno == ECONNABORTED;
	}
	r = forwarder_socket_open(forwarder, listener, &client, &server_fd);
	if (r == 0) {
		begin_connection(forwarder, listener, client_fd, server_fd);
		return true;
	}
	log_debug("forwarder: no connection to the container of %s: %s", listener->owner->id, error_words(-r));
	set_reset(client_fd);
	close(client_fd);
	if (forwarder_is_exhausted(r))
		forwarder_pause(forwarder);
	return !forwarder_is_exhausted(r);
}

void forwarder_tcp_accept(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events _unused_)
{
	struct forwarder_listener *listener = (struct forwarder_listener *)watch;

	for (int i = 0; i < ACCEPTS && !listener->is_gone && accept_one(forwarder, listener); i++)
		;
}

/* ---- the end --------------------------------------------------------------------------------------- */

void forwarder_tcp_drop(struct forwarder *forwarder, struct forwarder_owner *owner)
{
	struct forwarder_connection *next;

	for (struct forwarder_connection *connection = owner->connections; connection; connection = next) {
		next = connection->next; /* with the last one the owner may go */
		end_connection(forwarder, connection, true);
	}
}

void forwarder_tcp_sweep(struct forwarder *forwarder)
{
	while (forwarder->ended) {
		struct forwarder_connection *connection = forwarder->ended;

		forwarder->ended = connection->next_ready;
		free(connection);
	}
}

void forwarder_tcp_done(struct forwarder *forwarder)
{
	forwarder_tcp_go_on(forwarder); /* those that have ended while they were queued */
	forwarder_tcp_sweep(forwarder);
	forwarder_pipe_free_all(forwarder);
}
