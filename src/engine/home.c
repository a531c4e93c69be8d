/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/home.h"
#include "base/file.h"
#include "engine/assistant.h"
#include "host/fdpass.h"
#include "host/netns_thread.h"
#include "host/user_namespace.h"
#include "spec/home.h"
#include "spec/network_plan.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A holder may end just when it is asked; another is started then. */
#define ATTEMPTS 3

enum { USER, MOUNT, NETWORK, NAMESPACES }; /* as home/namespaces.h orders them */

/* Of this process, since it has entered; and who it was before. */
static int network_fd = -EBADF, lease_fd = -EBADF;
static uid_t user;

/* ---- its holder ------------------------------------------------------------------------- */

struct listener {
	void (*warn)(void *context, const char *text);
	void *context;
};

static void pass_warning(void *context, const struct spec_transfer_event *event)
{
	const struct listener *listener = context;

	if (event->kind == SPEC_TRANSFER_WARNING && listener->warn)
		listener->warn(listener->context, event->text);
}

static int start_holder(const struct directories *directories, struct listener *listener, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *const arguments[] = { "hold", directories->run_root, NULL };
	const struct assistant_request request = { .program = &program_home, .directories = directories, .arguments = arguments,
		.tell = pass_warning, .context = listener };
	const char *text;

	return assistant_run(arena, &request, &text, err);
}

/* -ENOENT or -ECONNREFUSED if there is none. */
static int connect_to(const struct directories *directories, int fds[static FDPASS_LIMIT], int *ret_socket)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_HOME_SOCKET, directories->run_root);
	_cleanup_close_ int fd = -EBADF;
	char welcome[sizeof SPEC_HOME_WELCOME];
	size_t length = 0, count = 0;
	int r = fdpass_connect_at(AT_FDCWD, path, SOCK_SEQPACKET, &fd);

	if (r == 0)
		r = fdpass_receive_all(fd, welcome, sizeof welcome, &length, fds, &count);
	if (r == -EPIPE || r == -ECONNRESET)
		return -ECONNREFUSED; /* it has just ended */
	if (r < 0)
		return r;
	if (length == sizeof welcome && memcmp(welcome, SPEC_HOME_WELCOME, sizeof welcome) == 0 && count == NAMESPACES) {
		*ret_socket = TAKE_FD(fd);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return -EPROTO;
}

static int find_holder(const struct directories *directories, struct listener *listener, int fds[static FDPASS_LIMIT], int *ret_socket,
	struct error *err)
{
	int r = connect_to(directories, fds, ret_socket);

	for (size_t i = 0; i < ATTEMPTS && (r == -ENOENT || r == -ECONNREFUSED); i++) {
		r = start_holder(directories, listener, err);
		if (r < 0)
			return r;
		r = connect_to(directories, fds, ret_socket);
	}
	return r < 0 ? error_errno(err, -r, "cannot reach who holds the namespaces in '%s'", directories->run_root) : 0;
}

/* ---- entering ------------------------------------------------------------------------------ */

static bool is_same_directory(int fd)
{
	struct stat ours, before;

	return stat(".", &ours) == 0 && fstat(fd, &before) == 0 && ours.st_dev == before.st_dev && ours.st_ino == before.st_ino;
}

/* By its name, so that it is one of the new mount namespace; where that leads elsewhere the old one has to do. */
static void return_to(int fd, const char *path)
{
	if (path && chdir(path) == 0 && is_same_directory(fd))
		return;
	ignore_result(fchdir(fd)); /* what is not there any more cannot be worked in: as before */
}

static int enter(const int *fds, struct error *err)
{
	_cleanup_close_ int directory_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *directory = getcwd(NULL, 0);

	if (setns(fds[USER], CLONE_NEWUSER) < 0)
		return error_errno(err, errno, "cannot enter the user namespace of this user's containers");
	user_namespace_entered();
	if (setns(fds[MOUNT], CLONE_NEWNS) < 0)
		return error_errno(err, errno, "cannot enter the mount namespace of this user's containers");
	return_to(directory_fd, directory);
	return 0;
}

static bool is_ours(int userns_fd)
{
	struct stat ours, theirs;

	return stat("/proc/self/ns/user", &ours) == 0 && fstat(userns_fd, &theirs) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* A program that was started in a home: it only needs to know where the networks are. Without a holder it is in a namespace of somebody else's. */
static void adopt(const struct directories *directories)
{
	int fds[FDPASS_LIMIT], socket = -EBADF;

	if (user_namespace_is_first() || connect_to(directories, fds, &socket) < 0)
		return;
	if (is_ours(fds[USER])) {
		lease_fd = socket;
		network_fd = fds[NETWORK];
	} else {
		close(socket);
		close(fds[NETWORK]);
	}
	close(fds[USER]);
	close(fds[MOUNT]);
}

int home_enter(const struct directories *directories, void (*warn)(void *context, const char *text), void *context, struct error *err)
{
	struct listener listener = { warn, context };
	int fds[FDPASS_LIMIT], r;
	uid_t before = geteuid();

	if (before == 0 && network_fd < 0)
		adopt(directories);
	if (before == 0 || network_fd >= 0)
		return 0;
	r = find_holder(directories, &listener, fds, &lease_fd, err);
	if (r < 0)
		return r;
	r = enter(fds, err);
	close(fds[USER]);
	close(fds[MOUNT]);
	user = before;
	/* The lease and this stay open until we end, whatever happens. */
	network_fd = fds[NETWORK];
	return r;
}

uid_t home_user(void)
{
	return network_fd >= 0 ? user : geteuid();
}

int home_hold(const struct directories *directories, int *ret_fd, struct error *err)
{
	int fds[FDPASS_LIMIT], socket = -EBADF, r;

	if (user_namespace_is_first())
		return 0;
	r = connect_to(directories, fds, &socket);
	/* Somebody else has made the namespace that we are in. */
	if (r == -ENOENT || r == -ECONNREFUSED)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot reach who holds the namespaces in '%s'", directories->run_root);
	for (size_t i = 0; i < NAMESPACES; i++)
		close(fds[i]);
	*ret_fd = socket;
	return 0;
}

int home_execute(bool in_network, char *const *arguments, struct error *err)
{
	int r;

	if (in_network && network_fd >= 0 && setns(network_fd, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "cannot enter the network namespace of this user's containers");
	if (lease_fd >= 0)
		ignore_result(fcntl(lease_fd, F_SETFD, 0)); /* without it the home may end before the command */
	execvp(arguments[0], arguments);
	r = error_errno(err, errno, "cannot execute '%s'", arguments[0]);
	if (err)
		err->exit_status = r == -ENOENT ? 127 : 126;
	return r;
}

/* ---- what its holder does ---------------------------------------------------------------------- */

bool home_exists(void)
{
	return network_fd >= 0;
}

static int receive(int socket, char *text, size_t *ret_length)
{
	ssize_t n;

	do
		n = recv(socket, text, SPEC_HOME_REPLY, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	*ret_length = (size_t)n;
	return 0;
}

/* By a connection of its own: on that of the lease processes that were forked would take each other's replies. */
static int request(struct arena *arena, const struct directories *directories, const char *what, struct spec_home_reply *ret, struct error *err)
{
	_cleanup_close_ int socket = -EBADF;
	char *text = arena_alloc(arena, SPEC_HOME_REPLY, 1);
	size_t length = 0;
	int fds[FDPASS_LIMIT], r = connect_to(directories, fds, &socket);

	for (size_t i = 0; r == 0 && i < NAMESPACES; i++)
		close(fds[i]);
	while (r == 0 && send(socket, what, strlen(what), MSG_NOSIGNAL) < 0)
		r = errno == EINTR ? 0 : -errno;
	if (r == 0)
		r = receive(socket, text, &length);
	if (r < 0)
		return error_errno(err, -r, "cannot ask who holds the namespaces in '%s'", directories->run_root);
	return spec_home_reply_decode(arena, text, length, ret, err);
}

static int fail_as(const struct spec_home_failure *failure, struct error *err)
{
	if (err)
		*err = failure->error;
	return failure->error.code ? -failure->error.code : -EINVAL;
}

static bool is_about(const struct spec_home_failure *failure, const struct spec_published_port *port)
{
	return str_equal(failure->protocol, port->protocol) && str_equal(failure->host_ip, port->host_ip) && failure->port >= port->host_port &&
	       failure->port - port->host_port < (int64_t)port->count;
}

int home_listen(const struct directories *directories, const struct spec_published_port *ports, size_t count, size_t *ret_taken, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_home_reply reply = { 0 };
	int r = home_exists() ? request(arena, directories, SPEC_HOME_PORTS, &reply, err) : 0;

	for (size_t i = 0; r == 0 && i < reply.count; i++) {
		if (!reply.failures[i].protocol)
			return fail_as(&reply.failures[i], err);
		for (size_t k = 0; k < count; k++) {
			if (!is_about(&reply.failures[i], &ports[k]))
				continue;
			*ret_taken = k;
			return fail_as(&reply.failures[i], err);
		}
	}
	return r;
}

int home_connect_out(const struct directories *directories, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_home_reply reply = { 0 };
	int r = home_exists() ? request(arena, directories, SPEC_HOME_UPLINK, &reply, err) : 0;

	return r == 0 && reply.count > 0 ? fail_as(&reply.failures[0], err) : r;
}

/* ---- calls -------------------------------------------------------------------------------------- */

int home_call(int (*call)(void *context), void *context, struct error *err)
{
	int result = 0, r;

	if (network_fd < 0)
		return call(context);
	r = netns_thread_call(network_fd, call, context, &result);
	return r < 0 ? error_errno(err, -r, "cannot enter the network namespace of this user's containers") : result;
}
