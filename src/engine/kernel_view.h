/* SPDX-License-Identifier: Apache-2.0 */
/* What a running container is in the kernel's eyes (`inspect --kernel`). */
#ifndef BIVY_ENGINE_KERNEL_VIEW_H
#define BIVY_ENGINE_KERNEL_VIEW_H

#include "engine/directories.h"

#include "base/error.h"
#include "base/tree.h"

/*
 * Namespaces and who shares them, id maps, mounts with their peer groups,
 * control groups with limits and usage, capabilities, filter, links and
 * published ports of CONTAINER's first process, in lines, in the arena.
 * ERROR_CONFLICT if it is not running, or has ended meanwhile.
 */
int kernel_view(struct arena *arena, const struct directories *directories, const char *container, struct tree_node *ret, struct error *err) _must_check_;

/* ---- pure, of texts of procfs; each adds to NODE ------------------------------------------------ */

/* "uid_map": "ids 0 to 65535 are 100000 to 165535 of the host's". */
void kernel_view_add_map(struct arena *arena, struct tree_node *node, const char *text);
/* "mountinfo": the tree of mounts. -EINVAL for what is none. */
int kernel_view_add_mounts(struct arena *arena, struct tree_node *node, const char *text) _must_check_;
/* "status": capabilities, privileges, filters. */
void kernel_view_add_status(struct arena *arena, struct tree_node *node, const char *text);
/* "net/dev": interfaces and what went through them. */
void kernel_view_add_interfaces(struct arena *arena, struct tree_node *node, const char *text, const char *(*describe)(void *context, const char *name),
	void *context);

#endif
