/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_front.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/http_exchange.h"
#include "server/http_greeting.h"
#include "server/http_patience.h"
#include "server/http_tls.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CONNECTION_MEMORY (36u << 10) /* bytes of one: its head and what is written at once; beyond 32 KiB the library maps them, and unmaps them again */
#define ACCEPT_AT_ONCE 32
#define SCARCE_MS 10

/* ---- connections ------------------------------------------------------------------------- */

struct listener {
	struct http_watch watch;
	struct http_front *front;
	bool has_tls;
};

/* Without one who has come stays in the queue, and is told of again at once. */
static void wait_for_descriptors(void)
{
	if (errno == EMFILE || errno == ENFILE)
		poll(NULL, 0, SCARCE_MS);
}

static void take_listener(struct http_watch *watch, uint32_t events _unused_)
{
	const struct listener *listener = (const struct listener *)watch;

	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			wait_for_descriptors();
			return;
		}
		if (listener->has_tls)
			http_tls_begin(listener->front, fd);
		else
			http_greeting_begin(listener->front, fd);
	}
}

static void count_connection(void *context, struct MHD_Connection *connection, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct http_front *front = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		front->connections++;
		http_patience_begin(connection, socket_context);
		return;
	}
	http_patience_end(front, socket_context);
	if (--front->connections == 0) {
		front->quiet_since_ms = clock_monotonic_ms();
		malloc_trim(0); /* what many of them took at once */
	}
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

static int start_daemon(struct http_front *front, struct error *err)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;

	front->daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_exchange_handle, front,
		MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, front,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, http_exchange_end, front,
		MHD_OPTION_NOTIFY_CONNECTION, count_connection, front,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)front->limits.connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)front->limits.quiet_s,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_END);
	return front->daemon ? 0 : error_set(err, ERROR_UNAVAILABLE, 0, "cannot start the HTTP library");
}

/* Unix sockets have their file's owner and group, who reaches TCP has TLS. */
static bool needs_tls(const struct http_front *front, int listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;

	return front->tls && (getsockname(listener, (struct sockaddr *)&address, &length) < 0 || address.ss_family != AF_UNIX);
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
	return front->idle_s > 0 && front->connections == 0 && front->greeting_count == 0 && front->pump_count == 0;
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
	int greeting = http_greeting_timeout(front), patience = http_patience_timeout(front);
	int64_t tls_ms = 1000 * (front->limits.head_s < front->limits.quiet_s ? front->limits.head_s : front->limits.quiet_s);
	MHD_UNSIGNED_LONG_LONG timeout;

	if (greeting >= 0 && greeting < ret)
		ret = greeting;
	if (patience >= 0 && patience < ret)
		ret = patience;
	if (MHD_get_timeout(front->daemon, &timeout) == MHD_YES && (int64_t)timeout < ret)
		ret = (int64_t)timeout;
	if (front->pump_count > 0 && tls_ms < ret)
		ret = tls_ms;
	return ret == INT64_MAX ? -1 : ret > LONGEST_MS ? LONGEST_MS : (int)ret;
}

static int loop(struct http_front *front, struct error *err)
{
	int r = 0;

	while (r == 0 && !front->ends && !is_idle_enough(front)) {
		r = http_watch_round(front->epoll_fd, front->rounds_due > 0 ? 0 : next_timeout(front));
		front->rounds_due -= front->rounds_due > 0;
		r = r < 0 ? error_errno(err, -r, "cannot wait for clients") : 0;
		if (r == 0 && MHD_run(front->daemon) != MHD_YES)
			r = error_set(err, ERROR_INTERNAL, 0, "the HTTP library failed");
		http_greeting_expire(front, false);
		http_tls_expire(front, false);
		http_patience_expire(front);
	}
	return r;
}

static int watch_all(struct http_front *front, struct http_watch *daemon, struct broker_watch *broker, struct listener *listeners, size_t count, struct error *err)
{
	int r;

	*daemon = (struct http_watch){ .fd = MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .ready = take_daemon };
	*broker = (struct broker_watch){ { .fd = front->broker, .ready = take_broker }, front };
	r = watch(front, daemon, err);
	if (r == 0)
		r = watch(front, &broker->watch, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = watch(front, &listeners[i].watch, err);
	return r;
}

static int serve(struct http_front *front, const struct http_front_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct listener *listeners = arena_alloc(arena, request->listener_count + 1, sizeof *listeners);
	struct broker_watch broker;
	struct http_watch daemon;
	int r;

	for (size_t i = 0; i < request->listener_count; i++)
		listeners[i] = (struct listener){ { .fd = request->listeners[i], .ready = take_listener }, front, needs_tls(front, request->listeners[i]) };
	r = watch_all(front, &daemon, &broker, listeners, request->listener_count, err);
	return r < 0 ? r : loop(front, err);
}

int http_front_run(const struct http_front_request *request, struct error *err)
{
	struct http_front front = { .broker = request->broker, .counts = request->counts, .limits = request->limits, .idle_s = request->idle_s,
		.quiet_since_ms = clock_monotonic_ms() };
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int r;

	if (epoll_fd < 0)
		return error_errno(err, errno, "cannot wait for sockets");
	front.epoll_fd = epoll_fd;
	front.last_greeting = &front.first_greeting;
	front.last_pump = &front.first_pump;
	front.last_kept = &front.first_kept;
	r = request->tls ? http_tls_new(request->tls, &front.tls, err) : 0;
	if (r == 0)
		r = start_daemon(&front, err);
	if (r == 0)
		r = serve(&front, request, err);
	http_greeting_expire(&front, true);
	http_tls_expire(&front, true);
	if (front.daemon) {
		http_exchange_end_all(&front);
		MHD_run(front.daemon); /* what was resumed goes on by it */
		MHD_stop_daemon(front.daemon);
	}
	http_tls_free(front.tls);
	return r;
}
