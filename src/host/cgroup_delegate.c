/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_delegate.h"

#include <fcntl.h>

/* Of /sys/kernel/cgroup/delegate what every kernel has; a file that is not there is none to give. */
static const char *const files_v2[] = { "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", NULL };
static const char *const files_v1[] = { "cgroup.procs", "tasks", NULL };

static int give(const struct cgroup_group *group, const char *const *files, uid_t uid, gid_t gid)
{
	if (fchownat(group->fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	for (size_t i = 0; files[i]; i++)
		if (fchownat(group->fd, files[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

int cgroup_delegate(const struct cgroup_set *set, uid_t uid, gid_t gid, const struct cgroup_group **ret_failed)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct cgroup_group *group = &set->groups[i];
		int r;

		if (group->fd < 0 || !group->made || (!group->is_v2 && (!group->name || group->controllers)))
			continue;
		r = give(group, group->is_v2 ? files_v2 : files_v1, uid, gid);
		if (r < 0) {
			*ret_failed = group;
			return r;
		}
	}
	return 0;
}
