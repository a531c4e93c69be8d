/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_greeting.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/http_line.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define SILENCE_MS 60000
#define WAITING_LIMIT 1024
#define PEEK (4u << 10) /* bytes that are looked at; a longer line is the library's to judge */

struct http_greeting {
	struct http_watch watch;
	struct http_front *front;
	int64_t since_ms;
	struct http_greeting *next, **place; /* in the front's list, in the order in which they came */
};

/* libmicrohttpd closes it, also if it takes it not. */
static void give(struct MHD_Daemon *daemon, int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;

	if (getpeername(fd, (struct sockaddr *)&address, &length) < 0)
		address.ss_family = AF_UNIX;
	if (MHD_add_connection(daemon, fd, (struct sockaddr *)&address, length) != MHD_YES)
		log_warning("a connection is turned away: there are too many");
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

static void refuse(int fd, const char *fault)
{
	_cleanup_free_ char *body = str_printf("{\"message\":\"%s\"}\n", fault);
	_cleanup_free_ char *reply = str_printf("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		strlen(body), body);

	/* It is read by somebody, or not. */
	ignore_result(send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT));
	ignore_result(shutdown(fd, SHUT_WR));
	close(fd);
}

static void take_word(struct http_watch *watch, uint32_t events _unused_)
{
	struct http_greeting *greeting = (struct http_greeting *)watch;
	struct MHD_Daemon *daemon = greeting->front->daemon;
	char word[PEEK];
	ssize_t n = recv(watch->fd, word, sizeof word, MSG_PEEK | MSG_DONTWAIT);
	const char *fault = n > 0 ? spec_http_line_judge(word, (size_t)n) : NULL;
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fd = end(greeting);
	if (n <= 0)
		close(fd);
	else if (fault)
		refuse(fd, fault);
	else
		give(daemon, fd);
}

void http_greeting_begin(struct http_front *front, int fd)
{
	struct http_greeting *greeting;

	if (front->greeting_count >= WAITING_LIMIT) {
		log_warning("a connection is turned away: there are too many");
		close(fd);
		return;
	}
	greeting = memory_new(1, sizeof *greeting);
	*greeting = (struct http_greeting){ { .fd = fd, .ready = take_word }, front, clock_monotonic_ms(), NULL, front->last_greeting };
	*front->last_greeting = greeting;
	front->last_greeting = &greeting->next;
	front->greeting_count++;
	if (http_watch_set(front->epoll_fd, &greeting->watch, EPOLLIN) < 0)
		close(end(greeting));
}

void http_greeting_expire(struct http_front *front, bool everybody)
{
	int64_t now_ms = clock_monotonic_ms();

	while (front->first_greeting && (everybody || now_ms - front->first_greeting->since_ms >= SILENCE_MS))
		close(end(front->first_greeting));
}

int http_greeting_timeout(const struct http_front *front)
{
	int64_t left;

	if (!front->first_greeting)
		return -1;
	left = SILENCE_MS - (clock_monotonic_ms() - front->first_greeting->since_ms);
	return left < 0 ? 0 : (int)left;
}
