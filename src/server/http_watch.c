/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_watch.h"

#include <sys/epoll.h>

#define ROUND 64 /* events that are taken at once */

/* Of the round that is under way: a watch that ends is taken out of it. */
static struct epoll_event round_events[ROUND];
static int round_next, round_count;

int http_watch_set(int epoll_fd, struct http_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (events == 0) {
		http_watch_end(epoll_fd, watch);
		return 0;
	}
	if (epoll_ctl(epoll_fd, watch->is_on ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return -errno;
	watch->is_on = true;
	return 0;
}

void http_watch_end(int epoll_fd, struct http_watch *watch)
{
	if (!watch->is_on)
		return;
	ignore_result(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL)); /* it was there */
	watch->is_on = false;
	for (int i = round_next; i < round_count; i++)
		if (round_events[i].data.ptr == watch)
			round_events[i].data.ptr = NULL;
}

int http_watch_round(int epoll_fd, int timeout_ms)
{
	int count = epoll_wait(epoll_fd, round_events, ROUND, timeout_ms);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	round_count = count;
	for (round_next = 0; round_next < round_count;) {
		struct epoll_event event = round_events[round_next++];
		struct http_watch *watch = event.data.ptr;

		if (watch)
			watch->ready(watch, event.events);
	}
	round_count = 0;
	return count;
}
