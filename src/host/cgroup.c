/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, opening, entering and removing a container's groups, and reading and
 * writing their files. Finding hierarchies: cgroup_world.c. Processes in the
 * groups: cgroup_process.c.
 */
#include "host/cgroup.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/narration.h"
#include "host/cgroup_tree.h"
#include "host/syscalls.h"

#include <sys/stat.h>
#include <time.h>

#define SMALL_FILE_LIMIT 65536

/* ---- paths ------------------------------------------------------------------ */

char *cgroup_path_clean(const char *path)
{
	_cleanup_free_ char *copy = str_dup(path);
	struct buf out = BUF_INIT;
	char *rest = NULL;

	buf_add(&out, "", 0);
	for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			char *slash = strrchr(out.data, '/');

			out.length = slash ? (size_t)(slash - out.data) : 0;
			out.data[out.length] = '\0';
			continue;
		}
		buf_add_char(&out, '/');
		buf_add_text(&out, part);
	}
	if (out.length == 0)
		buf_add_char(&out, '/');
	return buf_take(&out);
}

char *cgroup_path_resolve(const struct cgroup_hierarchy *hierarchy, const char *cgroups_path, const char *id)
{
	const char *given = str_is_empty(cgroups_path) ? id : cgroups_path;
	_cleanup_free_ char *inner = cgroup_path_clean(given);
	_cleanup_free_ char *joined = NULL;

	if (given[0] == '/') {
		joined = str_printf("%s%s", hierarchy->top_path ? hierarchy->top_path : "", inner);
		return cgroup_path_clean(joined);
	}
	joined = str_printf("%s%s%s", hierarchy->own_path, hierarchy->is_v2 ? "/.." : "", inner);
	return cgroup_path_clean(joined);
}

/* PATH for the *at calls, relative to the mount: "." for the top. */
static const char *relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

char *cgroup_file_path(const struct cgroup_group *group, const char *file)
{
	bool is_top = strcmp(group->path, "/") == 0;

	if (!file)
		return str_printf("%s%s", group->mount, is_top ? "" : group->path);
	return str_printf("%s%s/%s", group->mount, is_top ? "" : group->path, file);
}

/* ---- the set ------------------------------------------------------------------ */

static void group_done(struct cgroup_group *group)
{
	free(group->mount);
	free(group->path);
	free(group->name);
	close_and_forget(&group->fd);
	close_and_forget(&group->entry_fd);
}

void cgroup_set_done(struct cgroup_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		group_done(&set->groups[i]);
	free(set->groups);
	*set = CGROUP_SET_INIT;
}

static struct cgroup_group draw_group(const struct cgroup_hierarchy *hierarchy, char *path)
{
	return (struct cgroup_group){
		.mount = str_dup(hierarchy->mount),
		.path = path,
		.name = str_dup(hierarchy->name),
		.is_v2 = hierarchy->is_v2,
		.controllers = hierarchy->controllers,
		.fd = -EBADF,
		.entry_fd = -EBADF,
	};
}

void cgroup_set_draw(const struct cgroup_world *world, const char *cgroups_path, const char *id, struct cgroup_set *ret)
{
	struct cgroup_set set = { .groups = memory_new(world->count + 1, sizeof *set.groups) };

	for (size_t i = 0; i < world->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world->hierarchies[i];

		set.groups[set.count++] = draw_group(hierarchy, cgroup_path_resolve(hierarchy, cgroups_path, id));
	}
	*ret = set;
}

/* ---- making --------------------------------------------------------------------- */

/* Makes the directories of PATH that are missing; tells how many that were. */
static int make_directories(int mount_fd, const char *path, unsigned *ret_made)
{
	_cleanup_free_ char *copy = str_dup(relative(path));
	unsigned made = 0;

	for (char *end = copy; *end;) {
		char saved;

		end += strcspn(end, "/");
		saved = *end;
		*end = '\0';
		if (mkdirat(mount_fd, copy, 0755) == 0)
			made++;
		else if (errno != EEXIST)
			return -errno;
		*end = saved;
		end += saved == '/';
	}
	*ret_made = made;
	return 0;
}

static int make_path(int mount_fd, const char *path, unsigned *ret_made)
{
	int r = -ENOENT;

	if (!path[1])
		return 0;
	if (mkdirat(mount_fd, relative(path), 0755) == 0) {
		*ret_made = 1;
		return 0;
	}
	if (errno != ENOENT)
		return errno == EEXIST ? 0 : -errno;
	/* Another container's removal may take a parent away between two of our steps. */
	for (int attempt = 0; attempt < 5 && r == -ENOENT; attempt++)
		r = make_directories(mount_fd, path, ret_made);
	return r;
}

/* Removes the last LEVELS directories of PATH as far as they are empty. */
static void unmake_path(int mount_fd, const char *path, unsigned levels)
{
	_cleanup_free_ char *copy = str_dup(relative(path));

	for (; levels; levels--) {
		char *slash = strrchr(copy, '/');

		if (unlinkat(mount_fd, copy, AT_REMOVEDIR) < 0 || !slash)
			return;
		*slash = '\0';
	}
}

/*
 * A fresh v1 cpuset is empty and takes no process: gives FILE in the directory
 * PATH (which is changed during the call) the value of the nearest group above
 * that has one.
 */
static int inherit_cpuset(int mount_fd, char *path, const char *file, struct buf *value)
{
	_cleanup_free_ char *name = str_printf("%s/%s", path[0] ? path : ".", file);
	char *slash = strrchr(path, '/');
	int r;

	value->length = 0;
	r = file_read_at(mount_fd, name, SMALL_FILE_LIMIT, value);
	if (r < 0)
		return r;
	str_trim_end(value->data);
	if (value->data[0] || !path[0])
		return 0;
	if (slash)
		*slash = '\0';
	r = inherit_cpuset(mount_fd, slash ? path : path + strlen(path), file, value);
	if (slash)
		*slash = '/';
	return r < 0 ? r : file_put_at(mount_fd, name, value->data);
}

static int fill_cpuset(int mount_fd, const struct cgroup_group *group, unsigned levels_made)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_buf_ struct buf value = BUF_INIT;
		_cleanup_free_ char *copy = str_dup(group->path + 1);
		char *slash = strrchr(copy, '/');
		int r;

		/* Of one level that we made just now the value is known; above it may be somebody else's at work. */
		if (levels_made == 1) {
			if (slash)
				*slash = '\0';
			r = inherit_cpuset(mount_fd, slash ? copy : copy + strlen(copy), files[i], &value);
			if (r == 0)
				r = file_put_at(group->fd, files[i], value.data);
		} else {
			r = inherit_cpuset(mount_fd, copy, files[i], &value);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Whether processes are in the directory DIR itself. Such a group can hand down
 * cpu, cpuset and pids but not memory or io, and if it does, groups below take
 * no process any more ("domain invalid", cgroups(7)). The host's top, which has
 * no cgroup.type, is free of that rule.
 */
static bool is_occupied(int mount_fd, const char *dir)
{
	_cleanup_free_ char *type = str_printf("%s/cgroup.type", dir);
	_cleanup_free_ char *procs = str_printf("%s/cgroup.procs", dir);
	_cleanup_close_ int fd = -EBADF;
	char byte;

	if (faccessat(mount_fd, type, F_OK, 0) < 0)
		return false;
	fd = openat(mount_fd, procs, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

/* Hands CONTROLLERS down from the directory DIR: all at once, and if the kernel objects to one, each alone. */
static void hand_down(int mount_fd, const char *dir, unsigned controllers)
{
	_cleanup_free_ char *file = str_printf("%s/cgroup.subtree_control", dir);
	_cleanup_buf_ struct buf all = BUF_INIT;

	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (controllers & CGROUP_BIT(i))
			buf_printf(&all, "+%s ", cgroup_controller_name(i, true));
	if (!all.length || is_occupied(mount_fd, dir) || file_put_at(mount_fd, file, all.data) == 0)
		return;
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		char one[32];

		if (!(controllers & CGROUP_BIT(i)))
			continue;
		snprintf(one, sizeof one, "+%s", cgroup_controller_name(i, true));
		/* What stays closed shows itself when a limit needs it: its file is missing. */
		ignore_result(file_put_at(mount_fd, file, one));
	}
}

static unsigned read_controllers(int fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned bits = 0;
	char *rest = NULL;

	if (file_read_at(fd, "cgroup.controllers", SMALL_FILE_LIMIT, &text) < 0)
		return 0;
	for (char *word = strtok_r(text.data, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		int controller = cgroup_controller_parse(word, strlen(word));

		if (controller >= 0)
			bits |= CGROUP_BIT(controller);
	}
	return bits;
}

/* v2: opens the controllers of the top to the group, along its path. */
static void enable_controllers(int mount_fd, struct cgroup_group *group)
{
	static const unsigned implicit = CGROUP_BIT(CGROUP_CPUACCT) | CGROUP_BIT(CGROUP_PERF_EVENT) |
					 CGROUP_BIT(CGROUP_FREEZER) | CGROUP_BIT(CGROUP_DEVICES);
	unsigned wanted = group->controllers & ~implicit;
	_cleanup_free_ char *dir = str_dup(group->path + 1);

	if (!wanted || !(wanted & ~read_controllers(group->fd)))
		return;
	hand_down(mount_fd, ".", wanted);
	for (char *slash = strchr(dir, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		hand_down(mount_fd, dir, wanted);
		*slash = '/';
	}
}

/* A group that was there before us may be taken over only if it holds nothing. */
static int check_unused(const struct cgroup_group *group, struct error *err)
{
	struct cgroup_set alone = { .groups = (struct cgroup_group *)group, .count = 1 };
	_cleanup_free_ char *path = cgroup_file_path(group, NULL);
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_set_pids(&alone, &pids, &count);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot read the processes of cgroup '%s'", path);
	if (count) {
		error_set(err, ERROR_CONFLICT, 0, "cgroup '%s' is not empty: %zu process(es) found", path, count);
		return -EBUSY;
	}
	if ((group->controllers & CGROUP_BIT(CGROUP_FREEZER)) && cgroup_set_is_frozen(&alone) > 0) {
		error_set(err, ERROR_CONFLICT, 0, "cgroup '%s' is frozen", path);
		return -EBUSY;
	}
	return 0;
}

/*
 * Whether the kernel will let us move a process from our own group: without
 * privilege it wants write access to cgroup.procs of the nearest group above
 * both (cgroups(7), "Delegation containment").
 */
static bool may_move_into(int mount_fd, const char *own_path, const char *path)
{
	_cleanup_free_ char *file = NULL;
	size_t common = 0;

	for (size_t i = 0; i == 0 || own_path[i - 1]; i++) {
		bool own_ends = !own_path[i] || own_path[i] == '/', ends = !path[i] || path[i] == '/';

		if (own_ends && ends)
			common = i;
		if (own_path[i] != path[i])
			break;
	}
	file = str_printf("./%.*s/cgroup.procs", (int)common, path);
	return faccessat(mount_fd, file, W_OK, AT_EACCESS) == 0;
}

static bool may_be_left_out(int code)
{
	return code == EACCES || code == EPERM || code == EROFS || code == ENOENT;
}

static int open_mount(const struct cgroup_group *group)
{
	int fd = openat(AT_FDCWD, group->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Makes and opens the directory of GROUP; *RET_MOUNT_FD is its mount if that was needed, else untouched. */
static int make_directory(struct cgroup_group *group, const char *path, unsigned *ret_made, int *ret_mount_fd)
{
	int r = 0;

	/* Mostly its parent is there and it is not. */
	if (group->path[1] && mkdir(path, 0755) == 0) {
		*ret_made = 1;
	} else {
		r = *ret_mount_fd = open_mount(group);
		if (r >= 0)
			r = make_path(*ret_mount_fd, group->path, ret_made);
	}
	if (r < 0)
		return r;
	if (*ret_made)
		narrate("mkdir(\"%s\")", path);
	group->levels_made = *ret_made;
	group->fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return group->fd < 0 ? -errno : 0;
}

/* Whether GROUP is there, which then is ours as it is. */
static bool open_prepared(struct cgroup_group *group, const char *path)
{
	int fd = group->path[1] ? openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	group->fd = fd;
	group->made = true;
	return true;
}

/* Returns 1 when the hierarchy is left out. *GROUP is whole or as it was drawn. */
static int make_group(const struct cgroup_hierarchy *hierarchy, struct cgroup_group *group, unsigned flags, const char *path, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF;
	bool fills_cpuset = !group->is_v2 && (group->controllers & CGROUP_BIT(CGROUP_CPUSET));
	unsigned made = 0;
	int r = make_directory(group, path, &made, &mount_fd);

	/* Only the rest of these needs it. */
	if (mount_fd < 0 && (r < 0 || group->is_v2 || fills_cpuset)) {
		mount_fd = open_mount(group);
		if (mount_fd < 0 && made)
			ignore_result(rmdir(path)); /* made above, and empty; the failure is told below */
		if (mount_fd < 0 && r == 0)
			r = mount_fd;
	}
	if (r == 0 && (flags & CGROUP_TOLERATE) && group->is_v2 && !may_move_into(mount_fd, hierarchy->own_path, group->path))
		r = -EACCES;
	if (r < 0 && (flags & CGROUP_TOLERATE) && may_be_left_out(-r)) {
		unmake_path(mount_fd, group->path, made);
		return 1;
	}
	if (r < 0) {
		unmake_path(mount_fd, group->path, made);
		return error_errno(err, -r, "cannot make cgroup '%s'", path);
	}

	if (made == 0)
		r = check_unused(group, err);
	if (r == 0 && fills_cpuset) {
		r = fill_cpuset(mount_fd, group, made);
		if (r < 0)
			error_errno(err, -r, "cannot give processors and memory nodes to cgroup '%s'", path);
	}
	if (r == 0 && group->is_v2)
		enable_controllers(mount_fd, group);
	if (r < 0)
		unmake_path(mount_fd, group->path, made);
	else
		group->made = group->path[1] != '\0';
	return r;
}

int cgroup_set_create(const struct cgroup_world *world, const char *cgroups_path, const char *id, unsigned flags, struct cgroup_set *ret, struct error *err)
{
	struct cgroup_set set = { .groups = memory_new(world->count + 1, sizeof *set.groups) };

	for (size_t i = 0; i < world->count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world->hierarchies[i];
		struct cgroup_group group = draw_group(hierarchy, cgroup_path_resolve(hierarchy, cgroups_path, id));
		_cleanup_free_ char *path = cgroup_file_path(&group, NULL);
		int r = (flags & CGROUP_PREPARED) && open_prepared(&group, path) ? 0 : make_group(hierarchy, &group, flags, path, err);

		if (r == 0) {
			set.groups[set.count++] = group;
			continue;
		}
		group_done(&group);
		if (r < 0) {
			cgroup_set_undo(&set);
			cgroup_set_done(&set);
			return r;
		}
	}
	*ret = set;
	return 0;
}

int cgroup_set_open_in(const struct cgroup_world *world, const struct cgroup_place *places, size_t count, struct cgroup_set *ret, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = { .groups = memory_new(count + 1, sizeof *set.groups) };

	for (size_t i = 0; i < count; i++) {
		const struct cgroup_hierarchy *hierarchy = NULL;
		_cleanup_close_ int mount_fd = -EBADF;
		struct cgroup_group *group;

		for (size_t j = 0; j < world->count && !hierarchy; j++)
			if (strcmp(world->hierarchies[j].mount, places[i].mount) == 0)
				hierarchy = &world->hierarchies[j];
		if (!hierarchy)
			continue;
		group = &set.groups[set.count++];
		*group = draw_group(hierarchy, cgroup_path_clean(places[i].path));
		group->made = places[i].made && group->path[1];
		mount_fd = openat(AT_FDCWD, group->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (mount_fd >= 0)
			group->fd = openat(mount_fd, relative(group->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (group->fd < 0 && errno != ENOENT)
			return error_errno(err, errno, "cannot open cgroup '%s%s'", group->mount, group->path);
		if (group->fd < 0)
			group->fd = -EBADF;
	}
	*ret = set;
	set = CGROUP_SET_INIT;
	return 0;
}

int cgroup_set_open(const struct cgroup_place *places, size_t count, struct cgroup_set *ret, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	int r = cgroup_world_load(&world);

	if (r < 0)
		return error_errno(err, -r, "cannot find the control groups of this host");
	return cgroup_set_open_in(&world, places, count, ret, err);
}

/* ---- removing -------------------------------------------------------------------- */

static int remove_child(int parent_fd, const char *name, void *context)
{
	(void)context;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* One attempt; -EBUSY while something lives in it. */
static int remove_group(const struct cgroup_group *group)
{
	static const struct cgroup_tree_visitor remover = { .leave = remove_child };
	_cleanup_free_ char *path = cgroup_file_path(group, NULL);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	/* Groups inside, or processes that have not quite gone: the kernel says EBUSY for both. */
	fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = cgroup_tree_walk(fd, &remover);
	if (r == 0 && rmdir(path) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

static int remove_group_waiting(const struct cgroup_group *group, unsigned *timeout_us)
{
	unsigned pause_us = 200;

	for (;;) {
		int r = remove_group(group);

		if (r != -EBUSY || *timeout_us == 0)
			return r;
		pause_us = pause_us < *timeout_us ? pause_us : *timeout_us;
		*timeout_us -= pause_us;
		nanosleep(&(struct timespec){ .tv_nsec = (long)pause_us * 1000 }, NULL);
		pause_us = pause_us < 20000 ? pause_us * 2 : pause_us;
	}
}

int cgroup_set_remove(struct cgroup_set *set, unsigned timeout_ms, const struct cgroup_group **ret_failed)
{
	unsigned timeout_us = timeout_ms * 1000;
	int result = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_group *group = &set->groups[i];
		int r = group->made ? remove_group_waiting(group, &timeout_us) : 0;

		if (r < 0 && result == 0) {
			result = r;
			if (ret_failed)
				*ret_failed = group;
		}
	}
	return result;
}

void cgroup_set_undo(struct cgroup_set *set)
{
	for (size_t i = set->count; i-- > 0;) {
		struct cgroup_group *group = &set->groups[i];
		_cleanup_close_ int mount_fd = -EBADF;
		unsigned timeout_us = 200000;

		if (!group->made)
			continue;
		if (remove_group_waiting(group, &timeout_us) < 0 || group->levels_made < 2)
			continue;
		mount_fd = openat(AT_FDCWD, group->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (mount_fd >= 0) {
			_cleanup_free_ char *parent = str_dup(group->path);

			*strrchr(parent, '/') = '\0';
			unmake_path(mount_fd, parent, group->levels_made - 1);
		}
	}
}

/* ---- entering ------------------------------------------------------------------------ */

int cgroup_set_prepare_entry(struct cgroup_set *set, unsigned flags, const struct cgroup_group **ret_failed)
{
	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_group *group = &set->groups[i];
		int fd;

		if (group->fd < 0 || (group->is_v2 && (flags & CGROUP_ENTRY_WITHOUT_V2)))
			continue;
		/* v2 moves a whole process or, in threaded groups, nothing: there is no `tasks`. */
		fd = openat(group->fd, group->is_v2 ? "cgroup.procs" : "tasks", O_WRONLY | O_CLOEXEC);
		if (fd < 0) {
			int saved = errno;

			if (ret_failed)
				*ret_failed = group;
			cgroup_set_close_entry(set);
			return -saved;
		}
		close_and_forget(&group->entry_fd);
		group->entry_fd = fd;
	}
	return 0;
}

int cgroup_set_enter(const struct cgroup_set *set, size_t *ret_failed)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->groups[i].entry_fd < 0)
			continue;
		while (write(set->groups[i].entry_fd, "0", 1) != 1) {
			if (errno == EINTR)
				continue;
			*ret_failed = i;
			return errno ? -errno : -EIO;
		}
		narrate("write(\"%s%s/%s\"): 0, this process", set->groups[i].mount, set->groups[i].path,
			set->groups[i].is_v2 ? "cgroup.procs" : "tasks");
	}
	return 0;
}

void cgroup_set_close_entry(struct cgroup_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		close_and_forget(&set->groups[i].entry_fd);
}

int cgroup_set_v2_fd(const struct cgroup_set *set)
{
	const struct cgroup_group *group = cgroup_set_v2(set);

	return group && group->fd >= 0 ? group->fd : -1;
}

/* ---- going down ------------------------------------------------------------------------ */

/* -ENOENT: no such group below; the group changes only on success. */
static int descend_group(struct cgroup_group *group, const char *path)
{
	struct sys_open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = sys_openat2(group->fd, path, &how);
	char *joined;

	if (fd < 0)
		return -errno;
	joined = str_printf("%s/%s", group->path[1] ? group->path : "", path);
	close_and_forget(&group->fd);
	group->fd = fd;
	free(group->path);
	group->path = cgroup_path_clean(joined);
	free(joined);
	return 0;
}

static bool has_dots(const char *path)
{
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");

		if (length == 2 && at[0] == '.' && at[1] == '.')
			return true;
		at += length;
		at += *at == '/';
	}
	return false;
}

/* The group that LENGTH bytes of NAME mean: a controller, or the name of a v1 hierarchy. */
static struct cgroup_group *find_named(struct cgroup_set *set, const char *name, size_t length)
{
	int controller = cgroup_controller_parse(name, length);

	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_group *group = &set->groups[i];

		if (group->fd < 0)
			continue;
		if (controller >= 0 && (group->controllers & CGROUP_BIT(controller)))
			return group;
		if (controller < 0 && group->name && strlen(group->name) == length && memcmp(group->name, name, length) == 0)
			return group;
	}
	return NULL;
}

static int descend_everywhere(struct cgroup_set *set, const char *path, struct error *err)
{
	size_t found = 0;

	for (size_t i = 0; i < set->count; i++) {
		int r = set->groups[i].fd < 0 ? -ENOENT : descend_group(&set->groups[i], path);

		if (r < 0 && r != -ENOENT)
			return error_errno(err, -r, "cannot open cgroup '%s' below the container's", path);
		found += r == 0;
	}
	if (!found)
		return error_errno(err, ENOENT, "cannot open cgroup '%s' below the container's", path);
	return 0;
}

int cgroup_set_descend(struct cgroup_set *set, const char *argument, struct error *err)
{
	const char *colon = strchr(argument, ':');
	const char *path = colon ? colon + 1 : argument;

	path += strspn(path, "/");
	if (has_dots(path))
		return error_set(err, ERROR_INVALID, 0, "cgroup '%s' leads out of the container's", argument);
	path = *path ? path : ".";
	if (!colon)
		return descend_everywhere(set, path, err);

	for (const char *name = argument; name < colon;) {
		size_t length = strcspn(name, ",:");
		struct cgroup_group *group = find_named(set, name, length);
		int r = group ? descend_group(group, path) : 0;

		if (!group)
			return error_set(err, ERROR_NOT_FOUND, 0, "cgroup '%s': the container has no group of controller '%.*s'", argument, (int)length, name);
		if (r < 0)
			return error_errno(err, -r, "cannot open cgroup '%s' below '%s%s'", path, group->mount, group->path);
		name += length + 1;
	}
	return 0;
}

int cgroup_set_follow(struct cgroup_set *set, pid_t pid)
{
	_cleanup_free_ char *file = str_printf("/proc/%d/cgroup", (int)pid);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct cgroup_group *group = (struct cgroup_group *)cgroup_set_v2(set);
	size_t length;
	char *path;
	int r;

	if (!group || group->fd < 0)
		return -ENOENT;
	r = file_read_at(AT_FDCWD, file, SMALL_FILE_LIMIT, &text);
	if (r < 0)
		return r;
	path = str_starts_with(text.data, "0::/") ? text.data : strstr(text.data, "\n0::/");
	if (!path)
		return -ENOENT;
	path = strchr(path, '/');
	path[strcspn(path, "\n")] = '\0';
	length = group->path[1] ? strlen(group->path) : 0;
	if (strncmp(path, group->path, length) != 0 || (path[length] && path[length] != '/'))
		return -ENOENT;
	path += length;
	path += strspn(path, "/");
	return *path ? descend_group(group, path) : 0;
}

/* ---- files --------------------------------------------------------------------------------- */

const struct cgroup_group *cgroup_set_find(const struct cgroup_set *set, enum cgroup_controller controller)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->groups[i].controllers & CGROUP_BIT(controller))
			return &set->groups[i];
	return NULL;
}

const struct cgroup_group *cgroup_set_v2(const struct cgroup_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->groups[i].is_v2)
			return &set->groups[i];
	return NULL;
}

int cgroup_write(const struct cgroup_group *group, const char *file, const char *value)
{
	int r = group->fd < 0 ? -ENOENT : file_put_at(group->fd, file, value);

	if (r == 0)
		narrate("write(\"%s%s/%s\"): %s", group->mount, group->path, file, value);
	return r;
}

int cgroup_read(const struct cgroup_group *group, const char *file, size_t limit, char **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = group->fd < 0 ? -ENOENT : file_read_at(group->fd, file, limit, &text);

	if (r < 0)
		return r;
	*ret = str_trim_end(buf_take(&text));
	return 0;
}

int cgroup_read_u64(const struct cgroup_group *group, const char *file, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	int r = cgroup_read(group, file, SMALL_FILE_LIMIT, &text);

	if (r < 0)
		return r;
	if (strcmp(text, "max") == 0 || strcmp(text, "-1") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	return str_to_u64(text, 10, ret);
}
