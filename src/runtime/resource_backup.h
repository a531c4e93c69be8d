/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a plan held before it was carried out, to be put back when it fails half way. */
#ifndef BIVY_RUNTIME_RESOURCE_BACKUP_H
#define BIVY_RUNTIME_RESOURCE_BACKUP_H

#include "runtime/resources.h"

struct resource_backup;

/* Reads the files of PLAN, which must outlive the backup. */
struct resource_backup *resource_backup_take(const struct resource_plan *plan, const struct cgroup_set *set);

/*
 * Writes back what was read; if the plan has device rules, those of OLD. What
 * the kernel refuses is logged: there is nothing better to do.
 */
void resource_backup_restore(struct resource_backup *backup, const struct spec_resources *old, const struct cgroup_set *set);

void resource_backup_free(struct resource_backup *backup);
DEFINE_CLEANUP(struct resource_backup *, resource_backup_free)
#define _cleanup_resource_backup_ _cleanup_(cleanup_resource_backup_free)

#endif
