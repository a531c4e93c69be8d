/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that keep logins in a key ring, `docker-credential-<name>`: one
 * verb as argument, the request on standard input, the answer as JSON (or a
 * sentence saying why not) on standard output.
 */
#ifndef BIVY_REGISTRY_CREDENTIAL_HELPER_H
#define BIVY_REGISTRY_CREDENTIAL_HELPER_H

#include "base/error.h"
#include "base/str.h"

#define CREDENTIAL_HELPER_BYTES_LIMIT (64u << 10) /* of an answer */
#define CREDENTIAL_HELPER_TIMEOUT_MS (120 * 1000) /* time to type the key ring's password */

/* What a helper says of one server; each string allocated. */
struct credential_helper_login {
	char *username;
	char *secret; /* a password; or an identity token, when the user is called CREDENTIAL_HELPER_TOKEN */
};

#define CREDENTIAL_HELPER_TOKEN "<token>"

void credential_helper_login_done(struct credential_helper_login *login);

/*
 * Asks the helper NAME for the login of SERVER. One that knows none leaves
 * *RET empty, which is no error; one that is missing, fails, keeps silent for
 * too long or answers nonsense is.
 */
int credential_helper_get(const char *name, const char *server, struct credential_helper_login *ret, struct error *err) _must_check_;

/* Has the login kept, in place of an older one. */
int credential_helper_store(const char *name, const char *server, const char *username, const char *secret, struct error *err) _must_check_;

/* Has it forgotten; that there was none is no error. */
int credential_helper_erase(const char *name, const char *server, struct error *err) _must_check_;

/* The answer to "get" as a login: pure, for `credential_helper_get`. */
int credential_helper_decode(const char *text, size_t length, struct credential_helper_login *ret, struct error *err) _must_check_;

#endif
