/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which control group hierarchies this host has, and which controller lives in
 * which: v1 mounts, cgroup2, or some of each. Read from mountinfo and
 * /proc/self/cgroup; nothing is changed here.
 */
#ifndef BIVY_HOST_CGROUP_WORLD_H
#define BIVY_HOST_CGROUP_WORLD_H

#include "base/cleanup.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

/* v1's blkio and v2's io are one controller to us, called CGROUP_IO. */
enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_IO,
	CGROUP_DEVICES,
	CGROUP_FREEZER,
	CGROUP_PIDS,
	CGROUP_HUGETLB,
	CGROUP_NET_CLS,
	CGROUP_NET_PRIO,
	CGROUP_PERF_EVENT,
	CGROUP_RDMA,
	CGROUP_MISC,
	CGROUP_DMEM,
	CGROUP_CONTROLLER_COUNT,
};
#define CGROUP_BIT(controller) (1u << (controller))

struct cgroup_hierarchy {
	char *mount;          /* "/sys/fs/cgroup/cpu,cpuacct" */
	char *name;           /* of a v1 hierarchy without controllers ("systemd"), else NULL */
	char *own_path;       /* our own group, beneath MOUNT: "/" or "/a/b"; "/" if we are outside of it */
	/*
	 * The group that absolute paths of containers' groups count from: "/"; or,
	 * for who may not arrange processes there, the topmost one above ours in
	 * which he may: what was delegated to him (cgroups(7)). NULL is "/".
	 */
	char *top_path;
	bool is_v2;
	bool is_read_only;    /* the mount or its file system is read-only */
	unsigned controllers; /* CGROUP_BIT()s; v2: those that its root offers */
};

struct cgroup_world {
	struct cgroup_hierarchy *hierarchies;
	size_t count;
	struct arena *arena; /* holds all of the above */
};

/*
 * Looks at this host, about 0.1 ms. A host without any cgroup mount is a world
 * of count 0, not an error. Release with cgroup_world_done().
 */
int cgroup_world_load(struct cgroup_world *ret) _must_check_;

/*
 * The same from the text of mountinfo and of /proc/PID/cgroup; PREFIX is put
 * before each mount point ("" on a real host): the root of a test's fixture.
 */
int cgroup_world_parse(const char *mountinfo, const char *membership, const char *prefix, struct cgroup_world *ret) _must_check_;

void cgroup_world_done(struct cgroup_world *world);
#define _cleanup_cgroup_world_ _cleanup_(cgroup_world_done)

/* The cgroup2 hierarchy, or NULL. */
const struct cgroup_hierarchy *cgroup_world_v2(const struct cgroup_world *world);

/* The hierarchy that carries CONTROLLER, or NULL. v2 carries cpuacct, perf_event, freezer and devices without saying so: they are set in its bits when no v1 hierarchy has them. */
const struct cgroup_hierarchy *cgroup_world_find(const struct cgroup_world *world, enum cgroup_controller controller);

/* Whether there is anything else than cgroup2. */
bool cgroup_world_has_v1(const struct cgroup_world *world);

/* "memory"; CGROUP_IO is "blkio" in v1, "io" in v2. */
const char *cgroup_controller_name(enum cgroup_controller controller, bool is_v2);

/* The controller of either name, or -ENOENT. LENGTH bytes of NAME count. */
int cgroup_controller_parse(const char *name, size_t length);

#endif
