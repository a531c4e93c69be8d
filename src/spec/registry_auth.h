/* SPDX-License-Identifier: Apache-2.0 */
/* Logins as clients of docker's API send them along: JSON ("AuthConfig") in base64, of the alphabet for URLs or the usual one. Pure. */
#ifndef BIVY_SPEC_REGISTRY_AUTH_H
#define BIVY_SPEC_REGISTRY_AUTH_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#define SPEC_REGISTRY_AUTH_LIMIT (64u << 10) /* bytes of one */

struct spec_registry_auth {
	char *username, *password, *auth;     /* .auth: both in base64, as login files have them */
	char *identity_token, *registry_token;
	char *server_address; /* who it is for, as the client calls it */
};

/* X-Registry-Auth. Nothing, or an object without members, is no login: all is NULL. */
int spec_registry_auth_decode(struct arena *arena, const char *text, size_t length, struct spec_registry_auth *ret, struct error *err) _must_check_;
/* The JSON alone: the body of /auth. */
int spec_registry_auth_parse(struct arena *arena, const char *text, size_t length, struct spec_registry_auth *ret, struct error *err) _must_check_;

struct spec_registry_login {
	const char *host; /* "docker.io", "localhost:5000" */
	struct spec_registry_auth auth;
};

/* X-Registry-Config: an object of such logins by registry. */
int spec_registry_logins_decode(struct arena *arena, const char *text, size_t length, struct spec_registry_login **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* Adds the text of a login file (docker's config.json) that has those. */
void spec_registry_logins_encode(const struct spec_registry_login *logins, size_t count, struct buf *out);

#endif
