/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_greeting.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "server/http_patience.h"
#include "spec/http_head.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define WAITING_LIMIT 1024
#define DRAIN 64 /* times that what a client still says is read before it is told off */

struct http_greeting {
	struct http_watch watch;
	struct http_front *front;
	int64_t since_ms;
	struct http_greeting *next, **place; /* in the front's list, in the order in which they came */
};

/* libmicrohttpd closes it, also if it takes it not. */
static void give(struct http_front *front, int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;

	if (getpeername(fd, (struct sockaddr *)&address, &length) < 0)
		address.ss_family = AF_UNIX;
	http_patience_make_room(front);
	if (MHD_add_connection(front->daemon, fd, (struct sockaddr *)&address, length) != MHD_YES)
		log_debug("a connection is turned away: there are too many");
}

/* Out of the list; its descriptor stays open. */
static int end(struct http_greeting *greeting)
{
	struct http_front *front = greeting->front;
	int fd = greeting->watch.fd;

	http_watch_end(front->epoll_fd, &greeting->watch);
	*greeting->place = greeting->next;
	if (greeting->next)
		greeting->next->place = greeting->place;
	else
		front->last_greeting = greeting->place;
	front->greeting_count--;
	free(greeting);
	return fd;
}

static const char *words_of(unsigned status)
{
	return status == 431 ? "Request Header Fields Too Large" : status == 505 ? "HTTP Version Not Supported" : "Bad Request";
}

static void refuse(int fd, const struct spec_http_fault *fault)
{
	_cleanup_free_ char *body = str_printf("{\"message\":\"%s\"}\n", fault->text);
	_cleanup_free_ char *reply = str_printf("HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		fault->status, words_of(fault->status), strlen(body), body);
	char block[4096];

	/* It is read by somebody, or not. What they said must not be left, or the kernel forgets this in its favour. */
	ignore_result(send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT));
	ignore_result(shutdown(fd, SHUT_WR));
	for (int i = 0; i < DRAIN && recv(fd, block, sizeof block, MSG_DONTWAIT) > 0; i++)
		;
	close(fd);
}

/* What there is of the head so far. It stays where it is, for the library. */
static void take_word(struct http_watch *watch, uint32_t events)
{
	static char head[SPEC_HTTP_HEAD_LIMIT];
	struct http_greeting *greeting = (struct http_greeting *)watch;
	struct http_front *front = greeting->front;
	ssize_t n = recv(watch->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
	struct spec_http_fault fault = { 400, "the request ends before its head does" };
	int r = n > 0 ? spec_http_head_judge(head, (size_t)n, &fault) : 0, fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && r == 0 && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return; /* the rest is told of when it comes */
	fd = end(greeting);
	if (n <= 0)
		close(fd);
	else if (r == 1)
		give(front, fd);
	else
		refuse(fd, &fault);
}

void http_greeting_begin(struct http_front *front, int fd)
{
	struct http_greeting *greeting;

	/* Who wants something says so at once. */
	if (front->greeting_count >= WAITING_LIMIT)
		close(end(front->first_greeting));
	greeting = memory_new(1, sizeof *greeting);
	*greeting = (struct http_greeting){ { .fd = fd, .ready = take_word }, front, clock_monotonic_ms(), NULL, front->last_greeting };
	*front->last_greeting = greeting;
	front->last_greeting = &greeting->next;
	front->greeting_count++;
	if (http_watch_set(front->epoll_fd, &greeting->watch, EPOLLIN | EPOLLRDHUP | EPOLLET) < 0)
		close(end(greeting));
}

void http_greeting_expire(struct http_front *front, bool everybody)
{
	int64_t now_ms = clock_monotonic_ms();

	while (front->first_greeting && (everybody || now_ms - front->first_greeting->since_ms >= front->limits.head_s * 1000))
		close(end(front->first_greeting));
}

int http_greeting_timeout(const struct http_front *front)
{
	int64_t left;

	if (!front->first_greeting)
		return -1;
	left = front->limits.head_s * 1000 - (clock_monotonic_ms() - front->first_greeting->since_ms);
	return left < 0 ? 0 : (int)left;
}
