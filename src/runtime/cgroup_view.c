/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup_view.h"

#include "host/cgroup.h"
#include "host/mount.h"
#include "host/syscalls.h"
#include "runtime/mount_steps.h"

#include <sys/mount.h>
#include <sys/stat.h>

/* One hierarchy as the container shall see it. */
struct view {
	const char *mount, *path, *name; /* of the host; see struct cgroup_group */
	bool is_v2;
	unsigned controllers;
};

struct views {
	struct view *views;
	size_t count;
};

static void views_of_groups(struct arena *arena, const struct cgroup_set *groups, struct views *ret)
{
	ret->views = arena_alloc(arena, groups->count, sizeof *ret->views);
	for (size_t i = 0; i < groups->count; i++) {
		const struct cgroup_group *group = &groups->groups[i];

		ret->views[ret->count++] = (struct view){ group->mount, group->path, group->name, group->is_v2, group->controllers };
	}
}

/* A container without groups of its own is in those of its creator. */
static int views_of_world(struct arena *arena, struct views *ret)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	int r = cgroup_world_load(&world);

	if (r < 0)
		return r;
	ret->views = arena_alloc(arena, world.count ? world.count : 1, sizeof *ret->views);
	for (size_t i = 0; i < world.count; i++) {
		const struct cgroup_hierarchy *h = &world.hierarchies[i];

		ret->views[ret->count++] = (struct view){ arena_strdup(arena, h->mount), arena_strdup(arena, h->own_path),
			h->name ? arena_strdup(arena, h->name) : NULL, h->is_v2, h->controllers };
	}
	return 0;
}

/* ---- one hierarchy -------------------------------------------------------------- */

/* "cpu,cpuacct" or "name=systemd": the options that find a v1 hierarchy again. */
static char *hierarchy_options(struct arena *arena, const struct view *view)
{
	char *options = view->name ? arena_printf(arena, "name=%s", view->name) : arena_strdup(arena, "");

	for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++)
		if (view->controllers & CGROUP_BIT(c))
			options = arena_printf(arena, "%s%s%s", options, *options ? "," : "", cgroup_controller_name((enum cgroup_controller)c, false));
	return options;
}

static int mount_new(const struct rootfs *rootfs, const struct mount_step *step, const struct view *view, int *ret_fd, struct error *err)
{
	struct mount_request request = {
		.type = view->is_v2 ? "cgroup2" : "cgroup",
		.source = "cgroup",
		.flags = step->mount->set_flags,
		.data = view->is_v2 ? NULL : hierarchy_options(rootfs->arena, view),
	};

	return mount_new_filesystem(&request, ret_fd, err);
}

static int bind_group(const struct rootfs *rootfs, const struct mount_step *step, const struct view *view, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const char *path = arena_printf(rootfs->arena, "%s%s", view->mount, view->path);
	int r = mount_clone_tree(AT_FDCWD, path, false, &fd);

	/* Private: nothing is ever mounted on a group. */
	if (r == 0)
		r = mount_set_attributes(fd, &(struct mount_attributes){
			.set = mount_attributes_of_flags(step->mount->set_flags), .propagation = MS_PRIVATE });
	if (r < 0)
		return error_errno(err, -r, "cannot bind '%s'", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_view(const struct rootfs *rootfs, const struct mount_step *step, const struct view *view, int *ret_fd, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r;

	/* A namespace that belongs to another user namespace may refuse a new mount; its groups can still be bound. */
	if ((rootfs->flags & ROOTFS_NEW_CGROUP_NAMESPACE) && mount_new(rootfs, step, view, ret_fd, &ignored) == 0)
		r = 0;
	else
		r = bind_group(rootfs, step, view, ret_fd, err);
	if (r == 0 && step->mount->recursive_set)
		r = mount_set_attributes(*ret_fd, &(struct mount_attributes){ .set = step->mount->recursive_set });
	return r;
}

/* On NAME in the directory TARGET_FD, or on that itself for "". */
static int attach_view(const struct rootfs *rootfs, const struct mount_step *step, const struct view *view, int target_fd, const char *name, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_view(rootfs, step, view, &fd, err);

	if (r == 0) {
		r = mount_attach_at(fd, target_fd, name);
		if (r < 0)
			error_errno(err, -r, "cannot attach '%s'", view->mount);
	}
	return r;
}

/* ---- several hierarchies ------------------------------------------------------------ */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "cpu" and "cpuacct" lead to "cpu,cpuacct", as programs expect. */
static int make_links(const struct rootfs *rootfs, const char *name, int tmpfs_fd)
{
	const char *p = name;

	if (!strchr(name, ','))
		return 0;
	while (*p) {
		size_t length = strcspn(p, ",");

		if (length && symlinkat(name, tmpfs_fd, arena_strndup(rootfs->arena, p, length)) < 0 && errno != EEXIST)
			return -errno;
		p += length + (p[length] == ',');
	}
	return 0;
}

static int add_directory(const struct rootfs *rootfs, const struct mount_step *step, const struct view *view, int tmpfs_fd, struct error *err)
{
	const char *name = base_name(view->mount);
	int r;

	if (mkdirat(tmpfs_fd, name, 0755) < 0)
		/* Two hierarchies of one name in different places: the first is what programs look for. */
		return errno == EEXIST ? 0 : error_errno(err, errno, "cannot make '%s'", name);
	/* By name: move_mount(2) follows no link there unless asked to, and the directory is ours alone. */
	r = attach_view(rootfs, step, view, tmpfs_fd, name, err);
	if (r < 0)
		return r;
	r = make_links(rootfs, name, tmpfs_fd);
	return r < 0 ? error_errno(err, -r, "cannot make links to '%s'", name) : 0;
}

static int attach_directories(const struct rootfs *rootfs, const struct mount_step *step, const struct views *views, int destination_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct mount_request request = {
		.type = "tmpfs",
		.source = "cgroup",
		.flags = (step->mount->set_flags & ~(unsigned long)MS_RDONLY) | MS_NOSUID | MS_NOEXEC | MS_NODEV,
		.data = "mode=755",
	};
	int r = mount_new_filesystem(&request, &fd, err);

	if (r < 0)
		return r;
	/* Before its directories are mounted on: a detached mount takes none. */
	r = mount_attach(fd, destination_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot attach a tmpfs");
	for (size_t i = 0; i < views->count; i++) {
		r = add_directory(rootfs, step, &views->views[i], fd, err);
		if (r < 0)
			return r;
	}
	if (!(step->mount->set_flags & MS_RDONLY))
		return 0;
	r = mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_RDONLY });
	return r < 0 ? error_errno(err, -r, "cannot make it read-only") : 0;
}

int cgroup_view_run(struct rootfs *rootfs, struct mount_step *step, struct error *err)
{
	_cleanup_close_ int destination_fd = -EBADF;
	struct views views = { 0 };
	int r = mount_step_open_destination(rootfs, step, DESTINATION_DIRECTORY, &destination_fd, NULL, err);

	if (r < 0)
		return r;
	if (rootfs->groups && rootfs->groups->count) {
		views_of_groups(rootfs->arena, rootfs->groups, &views);
	} else {
		r = views_of_world(rootfs->arena, &views);
		if (r < 0)
			return error_errno(err, -r, "%s: cannot find the control groups for '%s'", step->field, step->path);
	}
	if (views.count == 0)
		return error_set(err, ERROR_UNSUPPORTED, 0, "%s: cannot mount 'cgroup' on '%s': this host has no control groups", step->field, step->path);
	if (views.count == 1 && views.views[0].is_v2)
		r = attach_view(rootfs, step, &views.views[0], destination_fd, "", err);
	else
		r = attach_directories(rootfs, step, &views, destination_fd, err);
	return r < 0 ? error_wrap(err, "%s: cannot mount 'cgroup' on '%s'", step->field, step->path) : 0;
}

/* ---- for a script ------------------------------------------------------------------------ */

static void add_hierarchy(struct arena *arena, const struct view *view, bool readonly, const char *name, struct buf *out)
{
	const char *options = view->is_v2 ? "" : hierarchy_options(arena, view);

	buf_printf(out, "mount -t %s -o nosuid,noexec,nodev%s%s%s cgroup \"$target%s%s\"\n", view->is_v2 ? "cgroup2" : "cgroup", readonly ? ",ro" : "",
		   *options ? "," : "", options, *name ? "/" : "", name);
}

void cgroup_view_script(const struct cgroup_set *groups, bool readonly, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct views views = { 0 };

	views_of_groups(arena, groups, &views);
	if (views.count == 1 && views.views[0].is_v2) {
		add_hierarchy(arena, &views.views[0], readonly, "", out);
		return;
	}
	buf_add_text(out, "mount -t tmpfs -o nosuid,noexec,nodev,mode=755 cgroup \"$target\"\n");
	for (size_t i = 0; i < views.count; i++) {
		const char *name = base_name(views.views[i].mount);

		buf_printf(out, "mkdir \"$target/%s\"\n", name);
		add_hierarchy(arena, &views.views[i], readonly, name, out);
		for (const char *p = strchr(name, ',') ? name : ""; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
			buf_printf(out, "ln -s %s \"$target/%.*s\"\n", name, (int)strcspn(p, ","), p);
	}
	if (readonly)
		buf_add_text(out, "mount -o remount,bind,ro,nosuid,noexec,nodev \"$target\"\n");
}
