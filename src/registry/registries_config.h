/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries.json: where the content of a registry is really had from.
 *
 *   { "registries": [
 *       { "prefix": "docker.io",
 *         "mirrors": [ { "location": "mirror.example.com:5000/hub", "insecure": true, "digestOnly": true } ] },
 *       { "prefix": "registry.example.com", "location": "10.0.0.7:5000", "insecure": true },
 *       { "prefix": "*.evil.example", "blocked": true } ] }
 *
 * A prefix covers whole components of "host/repository"; "*." in front covers
 * the hosts below a domain. Of several the longest counts. "location", and that
 * of a mirror, takes the prefix's place in the name; mirrors are asked first,
 * in their order, for pulling alone.
 */
#ifndef BIVY_REGISTRY_REGISTRIES_CONFIG_H
#define BIVY_REGISTRY_REGISTRIES_CONFIG_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

#define REGISTRIES_CONFIG_BYTES_LIMIT (1u << 20)
#define REGISTRIES_CONFIG_PATH "/etc/bivy/registries.json"

struct registries_config;

/* No bytes at all (or white space) are a file without entries. NAME is what messages call it. */
int registries_config_decode(const char *name, const char *text, size_t length, struct registries_config **ret, struct error *err) _must_check_;
void registries_config_free(struct registries_config *config);

DEFINE_CLEANUP(struct registries_config *, registries_config_free)
#define _cleanup_registries_config_ _cleanup_(cleanup_registries_config_free)

/* The file PATH; one that is not there reads as an empty one. */
int registries_config_read(const char *path, struct registries_config **ret, struct error *err) _must_check_;

enum registries_endpoint_property {
	REGISTRIES_INSECURE = 1 << 0,    /* plain HTTP, or a certificate that does not verify, will do */
	REGISTRIES_LOOPBACK = 1 << 1,    /* on this host: plain HTTP will do */
	REGISTRIES_MIRROR = 1 << 2,      /* not the registry itself */
	REGISTRIES_DIGEST_ONLY = 1 << 3, /* a mirror that is not asked what a tag means */
};

/* One place to ask. */
struct registries_endpoint {
	char *host;       /* "registry.example.com:5000"; "docker.io" stays what it is called */
	char *repository; /* as it is called there */
	unsigned properties; /* enum registries_endpoint_property */
};

/*
 * Where HOST's REPOSITORY (or NULL: the registry as a whole) is had from, in
 * the order of asking; the last one is the registry itself. ERROR_DENIED when
 * it is blocked. The list lives in ARENA.
 */
int registries_config_resolve(const struct registries_config *config, struct arena *arena, const char *host, const char *repository,
			      struct registries_endpoint **ret, size_t *ret_count, struct error *err) _must_check_;

/* Whether HOST, its port aside, is this host by its name or number: "localhost", 127.0.0.0/8, "[::1]". */
bool registries_host_is_loopback(const char *host);

#endif
