/* SPDX-License-Identifier: Apache-2.0 */
#include "home/holder.h"
#include "base/clock.h"
#include "home/birth.h"
#include "host/fdpass.h"
#include "spec/home.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MS 15000 /* without a lease */
#define LOOK_MS 2000  /* whether the socket is still there */
#define EVENTS 16

struct holder {
	int directory_fd, listener, epoll_fd;
	const struct home_namespaces *namespaces;
	size_t leases;
	int64_t idle_since_ms;
	ino_t socket; /* its number, as long as the name is its */
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

static void welcome(struct holder *holder)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = accept4(holder->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	event.data.fd = fd;
	if (fdpass_send_all(fd, holder->namespaces->fds, HOME_NAMESPACES, SPEC_HOME_WELCOME, sizeof SPEC_HOME_WELCOME) < 0 ||
	    epoll_ctl(holder->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return;
	}
	holder->leases++;
}

/* There is nothing to ask for: what comes is its end. */
static void end_lease(struct holder *holder, int fd)
{
	close(fd);
	holder->leases--;
	if (holder->leases == 0)
		holder->idle_since_ms = clock_monotonic_ms();
}

static bool is_wanted(const struct holder *holder)
{
	if (holder->leases > 0)
		return true;
	/* Who connects after this look finds nobody, and starts another. */
	return number_of_socket(holder->directory_fd) == holder->socket && clock_monotonic_ms() - holder->idle_since_ms < IDLE_MS;
}

void holder_run(int directory_fd, int listener, const struct home_namespaces *namespaces)
{
	struct holder holder = { .directory_fd = directory_fd, .listener = listener, .namespaces = namespaces,
		.idle_since_ms = clock_monotonic_ms(), .socket = number_of_socket(directory_fd) };
	struct epoll_event events[EVENTS], event = { .events = EPOLLIN, .data.fd = listener };

	holder.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (holder.epoll_fd < 0 || epoll_ctl(holder.epoll_fd, EPOLL_CTL_ADD, listener, &event) < 0)
		return;
	while (is_wanted(&holder)) {
		int count = epoll_wait(holder.epoll_fd, events, EVENTS, LOOK_MS);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				welcome(&holder);
			else
				end_lease(&holder, events[i].data.fd);
		}
	}
	/* The name goes while it can be connected to: so nobody is born in its place before that. */
	if (number_of_socket(directory_fd) == holder.socket) {
		unlinkat(directory_fd, HOME_NOTE, 0);
		unlinkat(directory_fd, HOME_SOCKET, 0);
	}
}
