/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kernel_view.h"
#include "base/file.h"
#include "base/human.h"
#include "engine/container_network.h"
#include "engine/namespaces.h"
#include "engine/stats_target.h"
#include "host/cgroup.h"
#include "host/mount_tree.h"
#include "host/pidfd.h"
#include "host/procfs.h"
#include "spec/names.h"

#include <fcntl.h>
#include <inttypes.h>

#define FILE_LIMIT (16u << 20)
#define VALUE_LIMIT 4096

/* ---- texts ------------------------------------------------------------------------------- */

void kernel_view_add_map(struct arena *arena, struct tree_node *node, const char *text)
{
	uint64_t inside, outside, size;
	int length;

	while (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 "%n", &inside, &outside, &size, &length) == 3) {
		if (size == 1)
			tree_add(arena, node, arena_printf(arena, "%" PRIu64 " is %" PRIu64 " of the host", inside, outside));
		else if (size == UINT32_MAX && inside == outside)
			tree_add(arena, node, "all are the host's");
		else
			tree_add(arena, node, arena_printf(arena, "%" PRIu64 " to %" PRIu64 " are %" PRIu64 " to %" PRIu64 " of the host", inside,
							   inside + size - 1, outside, outside + size - 1));
		text += length;
	}
}

static const char *describe_mount(struct arena *arena, const struct mount_node *node)
{
	const struct mountinfo_entry *entry = node->entry;
	const char *part = strcmp(entry->root, "/") != 0 ? arena_printf(arena, ", of '%s'", entry->root) : "";

	return arena_printf(arena, "%s  %s %s%s, %s%s", entry->mount_point, entry->type, entry->options, part, mount_tree_propagation(arena, entry),
			    node->is_covered ? ", covered" : "");
}

/* Nodes come before those that are on them. */
static size_t add_mounts_from(struct arena *arena, struct tree_node *node, const struct mount_tree *tree, size_t first)
{
	unsigned depth = tree->nodes[first].depth;
	size_t next = first;

	while (next < tree->count && tree->nodes[next].depth == depth) {
		struct tree_node *added = tree_add(arena, node, describe_mount(arena, &tree->nodes[next]));

		next++;
		if (next < tree->count && tree->nodes[next].depth > depth)
			next = add_mounts_from(arena, added, tree, next);
	}
	return next;
}

int kernel_view_add_mounts(struct arena *arena, struct tree_node *node, const char *text)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	struct mount_tree tree;
	int r = mountinfo_parse(text, &table);

	if (r < 0)
		return r;
	mount_tree_build(arena, &table, &tree);
	if (tree.count)
		ignore_result((long)add_mounts_from(arena, node, &tree, 0));
	return 0;
}

static char *without_tabs(char *text)
{
	for (char *c = text; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return text;
}

/* The rest of the line NAME, in the arena; NULL. */
static const char *find_value(struct arena *arena, const char *status, const char *name)
{
	const char *value = procfs_status_field(status, name);

	return value ? without_tabs(arena_strndup(arena, value, strcspn(value, "\n"))) : NULL;
}

static void add_capabilities(struct arena *arena, struct tree_node *node, const char *title, const char *value)
{
	uint64_t bits = 0;
	uint32_t number;
	const char *name, *text = "";

	if (!value || str_to_u64(value, 16, &bits) < 0)
		return;
	for (size_t i = 0; (name = spec_name_at(SPEC_CAPABILITIES, i, &number)); i++)
		if (bits & (1ULL << number))
			text = arena_printf(arena, "%s %s", text, str_starts_with(name, "CAP_") ? name + strlen("CAP_") : name);
	tree_add(arena, node, arena_printf(arena, "%s:%s", title, *text ? text : " none"));
}

void kernel_view_add_status(struct arena *arena, struct tree_node *node, const char *text)
{
	static const char *const modes[] = { "none", "strict", "a filter" };
	const char *mode = find_value(arena, text, "Seccomp"), *filters = find_value(arena, text, "Seccomp_filters");
	const char *privileges = find_value(arena, text, "NoNewPrivs"), *uid = find_value(arena, text, "Uid"), *gid = find_value(arena, text, "Gid");
	struct tree_node *capabilities = tree_add(arena, node, "capabilities");
	uint64_t number;

	add_capabilities(arena, capabilities, "effective", find_value(arena, text, "CapEff"));
	add_capabilities(arena, capabilities, "permitted", find_value(arena, text, "CapPrm"));
	add_capabilities(arena, capabilities, "inheritable", find_value(arena, text, "CapInh"));
	add_capabilities(arena, capabilities, "ambient", find_value(arena, text, "CapAmb"));
	add_capabilities(arena, capabilities, "bounding", find_value(arena, text, "CapBnd"));
	if (mode && str_to_u64(mode, 10, &number) == 0 && number < ARRAY_SIZE(modes))
		tree_add(arena, node, arena_printf(arena, "seccomp: %s%s%s", modes[number], filters && number == 2 ? ", number of filters: " : "",
						   filters && number == 2 ? filters : ""));
	tree_add(arena, node, str_equal(privileges, "1") ? "no_new_privs: no program gives it privileges that it has not"
							 : "no_new_privs: not set, programs with set-user-ID count");
	if (uid && gid)
		tree_add(arena, node, arena_printf(arena, "ids as the host has them (real, effective, saved, file system): uid %s, gid %s", uid, gid));
}

void kernel_view_add_interfaces(struct arena *arena, struct tree_node *node, const char *text, const char *(*describe)(void *context, const char *name),
	void *context)
{
	char name[32];

	/* Two lines of headings; then "eth0: BYTES PACKETS ERRS DROP FIFO FRAME COMPRESSED MULTICAST BYTES PACKETS …". */
	for (const char *line = text; (line = strchr(line, '\n')); ) {
		uint64_t in_bytes, in_packets, out_bytes, out_packets;

		line++;
		if (sscanf(line, " %31[^: ]: %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, name, &in_bytes, &in_packets, &out_bytes,
			   &out_packets) == 5) {
			_cleanup_free_ char *in = human_size(in_bytes, 3), *out = human_size(out_bytes, 3);
			const char *more = describe ? describe(context, name) : "";

			tree_add(arena, node, arena_printf(arena, "%s%s, received %s in %" PRIu64 " packets, sent %s in %" PRIu64, name, more, in, in_packets, out,
							   out_packets));
		}
	}
}

/* ---- the process ---------------------------------------------------------------------------- */

struct view {
	struct arena *arena;
	const struct container_record *record;
	pid_t pid;
	const struct spec_network_plan *network; /* or NULL */
};

/* The text of a file of the process, in the arena; NULL: it cannot be read. */
static const char *read_text(const struct view *view, const char *file)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)view->pid, file);
	if (file_read_at(AT_FDCWD, path, FILE_LIMIT, &text) < 0)
		return NULL;
	return arena_strdup(view->arena, text.data ? text.data : "");
}

static int add_namespaces(const struct view *view, struct tree_node *root, struct error *err)
{
	const struct namespaces_request request = { .directories = view->record->directories, .container = view->record->container->id };
	struct tree_node *node = tree_add(view->arena, root, "namespaces");
	const char *own = view->record->container->name;
	struct namespace_row *rows = NULL;
	size_t count = 0, hidden = 0;
	int r = namespaces_list(view->arena, &request, &rows, &count, &hidden, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *who = rows[i].is_host ? "the host's" : str_equal(rows[i].containers, own) ? "its own" :
			arena_printf(view->arena, "shared by %s", rows[i].containers);

		tree_add(view->arena, node, arena_printf(view->arena, "%s:[%" PRIu64 "]  %s, processes: %zu%s%s", rows[i].type, rows[i].number, who,
							 rows[i].processes, *rows[i].pins ? ", kept by " : "", rows[i].pins));
	}
	return r;
}

static void add_maps(const struct view *view, struct tree_node *root)
{
	static const char *const files[] = { "uid_map", "gid_map" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text = read_text(view, files[i]);

		if (text)
			kernel_view_add_map(view->arena, tree_add(view->arena, root, files[i]), text);
	}
}

static void add_mounts(const struct view *view, struct tree_node *root)
{
	struct tree_node *node = tree_add(view->arena, root, "mounts");
	const char *text = read_text(view, "mountinfo");

	if (!text || kernel_view_add_mounts(view->arena, node, text) < 0)
		tree_add(view->arena, node, "cannot be read");
}

/* ---- control groups ---------------------------------------------------------------------------- */

/* Limits, then usage, of version 1 and 2; those that are there are shown. */
static const char *const group_files[] = {
	"cpu.max", "cpu.weight", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpuacct.usage", "cpuset.cpus", "cpuset.mems", "cpuset.cpus.effective",
	"memory.max", "memory.high", "memory.low", "memory.swap.max", "memory.current", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
	"memory.soft_limit_in_bytes", "memory.usage_in_bytes", "pids.max", "pids.current", "io.max", "io.weight", "blkio.weight",
	"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device", "hugetlb.2MB.max", "freezer.state", "cgroup.freeze", "devices.list",
};

static void add_group_files(const struct view *view, struct tree_node *node, const struct cgroup_group *group)
{
	for (size_t i = 0; i < ARRAY_SIZE(group_files); i++) {
		_cleanup_free_ char *value = NULL;

		if (cgroup_read(group, group_files[i], VALUE_LIMIT, &value) < 0 || !*value)
			continue;
		for (char *c = value; *c; c++)
			if (*c == '\n')
				*c = ';';
		tree_add(view->arena, node, arena_printf(view->arena, "%s = %s", group_files[i], value));
	}
}

static void add_groups(const struct view *view, struct tree_node *root)
{
	struct stats_target target = STATS_TARGET_INIT;
	struct tree_node *node = tree_add(view->arena, root, "control groups");
	struct stats_host host;

	stats_host_look(view->record->directories, &host);
	if (stats_target_open(&host, view->record->container->id, view->pid, &target, NULL) < 0) {
		tree_add(view->arena, node, "cannot be read");
		stats_host_done(&host);
		return;
	}
	for (size_t i = 0; i < target.container.groups.count; i++) {
		const struct cgroup_group *group = &target.container.groups.groups[i];

		add_group_files(view, tree_add(view->arena, node, arena_printf(view->arena, "%s%s", group->mount, group->path)), group);
	}
	stats_target_close(&target);
	stats_host_done(&host);
}

/* ---- links --------------------------------------------------------------------------------------- */

static const char *describe_link(void *context, const char *name)
{
	const struct view *view = context;
	const char *text = "";

	for (size_t i = 0; view->network && i < view->network->link_count; i++) {
		const struct spec_network_link *link = &view->network->links[i];

		if (!str_equal(link->name, name))
			continue;
		text = arena_printf(view->arena, " in network '%s'%s%s, on '%s'", link->network, link->host_name ? ", the host's end is " : "",
				    link->host_name ? link->host_name : "", link->parent);
		for (char **address = link->addresses; address && *address; address++)
			text = arena_printf(view->arena, "%s, %s", text, *address);
	}
	return text;
}

static void add_links(struct view *view, struct tree_node *root)
{
	struct tree_node *links = tree_add(view->arena, root, "links");
	const char *text = read_text(view, "net/dev");

	if (text)
		kernel_view_add_interfaces(view->arena, links, text, describe_link, view);
	if (!view->network || view->network->port_count == 0)
		return;
	links = tree_add(view->arena, root, "rules of nf_tables, in table inet bivy");
	for (size_t i = 0; i < view->network->port_count; i++) {
		const struct spec_published_port *port = &view->network->ports[i];

		tree_add(view->arena, links, arena_printf(view->arena, "%s %s%s%u%s leads to %s, port %u", port->protocol, port->host_ip ? port->host_ip : "",
							  port->host_ip ? " " : "port ", port->host_port,
							  port->count > 1 ? arena_printf(view->arena, " and %u more", port->count - 1) : "",
							  port->address4 ? port->address4 : port->address6 ? port->address6 : "the container", port->port));
	}
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static int fill(struct view *view, struct tree_node *root, struct error *err)
{
	const char *status;
	int r = add_namespaces(view, root, err);

	if (r < 0)
		return r;
	add_maps(view, root);
	add_mounts(view, root);
	add_groups(view, root);
	status = read_text(view, "status");
	if (status)
		kernel_view_add_status(view->arena, root, status);
	ignore_result(container_network_read(view->arena, view->record, &view->network, NULL)); /* without: the interfaces alone are told */
	add_links(view, root);
	return 0;
}

int kernel_view(struct arena *arena, const struct directories *directories, const char *container, struct tree_node *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct view view = { .arena = arena, .record = &record };
	uint64_t before = 0, after = 0;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r < 0)
		return r;
	view.pid = (pid_t)record.state->pid;
	if (!record.is_supervised || view.pid <= 0)
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' is not running: the kernel knows nothing of it", record.container->name);
	r = pidfd_start_time(view.pid, &before);
	*ret = (struct tree_node){ .text = arena_printf(arena, "%s (%.12s), process %d", record.container->name, record.container->id, (int)view.pid) };
	if (r == 0)
		r = fill(&view, ret, err);
	else
		r = error_set(err, ERROR_CONFLICT, 0, "the container '%s' has just ended", record.container->name);
	/* Else what was read of its number is perhaps of another's. */
	if (r == 0 && (pidfd_start_time(view.pid, &after) < 0 || after != before))
		r = error_set(err, ERROR_CONFLICT, 0, "the container '%s' has ended meanwhile", record.container->name);
	return r;
}
