/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "host/fdpass.h"
#include "host/pidfd.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 512
#define DYING_MS 5000 /* that a killed server's socket is waited for */
#define DYING_STEP_MS 5

static int add(struct listen_sockets *sockets, int fd, char *path, const char *address, struct error *err)
{
	if (sockets->count == LISTEN_LIMIT) {
		close(fd);
		return error_set(err, ERROR_INVALID, 0, "cannot listen on '%s': %d sockets are the most", address, LISTEN_LIMIT);
	}
	sockets->fds[sockets->count] = fd;
	sockets->paths[sockets->count++] = path;
	return 0;
}

/* ---- unix sockets ------------------------------------------------------------------------ */

static int find_group(const char *text, gid_t *ret, struct error *err)
{
	const struct group *group = getgrnam(text);
	uint64_t number;

	if (group)
		*ret = group->gr_gid;
	else if (str_to_u64(text, 10, &number) == 0 && number < UINT32_MAX)
		*ret = (gid_t)number;
	else
		return error_set(err, ERROR_NOT_FOUND, 0, "no such group '%s'", text);
	return 0;
}

/* Who began to listen at what FD is connected to has ended (unix(7), SO_PEERCRED). */
static bool has_ended(int fd)
{
	struct ucred listener = { .pid = 0 };
	socklen_t length = sizeof listener;
	uint64_t start_time;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &length) == 0 && listener.pid > 0 &&
	       pidfd_start_time(listener.pid, &start_time) == -ESRCH;
}

enum answer { ANSWER_NONE, ANSWER_DYING, ANSWER_LIVE };

/* What is at a path that a socket is to have. A killed server's bivy-http has its socket until it has seen that. */
static enum answer ask_socket(const char *path)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return ANSWER_LIVE;
	r = fdpass_connect(path, &fd);
	if (r < 0)
		return r == -ECONNREFUSED ? ANSWER_NONE : ANSWER_LIVE;
	return has_ended(fd) ? ANSWER_DYING : ANSWER_LIVE;
}

/* Nobody answers at it, or soon will not: it is what a killed server left. */
static bool is_dead(const char *path)
{
	int64_t end_ms = clock_monotonic_ms() + DYING_MS;
	enum answer answer;

	while ((answer = ask_socket(path)) == ANSWER_DYING && clock_monotonic_ms() < end_ms)
		poll(NULL, 0, DYING_STEP_MS);
	return answer == ANSWER_NONE;
}

/* Of two servers that find a dead socket one removes it, and the other finds the first one's. */
static int bind_anew(const char *path, int *ret)
{
	_cleanup_free_ char *lock_path = str_printf("%s.lock", path);
	_cleanup_close_ int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (lock < 0 || fd_lock_exclusive(lock) < 0)
		return -errno;
	if (is_dead(path) && unlink(path) < 0)
		return -errno;
	r = fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, ret);
	ignore_result(unlink(lock_path)); /* who waits for it has it open, and finds what answers */
	return r;
}

#define DEFAULT_GROUP "bivy"

static int give_to_group(const char *path, const char *name, struct error *err)
{
	gid_t group = (gid_t)-1;
	int r;

	if (!name && geteuid() == 0 && getgrnam(DEFAULT_GROUP))
		name = DEFAULT_GROUP;
	r = name ? find_group(name, &group, err) : 0;
	if (r < 0)
		return r;
	if ((name && lchown(path, (uid_t)-1, group) < 0) || chmod(path, name ? 0660 : 0600) < 0)
		return error_errno(err, errno, "cannot give '%s' to its group", path);
	return 0;
}

static int open_unix(struct arena *arena, const struct listen_request *request, const char *path, struct listen_sockets *sockets, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	mode_t old = umask(0177);
	int r = bind_anew(path, &fd);

	umask(old);
	if (r == -EADDRINUSE)
		return error_set(err, ERROR_CONFLICT, 0, "cannot listen on '%s': another server has it", path);
	if (r < 0)
		return error_errno(err, -r, "cannot listen on '%s'", path);
	if (listen(fd, BACKLOG) < 0)
		r = error_errno(err, errno, "cannot listen on '%s'", path);
	if (r == 0)
		r = give_to_group(path, request->group, err);
	if (r < 0) {
		unlink(path);
		return r;
	}
	return add(sockets, TAKE_FD(fd), arena_strdup(arena, path), path, err);
}

/* ---- TCP ------------------------------------------------------------------------------------ */

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static int check_tcp(const struct listen_request *request, const struct sockaddr *address, const char *text, struct error *err)
{
	if (request->has_tls)
		return 0;
	if (!is_loopback(address) && request->only_numbers) {
		error_set(err, ERROR_DENIED, 0, "cannot listen on 'tcp://%s': without TLS metrics are for this host alone", text);
		error_hint(err, "what is reached by --listen, with TLS, has /metrics, too");
		return -EPERM;
	}
	if (!is_loopback(address)) {
		error_set(err, ERROR_DENIED, 0, "cannot listen on 'tcp://%s': without TLS whoever reaches it would be root here", text);
		error_hint(err, "--tlscacert, --tlscert and --tlskey give it TLS; ssh reaches a unix socket from elsewhere: docker -H ssh://HOST");
		return -EPERM;
	}
	if (!request->insecure && !request->only_numbers) {
		error_set(err, ERROR_DENIED, 0, "cannot listen on 'tcp://%s': every program of this host could become root by it", text);
		error_hint(err, "--insecure says that this is meant");
		return -EPERM;
	}
	return 0;
}

static int open_tcp_socket(const struct addrinfo *info, int *ret)
{
	_cleanup_close_ int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (info->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -errno;
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

/* "HOST:PORT", "[ADDRESS]:PORT", in two texts; false if it is neither. */
static bool split_host(struct arena *arena, const char *text, char **ret_host, const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (length == 0 || str_to_u64(colon + 1, 10, &port) < 0 || port == 0 || port > 65535)
		return false;
	*ret_port = colon + 1;
	if (text[0] == '[' && text[length - 1] == ']')
		*ret_host = arena_strndup(arena, text + 1, length - 2);
	else
		*ret_host = arena_strndup(arena, text, length);
	return true;
}

static int open_tcp(struct arena *arena, const struct listen_request *request, const char *text, struct listen_sockets *sockets, struct error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list = NULL;
	const char *port;
	char *host;
	int fd = -EBADF, r = 0;

	if (!split_host(arena, text, &host, &port))
		return error_set(err, ERROR_INVALID, 0, "cannot listen on 'tcp://%s': it should be tcp://HOST:PORT", text);
	r = getaddrinfo(host, port, &hints, &list);
	if (r != 0)
		return error_set(err, ERROR_NOT_FOUND, 0, "cannot listen on 'tcp://%s': %s", text, gai_strerror(r));
	r = check_tcp(request, list->ai_addr, text, err);
	if (r == 0) {
		r = open_tcp_socket(list, &fd);
		r = r < 0 ? error_errno(err, -r, "cannot listen on 'tcp://%s'", text) : add(sockets, fd, NULL, text, err);
	}
	freeaddrinfo(list);
	return r;
}

/* ---- sockets that somebody else opened --------------------------------------------------------- */

#define FIRST_HANDED 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */

static int take_handed(struct listen_sockets *sockets, struct error *err)
{
	const char *pid = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
	uint64_t count = 0, ours = 0;
	int r = 0;

	if (!pid || !count_text || str_to_u64(pid, 10, &ours) < 0 || ours != (uint64_t)getpid() || str_to_u64(count_text, 10, &count) < 0 || count == 0)
		return error_set(err, ERROR_INVALID, 0, "cannot listen on 'fd://': no socket was handed over (LISTEN_FDS)");
	for (uint64_t i = 0; r == 0 && i < count && i <= LISTEN_LIMIT; i++) {
		int fd = FIRST_HANDED + (int)i;

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return error_errno(err, errno, "cannot listen on 'fd://'");
		r = add(sockets, fd, NULL, "fd://", err);
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	return r;
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static int open_one(struct arena *arena, const struct listen_request *request, const char *address, struct listen_sockets *sockets, struct error *err)
{
	if (str_starts_with(address, "unix://") && address[strlen("unix://")])
		return open_unix(arena, request, address + strlen("unix://"), sockets, err);
	if (str_starts_with(address, "tcp://"))
		return open_tcp(arena, request, address + strlen("tcp://"), sockets, err);
	if (str_starts_with(address, "fd://") && !request->only_numbers)
		return take_handed(sockets, err);
	if (address[0] == '/')
		return open_unix(arena, request, address, sockets, err);
	return error_set(err, ERROR_INVALID, 0, "cannot listen on '%s': it should be unix://PATH%s tcp://HOST:PORT%s", address,
			 request->only_numbers ? " or" : ",", request->only_numbers ? "" : " or fd://");
}

int listen_open(struct arena *arena, const struct listen_request *request, struct listen_sockets *ret, struct error *err)
{
	int r = 0;

	*ret = (struct listen_sockets){ .count = 0 };
	for (size_t i = 0; r == 0 && request->addresses && request->addresses[i]; i++)
		r = open_one(arena, request, request->addresses[i], ret, err);
	if (r < 0)
		listen_close(ret);
	return r;
}

void listen_close(struct listen_sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->paths[i])
			unlink(sockets->paths[i]);
		close_and_forget(&sockets->fds[i]);
	}
	sockets->count = 0;
}
