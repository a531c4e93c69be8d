/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/group.h"

#include "base/file.h"
#include "host/cgroup_tree.h"
#include "host/user_namespace.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>

#define FILE_LIMIT (1u << 20)
#define END_TIMEOUT_MS 5000 /* for killed processes to be gone */
#define LIST_LIMIT 65536u

/* ---- names ------------------------------------------------------------------------ */

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

int group_name_check(const char *name, struct error *err)
{
	size_t depth = 1;
	bool is_valid = *name && strlen(name) <= GROUP_NAME_LIMIT;

	for (const char *at = name; *at && is_valid; at++) {
		bool begins = at == name || at[-1] == '/';

		depth += *at == '/';
		is_valid = *at == '/' ? !begins && at[1] : is_name_character(*at) && !(begins && *at == '.');
	}
	if (!is_valid)
		return error_set(err, ERROR_INVALID, 0, "'%.64s' is no name of a control group: expected letters, digits and \"_.-\", with \"/\" for groups in groups",
			name);
	if (depth > GROUP_DEPTH_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "'%.64s' is too deep: %d groups within each other are the most", name, GROUP_DEPTH_LIMIT);
	return 0;
}

/* ---- finding ---------------------------------------------------------------------- */

static int load_world(struct cgroup_world *ret, struct error *err)
{
	int r = cgroup_world_load(ret);

	if (r < 0)
		return error_errno(err, -r, "cannot find the control groups of this host");
	if (ret->count == 0) {
		error_set(err, ERROR_UNSUPPORTED, 0, "no control group hierarchy is mounted on this host");
		error_hint(err, "`bivy doctor cgroups` tells how to mount them");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Who is not root of the host has what was delegated. */
static bool is_delegated(void)
{
	return geteuid() != 0 || !user_namespace_is_first();
}

static char *path_of(const char *name)
{
	return str_printf(GROUP_TOP "/%s", name);
}

/* Its places in all hierarchies; those where it is not there have no descriptor. */
static int open_everywhere(const struct cgroup_world *world, const char *path, struct cgroup_set *ret, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set drawn = CGROUP_SET_INIT;
	_cleanup_free_ struct cgroup_place *places = memory_new(world->count + 1, sizeof *places);

	cgroup_set_draw(world, path, path, &drawn);
	for (size_t i = 0; i < drawn.count; i++)
		places[i] = (struct cgroup_place){ .mount = drawn.groups[i].mount, .path = drawn.groups[i].path, .made = true };
	return cgroup_set_open_in(world, places, drawn.count, ret, err);
}

/* Leaves those that are there. */
static void drop_missing(struct cgroup_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct cgroup_set one = { .groups = memory_new(1, sizeof *one.groups), .count = 1 };

		if (set->groups[i].fd >= 0) {
			free(one.groups);
			set->groups[kept++] = set->groups[i];
			continue;
		}
		one.groups[0] = set->groups[i];
		cgroup_set_done(&one);
	}
	set->count = kept;
}

/* Cgroup2 shows those controllers in a group's files that are handed down to it: of others it has no files. */
static int open_in(const struct cgroup_world *world, const char *name, struct cgroup_set *ret, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ char *path = path_of(name);
	int r = open_everywhere(world, path, &set, err);

	if (r < 0)
		return r;
	drop_missing(&set);
	if (set.count == 0)
		return error_set(err, ERROR_NOT_FOUND, 0, "no control group '%s'", name);
	*ret = set;
	set = CGROUP_SET_INIT;
	return 0;
}

int group_open(const char *name, struct cgroup_set *ret, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	int r = group_name_check(name, err);

	if (r == 0)
		r = load_world(&world, err);
	return r < 0 ? r : open_in(&world, name, ret, err);
}

/* ---- making -------------------------------------------------------------------------- */

static int apply_limits(const struct group_limits *limits, const struct cgroup_set *set, struct error *err)
{
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	int r = group_limits_plan(limits, set, &plan, err);

	return r < 0 ? r : resources_apply(&plan, set, err);
}

/* In all hierarchies that we may write it is there already. */
static int check_missing(const struct cgroup_world *world, const char *name, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ char *path = path_of(name);
	size_t there = 0;
	int r = open_everywhere(world, path, &set, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < set.count; i++)
		there += set.groups[i].fd >= 0;
	if (there == 0 || (there < set.count && !is_delegated()))
		return 0;
	error_set(err, ERROR_CONFLICT, 0, "control group '%s' is there already", name);
	error_hint(err, "`bivy cgroup set` changes its limits, `bivy cgroup rm` takes it away");
	return -EEXIST;
}

int group_create(const char *name, const struct group_limits *limits, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ char *path = path_of(name);
	int r = group_name_check(name, err);

	if (r == 0)
		r = load_world(&world, err);
	if (r == 0)
		r = check_missing(&world, name, err);
	if (r == 0)
		r = cgroup_set_create(&world, path, path, is_delegated() ? CGROUP_TOLERATE : 0, &set, err);
	if (r < 0)
		return r;
	if (set.count == 0) {
		error_set(err, ERROR_DENIED, 0, "cannot make control group '%s': no hierarchy was delegated to this user", name);
		error_hint(err, "`bivy doctor cgroups` tells what is missing; `systemd-run --user --scope -p Delegate=yes bash` is a shell that has one");
		return -EACCES;
	}
	r = apply_limits(limits, &set, err);
	if (r < 0)
		cgroup_set_undo(&set);
	return r;
}

int group_set(const char *name, const struct group_limits *limits, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	int r = group_open(name, &set, err);

	return r < 0 ? r : apply_limits(limits, &set, err);
}

/* ---- processes ------------------------------------------------------------------------- */

static int fail_entry(const struct cgroup_group *group, int code, struct error *err)
{
	_cleanup_free_ char *path = cgroup_file_path(group, group->is_v2 ? "cgroup.procs" : "tasks");
	int r = error_errno(err, code, "cannot enter the control group: cannot write to '%s'", path);

	if (code == EBUSY && group->is_v2)
		error_hint(err, "it hands controllers down to groups below it: in cgroup2 only those can have processes");
	else if ((code == EACCES || code == EPERM) && is_delegated())
		error_hint(err, "the kernel moves processes only within what was delegated to this user: begin in there, with `systemd-run --user --scope`");
	else if (code == ENOSPC)
		error_hint(err, "cpuset.cpus or cpuset.mems of the group is empty");
	return r;
}

static int execute(char *const *args, struct error *err)
{
	int r;

	execvp(args[0], args);
	r = error_errno(err, errno, "cannot execute '%s'", args[0]);
	if (err)
		err->exit_status = r == -ENOENT ? 127 : 126;
	return r;
}

int group_execute(const char *name, char *const *args, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	const struct cgroup_group *failed = NULL;
	size_t index = 0;
	int r = group_open(name, &set, err);

	if (r < 0)
		return r;
	r = cgroup_set_prepare_entry(&set, 0, &failed);
	if (r < 0)
		return fail_entry(failed, -r, err);
	r = cgroup_set_enter(&set, &index);
	if (r < 0)
		return fail_entry(&set.groups[index], -r, err);
	return execute(args, err);
}

/* ---- removing -------------------------------------------------------------------------- */

static int note_child(int parent_fd, const char *name, void *context)
{
	(void)parent_fd;
	(void)name;
	*(bool *)context = true;
	return 1; /* one is enough */
}

static bool has_children(const struct cgroup_set *set)
{
	bool found = false;
	const struct cgroup_tree_visitor visitor = { .leave = note_child, .context = &found };

	for (size_t i = 0; i < set->count && !found; i++)
		ignore_result(cgroup_tree_walk(set->groups[i].fd, &visitor)); /* what cannot be read the removal will tell of */
	return found;
}

static int check_unused(const char *name, const struct cgroup_set *set, struct error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_set_pids(set, &pids, &count);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot read the processes of control group '%s'", name);
	if (count) {
		error_set(err, ERROR_BUSY, 0, "cannot remove control group '%s': %zu process%s in it", name, count, count == 1 ? " runs" : "es run");
		error_hint(err, "--force kills what runs in it");
		return -EBUSY;
	}
	if (has_children(set)) {
		error_set(err, ERROR_BUSY, 0, "cannot remove control group '%s': groups are below it", name);
		error_hint(err, "--force takes them away, too");
		return -EBUSY;
	}
	return 0;
}

/* The group of ours above all, and parents that create made, if nothing is left in them. */
static void remove_top(const struct cgroup_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *found = strstr(set->groups[i].path, GROUP_TOP "/");
		_cleanup_free_ char *path = found ? str_printf("%s%.*s" GROUP_TOP, set->groups[i].mount, (int)(found - set->groups[i].path), set->groups[i].path) : NULL;

		if (path)
			ignore_result(rmdir(path)); /* others may be there */
	}
}

int group_remove(const char *name, bool is_forced, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	const struct cgroup_group *failed = NULL;
	int r = group_open(name, &set, err);

	if (r == 0 && !is_forced)
		r = check_unused(name, &set, err);
	if (r < 0)
		return r;
	if (is_forced) {
		r = cgroup_set_signal_all(&set, SIGKILL);
		if (r < 0 && r != -ENOENT)
			return error_errno(err, -r, "cannot kill the processes of control group '%s'", name);
	}
	r = cgroup_set_remove(&set, END_TIMEOUT_MS, &failed);
	if (r < 0) {
		_cleanup_free_ char *path = cgroup_file_path(failed, NULL);

		return error_errno(err, -r, "cannot remove '%s'", path);
	}
	remove_top(&set);
	return 0;
}

/* ---- listing ----------------------------------------------------------------------------- */

struct lister {
	struct arena *arena;
	struct group_entry *entries;
	size_t count, capacity;
	bool is_v2;
};

static struct group_entry *find_entry(struct lister *lister, const char *name)
{
	for (size_t i = 0; i < lister->count; i++)
		if (str_equal(lister->entries[i].name, name))
			return &lister->entries[i];
	if (lister->count == LIST_LIMIT)
		return NULL;
	if (lister->count == lister->capacity) {
		lister->capacity = lister->capacity ? 2 * lister->capacity : 16;
		lister->entries = memory_resize(lister->entries, lister->capacity, sizeof *lister->entries);
	}
	lister->entries[lister->count] = (struct group_entry){ .name = arena_strdup(lister->arena, name) };
	return &lister->entries[lister->count++];
}

static void list_below(struct lister *lister, int parent_fd, const char *directory, const char *prefix, unsigned depth)
{
	int fd = openat(parent_fd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *found;

	if (!stream && fd >= 0)
		close(fd);
	while (stream && (found = readdir(stream))) {
		_cleanup_free_ char *name = str_printf("%s%s%s", prefix, *prefix ? "/" : "", found->d_name);
		struct group_entry *entry;

		if (found->d_type != DT_DIR || found->d_name[0] == '.' || group_name_check(name, NULL) < 0)
			continue;
		entry = find_entry(lister, name);
		if (entry)
			*(lister->is_v2 ? &entry->v2 : &entry->v1) += 1;
		if (depth < GROUP_DEPTH_LIMIT)
			list_below(lister, dirfd(stream), found->d_name, name, depth + 1);
	}
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct group_entry *)a)->name, ((const struct group_entry *)b)->name);
}

static size_t count_processes(const struct cgroup_world *world, const char *name)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;

	/* It may be gone by now. */
	return open_in(world, name, &set, NULL) == 0 && cgroup_set_pids(&set, &pids, &count) == 0 ? count : 0;
}

int group_list(struct arena *arena, struct group_entry **ret, size_t *ret_count, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	struct lister lister = { .arena = arena };
	int r = load_world(&world, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < world.count; i++) {
		const struct cgroup_hierarchy *hierarchy = &world.hierarchies[i];
		_cleanup_free_ char *path = cgroup_path_resolve(hierarchy, GROUP_TOP, "");
		_cleanup_free_ char *top = str_printf("%s%s", hierarchy->mount, path);

		lister.is_v2 = hierarchy->is_v2;
		list_below(&lister, AT_FDCWD, top, "", 1);
	}
	if (lister.count)
		qsort(lister.entries, lister.count, sizeof *lister.entries, compare_entries);
	*ret = arena_alloc(arena, lister.count + 1, sizeof **ret);
	for (size_t i = 0; i < lister.count; i++) {
		(*ret)[i] = lister.entries[i];
		(*ret)[i].processes = count_processes(&world, lister.entries[i].name);
	}
	*ret_count = lister.count;
	free(lister.entries);
	return 0;
}

/* ---- files ------------------------------------------------------------------------------- */

/* The group that FILE is read in: the one that has the controller of that name; of files that all have, cgroup2's. */
static const struct cgroup_group *find_file(const struct cgroup_set *set, const char *file)
{
	int controller = cgroup_controller_parse(file, strcspn(file, "."));
	const struct cgroup_group *found[] = { controller >= 0 ? cgroup_set_find(set, (enum cgroup_controller)controller) : NULL, cgroup_set_v2(set) };

	for (size_t i = 0; i < ARRAY_SIZE(found); i++)
		if (found[i] && faccessat(found[i]->fd, file, F_OK, 0) == 0)
			return found[i];
	for (size_t i = 0; i < set->count; i++)
		if (faccessat(set->groups[i].fd, file, F_OK, 0) == 0)
			return &set->groups[i];
	return NULL;
}

int group_read_file(struct arena *arena, const char *name, const char *file, const char **ret, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ char *text = NULL, *path = NULL;
	const struct cgroup_group *group;
	int r = group_open(name, &set, err);

	if (r < 0)
		return r;
	if (!*file || strchr(file, '/') || file[0] == '.')
		return error_set(err, ERROR_INVALID, 0, "'%.64s' is no name of a control group's file", file);
	group = find_file(&set, file);
	if (!group)
		return error_set(err, ERROR_NOT_FOUND, 0, "control group '%s' has no file '%s' in any hierarchy", name, file);
	path = cgroup_file_path(group, file);
	r = cgroup_read(group, file, FILE_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	*ret = arena_strdup(arena, text);
	return 0;
}
