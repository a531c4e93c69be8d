/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/namespaces.h"
#include "engine/container.h"
#include "host/namespace_table.h"
#include "host/procfs.h"

#include <fcntl.h>

struct running {
	const char *name;
	pid_t pid; /* of its first process */
};

struct listing {
	struct arena *arena;
	struct namespace_table table;
	struct running *running;
	size_t running_count, running_capacity;
};

/* ---- containers ------------------------------------------------------------------------- */

static int note_running(void *context, struct container_record *record, struct error *err _unused_)
{
	struct listing *listing = context;

	if (!record->is_supervised || record->state->pid <= 0)
		return 0;
	if (listing->running_count == listing->running_capacity) {
		listing->running_capacity = 2 * listing->running_capacity + 16;
		listing->running = memory_resize(listing->running, listing->running_capacity, sizeof *listing->running);
	}
	listing->running[listing->running_count++] = (struct running){ arena_strdup(listing->arena, record->container->name), (pid_t)record->state->pid };
	return 0;
}

static const char *join_containers(const struct listing *listing, const struct namespace_entry *entry)
{
	const char *text = "";

	for (size_t i = 0; i < listing->running_count; i++)
		if (namespace_table_find(&listing->table, entry->type, listing->running[i].pid) == entry)
			text = arena_printf(listing->arena, "%s%s%s", text, *text ? "," : "", listing->running[i].name);
	return text;
}

static int find_container(struct arena *arena, const struct namespaces_request *request, pid_t *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(arena, request->directories, request->container, &record, err);

	if (r < 0)
		return r;
	if (!record.is_supervised || record.state->pid <= 0)
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' is not running: it has no namespaces", record.container->name);
	*ret = (pid_t)record.state->pid;
	return 0;
}

/* ---- rows --------------------------------------------------------------------------------- */

static const char *join_pins(struct arena *arena, const struct namespace_entry *entry)
{
	const char *text = "";

	for (size_t i = 0; i < entry->pin_count; i++) {
		const struct namespace_pin *pin = &entry->pins[i];
		const char *one = pin->path ? pin->path : arena_printf(arena, "fd %d of %d", pin->fd, (int)pin->pid);

		/* Each mount namespace that was copied from the first one has the mount, too. */
		if (!pin->path || !strstr(text, one))
			text = arena_printf(arena, "%s%s%s", text, *text ? "," : "", one);
	}
	return text;
}

static struct namespace_row make_row(const struct listing *listing, const struct namespace_entry *entry)
{
	return (struct namespace_row){
		.type = namespace_type_name(entry->type),
		.number = entry->number,
		.owner = entry->owner,
		.parent = entry->parent,
		.processes = entry->pid_count,
		.pid = entry->pid_count ? entry->pids[0] : 0,
		.command = entry->command ? entry->command : "",
		.containers = join_containers(listing, entry),
		.pins = join_pins(listing->arena, entry),
		.is_host = namespace_table_find(&listing->table, entry->type, getpid()) == entry,
	};
}

static int read_table(struct listing *listing, struct error *err)
{
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_host(&procfs);
	_cleanup_close_ int readable = r == 0 ? openat(procfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	if (r == 0)
		r = readable < 0 ? -errno : namespace_table_read(listing->arena, readable, &listing->table);
	return r < 0 ? error_errno(err, -r, "cannot read '/proc'") : 0;
}

static bool is_wanted(const struct listing *listing, const struct namespaces_request *request, const struct namespace_entry *entry, pid_t container)
{
	if (request->type) {
		enum namespace_type type;

		if (!namespace_type_of(request->type, &type) || type != entry->type)
			return false;
	}
	if (container && namespace_table_find(&listing->table, entry->type, container) != entry)
		return false;
	return !request->only_others || namespace_table_find(&listing->table, entry->type, getpid()) != entry;
}

static int list(struct listing *listing, const struct namespaces_request *request, struct namespace_row **ret, size_t *ret_count, struct error *err)
{
	pid_t container = 0;
	int r = request->container ? find_container(listing->arena, request, &container, err) : 0;

	if (r == 0)
		r = read_table(listing, err);
	if (r == 0)
		r = container_record_visit(listing->arena, request->directories, note_running, listing, err);
	if (r < 0)
		return r;
	*ret = arena_alloc(listing->arena, listing->table.count + 1, sizeof **ret);
	*ret_count = 0;
	for (size_t i = 0; i < listing->table.count; i++)
		if (is_wanted(listing, request, &listing->table.entries[i], container))
			(*ret)[(*ret_count)++] = make_row(listing, &listing->table.entries[i]);
	return 0;
}

int namespaces_list(struct arena *arena, const struct namespaces_request *request, struct namespace_row **ret, size_t *ret_count, size_t *ret_hidden,
	struct error *err)
{
	struct listing listing = { .arena = arena };
	enum namespace_type type;
	int r;

	if (request->type && !namespace_type_of(request->type, &type))
		return error_set(err, ERROR_INVALID, 0, "there is no namespace of type '%.50s': expected cgroup, ipc, mnt, net, pid, time, user or uts",
				 request->type);
	r = list(&listing, request, ret, ret_count, err);
	free(listing.running);
	if (r == 0)
		*ret_hidden = listing.table.hidden;
	return r;
}
