/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/fdpass.h"
#include "host/netlink.h"
#include "net/forwarder_listeners.h"
#include "net/forwarder_loop.h"
#include "net/forwarder_socket.h"
#include "net/forwarder_tcp.h"
#include "net/forwarder_udp.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define EVENTS 128
#define ORDERS 64          /* that are taken in one turn */
#define OWN_DESCRIPTORS 16 /* the streams, epoll(7), netlink(7), and what comes along with an order */

int forwarder_watch(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(forwarder->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return -errno;
	watch->is_watched = true;
	forwarder->watch_count++;
	return 0;
}

void forwarder_close(struct forwarder *forwarder, struct forwarder_watch *watch)
{
	/* Of a listening socket others have a descriptor, too: closing ours would not be enough. */
	if (watch->is_watched && epoll_ctl(forwarder->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL) == 0)
		forwarder->watch_count--;
	watch->is_watched = false;
	close_and_forget(&watch->fd);
}

bool forwarder_has_room(const struct forwarder *forwarder)
{
	return forwarder->watch_count - forwarder->listener_count + 2 * forwarder->pipe_count + 2 < forwarder->client_limit;
}

/* ---- orders ----------------------------------------------------------------------------- */

static void carry_out(struct forwarder *forwarder, struct forwarder_order *order, int *fd)
{
	int r = 0;

	order->owner[sizeof order->owner - 1] = '\0';
	if (order->verb == FORWARDER_LISTEN)
		r = *fd < 0 ? -EMFILE : forwarder_listeners_add(forwarder, order, fd);
	else if (order->verb == FORWARDER_DROP_PORT)
		forwarder_listeners_drop(forwarder, order);
	else if (order->verb == FORWARDER_DROP)
		forwarder_listeners_drop_owner(forwarder, order->owner);
	if (r < 0)
		log_warning("forwarder: cannot take a listening socket: %s, ignoring", error_words(-r));
}

/* A descriptor may come along, or not. */
static ssize_t receive_order(int socket, struct forwarder_order *order, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(sizeof(size_t))));
	struct iovec part = { .iov_base = order, .iov_len = sizeof *order };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&packet) : NULL;

	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(head), sizeof *ret_fd);
	return n < 0 ? -errno : n;
}

/* Whether there may be more. */
static bool take_order(struct forwarder *forwarder)
{
	struct forwarder_order order;
	_cleanup_close_ int fd = -EBADF;
	ssize_t n = receive_order(forwarder->control.fd, &order, &fd);

	if (n == 0 || n == -ECONNRESET)
		forwarder->is_over = true;
	else if (n == sizeof order)
		carry_out(forwarder, &order, &fd);
	return n > 0;
}

static void orders_are_there(struct forwarder *forwarder, struct forwarder_watch *watch _unused_, uint32_t events _unused_)
{
	for (int i = 0; i < ORDERS && take_order(forwarder); i++)
		;
}

int forwarder_send(int control, const struct forwarder_order *order, int fd)
{
	ssize_t n;

	if (fd >= 0)
		return fdpass_send(control, fd, order, sizeof *order);
	do
		n = send(control, order, sizeof *order, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* ---- the loop --------------------------------------------------------------------------------- */

/* What has ended, in the order in which the parts mean each other. */
static void sweep(struct forwarder *forwarder)
{
	forwarder_tcp_sweep(forwarder);
	forwarder_udp_sweep(forwarder);
	forwarder_listeners_sweep(forwarder);
}

static int timeout_of(struct forwarder *forwarder)
{
	int timeout = forwarder_udp_expire(forwarder);
	int64_t rest = forwarder->full_until_ms - forwarder->now_ms;

	if (forwarder->ready)
		return 0;
	if (forwarder->is_full && (timeout < 0 || rest < timeout))
		timeout = rest < 0 ? 0 : (int)rest;
	return timeout;
}

static int run_round(struct forwarder *forwarder)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(forwarder->epoll_fd, events, EVENTS, timeout_of(forwarder));

	forwarder->now_ms = clock_monotonic_ms();
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct forwarder_watch *watch = events[i].data.ptr;

		if (watch->fd >= 0)
			watch->ready(forwarder, watch, events[i].events);
	}
	forwarder_tcp_go_on(forwarder);
	if (forwarder->is_full && forwarder->now_ms >= forwarder->full_until_ms)
		forwarder_resume(forwarder);
	sweep(forwarder);
	return 0;
}

static int open_forwarder(struct forwarder *forwarder)
{
	int r;

	forwarder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (forwarder->epoll_fd < 0)
		return -errno;
	r = netlink_open(&forwarder->route_fd);
	return r < 0 ? r : forwarder_watch(forwarder, &forwarder->control, EPOLLIN);
}

static void close_forwarder(struct forwarder *forwarder)
{
	forwarder_listeners_drop_all(forwarder);
	forwarder_tcp_done(forwarder);
	sweep(forwarder);
	forwarder_udp_done(forwarder);
	close_and_forget(&forwarder->route_fd);
	close_and_forget(&forwarder->epoll_fd);
	close_and_forget(&forwarder->control.fd);
}

size_t forwarder_listener_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_max / 2;
}

/* Listening sockets must not be lost when there are too many clients, nor the other way round. */
static void raise_limit(struct forwarder *forwarder)
{
	struct rlimit limit = { .rlim_cur = 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	forwarder->client_limit = limit.rlim_cur / 2 > OWN_DESCRIPTORS ? limit.rlim_cur / 2 - OWN_DESCRIPTORS : 0;
}

int forwarder_run(int control, bool has_route, int (*confine)(void), struct error *err)
{
	struct forwarder forwarder = { .control = { .ready = orders_are_there, .fd = control }, .epoll_fd = -EBADF, .route_fd = -EBADF, .has_route = has_route };
	int r;

	forwarder.ready_end = &forwarder.ready;
	forwarder.now_ms = clock_monotonic_ms();
	signal(SIGPIPE, SIG_IGN); /* splice(2) to a socket raises it */
	raise_limit(&forwarder);
	r = open_forwarder(&forwarder);
	if (r == 0 && confine)
		r = confine();
	while (r == 0 && !forwarder.is_over)
		r = run_round(&forwarder);
	close_forwarder(&forwarder);
	return r < 0 ? error_errno(err, -r, "cannot forward published ports") : 0;
}
