/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_resources.h"
#include "engine/bundle_host_devices.h"
#include "host/user_namespace.h"
#include "host/cgroup_world.h"
#include "spec/names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define CPU_PERIOD_US 100000
#define PIDS_LIMIT 2048 /* processes and threads of a container that is given no limit of its own */

/* ---- memory, processors, processes --------------------------------------------------------- */

static void add_memory(struct arena *arena, const struct spec_host_config *host, struct spec_resources *resources)
{
	struct spec_memory *memory;

	if (!host->memory && !host->memory_reservation && !host->memory_swap && !host->has_memory_swappiness && !host->oom_kill_disable)
		return;
	memory = resources->memory = arena_alloc(arena, 1, sizeof *memory);
	memory->has_limit = host->memory != 0;
	memory->limit = host->memory;
	memory->has_reservation = host->memory_reservation != 0;
	memory->reservation = host->memory_reservation;
	/* As much swap as memory, if nothing is said: docker's rule. */
	memory->has_swap = host->memory_swap != 0 || host->memory > 0;
	memory->swap = host->memory_swap ? host->memory_swap : host->memory > INT64_MAX / 2 ? -1 : 2 * host->memory;
	memory->has_swappiness = host->has_memory_swappiness && host->memory_swappiness >= 0;
	memory->swappiness = (uint64_t)host->memory_swappiness;
	memory->has_disable_oom_killer = memory->disable_oom_killer = host->oom_kill_disable;
}

static void add_cpu(struct arena *arena, const struct spec_host_config *host, struct spec_resources *resources)
{
	struct spec_cpu *cpu = arena_alloc(arena, 1, sizeof *cpu);
	int64_t period = host->cpu_period ? host->cpu_period : CPU_PERIOD_US;

	cpu->has_shares = host->cpu_shares != 0;
	cpu->shares = (uint64_t)host->cpu_shares;
	cpu->has_quota = host->cpu_quota != 0 || host->nano_cpus != 0;
	cpu->quota = host->nano_cpus ? (int64_t)((__int128)host->nano_cpus * period / 1000000000) : host->cpu_quota;
	cpu->has_period = host->cpu_period != 0 || host->nano_cpus != 0;
	cpu->period = (uint64_t)period;
	cpu->has_realtime_period = host->cpu_realtime_period != 0;
	cpu->realtime_period = (uint64_t)host->cpu_realtime_period;
	cpu->has_realtime_runtime = host->cpu_realtime_runtime != 0;
	cpu->realtime_runtime = host->cpu_realtime_runtime;
	cpu->cpus = host->cpuset_cpus;
	cpu->mems = host->cpuset_mems;
	if (cpu->has_shares || cpu->has_quota || cpu->has_period || cpu->has_realtime_period || cpu->has_realtime_runtime || cpu->cpus || cpu->mems)
		resources->cpu = cpu;
}

/* ---- devices ------------------------------------------------------------------------------- */

static int find_device(const char *option, const char *path, struct stat *ret, struct error *err)
{
	if (stat(path, ret) < 0)
		return error_errno(err, errno, "%s: cannot use the device '%.200s'", option, path);
	if (!S_ISBLK(ret->st_mode) && !S_ISCHR(ret->st_mode))
		return error_set(err, ERROR_INVALID, 0, "%s: '%.200s' is no device", option, path);
	return 0;
}

static int find_disk(const char *option, const char *path, struct stat *ret, struct error *err)
{
	int r = find_device(option, path, ret, err);

	if (r == 0 && !S_ISBLK(ret->st_mode))
		return error_set(err, ERROR_INVALID, 0, "%s: '%.200s' is no block device", option, path);
	return r;
}

static int add_weights(struct arena *arena, const struct spec_host_config *host, struct spec_block_io *io, struct error *err)
{
	io->has_weight = host->blkio_weight != 0;
	io->weight = (uint16_t)host->blkio_weight;
	io->weight_devices = arena_alloc(arena, host->blkio_weight_device_count + 1, sizeof *io->weight_devices);
	for (size_t i = 0; i < host->blkio_weight_device_count; i++) {
		struct stat status;
		int r = find_disk("--blkio-weight-device", host->blkio_weight_devices[i].path, &status, err);

		if (r < 0)
			return r;
		io->weight_devices[io->weight_device_count++] = (struct spec_weight_device){ .major = major(status.st_rdev),
			.minor = minor(status.st_rdev), .has_weight = true, .weight = (uint16_t)host->blkio_weight_devices[i].rate };
	}
	return 0;
}

static int add_rates(struct arena *arena, const struct spec_host_config *host, enum spec_throttle_kind kind, struct spec_block_io *io, struct error *err)
{
	static const char *const options[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = "--device-read-bps",
		[THROTTLE_WRITE_BPS] = "--device-write-bps",
		[THROTTLE_READ_IOPS] = "--device-read-iops",
		[THROTTLE_WRITE_IOPS] = "--device-write-iops",
	};

	io->throttle[kind] = arena_alloc(arena, host->blkio_rate_count[kind] + 1, sizeof *io->throttle[kind]);
	for (size_t i = 0; i < host->blkio_rate_count[kind]; i++) {
		struct stat status;
		int r = find_disk(options[kind], host->blkio_rates[kind][i].path, &status, err);

		if (r < 0)
			return r;
		io->throttle[kind][io->throttle_count[kind]++] = (struct spec_throttle_device){
			.major = major(status.st_rdev), .minor = minor(status.st_rdev), .rate = host->blkio_rates[kind][i].rate };
	}
	return 0;
}

static int add_block_io(struct arena *arena, const struct spec_host_config *host, struct spec_resources *resources, struct error *err)
{
	struct spec_block_io *io = arena_alloc(arena, 1, sizeof *io);
	size_t count = host->blkio_weight_device_count;
	int r = add_weights(arena, host, io, err);

	for (enum spec_throttle_kind kind = 0; r == 0 && kind < THROTTLE_KIND_COUNT; kind++) {
		r = add_rates(arena, host, kind, io, err);
		count += host->blkio_rate_count[kind];
	}
	if (r == 0 && (count || io->has_weight))
		resources->block_io = io;
	return r;
}

static uint8_t access_of(const char *permissions)
{
	uint8_t access = 0;

	for (const char *c = str_is_empty(permissions) ? "rwm" : permissions; *c; c++)
		access |= *c == 'r' ? 1 : *c == 'w' ? 2 : *c == 'm' ? 4 : 0;
	return access;
}

static int parse_number(const char *text, int64_t *ret)
{
	*ret = SPEC_WILDCARD;
	return str_equal(text, "*") ? 0 : str_to_i64(text, 10, ret);
}

/* "c 1:3 rwm", with '*' for any number, or "a". */
static int parse_rule(struct arena *arena, const char *text, struct spec_device_rule *ret, struct error *err)
{
	char **words = bundle_split(arena, text, ' ');
	size_t count = strv_length(words);
	char *colon = count > 1 ? strchr(words[1], ':') : NULL;

	*ret = (struct spec_device_rule){ .allow = true, .type = words[0] ? words[0][0] : 0, .major = SPEC_WILDCARD, .minor = SPEC_WILDCARD, .access = 7 };
	if (count == 1 && str_equal(text, "a"))
		return 0;
	if (colon)
		*colon = '\0';
	if (count != 3 || !colon || words[0][1] || !strchr("abc", words[0][0]) || parse_number(words[1], &ret->major) < 0 ||
	    parse_number(colon + 1, &ret->minor) < 0 || strspn(words[2], "rwm") != strlen(words[2]) || !*words[2])
		return error_set(err, ERROR_INVALID, 0, "--device-cgroup-rule: '%.100s': expected TYPE MAJOR:MINOR ACCESS, as in 'c 1:3 rwm'", text);
	ret->access = access_of(words[2]);
	return 0;
}

/* The rule that denies all, those of devices, and those by hand. */
int bundle_make_device_rules(struct arena *arena, const struct spec_host_config *host, struct spec_resources *ret, struct error *err)
{
	struct spec_device_rule *rules = arena_alloc(arena, 1 + host->device_count + strv_length(host->device_cgroup_rules), sizeof *rules);
	size_t count = 1;
	int r = 0;

	rules[0] = (struct spec_device_rule){ .allow = host->privileged, .type = 'a', .major = SPEC_WILDCARD, .minor = SPEC_WILDCARD, .access = 7 };
	for (size_t i = 0; r == 0 && i < host->device_count; i++) {
		struct stat status;

		r = find_device("--device", host->devices[i].host, &status, err);
		if (r == 0)
			rules[count++] = (struct spec_device_rule){ .allow = true, .type = S_ISBLK(status.st_mode) ? 'b' : 'c',
				.major = major(status.st_rdev), .minor = minor(status.st_rdev), .access = access_of(host->devices[i].permissions) };
	}
	for (char **rule = host->device_cgroup_rules; r == 0 && rule && *rule; rule++)
		r = parse_rule(arena, *rule, &rules[count++], err);
	if (r < 0)
		return r;
	ret->devices = rules;
	ret->device_count = count;
	return 0;
}

/* A node like that of STATUS, in the volatile directory, by the first name that is free: nodes come and go while the container runs. 0 or -errno. */
static int make_node(struct bundle_plan *plan, const struct stat *status, const char **ret_name)
{
	int r;

	for (size_t i = plan->spec->mount_count;; i++) {
		*ret_name = arena_printf(plan->arena, BUNDLE_DEVICE "%zu", i);
		r = mknodat(plan->run_fd, *ret_name, status->st_mode & (S_IFMT | 07777), status->st_rdev);
		if (r == 0 || errno != EEXIST)
			return r < 0 ? -errno : 0;
	}
}

int bundle_bind_device(struct bundle_plan *plan, const struct spec_container_device *device, struct error *err)
{
	const struct bundle_ids *ids = &plan->ids;
	const char *name = NULL;
	uint32_t uid, gid;
	struct stat status;
	int r = find_device("--device", device->host, &status, err);

	if (r < 0)
		return r;
	if (!user_namespace_is_first()) {
		/* Nobody makes nodes there, and the host's own is used with its owner. */
		if (!str_is_empty(device->permissions) && !str_equal(device->permissions, "rwm"))
			bundle_warn(plan, "--device: '%.200s': '%.10s' cannot be enforced: that takes root", device->host, device->permissions);
		bundle_append_mount(plan, device->container, "bind", device->host, bundle_split(plan->arena, "bind,rprivate,nosuid,noexec", ','));
		return 0;
	}
	uid = ids->has_namespace ? bundle_outside_id(ids->uids, ids->uid_count, status.st_uid) : status.st_uid;
	gid = ids->has_namespace ? bundle_outside_id(ids->gids, ids->gid_count, status.st_gid) : status.st_gid;
	r = make_node(plan, &status, &name);
	if (r == 0 && (fchownat(plan->run_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(plan->run_fd, name, status.st_mode & 07777, 0) < 0))
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "--device: cannot make a node for '%.200s' in '%s'", device->host, plan->record->run_path);
	bundle_append_mount(plan, device->container, "bind", arena_printf(plan->arena, "%s/%s", plan->record->run_path, name),
			    bundle_split(plan->arena, "bind,rprivate,dev,nosuid,noexec", ','));
	return 0;
}

static int add_device(struct bundle_plan *plan, const struct spec_container_device *device, struct error *err)
{
	struct spec_linux *l = &plan->spec->linux_;
	struct stat status;
	int r;

	if (plan->ids.has_namespace)
		return bundle_bind_device(plan, device, err);
	r = find_device("--device", device->host, &status, err);
	if (r < 0)
		return r;
	l->devices[l->device_count++] = (struct spec_device){ .path = device->container, .type = S_ISBLK(status.st_mode) ? 'b' : 'c', .major = major(status.st_rdev),
		.minor = minor(status.st_rdev), .has_mode = true, .mode = status.st_mode & 07777, .has_uid = true, .uid = status.st_uid,
		.has_gid = true, .gid = status.st_gid };
	return 0;
}

static int add_devices(struct bundle_plan *plan, struct error *err)
{
	const struct spec_host_config *host = plan->host;
	int r = bundle_make_device_rules(plan->arena, host, plan->spec->linux_.resources, err);

	plan->spec->linux_.devices = arena_alloc(plan->arena, host->device_count + 1, sizeof *plan->spec->linux_.devices);
	for (size_t i = 0; r == 0 && i < host->device_count; i++)
		r = add_device(plan, &host->devices[i], err);
	if (r == 0 && host->privileged)
		r = bundle_add_host_devices(plan, err);
	return r;
}

/* ---- the whole ------------------------------------------------------------------------------- */

int bundle_make_resources(struct arena *arena, const struct spec_host_config *host, struct spec_resources *ret, struct error *err)
{
	int r;

	add_memory(arena, host, ret);
	add_cpu(arena, host, ret);
	ret->has_pids_limit = host->has_pids_limit;
	ret->pids_limit = host->pids_limit > 0 ? host->pids_limit : -1;
	r = add_block_io(arena, host, ret, err);
	ret->unified = host->cgroup_conf;
	ret->unified_count = host->cgroup_conf_count;
	return r;
}

/* Whether groups below the hierarchy's top are ours to make, and can limit processes. */
static bool can_limit_pids(void)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	const struct cgroup_hierarchy *hierarchy = cgroup_world_load(&world) == 0 ? cgroup_world_find(&world, CGROUP_PIDS) : NULL;

	return hierarchy && access(hierarchy->mount, W_OK) == 0;
}

/* The table of processes is one for the host and all containers, and no limit of memory keeps a fork bomb from filling it. */
static void add_default_pids_limit(struct spec_resources *resources)
{
	if (resources->has_pids_limit || !can_limit_pids())
		return;
	resources->has_pids_limit = true;
	resources->pids_limit = PIDS_LIMIT;
}

static int add_personality(const char *text, struct spec_linux *l, struct error *err)
{
	if (!spec_name_value(SPEC_PERSONALITIES, text, strlen(text), &l->personality))
		return error_set(err, ERROR_INVALID, 0, "--personality: '%.50s': expected LINUX or LINUX32", text);
	l->has_personality = true;
	return 0;
}

int bundle_add_resources(struct bundle_plan *plan, struct error *err)
{
	struct spec_linux *l = &plan->spec->linux_;
	const struct spec_host_config *host = plan->host;
	const char *parent = str_is_empty(host->cgroup_parent) ? BUNDLE_CGROUP_PARENT : host->cgroup_parent;
	int r;

	l->resources = arena_alloc(plan->arena, 1, sizeof *l->resources);
	r = bundle_make_resources(plan->arena, host, l->resources, err);
	add_default_pids_limit(l->resources);
	if (r == 0)
		r = add_devices(plan, err);
	if (r == 0 && host->personality)
		r = add_personality(host->personality, l, err);
	if (r < 0)
		return r;
	l->cgroups_path = arena_printf(plan->arena, "%s%s/%s", parent[0] == '/' ? "" : "/", parent, plan->container->id);
	if (host->rdt_class) {
		l->intel_rdt = arena_alloc(plan->arena, 1, sizeof *l->intel_rdt);
		l->intel_rdt->clos_id = host->rdt_class;
	}
	return 0;
}
