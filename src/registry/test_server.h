/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a server on a loopback port, in a process of its own, that answers
 * with what a function of the test's makes of each request. It ends with the
 * test's process at the latest.
 */
#ifndef BIVY_REGISTRY_TEST_SERVER_H
#define BIVY_REGISTRY_TEST_SERVER_H

#include "base/file.h"
#include "base/str.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Answers REQUEST (head and body) for PATH; whether the connection goes on. */
typedef bool test_server_handler(int fd, const char *request, const char *path);

struct test_server {
	int port;
	pid_t pid;
	int listener;
};

static inline void answer(int fd, const char *status, const char *headers, const void *body, size_t length, size_t sent)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, length, headers);
	buf_add(&out, body, sent);
	ignore_result(fd_write_all(fd, out.data, out.length)); /* the client may have left on purpose */
}

static inline void answer_text(int fd, const char *status, const char *headers, const char *text)
{
	answer(fd, status, headers, text, strlen(text), strlen(text));
}

/* One request, its body included, into IN; false at the end of the connection. */
static inline bool read_request(int fd, struct buf *in)
{
	char block[4096], *end = NULL, *length;
	size_t want = 0;

	while (!end || in->length < want) {
		ssize_t n = read(fd, block, sizeof block);

		if (n <= 0)
			return false;
		buf_add(in, block, (size_t)n);
		if (in->data[0] == 0x16) { /* TLS: what servers without it answer */
			ignore_result(fd_write_all(fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28));
			return false;
		}
		end = strstr(in->data, "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(in->data, "\r\nContent-Length: ");
		want = (size_t)(end - in->data) + 4 + (length ? strtoul(length + 18, NULL, 10) : 0);
	}
	return true;
}

static inline void serve_connection(int fd, test_server_handler *handler)
{
	bool goes_on = true;

	while (goes_on) {
		_cleanup_buf_ struct buf in = BUF_INIT;
		char path[128] = "";

		if (!read_request(fd, &in))
			return;
		sscanf(in.data, "%*15s %127s", path);
		goes_on = handler(fd, in.data, path);
	}
}

_noreturn_ static inline void serve_port(int listener, test_server_handler *handler)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_connection(fd, handler);
			_exit(0);
		}
		close(fd);
	}
}

/* Takes a port; nothing answers on it yet, so that handlers can know the ports of all servers. */
static inline int test_server_listen(struct test_server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, length) < 0 || listen(server->listener, 16) < 0
	    || getsockname(server->listener, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	server->port = ntohs(address.sin_port);
	return 0;
}

static inline void test_server_start(struct test_server *server, test_server_handler *handler)
{
	server->pid = fork();
	if (server->pid == 0)
		serve_port(server->listener, handler);
	close(server->listener);
}

static inline void test_server_stop(struct test_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

#endif
