/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as members of networks: those that run by their plans, all of them by their records. */
#ifndef BIVY_ENGINE_NETWORK_MEMBERS_H
#define BIVY_ENGINE_NETWORK_MEMBERS_H

#include "engine/directories.h"
#include "spec/network.h"
#include "spec/network_plan.h"

#include <stdbool.h>

/* Whether the container ID has a supervisor, or a command that is about to start one (net/leases.h); or whether that is a name server that runs. DIRECTORIES: the engine's. */
bool network_member_is_alive(void *directories, const char *id);

/* Whether the container ID has a supervisor. */
bool network_member_is_supervised(const struct directories *directories, const char *id);

/* Those that are alive and have a plan. STOP at what is not 0. The plan lives in ARENA; what cannot be read is logged and left out. */
typedef int network_members_each(void *context, const char *id, const struct spec_network_plan *plan, struct error *err);
int network_members_visit(struct arena *arena, const struct directories *directories, network_members_each *each, void *context, struct error *err)
	_must_check_;

/* Whose records name a network, whether they run or not. */
struct network_user {
	const char *network_id, *network; /* id, or NULL; name */
	const char *id, *name;            /* of the container */
};

struct network_users {
	struct network_user *list; /* one for each membership */
	size_t count;
};

/* All memberships, in the arena. */
int network_users_list(struct arena *arena, const struct directories *directories, struct network_users *ret, struct error *err) _must_check_;

bool network_user_is_of(const struct network_user *user, const struct spec_network *network);

/* The first of NETWORK's, or NULL. */
const struct network_user *network_users_find(const struct network_users *users, const struct spec_network *network);

#endif
