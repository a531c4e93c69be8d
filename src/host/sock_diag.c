/* SPDX-License-Identifier: Apache-2.0 */
#include "host/sock_diag.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define STATE_UNCONNECTED 7 /* include/net/tcp_states.h: TCP_CLOSE, TCP_LISTEN */
#define STATE_LISTENING 10
#define SOCKET_LIMIT (1u << 20)
#define NAME_SIZE 16 /* proc(5), /proc/PID/comm */

struct reading {
	struct sock_diag_socket *sockets;
	size_t count, capacity;
};

static bool is_v6_only(const struct nlmsghdr *message)
{
	const struct inet_diag_msg *body = NLMSG_DATA(message);
	int length = (int)NLMSG_PAYLOAD(message, sizeof *body);

	for (const struct rtattr *a = (const struct rtattr *)(body + 1); RTA_OK(a, length); a = RTA_NEXT(a, length))
		if (a->rta_type == INET_DIAG_SKV6ONLY && RTA_PAYLOAD(a) > 0)
			return *(const uint8_t *)RTA_DATA(a) != 0;
	return false;
}

bool sock_diag_read_socket(const struct nlmsghdr *message, struct sock_diag_socket *ret)
{
	const struct inet_diag_msg *body = NLMSG_DATA(message);

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof *body))
		return false;
	if (body->idiag_family != AF_INET && body->idiag_family != AF_INET6)
		return false;
	*ret = (struct sock_diag_socket){
		.family = body->idiag_family,
		.port = ntohs(body->id.idiag_sport),
		.is_v6_only = is_v6_only(message),
		.inode = body->idiag_inode,
	};
	memcpy(ret->address, body->id.idiag_src, body->idiag_family == AF_INET ? 4 : 16);
	return true;
}

static int collect_socket(void *context, const struct nlmsghdr *message)
{
	struct reading *reading = context;
	struct sock_diag_socket found;

	if (!sock_diag_read_socket(message, &found))
		return 0;
	if (reading->count == SOCKET_LIMIT)
		return -E2BIG;
	if (reading->count == reading->capacity) {
		reading->capacity = reading->capacity ? reading->capacity * 2 : 64;
		reading->sockets = memory_resize(reading->sockets, reading->capacity, sizeof *reading->sockets);
	}
	reading->sockets[reading->count++] = found;
	return 0;
}

static int read_family(int fd, int family, uint8_t protocol, struct reading *reading)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct inet_diag_req_v2 request = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = protocol,
		.idiag_states = 1u << (protocol == IPPROTO_UDP ? STATE_UNCONNECTED : STATE_LISTENING),
	};
	int r;

	netlink_batch_begin(&batch, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof request);
	r = netlink_batch_ask(&batch, fd, collect_socket, reading);
	/* A protocol without module, or without one for questions; sockets that came or went meanwhile are nobody's fault. */
	return r == -ENOENT || r == -EINTR ? 0 : r;
}

int sock_diag_read(uint8_t protocol, struct sock_diag_socket **ret, size_t *ret_count)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct reading reading = { 0 };
	int r;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	r = read_family(fd, AF_INET, protocol, &reading);
	if (r == 0)
		r = read_family(fd, AF_INET6, protocol, &reading);
	if (r < 0) {
		free(reading.sockets);
		return r;
	}
	*ret = reading.sockets;
	*ret_count = reading.count;
	return 0;
}

/* ---- whose it is -------------------------------------------------------------- */

/* Whether a descriptor of the process PID, of whose directory PROC_FD is, is LINK. */
static bool has_link(int proc_fd, const char *pid, const char *link)
{
	_cleanup_free_ char *path = str_printf("%s/fd", pid);
	int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		cleanup_close(&fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		char target[64] = "";
		ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

		if (length > 0 && str_equal(target, link))
			return true;
	}
	return false;
}

static void read_name(int proc_fd, const char *pid, char *out)
{
	_cleanup_free_ char *path = str_printf("%s/comm", pid);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(proc_fd, path, NAME_SIZE, &text) < 0)
		buf_add_text(&text, "?");
	snprintf(out, NAME_SIZE, "%s", str_trim_end(text.data));
}

int sock_diag_find_process(uint64_t inode, int *ret_pid, char *ret_name)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	_cleanup_free_ char *link = str_printf("socket:[%llu]", (unsigned long long)inode);
	struct dirent *entry;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		int64_t pid;

		if (str_to_i64(entry->d_name, 10, &pid) < 0 || !has_link(dirfd(proc), entry->d_name, link))
			continue;
		*ret_pid = (int)pid;
		read_name(dirfd(proc), entry->d_name, ret_name);
		return 0;
	}
	return -ENOENT;
}
