/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being let in by a registry: basic authentication, or bearer tokens that are
 * fetched where the registry says (distribution's token specification, with GET
 * and a password, or OAuth2's POST with an identity token). Tokens are kept for
 * as long as they are good for.
 *
 * A password goes to the registry itself, or to the place that it names for
 * tokens; that place has to be encrypted if the registry is.
 */
#ifndef BIVY_REGISTRY_AUTH_H
#define BIVY_REGISTRY_AUTH_H

#include "registry/credentials.h"
#include "registry/http.h"

struct auth;

/* What it is made of; all but `offline` must outlive it. */
struct auth_options {
	struct http *http;
	const struct http_peer *peer; /* the registry */
	const char *origin;           /* its http_origin() */
	const char *name;             /* what users call it: "docker.io" */
	const struct credentials *credentials;
	bool offline;                 /* ask for an identity token as well: for logging in */
};

struct auth *auth_new(const struct auth_options *options);
void auth_free(struct auth *auth);

DEFINE_CLEANUP(struct auth *, auth_free)
#define _cleanup_auth_ _cleanup_(cleanup_auth_free)

/* What is known to let in to SCOPE ("repository:a:pull"; several parted by spaces), or NULL: then the registry has to say what it wants. */
const char *auth_known(struct auth *auth, const char *scope);

/*
 * An answer to REFUSAL of something that needs SCOPE, as http_authorize has
 * it. ERROR_DENIED when a login is not accepted.
 */
int auth_answer(struct auth *auth, const char *scope, const struct http_response *refusal, char **ret, struct error *err) _must_check_;

/* The identity token that was given (see `offline`), or NULL. */
const char *auth_identity_token(const struct auth *auth);

#endif
