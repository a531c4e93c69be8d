/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat_groups.h"

#include "base/file.h"
#include "engine/bundle_resources.h"
#include "host/cgroup.h"

#include <fcntl.h>

#define MARK "groups"
#define REMOVAL_TIMEOUT_MS 100

static char *path_of(const char *id)
{
	return str_printf(BUNDLE_CGROUP_PARENT "/%s", id);
}

static int load_world(struct cgroup_world *ret, struct error *err)
{
	int r = cgroup_world_load(ret);

	return r < 0 ? error_errno(err, -r, "cannot find the control groups of this host") : 0;
}

int seat_groups_make(int directory_fd, const char *id, struct error *err)
{
	_cleanup_close_ int mark = openat(directory_fd, MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_cgroup_set_ struct cgroup_set groups = CGROUP_SET_INIT;
	_cleanup_free_ char *path = path_of(id);
	int r;

	if (mark < 0)
		return error_errno(err, errno, "cannot make '" MARK "' in the directory of the container '%.12s'", id);
	r = load_world(&world, err);
	return r < 0 ? r : cgroup_set_create(&world, path, id, 0, &groups, err);
}

void seat_groups_hand_over(int directory_fd)
{
	ignore_result(unlinkat(directory_fd, MARK, 0)); /* with it they are looked for once more at the end, in vain */
}

/* As they would be made; a group that is not there is removed. */
static void own(struct cgroup_set *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		groups->groups[i].made = groups->groups[i].path[1] != '\0';
}

int seat_groups_remove(int directory_fd, const char *id, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_cgroup_set_ struct cgroup_set groups = CGROUP_SET_INIT;
	_cleanup_free_ char *path = path_of(id);
	const struct cgroup_group *failed = NULL;
	int r;

	if (faccessat(directory_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = load_world(&world, err);
	if (r < 0)
		return r;
	cgroup_set_draw(&world, path, id, &groups);
	own(&groups);
	r = cgroup_set_remove(&groups, REMOVAL_TIMEOUT_MS, &failed);
	if (r < 0) {
		_cleanup_free_ char *file = failed ? cgroup_file_path(failed, NULL) : str_dup(path);

		return error_errno(err, -r, "cannot remove the control group '%s'", file);
	}
	if (unlinkat(directory_fd, MARK, 0) < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot remove '" MARK "' from the directory of the container '%.12s'", id);
	return 0;
}
