/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bivy-server's own process: it has no engine at work, only starts who has. One
 * bivy-http speaks to clients (and another to those who get numbers alone, if
 * there are sockets for them); for each request that it hands on a process of
 * its own is forked, which makes one call of the engine, answers, and ends.
 * So a request that fails takes nothing with it, nothing is kept between two,
 * and the engine is never used by a process with threads.
 *
 * Killed at any moment: bivy-http finds the socket closed and ends; the
 * requests under way are finished, or end when they find nobody to answer to.
 */
#ifndef BIVY_SERVER_BROKER_H
#define BIVY_SERVER_BROKER_H

#include "api/call.h"
#include "server/listen.h"

#include <signal.h>

struct broker_request {
	const struct directories *directories;
	const struct listen_sockets *sockets;
	const struct listen_sockets *metrics; /* whose clients get numbers alone, without TLS; may be none */
	const char *tls_certificate, *tls_key, *tls_authority; /* files, or NULL */
	enum api_permission permission;
	int64_t idle_s; /* ends after so long without a client; 0: never */
	bool debug;
};

/* Serves until SIGTERM or SIGINT, or idle long enough. */
int broker_run(const struct broker_request *request, struct error *err) _must_check_;

#endif
