/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces of the host, with the containers that are in them (`bivy ns`). */
#ifndef BIVY_ENGINE_NAMESPACES_H
#define BIVY_ENGINE_NAMESPACES_H

#include "engine/directories.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdint.h>
#include <sys/types.h>

struct namespace_row {
	const char *type;     /* "net" */
	uint64_t number;      /* of its inode */
	uint64_t owner;       /* the user namespace that owns it; 0: it cannot be told */
	uint64_t parent;      /* of a pid or user namespace; 0: none that can be seen */
	size_t processes;
	pid_t pid;            /* the first of them; 0: none */
	const char *command;  /* of that; "" for none */
	const char *containers; /* names of those with a process in it, with commas; "" */
	const char *pins;     /* what keeps it besides: paths, and "fd 3 of 123", with commas; "" */
	bool is_host;         /* this process's own, and so the host's where bivy is not in a container */
};

struct namespaces_request {
	const struct directories *directories;
	const char *type;      /* only of that, or NULL */
	const char *container; /* only those that it has a process in, or NULL */
	bool only_others;      /* none of the host's */
};

/*
 * By type and number, in the arena. *RET_HIDDEN: processes of others, whose
 * namespaces cannot be seen. ERROR_INVALID: there is no such type; ERROR_NOT_FOUND,
 * ERROR_CONFLICT: there is no such container, or it does not run.
 */
int namespaces_list(struct arena *arena, const struct namespaces_request *request, struct namespace_row **ret, size_t *ret_count, size_t *ret_hidden,
	struct error *err) _must_check_;

#endif
