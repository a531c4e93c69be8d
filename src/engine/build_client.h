/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build gets from the client whose session it has (client_session.h), in
 * place of this host's files and environment: contexts, the Dockerfile, logins,
 * secrets, agents.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_CLIENT_H
#define BIVY_ENGINE_BUILD_CLIENT_H

#include "engine/build_state.h"

/* Whether TEXT, a context, is the client's. */
bool build_client_has(const struct build *build, const char *text);

/* Brings it here, as build_fetch_context(). */
int build_client_fetch(struct build *build, const char *text, struct build_context *context, struct error *err) _must_check_;

/* The Dockerfile of the build's request, and what is beside it for not being sent: .dockerfile, .ignore of CONTEXT, before the first is fetched. */
int build_client_read_dockerfile(struct build *build, struct build_context *context, struct error *err) _must_check_;

/* Adds the secret ID to *RET. ERROR_NOT_FOUND if the client has none of that name. */
int build_client_read_secret(const struct build *build, const char *id, struct buf *ret, struct error *err) _must_check_;

/* Who the client is in the registry of the image NAME, as registry_logins_open(); close *RET. */
int build_client_open_logins(const struct build *build, const char *name, int *ret, struct error *err) _must_check_;

/* ERROR_NOT_FOUND if the client has no agent of that name. */
int build_client_check_agent(const struct build_request *request, const char *id, struct error *err) _must_check_;

/* *RET is connected to the agent, by a process of its own that ends with it. */
int build_client_connect_agent(const struct build_request *request, const char *id, int *ret, struct error *err) _must_check_;

#endif
