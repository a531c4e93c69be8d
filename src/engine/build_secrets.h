/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --secret gives: for steps, and to show who asks where a context or a
 * source of ADD is got from. It is read when it is needed and stays in memory.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_SECRETS_H
#define BIVY_ENGINE_BUILD_SECRETS_H

#include "build/remote.h"
#include "engine/build_state.h"

/* Of LIST that with the ID, or NULL. */
const struct build_secret *build_secret_find(const struct build_secret *list, size_t count, const char *id);

/* Of the client whose session the build has: as build_secret_open(). ERROR_NOT_FOUND if it has none of that name. */
int build_secret_ask(const struct build *build, const char *id, int *ret_fd, struct error *err) _must_check_;

/* Whether all that are files are there: a step may take long to come to. ERROR_NOT_FOUND. */
int build_secrets_check(const struct build_request *request, struct error *err) _must_check_;

/* Its bytes into a file without a name; close *RET_FD. */
int build_secret_open(const struct build_secret *secret, int *ret_fd, struct error *err) _must_check_;

/*
 * What the secrets say that REMOTE's server is to be shown, as the value of
 * "Authorization", in a file without a name; -EBADF: nothing. Of a repository
 * GIT_AUTH_HEADER.HOST, GIT_AUTH_TOKEN.HOST, or the same without ".HOST"; of a
 * file HTTP_AUTH_HEADER_HOST or HTTP_AUTH_TOKEN_HOST. HOST may have ":PORT".
 */
int build_secret_authorize(const struct build *build, const struct remote *remote, int *ret_fd, struct error *err) _must_check_;

#endif
