/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bivy-http: sockets that clients connect to, and HTTP on them by
 * libmicrohttpd, in one thread. It knows no route: each request goes on to
 * bivy-server as a call (spec/http_call.h), whose reply goes back. What reads
 * the bytes of strangers has neither the engine nor its privileges.
 */
#ifndef BIVY_SERVER_HTTP_FRONT_H
#define BIVY_SERVER_HTTP_FRONT_H

#include "base/error.h"
#include "server/http_watch.h"
#include "spec/http_call.h"

#include <microhttpd.h>
#include <stddef.h>

struct http_exchange;
struct http_greeting;
struct http_patient;
struct http_pump;
struct http_tls;
struct http_tls_request;

/* How much of everybody's a client may have. */
struct http_limits {
	int64_t head_s;       /* until the head of a request is there, or TLS is agreed on */
	int64_t quiet_s;      /* that a connection says nothing and takes nothing while something is awaited of it */
	int64_t connections;  /* at once */
};

#define HTTP_LIMITS_DEFAULT { .head_s = 60, .quiet_s = 120, .connections = 4096 }

struct http_front {
	struct http_limits limits;
	int broker;      /* SOCK_SEQPACKET: to bivy-server */
	int epoll_fd;
	struct MHD_Daemon *daemon;
	struct http_tls *tls; /* for TCP; or NULL */
	struct spec_http_counts *counts; /* or NULL */
	int64_t idle_s;  /* ends after so long without a connection; 0: never */
	size_t connections;
	struct http_exchange *first_exchange; /* requests that are being answered */
	struct http_greeting *first_greeting, **last_greeting; /* who has said nothing yet */
	size_t greeting_count;
	struct http_pump *first_pump, **last_pump; /* clients of TLS */
	size_t pump_count;
	struct http_patient *first_kept, **last_kept; /* connections between two requests */
	int64_t quiet_since_ms; /* CLOCK_MONOTONIC */
	bool ends;       /* bivy-server has gone */
	unsigned rounds_due; /* before anything is waited for: the library ends a connection in several of them */
};

struct http_front_request {
	int broker;
	const int *listeners; /* that listen already */
	size_t listener_count;
	const struct http_tls_request *tls; /* for TCP; or NULL */
	struct spec_http_counts *counts; /* where replies are counted, shared with bivy-server; or NULL */
	int64_t idle_s;
	struct http_limits limits;
};

/* Serves until bivy-server goes, a signal ends it, or it was idle long enough. */
int http_front_run(const struct http_front_request *request, struct error *err) _must_check_;

#endif
