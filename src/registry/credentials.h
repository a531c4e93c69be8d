/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom we are to a registry: where logins are looked for and kept. Files and
 * helpers are docker_config's and credential_helper's; which of them counts is
 * decided here.
 */
#ifndef BIVY_REGISTRY_CREDENTIALS_H
#define BIVY_REGISTRY_CREDENTIALS_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

/* All NULL: nobody in particular. Each string allocated. */
struct credentials {
	char *username;
	char *password;
	char *identity_token; /* exchanged for bearer tokens (OAuth2's refresh token) */
	char *registry_token; /* a bearer token, sent as it is */
};

void credentials_done(struct credentials *credentials);
#define _cleanup_credentials_ _cleanup_(credentials_done)

bool credentials_are_empty(const struct credentials *credentials);

/*
 * The login files, the most telling first; the first one is where logins are
 * kept. GIVEN (`--authfile`) or $REGISTRY_AUTH_FILE stand alone; else Docker's
 * ($DOCKER_CONFIG, ~/.docker) and behind it Podman's. NULL-terminated and
 * allocated. -ENOENT without $HOME and all the rest.
 */
int credentials_files(const char *given, char ***ret, struct error *err) _must_check_;

/*
 * The login for REPOSITORY (or NULL) of HOST: in each file of FILES first what
 * its helper knows, then what it says itself. None is no error: *RET is empty.
 */
int credentials_find(char *const *files, const char *host, const char *repository, struct credentials *ret, struct error *err) _must_check_;

/*
 * Keeps the login for HOST in FILE, or in the helper that FILE names.
 * Concurrent calls lose nothing: the directory is locked (flock(2)).
 */
int credentials_store(const char *file, const char *host, const struct credentials *credentials, struct error *err) _must_check_;

/* Forgets it, in the file and in its helper. *RET_FOUND: whether the file or a helper had it. */
int credentials_erase(const char *file, const char *host, bool *ret_found, struct error *err) _must_check_;

#endif
