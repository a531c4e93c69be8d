/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The login file that Docker made a custom: config.json with "auths",
 * "credHelpers" and "credsStore"; Podman's auth.json is the same with keys that
 * may name a part of a registry ("example.com/team"). What we do not know stays
 * in the file when it is written again.
 */
#ifndef BIVY_REGISTRY_DOCKER_CONFIG_H
#define BIVY_REGISTRY_DOCKER_CONFIG_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

#define DOCKER_CONFIG_BYTES_LIMIT (1u << 20)

struct docker_config;

/* A login as the file has it; the strings live as long as the configuration they come from. */
struct docker_config_auth {
	const char *key;            /* under which it was found; NULL: there is none */
	const char *username;       /* or NULL */
	const char *password;       /* or NULL */
	const char *identity_token; /* to be exchanged for tokens (OAuth2's refresh token), or NULL */
	const char *registry_token; /* a bearer token to be sent as it is, or NULL */
};

/* Decodes LENGTH bytes; no bytes at all (or white space) are an empty file. NAME is what messages call it. */
int docker_config_decode(const char *name, const char *text, size_t length, struct docker_config **ret, struct error *err) _must_check_;
void docker_config_free(struct docker_config *config);

DEFINE_CLEANUP(struct docker_config *, docker_config_free)
#define _cleanup_docker_config_ _cleanup_(cleanup_docker_config_free)

/* Adds the file's text: all members that were read, in their order, with what was changed since. */
void docker_config_encode(const struct docker_config *config, struct buf *out);

/* The file PATH; one that is not there reads as an empty one. */
int docker_config_read(const char *path, struct docker_config **ret, struct error *err) _must_check_;

/*
 * Replaces the file at once, for its owner only (0600), and makes its directory
 * (0700). A symbolic link stays one: the file behind it is replaced.
 */
int docker_config_write(const struct docker_config *config, const char *path, struct error *err) _must_check_;

/* What a registry is called in "auths" and to helpers: its host, but "https://index.docker.io/v1/" for docker.io. */
const char *docker_config_key(const char *host);

/* The suffix of the program that keeps the logins of HOST ("credHelpers", else "credsStore"), or NULL. */
const char *docker_config_helper(const struct docker_config *config, const char *host);

/* Whether a program keeps the logins of any host. */
bool docker_config_has_helpers(const struct docker_config *config);

/*
 * The login for a repository of HOST ("registry.example.com:5000", "docker.io"):
 * of the longest key that covers it, then of keys in the old form of an URL.
 * REPOSITORY may be NULL. An entry that cannot be decoded is an error, an
 * absent one is not.
 */
int docker_config_find(const struct docker_config *config, const char *host, const char *repository, struct docker_config_auth *ret,
		       struct error *err) _must_check_;

/* Puts AUTH under AUTH->key, in place of what was there, except members that we do not know. */
void docker_config_set(struct docker_config *config, const struct docker_config_auth *auth);

/* Removes the login of HOST in whatever form its key is; whether there was one. */
bool docker_config_erase(struct docker_config *config, const char *host);

#endif
