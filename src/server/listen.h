/* SPDX-License-Identifier: Apache-2.0 */
/* Where a server is reached: "unix://PATH", "tcp://HOST:PORT", "fd://". */
#ifndef BIVY_SERVER_LISTEN_H
#define BIVY_SERVER_LISTEN_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

#define LISTEN_LIMIT 16 /* sockets of one server */

struct listen_request {
	char *const *addresses; /* NULL-terminated; NULL: none */
	const char *group;      /* that may use unix sockets: a name or a number; NULL: "bivy" if there is such a group, else their owner alone */
	bool has_tls;           /* TCP is for clients with a certificate */
	bool insecure;          /* TCP without TLS is meant */
	bool only_numbers;      /* what is served there is metrics, which any program of this host may see: TCP on loopback is without TLS, and nothing was handed over */
};

struct listen_sockets {
	int fds[LISTEN_LIMIT];
	char *paths[LISTEN_LIMIT]; /* of unix sockets that were made here; else NULL */
	size_t count;
};

/*
 * Opens all of them. A unix socket that a killed server left is replaced;
 * ERROR_CONFLICT if there is one that answers. "fd://" stands for those that
 * were handed over as sd_listen_fds(3) says. TCP off loopback is refused
 * without TLS, and on it unless .insecure or .only_numbers says that it is meant.
 */
int listen_open(struct arena *arena, const struct listen_request *request, struct listen_sockets *ret, struct error *err) _must_check_;

/* Closes them, and removes the files of those that were made here. */
void listen_close(struct listen_sockets *sockets);

#endif
