/* SPDX-License-Identifier: Apache-2.0 */
#include "home/holder.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/str.h"
#include "home/birth.h"
#include "home/ports.h"
#include "home/uplink.h"
#include "host/fdpass.h"
#include "spec/home.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS 15000 /* without a lease */
#define LOOK_MS 2000  /* whether the socket is still there */
#define PAUSE_MS 20   /* without descriptors for one more lease */
#define EVENTS 16

struct holder {
	int directory_fd, listener, epoll_fd;
	const struct home_namespaces *namespaces;
	size_t leases;
	int64_t idle_since_ms;
	ino_t socket; /* its number, as long as the name is its */
	struct home_ports ports;
	struct home_uplink uplink;
};

static ino_t number_of_socket(int directory_fd)
{
	struct stat status;

	return fstatat(directory_fd, HOME_SOCKET, &status, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : status.st_ino;
}

int holder_listen(int directory_fd, int *ret_fd, struct error *err)
{
	int r = 0;

	if (unlinkat(directory_fd, HOME_SOCKET, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = fdpass_bind_at(directory_fd, HOME_SOCKET, SOCK_SEQPACKET, ret_fd);
	/* Many may come at once. */
	if (r == 0 && (listen(*ret_fd, SOMAXCONN) < 0 || fcntl(*ret_fd, F_SETFL, O_NONBLOCK) < 0))
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot listen at '" HOME_SOCKET "'") : 0;
}

static int watch(const struct holder *holder, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(holder->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void welcome(struct holder *holder)
{
	int fd = accept4(holder->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		/* Who waits makes the listener readable again at once, until somebody else has gone. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
		return;
	}
	if (fdpass_send_all(fd, holder->namespaces->fds, HOME_NAMESPACES, SPEC_HOME_WELCOME, sizeof SPEC_HOME_WELCOME) < 0 ||
	    watch(holder, fd) < 0) {
		close(fd);
		return;
	}
	holder->leases++;
}

static void end_lease(struct holder *holder, int fd)
{
	close(fd);
	holder->leases--;
	if (holder->leases == 0)
		holder->idle_since_ms = clock_monotonic_ms();
}

/* ---- what is asked for -------------------------------------------------------------------- */

static void add_failure(struct arena *arena, const struct error *err, struct spec_home_reply *reply)
{
	reply->failures = arena_alloc(arena, 1, sizeof *reply->failures);
	reply->failures->error = *err;
	reply->count = 1;
}

/* What has been started since is watched, too. */
static void watch_children(struct holder *holder)
{
	if (holder->ports.carrier.control_fd >= 0)
		ignore_result(watch(holder, holder->ports.carrier.control_fd)); /* it is already, mostly */
	if (holder->uplink.process_fd >= 0)
		ignore_result(watch(holder, holder->uplink.process_fd));
}

static void answer(struct holder *holder, int fd, const char *request)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_home_reply reply = { 0 };
	struct error err = ERROR_INIT;
	int r;

	if (str_equal(request, SPEC_HOME_PORTS))
		r = home_ports_look(&holder->ports, arena, &reply, &err);
	else if (str_equal(request, SPEC_HOME_UPLINK))
		r = home_uplink_start(&holder->uplink, &err);
	else
		r = error_set(&err, ERROR_INVALID, 0, "cannot do what is asked for");
	if (r < 0)
		add_failure(arena, &err, &reply);
	spec_home_reply_encode(&reply, &text);
	if (send(fd, text.data, text.length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		end_lease(holder, fd);
}

static void serve(struct holder *holder, int fd)
{
	char request[32];
	ssize_t n = recv(fd, request, sizeof request - 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_lease(holder, fd);
		return;
	}
	request[n] = '\0';
	answer(holder, fd, request);
}

static void handle(struct holder *holder, int fd)
{
	if (fd == holder->listener)
		welcome(holder);
	else if (fd == holder->ports.events_fd)
		home_ports_look_again(&holder->ports);
	else if (fd == holder->ports.carrier.control_fd)
		home_ports_revive(&holder->ports);
	else if (fd == holder->uplink.process_fd)
		home_uplink_revive(&holder->uplink);
	else
		serve(holder, fd);
	watch_children(holder);
}

/* As home_ports_tend(). */
static int tend(struct holder *holder)
{
	int due_ms = home_ports_tend(&holder->ports);

	watch_children(holder);
	return due_ms;
}

static bool is_wanted(const struct holder *holder)
{
	if (holder->leases > 0)
		return true;
	/* Who connects after this look finds nobody, and starts another. */
	return number_of_socket(holder->directory_fd) == holder->socket && clock_monotonic_ms() - holder->idle_since_ms < IDLE_MS;
}

/* Without nf_tables there are no networks to speak of; who makes one is told. What another holder left is taken over. */
static void open_networks(struct holder *holder)
{
	struct error err = ERROR_INIT;

	holder->uplink.network_fd = holder->namespaces->fds[HOME_NETWORK];
	if (home_ports_open(&holder->ports, holder->namespaces->fds[HOME_NETWORK], &err) < 0 || watch(holder, holder->ports.events_fd) < 0)
		return;
	home_ports_look_again(&holder->ports);
	if (holder->ports.has_networks)
		ignore_result(home_uplink_start(&holder->uplink, &err)); /* who needs it next is told */
	watch_children(holder);
}

void holder_run(const char *run_root, int directory_fd, int listener, const struct home_namespaces *namespaces)
{
	_cleanup_free_ char *mark = str_printf("%s/" HOME_MARK_DIRECTORY, run_root);
	struct holder holder = { .directory_fd = directory_fd, .listener = listener, .namespaces = namespaces,
		.idle_since_ms = clock_monotonic_ms(), .socket = number_of_socket(directory_fd), .ports = HOME_PORTS_INIT, .uplink = HOME_UPLINK_INIT };
	struct epoll_event events[EVENTS];

	holder.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (holder.epoll_fd < 0 || watch(&holder, listener) < 0)
		return;
	holder.uplink.directory = mark;
	open_networks(&holder);
	while (is_wanted(&holder)) {
		int due_ms = tend(&holder), count = epoll_wait(holder.epoll_fd, events, EVENTS, due_ms >= 0 && due_ms < LOOK_MS ? due_ms : LOOK_MS);

		for (int i = 0; i < count; i++)
			handle(&holder, events[i].data.fd);
	}
	home_uplink_stop(&holder.uplink);
	home_ports_done(&holder.ports);
	/* The name goes while it can be connected to: so nobody is born in its place before that. */
	if (number_of_socket(directory_fd) == holder.socket) {
		unlinkat(directory_fd, HOME_NOTE, 0);
		unlinkat(directory_fd, HOME_SOCKET, 0);
	}
}
