/* SPDX-License-Identifier: Apache-2.0 */
#include "server/readers.h"
#include "api/looking.h"
#include "base/clock.h"
#include "host/fdpass.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define WAITING_LIMIT 32      /* requests that wait for one */
#define ANSWERED_LIMIT 100000 /* then another takes its place */
#define IDLE_MS 30000         /* the last one waits so long for more to do */
#define SPARE_MS 1000         /* and others, which remember the same: together they take as much again */

/* ---- in the child ---------------------------------------------------------------------------- */

_noreturn_ static void read_and_answer(const struct readers *readers, const struct api_work *work, int socket, pid_t parent)
{
	static char packet[SPEC_HTTP_REQUEST_LIMIT];
	struct api_work own = *work;

	readers->leave(readers->context);
	/* It has nothing that must be done to its end. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(1);
	own.containers = container_cache_new();
	own.packet = packet;
	looking_begin(own.directories, 0);
	while (fdpass_receive_data(socket, packet, sizeof packet, &own.length, &own.socket) == 0) {
		api_work(&own);
		close(own.socket);
		if (send(socket, "", 1, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------------ */

/* It ends when it has answered what it has; its place is free when it has been reaped. */
static void let_go(struct reader *reader)
{
	close_and_forget(&reader->socket);
}

static int start(struct readers *readers, struct reader *reader, const struct api_work *work)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	reader->pid = fork();
	if (reader->pid == 0) {
		close(pair[0]);
		close(work->socket);
		for (size_t i = 0; i < READERS; i++)
			close_and_forget(&readers->list[i].socket);
		read_and_answer(readers, work, pair[1], parent);
	}
	close(pair[1]);
	if (reader->pid < 0) {
		int r = -errno;

		close(pair[0]);
		reader->pid = 0;
		return r;
	}
	reader->socket = pair[0];
	reader->waiting = reader->answered = 0;
	return 0;
}

/* The one with the least to do; one that is to be started, if all have something; NULL: there is neither. */
static struct reader *choose(struct readers *readers)
{
	struct reader *best = NULL, *none = NULL;

	for (size_t i = 0; i < READERS; i++) {
		struct reader *reader = &readers->list[i];

		if (reader->pid == 0)
			none = reader;
		else if (reader->socket >= 0 && (!best || reader->waiting < best->waiting))
			best = reader;
	}
	return none && (!best || best->waiting > 0) ? none : best;
}

int readers_give(struct readers *readers, const struct api_work *work)
{
	struct reader *reader = choose(readers);
	int r = !reader ? -EAGAIN : reader->pid == 0 ? start(readers, reader, work) : 0;

	if (r == 0 && reader->waiting >= WAITING_LIMIT)
		r = -EAGAIN;
	if (r == 0)
		r = fdpass_send(reader->socket, work->socket, work->packet, work->length);
	if (r < 0)
		return r;
	reader->waiting++;
	reader->last_ms = clock_monotonic_ms();
	return 0;
}

void readers_poll(const struct readers *readers, struct pollfd *ret)
{
	for (size_t i = 0; i < READERS; i++)
		ret[i] = (struct pollfd){ .fd = readers->list[i].socket, .events = POLLIN };
}

static void take_answers(struct reader *reader)
{
	char byte;
	ssize_t n;

	while ((n = recv(reader->socket, &byte, 1, MSG_DONTWAIT)) > 0) {
		reader->waiting--;
		reader->answered++;
	}
	/* One that has ended lets go what it had been given, and whoever asked is told so. */
	if (n == 0 || (errno != EAGAIN && errno != EINTR) || (reader->answered >= ANSWERED_LIMIT && reader->waiting == 0))
		let_go(reader);
}

void readers_take(struct readers *readers, const struct pollfd *polls)
{
	for (size_t i = 0; i < READERS; i++)
		if (polls[i].revents && polls[i].fd == readers->list[i].socket)
			take_answers(&readers->list[i]);
}

bool readers_reap(struct readers *readers, pid_t pid)
{
	for (size_t i = 0; i < READERS; i++) {
		if (readers->list[i].pid != pid)
			continue;
		let_go(&readers->list[i]);
		readers->list[i].pid = 0;
		return true;
	}
	return false;
}

/* One may stay longer than the others: that which was given something last. */
static const struct reader *find_last(const struct readers *readers)
{
	const struct reader *last = NULL;

	for (size_t i = 0; i < READERS; i++) {
		const struct reader *reader = &readers->list[i];

		if (reader->socket >= 0 && (!last || reader->last_ms > last->last_ms))
			last = reader;
	}
	return last;
}

int readers_expire(struct readers *readers)
{
	const struct reader *last = find_last(readers);
	int64_t now_ms = clock_monotonic_ms(), next_ms = -1;

	for (size_t i = 0; i < READERS; i++) {
		struct reader *reader = &readers->list[i];
		int64_t left_ms = (reader == last ? IDLE_MS : SPARE_MS) - (now_ms - reader->last_ms);

		if (reader->socket < 0)
			continue;
		if (left_ms <= 0 && reader->waiting == 0)
			let_go(reader);
		else if (next_ms < 0 || left_ms < next_ms)
			next_ms = left_ms > 0 ? left_ms : 1000;
	}
	return (int)next_ms;
}

void readers_end(struct readers *readers)
{
	for (size_t i = 0; i < READERS; i++)
		let_go(&readers->list[i]);
}
