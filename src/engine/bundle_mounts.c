/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_mounts.h"
#include "engine/bundle_namespaces.h"
#include "host/user_namespace.h"
#include "engine/bundle_systemd.h"

#include <sched.h>
#include <sys/stat.h>

#define DEFAULT_SHM_SIZE (64u << 20)

/* ---- adding ------------------------------------------------------------------------- */

struct spec_mount *bundle_append_mount(struct bundle_plan *plan, const char *target, const char *type, const char *source, char **options)
{
	struct spec_config *spec = plan->spec;
	struct spec_mount *mount;

	if (spec->mount_count == plan->mount_capacity) {
		size_t capacity = plan->mount_capacity * 2 + 24;
		struct spec_mount *larger = arena_alloc(plan->arena, capacity, sizeof *larger);

		if (spec->mount_count)
			memcpy(larger, spec->mounts, spec->mount_count * sizeof *larger);
		spec->mounts = larger;
		plan->mount_capacity = capacity;
	}
	mount = &spec->mounts[spec->mount_count++];
	*mount = (struct spec_mount){ .destination = (char *)target, .type = (char *)type, .source = (char *)source, .options = options };
	return mount;
}

static bool is_users(const struct bundle_plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->host->mount_count; i++)
		if (str_equal(plan->host->mounts[i].target, target))
			return true;
	return false;
}

void bundle_add_mount(struct bundle_plan *plan, const char *target, const char *type, const char *source, const char *options)
{
	if (!is_users(plan, target))
		bundle_append_mount(plan, target, type, source, bundle_split(plan->arena, options, ','));
}

/* ---- the kernel's -------------------------------------------------------------------- */

/* Whether the network namespace is of the container whose user namespace is shared (bundle_ids.c): it belongs to that. */
static bool shares_network_of_owner(const struct bundle_plan *plan)
{
	const struct spec_host_config *host = plan->host;
	const char *network = host->network_mode, *owner = network;

	if (!plan->ids.join || !network || !str_starts_with(network, "container:"))
		return false;
	if (!str_is_empty(host->user_namespace) && !str_equal(host->user_namespace, "private"))
		owner = host->user_namespace;
	else if (host->pid_mode && str_starts_with(host->pid_mode, "container:"))
		owner = host->pid_mode;
	return str_equal(network, owner);
}

/* procfs and sysfs show what belongs to a user namespace only to who has power over that. */
static void add_proc_and_sys(struct bundle_plan *plan)
{
	bool own_pids = bundle_has_own_namespace(plan, CLONE_NEWPID) || (plan->ids.join && !str_equal(plan->host->pid_mode, "host"));
	bool own_network = bundle_has_own_namespace(plan, CLONE_NEWNET) || shares_network_of_owner(plan);
	const char *access = plan->host->privileged ? "rw" : "ro";

	if (own_pids || !plan->ids.has_namespace)
		bundle_add_mount(plan, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	else
		bundle_add_mount(plan, "/proc", "bind", "/proc", "rbind,nosuid,noexec,nodev");
	if (own_network || !plan->ids.has_namespace)
		bundle_add_mount(plan, "/sys", "sysfs", "sysfs", arena_printf(plan->arena, "nosuid,noexec,nodev,%s", access));
	else /* what is mounted below cannot be taken off in a user namespace */
		bundle_add_mount(plan, "/sys", "bind", "/sys", user_namespace_is_first() ? "bind,nosuid,noexec,nodev,ro" : "rbind,nosuid,noexec,nodev,rro");
}

static bool has_group(const struct bundle_plan *plan, uint32_t gid)
{
	return bundle_outside_id(plan->ids.gids, plan->ids.has_namespace ? plan->ids.gid_count : 0, gid) != UINT32_MAX;
}

static void add_dev(struct bundle_plan *plan)
{
	uint64_t shm_size = plan->host->shm_size ? plan->host->shm_size : DEFAULT_SHM_SIZE;
	bool own_ipc = bundle_has_own_namespace(plan, CLONE_NEWIPC);
	const char *shm = arena_printf(plan->arena, "nosuid,noexec,nodev,mode=1777,size=%llu", (unsigned long long)shm_size);

	bundle_add_mount(plan, "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536k");
	/* the host and all containers together have kernel.pty.max of them, 4096 by default */
	/* The group tty, if it is among the container's. */
	bundle_add_mount(plan, "/dev/pts", "devpts", "devpts", arena_printf(plan->arena, "%s%s%s", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620", has_group(plan, 5) ? ",gid=5" : "", ",max=1024"));
	if (!spec_namespace_find(plan->spec, CLONE_NEWIPC)) {
		bundle_add_mount(plan, "/dev/shm", "bind", "/dev/shm", "rbind,nosuid,noexec,nodev");
		if (access("/dev/mqueue", F_OK) == 0)
			bundle_add_mount(plan, "/dev/mqueue", "bind", "/dev/mqueue", "rbind,nosuid,noexec,nodev");
		return;
	}
	if (!str_equal(plan->host->ipc_mode, "none"))
		bundle_add_mount(plan, "/dev/shm", "tmpfs", "shm", shm);
	if (own_ipc)
		bundle_add_mount(plan, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
}

/* With a read-only root: places that programs write to. */
static void add_writable_places(struct bundle_plan *plan)
{
	static const char *const places[] = { "/run", "/tmp", "/var/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		bundle_add_mount(plan, places[i], "tmpfs", "tmpfs", "rw,nosuid,nodev,tmpcopyup,mode=1777");
}

void bundle_add_default_mounts(struct bundle_plan *plan)
{
	const char *access = plan->host->privileged || plan->is_systemd ? "rw" : "ro";

	add_proc_and_sys(plan);
	add_dev(plan);
	bundle_add_systemd_mounts(plan);
	bundle_add_mount(plan, "/sys/fs/cgroup", "cgroup", "cgroup", arena_printf(plan->arena, "nosuid,noexec,nodev,relatime,%s", access));
	if (plan->host->read_only_root && plan->host->read_only_tmpfs && !plan->is_systemd)
		add_writable_places(plan);
}
