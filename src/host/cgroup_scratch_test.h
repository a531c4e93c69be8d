/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For unit tests that make control groups of this host: in each hierarchy those
 * of a process are below one that is named after it. A test that is killed, by
 * its time limit or what watches it, leaves them: the next one removes them.
 */
#ifndef BIVY_HOST_CGROUP_SCRATCH_TEST_H
#define BIVY_HOST_CGROUP_SCRATCH_TEST_H

#include "host/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define CGROUP_SCRATCH_NAME "bivy-unit-"

/* The group NAME at the top of HIERARCHY, if its process is gone; what still runs in it is killed. */
static inline void cgroup_scratch_sweep_one(const struct cgroup_world *world, const struct cgroup_hierarchy *hierarchy, const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", hierarchy->top_path ? hierarchy->top_path : "", name);
	const struct cgroup_place place = { .mount = hierarchy->mount, .path = path, .made = true };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;
	int pid = 0, length = 0;

	if (sscanf(name, CGROUP_SCRATCH_NAME "%d%n", &pid, &length) != 1 || name[length] || pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
		return;
	if (cgroup_set_open_in(world, &place, 1, &set, &err) < 0)
		return;
	ignore_result(cgroup_set_signal_all(&set, SIGKILL)); /* what is not gone is in the way of: */
	ignore_result(cgroup_set_remove(&set, 1000, NULL));  /* another one may sweep at the same time */
}

static inline void cgroup_scratch_sweep(const struct cgroup_world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world->hierarchies[i];
		_cleanup_free_ char *top = str_printf("%s%s", hierarchy->mount, hierarchy->top_path ? hierarchy->top_path : "");
		DIR *dir = opendir(top);

		for (struct dirent *entry; dir && (entry = readdir(dir));)
			cgroup_scratch_sweep_one(world, hierarchy, entry->d_name);
		if (dir)
			closedir(dir);
	}
}

/* What the groups of process PID are below, counted from .top_path, once those of processes that are gone are swept; free() it. */
static inline char *cgroup_scratch_path(const struct cgroup_world *world, pid_t pid)
{
	cgroup_scratch_sweep(world);
	return str_printf("/" CGROUP_SCRATCH_NAME "%d", (int)pid);
}

#endif
