/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN --mount=type=ssh: a socket for the step whose connections are passed on
 * to an ssh-agent(1) of the host. An agent talks to its owner and to root alone,
 * which a step in a user namespace is not.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_AGENT_H
#define BIVY_ENGINE_BUILD_AGENT_H

#include "base/error.h"

#include <sys/types.h>

struct build_request;

struct build_agent {
	const char *id;   /* for messages */
	const char *path; /* the agent's socket; NULL: it is the client's */
	const struct build_request *client; /* whose session has it; or NULL */
	uid_t uid;        /* whose the step's socket is */
	gid_t gid;
	mode_t mode;
};

/*
 * Makes the socket NAME, a path of any length that is not there yet, and a
 * child process that passes on what comes to it until *RET_LIFE, a descriptor to
 * close, has been closed by all who have it. ERROR_NOT_FOUND, ERROR_INVALID:
 * there is no socket of the agent.
 */
int build_agent_start(const struct build_agent *agent, const char *name, pid_t *ret_pid, int *ret_life, struct error *err) _must_check_;

#endif
