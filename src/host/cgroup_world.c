/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hierarchies of this host, see proc_pid_mountinfo(5) and cgroups(7). A
 * hierarchy that is mounted more than once counts once: by the first mount that
 * shows its top, else by the first.
 */
#include "host/cgroup_world.h"

#include "base/file.h"
#include "base/str.h"
#include "host/user_namespace.h"

#include <fcntl.h>
#include <unistd.h>

#define MOUNTINFO_LIMIT (64u << 20)
#define MEMBERSHIP_LIMIT (1u << 20)
#define CONTROLLERS_LIMIT 4096

static const struct {
	const char *v1, *v2;
} controller_names[CGROUP_CONTROLLER_COUNT] = {
	[CGROUP_CPU] = { "cpu", "cpu" },
	[CGROUP_CPUACCT] = { "cpuacct", "cpuacct" },
	[CGROUP_CPUSET] = { "cpuset", "cpuset" },
	[CGROUP_MEMORY] = { "memory", "memory" },
	[CGROUP_IO] = { "blkio", "io" },
	[CGROUP_DEVICES] = { "devices", "devices" },
	[CGROUP_FREEZER] = { "freezer", "freezer" },
	[CGROUP_PIDS] = { "pids", "pids" },
	[CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
	[CGROUP_NET_CLS] = { "net_cls", "net_cls" },
	[CGROUP_NET_PRIO] = { "net_prio", "net_prio" },
	[CGROUP_PERF_EVENT] = { "perf_event", "perf_event" },
	[CGROUP_RDMA] = { "rdma", "rdma" },
	[CGROUP_MISC] = { "misc", "misc" },
	[CGROUP_DMEM] = { "dmem", "dmem" },
};

/* What cgroup2 does by itself, without listing it in cgroup.controllers. */
#define V2_IMPLICIT (CGROUP_BIT(CGROUP_CPUACCT) | CGROUP_BIT(CGROUP_PERF_EVENT) | CGROUP_BIT(CGROUP_FREEZER) | CGROUP_BIT(CGROUP_DEVICES))

const char *cgroup_controller_name(enum cgroup_controller controller, bool is_v2)
{
	return is_v2 ? controller_names[controller].v2 : controller_names[controller].v1;
}

int cgroup_controller_parse(const char *name, size_t length)
{
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		for (int world = 0; world < 2; world++) {
			const char *known = cgroup_controller_name(i, world);

			if (strlen(known) == length && memcmp(known, name, length) == 0)
				return i;
		}
	return -ENOENT;
}

/* The bits of the words in LIST, which SEPARATOR divides; *ret_name is what follows "name=", if anything does. */
static unsigned parse_controllers(char *list, const char *separator, char **ret_name)
{
	unsigned bits = 0;
	char *rest = NULL;

	for (char *word = strtok_r(list, separator, &rest); word; word = strtok_r(NULL, separator, &rest)) {
		int controller = cgroup_controller_parse(word, strlen(word));

		if (controller >= 0)
			bits |= CGROUP_BIT(controller);
		else if (ret_name && str_starts_with(word, "name="))
			*ret_name = word + 5;
	}
	return bits;
}

/* Undoes the \040 escapes of mountinfo in place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' && in[3] <= '7') {
			*out = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

static bool has_option(const char *options, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

/* A line of mountinfo in its parts; all point into the line. */
struct mount_line {
	char *root, *mount, *options, *type, *super_options;
};

static bool split_mount_line(char *line, struct mount_line *ret)
{
	char *fields[6], *source, *rest = NULL, *dash = strstr(line, " - ");

	if (!dash)
		return false;
	*dash = '\0';
	for (int i = 0; i < 6; i++) {
		fields[i] = strtok_r(i ? NULL : line, " ", &rest);
		if (!fields[i])
			return false;
	}
	*ret = (struct mount_line){ .root = fields[3], .mount = fields[4], .options = fields[5] };
	ret->type = strtok_r(dash + 3, " ", &rest);
	source = strtok_r(NULL, " ", &rest);
	ret->super_options = strtok_r(NULL, " ", &rest);
	if (!ret->super_options)
		ret->super_options = source; /* the source can be an empty string */
	if (!ret->super_options)
		return false;
	unescape(ret->root);
	unescape(ret->mount);
	return true;
}

/* What the parser holds of each hierarchy besides its result. */
struct found {
	struct cgroup_hierarchy hierarchy;
	const char *root; /* which part of the hierarchy the mount shows */
};

/* v1 has at most one hierarchy per controller; named ones are few. */
#define HIERARCHY_LIMIT 64

struct parser {
	struct arena *arena;
	struct found found[HIERARCHY_LIMIT];
	size_t count;
};

static struct found *find_same(struct parser *parser, const struct cgroup_hierarchy *like)
{
	for (size_t i = 0; i < parser->count; i++) {
		struct cgroup_hierarchy *have = &parser->found[i].hierarchy;

		if (have->is_v2 != like->is_v2)
			continue;
		if (like->is_v2 || (have->controllers & like->controllers) || (!like->controllers && !have->controllers && str_equal(have->name, like->name)))
			return &parser->found[i];
	}
	return NULL;
}

static void take_mount(struct parser *parser, struct mount_line *line)
{
	struct cgroup_hierarchy hierarchy = { .is_v2 = strcmp(line->type, "cgroup2") == 0 };
	struct found *same;
	char *name = NULL;

	hierarchy.is_read_only = has_option(line->options, "ro") || has_option(line->super_options, "ro");
	if (!hierarchy.is_v2)
		hierarchy.controllers = parse_controllers(line->super_options, ",", &name);
	if (!hierarchy.is_v2 && !hierarchy.controllers && !name)
		return; /* controllers that we do not know */
	hierarchy.name = name && !hierarchy.controllers ? name : NULL;

	same = find_same(parser, &hierarchy);
	if (same && (strcmp(same->root, "/") == 0 || strcmp(line->root, "/") != 0))
		return;
	if (!same && parser->count == HIERARCHY_LIMIT)
		return;
	if (!same)
		same = &parser->found[parser->count++];
	hierarchy.mount = arena_strdup(parser->arena, line->mount);
	hierarchy.name = hierarchy.name ? arena_strdup(parser->arena, hierarchy.name) : NULL;
	*same = (struct found){ .hierarchy = hierarchy, .root = arena_strdup(parser->arena, line->root) };
}

static void parse_mounts(struct parser *parser, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct mount_line mount;
		const char *kind = strstr(line, " - cgroup");

		/* Most lines of a busy host are none of ours. */
		if (!kind || !split_mount_line(line, &mount))
			continue;
		if (strcmp(mount.type, "cgroup") == 0 || strcmp(mount.type, "cgroup2") == 0)
			take_mount(parser, &mount);
	}
}

/* PATH as seen through a mount that shows only ROOT; "/" when it is outside. */
static const char *beneath_root(const char *path, const char *root)
{
	size_t length = strlen(root);

	if (strcmp(root, "/") == 0)
		return path;
	if (strncmp(path, root, length) != 0 || (path[length] && path[length] != '/'))
		return "/";
	return path[length] ? path + length : "/";
}

static void parse_membership(struct parser *parser, char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct cgroup_hierarchy like = { .is_v2 = str_starts_with(line, "0::") };
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		struct found *found;

		if (!path)
			continue;
		*path++ = '\0';
		if (!like.is_v2)
			like.controllers = parse_controllers(list + 1, ",", &like.name);
		found = find_same(parser, &like);
		if (found && *path == '/' && !str_starts_with(path, "/.."))
			found->hierarchy.own_path = arena_strdup(parser->arena, beneath_root(path, found->root));
	}
}

/* v2: what its top offers, and what it does by itself unless v1 has that. */
static void find_v2_controllers(struct parser *parser, const char *prefix)
{
	unsigned in_v1 = 0;

	for (size_t i = 0; i < parser->count; i++)
		if (!parser->found[i].hierarchy.is_v2)
			in_v1 |= parser->found[i].hierarchy.controllers;
	for (size_t i = 0; i < parser->count; i++) {
		struct cgroup_hierarchy *hierarchy = &parser->found[i].hierarchy;
		_cleanup_buf_ struct buf text = BUF_INIT;
		_cleanup_free_ char *file = NULL;

		if (!hierarchy->is_v2)
			continue;
		file = str_printf("%s%s/cgroup.controllers", prefix, hierarchy->mount);
		if (file_read_at(AT_FDCWD, file, CONTROLLERS_LIMIT, &text) == 0)
			hierarchy->controllers = parse_controllers(text.data, " \n", NULL);
		hierarchy->controllers |= V2_IMPLICIT;
		hierarchy->controllers &= ~in_v1;
	}
}

int cgroup_world_parse(const char *mountinfo, const char *membership, const char *prefix, struct cgroup_world *ret)
{
	_cleanup_free_ char *mounts = str_dup(mountinfo), *own = str_dup(membership);
	struct parser parser = { .arena = arena_new() };
	struct cgroup_hierarchy *list;

	parse_mounts(&parser, mounts);
	parse_membership(&parser, own);
	find_v2_controllers(&parser, prefix);

	list = arena_alloc(parser.arena, parser.count + 1, sizeof *list);
	for (size_t i = 0; i < parser.count; i++) {
		list[i] = parser.found[i].hierarchy;
		list[i].mount = arena_printf(parser.arena, "%s%s", prefix, list[i].mount);
		if (!list[i].own_path)
			list[i].own_path = arena_strdup(parser.arena, "/");
	}
	*ret = (struct cgroup_world){ .hierarchies = list, .count = parser.count, .arena = parser.arena };
	return 0;
}

/* Whether the caller may make groups in the one at PATH and move its processes about (not files alone: CAP_DAC_OVERRIDE counts). */
static bool may_arrange(const char *mount, const char *path)
{
	_cleanup_free_ char *directory = str_printf("%s%s", mount, path), *processes = str_printf("%s%s/cgroup.procs", mount, path);

	return faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0 && faccessat(AT_FDCWD, processes, W_OK, AT_EACCESS) == 0;
}

static void find_top(struct cgroup_world *world, struct cgroup_hierarchy *hierarchy)
{
	char *path = arena_strdup(world->arena, hierarchy->own_path), *slash;

	if (may_arrange(hierarchy->mount, "/"))
		return;
	for (; path[0] && path[1] && may_arrange(hierarchy->mount, path); *slash = '\0') {
		hierarchy->top_path = arena_strdup(world->arena, path);
		slash = strrchr(path, '/');
	}
}

int cgroup_world_load(struct cgroup_world *ret)
{
	_cleanup_buf_ struct buf mountinfo = BUF_INIT, membership = BUF_INIT;
	int r;

	r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &mountinfo);
	if (r == 0)
		r = file_read_at(AT_FDCWD, "/proc/self/cgroup", MEMBERSHIP_LIMIT, &membership);
	if (r == -ENOENT) { /* a kernel without control groups: there are none */
		*ret = (struct cgroup_world){ .arena = arena_new() };
		return 0;
	}
	if (r < 0)
		return r;
	r = cgroup_world_parse(mountinfo.data, membership.data, "", ret);
	/* Root of the host may do it everywhere. */
	for (size_t i = 0; r == 0 && (geteuid() != 0 || !user_namespace_is_first()) && i < ret->count; i++)
		find_top(ret, &ret->hierarchies[i]);
	return r;
}

void cgroup_world_done(struct cgroup_world *world)
{
	arena_free(world->arena);
	*world = (struct cgroup_world){ 0 };
}

const struct cgroup_hierarchy *cgroup_world_v2(const struct cgroup_world *world)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->hierarchies[i].is_v2)
			return &world->hierarchies[i];
	return NULL;
}

const struct cgroup_hierarchy *cgroup_world_find(const struct cgroup_world *world, enum cgroup_controller controller)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->hierarchies[i].controllers & CGROUP_BIT(controller))
			return &world->hierarchies[i];
	return NULL;
}

bool cgroup_world_has_v1(const struct cgroup_world *world)
{
	for (size_t i = 0; i < world->count; i++)
		if (!world->hierarchies[i].is_v2)
			return true;
	return false;
}
