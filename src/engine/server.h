/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-server, the engine behind Docker's API: this process becomes it. And a client of one, as if we were its socket. */
#ifndef BIVY_ENGINE_SERVER_H
#define BIVY_ENGINE_SERVER_H

#include "base/error.h"
#include "engine/directories.h"

#include <stdbool.h>
#include <stdint.h>

struct server_request {
	const struct directories *directories;
	char *const *addresses; /* "unix://PATH", "tcp://HOST:PORT", "fd://"; NULL-terminated; NULL: the default */
	const char *group;      /* that may use unix sockets; NULL: "docker" or "bivy" if there is one of these, else their owner alone */
	char *const *metrics_addresses; /* where there is /metrics alone, without TLS: "tcp://HOST:PORT" on loopback, "unix://PATH"; NULL: nowhere */
	const char *allow;      /* "metrics", "read-only", "containers", "all"; NULL: all */
	const char *tls_certificate, *tls_key, *tls_authority; /* files, or NULL */
	int64_t idle_s;         /* 0: never */
	bool insecure, debug;
};

/* Where it listens unless somebody says otherwise, "unix://RUN_ROOT/bivy.sock", in the arena. */
char *server_default_address(struct arena *arena, const struct directories *directories);

/* Returns only if that fails. */
int server_become(const struct server_request *request, struct error *err);

/*
 * Moves bytes between our standard input and output and the unix socket at
 * PATH until both directions have ended: what `docker -H ssh://…` runs on the
 * other side. ERROR_UNAVAILABLE, with a hint, if nobody listens there.
 */
int server_dial_stdio(const char *path, struct error *err) _must_check_;

#endif
