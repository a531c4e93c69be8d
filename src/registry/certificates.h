/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for one registry: the directory "<certs.d>/<host[:port]>", as
 * Docker and Podman have it. *.crt are authorities trusted for it besides the
 * system's; NAME.cert with NAME.key is what we show of ourselves.
 */
#ifndef BIVY_REGISTRY_CERTIFICATES_H
#define BIVY_REGISTRY_CERTIFICATES_H

#include "base/error.h"

#define CERTIFICATES_BYTES_LIMIT (4u << 20) /* of all authorities together */

/* Each allocated, or NULL for none. */
struct certificates {
	char *authorities;        /* PEM, all of them in one text */
	char *client_certificate; /* paths */
	char *client_key;
};

void certificates_done(struct certificates *certificates);
#define _cleanup_certificates_ _cleanup_(certificates_done)

/* Where they are looked for, the first directory that has any for a host winning; NULL-terminated. */
extern const char *const certificates_directories[];

/* Those for HOST in the first of DIRECTORIES that knows it; none is no error, half a pair is. */
int certificates_read(const char *const *directories, const char *host, struct certificates *ret, struct error *err) _must_check_;

#endif
