/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"
#include "base/str.h"
#include "host/fdpass.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define MESSAGE_LIMIT 4096

int notify_open(int dir_fd, int *ret, struct error *err)
{
	_cleanup_close_ int dir = openat(dir_fd, "notify", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (dir < 0) {
		*ret = -EBADF;
		return 0;
	}
	r = fdpass_bind_at(dir, "notify.sock", SOCK_DGRAM, ret);
	/* The container's user, whoever that is on the host, must be able to write to it. */
	if (r == 0 && fchmodat(dir, "notify.sock", 0777, 0) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot make the container's NOTIFY_SOCKET") : 0;
}

static bool may_pass(const char *line)
{
	static const char *const names[] = { "READY=", "STATUS=", "ERRNO=", "BUSERROR=", "STOPPING=", "WATCHDOG=", "RELOADING=" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_starts_with(line, names[i]))
			return true;
	return false;
}

static int send_to_host(const char *host, const struct buf *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -EBADF;
	size_t length = strlen(host);

	if (length >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, host, length);
	if (host[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	return sendto(fd, text->data, text->length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0 ? -errno : 0;
}

int notify_forward(int socket, const char *host)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char message[MESSAGE_LIMIT + 1], *rest = message, *line;
	ssize_t n = recv(socket, message, MESSAGE_LIMIT, MSG_DONTWAIT);
	bool ready = false;
	int r;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	message[n] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		ready |= str_equal(line, "READY=1");
		if (may_pass(line))
			buf_printf(&text, "%s\n", line);
	}
	r = text.length ? send_to_host(host, &text) : 0;
	return r < 0 ? r : ready;
}

/* The caller goes: from now on its service manager watches the container's process. */
static int tell_main_pid(const char *host, pid_t pid)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "MAINPID=%d\n", (int)pid);
	return send_to_host(host, &text);
}

int notify_wait_until_ready(int socket, const char *host, pid_t pid, int pidfd, struct error *err)
{
	struct pollfd polls[] = { { .fd = socket, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	bool said_ready = false;

	for (;;) {
		int n = poll(polls, ARRAY_SIZE(polls), -1);
		int r = 0;

		if (n < 0 && errno != EINTR)
			return error_errno(err, errno, "cannot wait for the container's readiness");
		if (n > 0 && polls[0].revents)
			r = notify_forward(socket, host);
		said_ready = r > 0;
		if (said_ready)
			r = tell_main_pid(host, pid);
		if (r < 0)
			return error_errno(err, -r, "cannot tell NOTIFY_SOCKET '%s'", host);
		if (said_ready || (n > 0 && polls[1].revents))
			return 0;
	}
}
