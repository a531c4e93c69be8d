/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_trace.h"
#include "base/file.h"
#include "engine/container_names.h"
#include "engine/container_network_plan.h"
#include "engine/home.h"
#include "net/firewall.h"
#include "net/leases.h"

#include <fcntl.h>
#include <sys/stat.h>

struct trace {
	struct arena *arena;
	const char *id, *path; /* RUN_ROOT/networks */
	struct spec_network_plan *plan;
	char **addresses;
	const char *network; /* that is looked through */
	struct error *err;
	int fd;              /* of its leases */
};

static int note_lease(void *context, const char *name)
{
	struct trace *trace = context;
	char owner[NET_LEASE_OWNER_LIMIT];

	if (name[0] == '.' || !net_lease_owner(trace->fd, name, owner) || !str_equal(owner, trace->id))
		return 0;
	trace->plan->leases = container_network_add(trace->arena, trace->plan->leases,
		arena_printf(trace->arena, "%s/%s/leases/%s", trace->path, trace->network, name));
	trace->addresses = container_network_add(trace->arena, trace->addresses, arena_strdup(trace->arena, name));
	return 0;
}

static int note_network(void *context, const char *name)
{
	struct trace *trace = context;
	char *names, *leases;
	_cleanup_close_ int fd = -EBADF;
	struct stat status;

	if (name[0] == '.')
		return 0;
	names = arena_printf(trace->arena, "%s/%s/names/%s", trace->path, name, trace->id);
	leases = arena_printf(trace->arena, "%s/%s/leases", trace->path, name);
	fd = open(leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (lstat(names, &status) == 0)
		trace->plan->names = container_network_add(trace->arena, trace->plan->names, names);
	trace->network = name;
	trace->fd = fd;
	return fd < 0 ? 0 : file_each_name(fd, note_lease, trace);
}

static bool leads_to(const struct trace *trace, const struct spec_published_port *port)
{
	return (port->address4 && strv_contains(trace->addresses, port->address4)) || (port->address6 && strv_contains(trace->addresses, port->address6));
}

static int note_ports(void *context)
{
	struct trace *trace = context;
	struct spec_network_plan *plan = trace->plan;
	struct firewall_content content = { NULL };
	int r = trace->addresses ? firewall_read(trace->arena, &content, trace->err) : 0;

	if (r < 0)
		return r;
	plan->ports = arena_alloc(trace->arena, content.port_count + 1, sizeof *plan->ports);
	for (size_t i = 0; i < content.port_count; i++)
		if (leads_to(trace, &content.ports[i]))
			plan->ports[plan->port_count++] = content.ports[i];
	return 0;
}

int network_trace(struct arena *arena, const struct directories *directories, const char *id, const struct spec_network_plan **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct trace trace = { .arena = arena, .id = id, .path = path, .plan = arena_alloc(arena, 1, sizeof *trace.plan), .err = err, .fd = -EBADF };
	int r = fd < 0 ? -errno : file_each_name(fd, note_network, &trace);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot look through '%s'", path);
	trace.plan->id = arena_strdup(arena, id);
	r = home_call(note_ports, &trace, err);
	if (r == 0)
		*ret = trace.plan;
	return r;
}
