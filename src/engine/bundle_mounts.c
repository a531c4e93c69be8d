/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_mounts.h"
#include "base/file.h"
#include "engine/bundle_idmap.h"
#include "engine/bundle_namespaces.h"
#include "engine/bundle_systemd.h"
#include "engine/volume.h"

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

/* procfs and sysfs show what belongs to a user namespace only to who has power over that. */
static void add_proc_and_sys(struct bundle_plan *plan)
{
	bool own_pids = bundle_has_own_namespace(plan, CLONE_NEWPID) || plan->ids.join;
	bool own_network = bundle_has_own_namespace(plan, CLONE_NEWNET);
	const char *access = plan->host->privileged ? "rw" : "ro";

	if (own_pids || !plan->ids.has_namespace)
		bundle_add_mount(plan, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	else
		bundle_add_mount(plan, "/proc", "bind", "/proc", "rbind,nosuid,noexec,nodev");
	if (own_network || !plan->ids.has_namespace)
		bundle_add_mount(plan, "/sys", "sysfs", "sysfs", arena_printf(plan->arena, "nosuid,noexec,nodev,%s", access));
	else
		bundle_add_mount(plan, "/sys", "bind", "/sys", "bind,nosuid,noexec,nodev,ro");
}

static void add_dev(struct bundle_plan *plan)
{
	uint64_t shm_size = plan->host->shm_size ? plan->host->shm_size : DEFAULT_SHM_SIZE;
	bool own_ipc = bundle_has_own_namespace(plan, CLONE_NEWIPC);
	const char *shm = arena_printf(plan->arena, "nosuid,noexec,nodev,mode=1777,size=%llu", (unsigned long long)shm_size);

	bundle_add_mount(plan, "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536k");
	bundle_add_mount(plan, "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
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

/* ---- a user's -------------------------------------------------------------------------- */

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable" };

static int check_mount(const struct spec_container_mount *mount, struct error *err)
{
	bool known = !mount->propagation;

	if (mount->target[0] != '/' || !mount->target[1])
		return error_set(err, ERROR_INVALID, 0, "cannot mount on '%.200s': it must be an absolute path, and not the root", mount->target);
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		known |= str_equal(mount->propagation, propagations[i]);
	if (!known)
		return error_set(err, ERROR_INVALID, 0, "'%.200s': there is no propagation '%.50s'", mount->target, mount->propagation);
	if (mount->kind == SPEC_MOUNT_BIND && (!mount->source || mount->source[0] != '/'))
		return error_set(err, ERROR_INVALID, 0, "cannot bind '%.200s' on '%.200s': it is not an absolute path",
				 mount->source ? mount->source : "", mount->target);
	if (mount->kind == SPEC_MOUNT_VOLUME && mount->source)
		return volume_check_name(mount->source, err);
	return 0;
}

/* Two mounts on the same place: one of them would never be seen. */
static int check_pair(const struct spec_container_mount *a, const struct spec_container_mount *b, struct error *err)
{
	if (!str_equal(a->target, b->target))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "duplicate mount point: %.200s", a->target);
}

int bundle_check_mounts(const struct spec_container *container, struct error *err)
{
	const struct spec_host_config *host = &container->host;

	for (size_t i = 0; i < host->mount_count; i++) {
		int r = check_mount(&host->mounts[i], err);

		for (size_t n = 0; r == 0 && n < i; n++)
			r = check_pair(&host->mounts[n], &host->mounts[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct options {
	struct arena *arena;
	char **list;
	size_t count;
};

static void add_option(struct options *options, const char *text)
{
	options->list[options->count++] = (char *)text;
}

static void add_tmpfs(struct bundle_plan *plan, const struct spec_container_mount *mount)
{
	struct options options = { plan->arena, arena_alloc(plan->arena, strv_length(mount->options) + 8, sizeof(char *)), 0 };

	add_option(&options, "nosuid");
	add_option(&options, "nodev");
	add_option(&options, "noexec");
	if (mount->read_only)
		add_option(&options, "ro");
	if (mount->has_tmpfs_size)
		add_option(&options, arena_printf(plan->arena, "size=%llu", (unsigned long long)mount->tmpfs_size));
	add_option(&options, arena_printf(plan->arena, "mode=%o", mount->has_tmpfs_mode ? mount->tmpfs_mode : 01777));
	for (size_t i = 0; mount->options && mount->options[i]; i++)
		add_option(&options, mount->options[i]);
	bundle_append_mount(plan, mount->target, "tmpfs", "tmpfs", options.list);
}

static void add_bind(struct bundle_plan *plan, const struct spec_container_mount *mount, const char *source)
{
	struct options options = { plan->arena, arena_alloc(plan->arena, 8, sizeof(char *)), 0 };
	enum bundle_idmap idmap = BUNDLE_IDMAP_NONE;

	if (plan->ids.has_namespace && !mount->no_idmap)
		idmap = bundle_idmap_probe(plan, source, !mount->non_recursive);
	add_option(&options, mount->non_recursive ? "bind" : "rbind");
	add_option(&options, mount->propagation ? mount->propagation : "rprivate");
	if (mount->read_only)
		add_option(&options, mount->recursive_read_only ? "rro" : "ro");
	if (idmap == BUNDLE_IDMAP_TOP)
		add_option(&options, "idmap");
	else if (idmap == BUNDLE_IDMAP_ALL)
		add_option(&options, "ridmap");
	bundle_append_mount(plan, mount->target, "bind", source, options.list);
}

static int make_source(const struct spec_container_mount *mount, struct error *err)
{
	struct stat status;
	int r;

	if (stat(mount->source, &status) == 0)
		return 0;
	if (errno == ENOENT && mount->create_source) {
		r = file_make_directories(mount->source, 0755);
		return r < 0 ? error_errno(err, -r, "cannot make the directory '%s' to bind it on '%s'", mount->source, mount->target) : 0;
	}
	return error_errno(err, errno, "cannot bind '%s' on '%s'", mount->source, mount->target);
}

static int add_user_mount(struct bundle_plan *plan, const struct spec_container_mount *mount, struct error *err)
{
	char *path = NULL;
	int r;

	switch (mount->kind) {
	case SPEC_MOUNT_TMPFS:
		add_tmpfs(plan, mount);
		return 0;
	case SPEC_MOUNT_BIND:
		r = make_source(mount, err);
		if (r == 0)
			add_bind(plan, mount, mount->source);
		return r;
	case SPEC_MOUNT_VOLUME:
		r = volume_prepare(plan, mount, &path, err);
		if (r == 0)
			add_bind(plan, mount, path);
		return r;
	}
	return -EINVAL;
}

static size_t count_parts(const char *path)
{
	size_t count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* Those nearer to the root first: what is mounted within another comes after it. */
int bundle_add_user_mounts(struct bundle_plan *plan, struct error *err)
{
	const struct spec_host_config *host = plan->host;
	size_t deepest = 0;

	for (size_t i = 0; i < host->mount_count; i++)
		if (count_parts(host->mounts[i].target) > deepest)
			deepest = count_parts(host->mounts[i].target);
	for (size_t depth = 1; depth <= deepest; depth++)
		for (size_t i = 0; i < host->mount_count; i++) {
			int r = count_parts(host->mounts[i].target) == depth ? add_user_mount(plan, &host->mounts[i], err) : 0;

			if (r < 0)
				return r;
		}
	return 0;
}
