/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_front.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/http_exchange.h"
#include "server/http_greeting.h"
#include "spec/http_call.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CONNECTION_LIMIT 4096
#define CONNECTION_MEMORY (24u << 10) /* bytes of one: its head and what is written at once */
#define QUIET_S 120                   /* a connection that says and is told nothing is closed */
#define ACCEPT_AT_ONCE 32

/* ---- connections ------------------------------------------------------------------------- */

struct listener {
	struct http_watch watch;
	struct http_front *front;
	struct MHD_Daemon *daemon;
};

static void take_listener(struct http_watch *watch, uint32_t events _unused_)
{
	const struct listener *listener = (const struct listener *)watch;

	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		http_greeting_begin(listener->front, listener->daemon, fd);
	}
}

static void count_connection(void *context, struct MHD_Connection *connection _unused_, void **socket_context _unused_, enum MHD_ConnectionNotificationCode code)
{
	struct http_front *front = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		front->connections++;
	else if (--front->connections == 0)
		front->quiet_since_ms = clock_monotonic_ms();
}

/* ---- the daemon --------------------------------------------------------------------------- */

static void log_line(void *context _unused_, const char *format, va_list arguments)
{
	char line[512];

	vsnprintf(line, sizeof line, format, arguments);
	log_debug("libmicrohttpd: %s", str_trim_end(line));
}

/* Paths and queries are decoded by who knows what they mean. */
static size_t keep_escapes(void *context _unused_, struct MHD_Connection *connection _unused_, char *text)
{
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http_front *front, const struct http_tls *tls)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
	const struct MHD_OptionItem tls_options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(tls ? tls->certificate : NULL) },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(tls ? tls->key : NULL) },
		{ MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(tls ? tls->authority : NULL) },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(flags | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL, http_exchange_handle, front,
		MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, front,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, http_exchange_end, front,
		MHD_OPTION_NOTIFY_CONNECTION, count_connection, front,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)QUIET_S,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, tls ? tls_options : &tls_options[ARRAY_SIZE(tls_options) - 1],
		MHD_OPTION_END);
}

static int start_daemons(struct http_front *front, const struct http_tls *tls, struct error *err)
{
	front->daemons[HTTP_PLAIN] = start_daemon(front, NULL);
	if (!front->daemons[HTTP_PLAIN])
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot start the HTTP library");
	if (tls->certificate)
		front->daemons[HTTP_TLS] = start_daemon(front, tls);
	if (tls->certificate && !front->daemons[HTTP_TLS])
		return error_set(err, ERROR_INVALID, 0, "cannot use TLS: certificate and key are no pair, or one of them is none");
	return 0;
}

static void stop_daemons(struct http_front *front)
{
	for (int i = 0; i < HTTP_DAEMONS; i++)
		if (front->daemons[i])
			MHD_stop_daemon(front->daemons[i]);
}

/* Unix sockets have their file's owner and group, who reaches TCP has TLS. */
static struct MHD_Daemon *daemon_of(const struct http_front *front, int listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;

	if (getsockname(listener, (struct sockaddr *)&address, &length) == 0 && address.ss_family == AF_UNIX)
		return front->daemons[HTTP_PLAIN];
	return front->daemons[HTTP_TLS] ? front->daemons[HTTP_TLS] : front->daemons[HTTP_PLAIN];
}

/* Its own epoll descriptor is among ours: what it has to do is done at the end of each round. */
static void take_daemon(struct http_watch *watch _unused_, uint32_t events _unused_)
{
}

struct broker_watch {
	struct http_watch watch;
	struct http_front *front;
};

/* It says nothing: what there is to read is its end. */
static void take_broker(struct http_watch *watch, uint32_t events _unused_)
{
	((struct broker_watch *)watch)->front->ends = true;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static int watch(struct http_front *front, struct http_watch *what, struct error *err)
{
	int r = http_watch_set(front->epoll_fd, what, EPOLLIN);

	return r < 0 ? error_errno(err, -r, "cannot wait for a socket") : 0;
}

static int64_t idle_left_ms(const struct http_front *front)
{
	int64_t left = front->idle_s * 1000 - (clock_monotonic_ms() - front->quiet_since_ms);

	return left < 0 ? 0 : left;
}

/* Nobody is there, and that is to have an end. */
static bool is_quiet(const struct http_front *front)
{
	return front->idle_s > 0 && front->connections == 0 && front->greeting_count == 0;
}

static bool is_idle_enough(const struct http_front *front)
{
	return is_quiet(front) && idle_left_ms(front) == 0;
}

#define LONGEST_MS 60000

/* How long nothing has to be done by itself, in ms; -1: forever. */
static int next_timeout(const struct http_front *front)
{
	int64_t ret = is_quiet(front) ? idle_left_ms(front) : INT64_MAX;
	int greeting = http_greeting_timeout(front);
	MHD_UNSIGNED_LONG_LONG timeout;

	if (greeting >= 0 && greeting < ret)
		ret = greeting;
	for (int i = 0; i < HTTP_DAEMONS; i++)
		if (front->daemons[i] && MHD_get_timeout(front->daemons[i], &timeout) == MHD_YES && (int64_t)timeout < ret)
			ret = (int64_t)timeout;
	return ret == INT64_MAX ? -1 : ret > LONGEST_MS ? LONGEST_MS : (int)ret;
}

static int run_daemons(struct http_front *front, struct error *err)
{
	for (int i = 0; i < HTTP_DAEMONS; i++)
		if (front->daemons[i] && MHD_run(front->daemons[i]) != MHD_YES)
			return error_set(err, ERROR_INTERNAL, 0, "the HTTP library failed");
	return 0;
}

static int loop(struct http_front *front, struct error *err)
{
	int r = 0;

	while (r == 0 && !front->ends && !is_idle_enough(front)) {
		r = http_watch_round(front->epoll_fd, next_timeout(front));
		r = r < 0 ? error_errno(err, -r, "cannot wait for clients") : run_daemons(front, err);
		http_greeting_expire(front, false);
	}
	return r;
}

static int watch_all(struct http_front *front, struct http_watch *daemons, struct broker_watch *broker, struct listener *listeners, size_t count, struct error *err)
{
	int r;

	*broker = (struct broker_watch){ { .fd = front->broker, .ready = take_broker }, front };
	r = watch(front, &broker->watch, err);
	for (int i = 0; r == 0 && i < HTTP_DAEMONS; i++) {
		if (!front->daemons[i])
			continue;
		daemons[i] = (struct http_watch){ .fd = MHD_get_daemon_info(front->daemons[i], MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .ready = take_daemon };
		r = watch(front, &daemons[i], err);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = watch(front, &listeners[i].watch, err);
	return r;
}

int http_front_run(const struct http_front_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct listener *listeners = arena_alloc(arena, request->listener_count + 1, sizeof *listeners);
	struct http_front front = { .broker = request->broker, .idle_s = request->idle_s, .quiet_since_ms = clock_monotonic_ms() };
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct http_watch daemons[HTTP_DAEMONS];
	struct broker_watch broker;
	int r;

	if (epoll_fd < 0)
		return error_errno(err, errno, "cannot wait for sockets");
	front.epoll_fd = epoll_fd;
	front.last_greeting = &front.first_greeting;
	r = start_daemons(&front, &request->tls, err);
	for (size_t i = 0; r == 0 && i < request->listener_count; i++)
		listeners[i] = (struct listener){ { .fd = request->listeners[i], .ready = take_listener }, &front, daemon_of(&front, request->listeners[i]) };
	if (r == 0)
		r = watch_all(&front, daemons, &broker, listeners, request->listener_count, err);
	if (r == 0)
		r = loop(&front, err);
	http_greeting_expire(&front, true);
	stop_daemons(&front);
	return r;
}
