/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that bivy-http waits for: epoll(7), with what is to be done when one is ready. */
#ifndef BIVY_SERVER_HTTP_WATCH_H
#define BIVY_SERVER_HTTP_WATCH_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

struct http_watch {
	int fd; /* borrowed */
	void (*ready)(struct http_watch *watch, uint32_t events);
	bool is_on;
};

/* Waits for EVENTS (epoll_ctl(2)) of it, in place of others if it is on; 0: for none. -errno. */
int http_watch_set(int epoll_fd, struct http_watch *watch, uint32_t events) _must_check_;

/* Not any more. What this round of http_watch_round() has for it is not told. */
void http_watch_end(int epoll_fd, struct http_watch *watch);

/* Waits up to TIMEOUT_MS (-1: forever) and calls what is ready; how many were, or -errno. */
int http_watch_round(int epoll_fd, int timeout_ms) _must_check_;

#endif
