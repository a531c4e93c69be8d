/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat_groups.h"

#include "base/file.h"
#include "base/log.h"
#include "engine/bundle_resources.h"
#include "engine/container_names.h"
#include "engine/container_new.h"
#include "engine/network_members.h"
#include "host/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>

#define REMOVAL_TIMEOUT_MS 100

static char *mark_of(const struct directories *directories, const char *id)
{
	return str_printf("%s/groups/%s", directories->run_root, id);
}

static int make_mark(const struct directories *directories, const char *id, struct error *err)
{
	_cleanup_free_ char *path = mark_of(directories, id), *parent = str_printf("%s/groups", directories->run_root);
	_cleanup_close_ int fd = -EBADF;

	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make the directory '%s'", parent);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(err, errno, "cannot make '%s'", path) : 0;
}

static int load_world(struct cgroup_world *ret, struct error *err)
{
	int r = cgroup_world_load(ret);

	return r < 0 ? error_errno(err, -r, "cannot find the control groups of this host") : 0;
}

int seat_groups_make(const struct directories *directories, const char *id, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_cgroup_set_ struct cgroup_set groups = CGROUP_SET_INIT;
	_cleanup_free_ char *path = str_printf(BUNDLE_CGROUP_PARENT "/%s", id);
	int r = make_mark(directories, id, err);

	if (r == 0)
		r = load_world(&world, err);
	return r < 0 ? r : cgroup_set_create(&world, path, id, 0, &groups, err);
}

void seat_groups_hand_over(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = mark_of(directories, id);

	ignore_result(unlink(path)); /* left, it is swept */
}

/* Of what is not there none is an error. */
static int remove_groups(const char *id, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_cgroup_set_ struct cgroup_set groups = CGROUP_SET_INIT;
	_cleanup_free_ char *path = str_printf(BUNDLE_CGROUP_PARENT "/%s", id);
	const struct cgroup_group *failed = NULL;
	int r = load_world(&world, err);

	if (r < 0)
		return r;
	cgroup_set_draw(&world, path, id, &groups);
	for (size_t i = 0; i < groups.count; i++)
		groups.groups[i].made = true;
	r = cgroup_set_remove(&groups, REMOVAL_TIMEOUT_MS, &failed);
	if (r < 0) {
		_cleanup_free_ char *file = failed ? cgroup_file_path(failed, NULL) : TAKE_PTR(path);

		return error_errno(err, -r, "cannot remove the control group '%s'", file);
	}
	return 0;
}

int seat_groups_remove(const struct directories *directories, const char *id, struct error *err)
{
	_cleanup_free_ char *path = mark_of(directories, id);
	int r;

	if (access(path, F_OK) < 0)
		return 0;
	r = remove_groups(id, err);
	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = error_errno(err, errno, "cannot remove '%s'", path);
	return r;
}

/* ---- what was left --------------------------------------------------------------------- */

static bool has_runtime_record(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = str_printf("%s/runtime/%s", directories->run_root, id);
	struct stat status;

	return lstat(path, &status) == 0;
}

int seat_groups_finish(const struct directories *directories, const char *name, bool dry_run, struct error *err)
{
	_cleanup_free_ char *path = mark_of(directories, name);
	_cleanup_close_ int lock_fd = -EBADF;
	int r;

	if (!container_id_is_valid(name) || !container_new_is_idle(directories, name, &lock_fd) || access(path, F_OK) < 0)
		return 0;
	/* Those are removed with that. */
	if (has_runtime_record(directories, name)) {
		if (!dry_run)
			seat_groups_hand_over(directories, name);
		return 0;
	}
	if (network_member_is_supervised(directories, name))
		return 0;
	r = dry_run ? 0 : seat_groups_remove(directories, name, err);
	return r < 0 ? r : 1;
}

static int sweep_one(void *context, const char *name)
{
	struct error err = ERROR_INIT;

	if (seat_groups_finish(context, name, false, &err) < 0)
		log_warning("%s, left", err.message);
	return 0;
}

void seat_groups_sweep(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/groups", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		ignore_result(file_each_name(fd, sweep_one, (void *)directories)); /* what cannot be listed is left */
}
