/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/fdpass.h"
#include "host/netlink.h"
#include "net/forwarder_loop.h"
#include "net/forwarder_socket.h"
#include "net/forwarder_tcp.h"
#include "net/forwarder_udp.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define EVENTS 128
#define PAUSE_MS 100 /* without descriptors, until it is tried again */

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
	return forwarder->watch_count + 2 * forwarder->pipe_count + 2 < forwarder->watch_limit;
}

/* ---- listening sockets ------------------------------------------------------------- */

static void look_at_clients(struct forwarder *forwarder, uint32_t events)
{
	for (struct forwarder_owner *owner = forwarder->owners; owner; owner = owner->next)
		for (struct forwarder_listener *listener = owner->listeners; listener; listener = listener->next) {
			struct epoll_event event = { .events = events, .data.ptr = &listener->watch };

			if (listener->protocol == IPPROTO_TCP)
				ignore_result(epoll_ctl(forwarder->epoll_fd, EPOLL_CTL_MOD, listener->watch.fd, &event)); /* it is there */
		}
}

void forwarder_pause(struct forwarder *forwarder)
{
	if (!forwarder->is_full)
		look_at_clients(forwarder, 0);
	forwarder->is_full = true;
	forwarder->full_until_ms = forwarder->now_ms + PAUSE_MS;
}

static void resume(struct forwarder *forwarder)
{
	if (forwarder->is_full)
		look_at_clients(forwarder, EPOLLIN);
	forwarder->is_full = false;
}

static struct forwarder_owner *find_owner(struct forwarder *forwarder, const char *id)
{
	struct forwarder_owner *owner = forwarder->owners;

	while (owner && !str_equal(owner->id, id))
		owner = owner->next;
	return owner;
}

static struct forwarder_owner *get_owner(struct forwarder *forwarder, const char *id)
{
	struct forwarder_owner *owner = find_owner(forwarder, id);

	if (owner)
		return owner;
	owner = memory_new(1, sizeof *owner);
	snprintf(owner->id, sizeof owner->id, "%s", id);
	owner->next = forwarder->owners;
	forwarder->owners = owner;
	return owner;
}

void forwarder_owner_release(struct forwarder *forwarder, struct forwarder_owner *owner)
{
	struct forwarder_owner **slot = &forwarder->owners;

	if (owner->listeners || owner->connections)
		return;
	while (*slot != owner)
		slot = &(*slot)->next;
	*slot = owner->next;
	free(owner);
}

static void close_listener(struct forwarder *forwarder, struct forwarder_listener **slot)
{
	struct forwarder_listener *listener = *slot;

	*slot = listener->next;
	if (listener->protocol == IPPROTO_UDP)
		forwarder_udp_drop(forwarder, listener);
	forwarder_close(forwarder, &listener->watch);
	listener->is_gone = true;
	listener->next_gone = forwarder->gone;
	forwarder->gone = listener;
}

static void sweep(struct forwarder *forwarder)
{
	forwarder_tcp_sweep(forwarder);
	forwarder_udp_sweep(forwarder);
	while (forwarder->gone) {
		struct forwarder_listener *listener = forwarder->gone;

		forwarder->gone = listener->next_gone;
		free(listener);
	}
}

/* ---- orders ----------------------------------------------------------------------------- */

/* *FD is the listener's, if there is one in the end. */
static int listen_at(struct forwarder *forwarder, const struct forwarder_order *order, int *fd)
{
	struct forwarder_listener *listener;
	bool is_tcp = order->protocol == IPPROTO_TCP;
	int r;

	if (!is_tcp)
		forwarder_udp_prepare(forwarder, *fd);
	listener = memory_new(1, sizeof *listener);
	*listener = (struct forwarder_listener){
		.watch = { .ready = is_tcp ? forwarder_tcp_accept : forwarder_udp_receive, .fd = *fd },
		.protocol = order->protocol,
		.at = order->at,
		.target = order->target,
		.gateway = order->gateway,
	};
	r = forwarder_watch(forwarder, &listener->watch, is_tcp && forwarder->is_full ? 0 : EPOLLIN);
	if (r < 0) {
		free(listener);
		return r;
	}
	*fd = -EBADF;
	listener->owner = get_owner(forwarder, order->owner);
	listener->next = listener->owner->listeners;
	listener->owner->listeners = listener;
	return 0;
}

static void drop_port(struct forwarder *forwarder, const struct forwarder_order *order)
{
	struct forwarder_owner *owner = find_owner(forwarder, order->owner);
	struct forwarder_listener **slot = owner ? &owner->listeners : NULL;

	while (owner && *slot && ((*slot)->protocol != order->protocol || !forwarder_address_equals(&(*slot)->at, &order->at)))
		slot = &(*slot)->next;
	if (owner && *slot) {
		close_listener(forwarder, slot);
		forwarder_owner_release(forwarder, owner);
	}
}

static void drop_owner(struct forwarder *forwarder, struct forwarder_owner *owner)
{
	while (owner->listeners)
		close_listener(forwarder, &owner->listeners);
	if (owner->connections)
		forwarder_tcp_drop(forwarder, owner); /* it goes with the last one */
	else
		forwarder_owner_release(forwarder, owner);
}

static void drop(struct forwarder *forwarder, const struct forwarder_order *order)
{
	struct forwarder_owner *owner = find_owner(forwarder, order->owner);

	if (owner)
		drop_owner(forwarder, owner);
}

static void carry_out(struct forwarder *forwarder, struct forwarder_order *order, int *fd)
{
	int r = 0;

	order->owner[sizeof order->owner - 1] = '\0';
	if (order->verb == FORWARDER_LISTEN)
		r = *fd < 0 ? -EMFILE : listen_at(forwarder, order, fd);
	else if (order->verb == FORWARDER_DROP_PORT)
		drop_port(forwarder, order);
	else if (order->verb == FORWARDER_DROP)
		drop(forwarder, order);
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

static void order_is_there(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events _unused_)
{
	struct forwarder_order order;
	_cleanup_close_ int fd = -EBADF;
	ssize_t n = receive_order(watch->fd, &order, &fd);

	if (n == 0 || n == -ECONNRESET)
		forwarder->is_over = true;
	else if (n == sizeof order)
		carry_out(forwarder, &order, &fd);
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
		resume(forwarder);
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
	while (forwarder->owners)
		drop_owner(forwarder, forwarder->owners);
	forwarder_tcp_done(forwarder);
	sweep(forwarder);
	forwarder_udp_done(forwarder);
	close_and_forget(&forwarder->route_fd);
	close_and_forget(&forwarder->epoll_fd);
	close_and_forget(&forwarder->control.fd);
}

/* A part is kept for listening sockets, which must not be lost when there are too many clients. */
static void raise_limit(struct forwarder *forwarder)
{
	struct rlimit limit = { .rlim_cur = 1024 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	forwarder->watch_limit = limit.rlim_cur - limit.rlim_cur / 4;
}

int forwarder_run(int control, bool has_route, struct error *err)
{
	struct forwarder forwarder = { .control = { .ready = order_is_there, .fd = control }, .epoll_fd = -EBADF, .route_fd = -EBADF, .has_route = has_route };
	int r;

	forwarder.ready_end = &forwarder.ready;
	forwarder.now_ms = clock_monotonic_ms();
	signal(SIGPIPE, SIG_IGN); /* splice(2) to a socket raises it */
	raise_limit(&forwarder);
	r = open_forwarder(&forwarder);
	while (r == 0 && !forwarder.is_over)
		r = run_round(&forwarder);
	close_forwarder(&forwarder);
	return r < 0 ? error_errno(err, -r, "cannot forward published ports") : 0;
}
