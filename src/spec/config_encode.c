/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config_encode.h"
#include "spec/decode.h"
#include "spec/landlock.h"
#include "spec/resources_encode.h"

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_write_string(w, key, text);
}

static void write_list(struct json_writer *w, const char *key, char *const *list)
{
	if (list)
		encode_strings(w, key, list);
}

static void write_nonzero(struct json_writer *w, const char *key, uint64_t value)
{
	if (value)
		json_write_uint(w, key, value);
}

static void write_mappings(struct json_writer *w, const char *key, const struct spec_id_mapping *mappings, size_t count)
{
	if (count == 0)
		return;
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		json_write_uint(w, "containerID", mappings[i].container_id);
		json_write_uint(w, "hostID", mappings[i].host_id);
		json_write_uint(w, "size", mappings[i].size);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

/* ---- process -------------------------------------------------------------------------- */

static void write_user(struct json_writer *w, const struct spec_user *user)
{
	json_write_open(w, "user", '{');
	json_write_uint(w, "uid", user->uid);
	json_write_uint(w, "gid", user->gid);
	if (user->has_umask)
		json_write_uint(w, "umask", user->umask);
	if (user->additional_gid_count) {
		json_write_open(w, "additionalGids", '[');
		for (size_t i = 0; i < user->additional_gid_count; i++)
			json_write_uint(w, NULL, user->additional_gids[i]);
		json_write_close(w, ']');
	}
	write_text(w, "username", user->username);
	json_write_close(w, '}');
}

static void write_capability_set(struct json_writer *w, const char *key, uint64_t set)
{
	const char *name;
	uint32_t number = 0;

	json_write_open(w, key, '[');
	for (size_t i = 0; (name = spec_name_at(SPEC_CAPABILITIES, i, &number)); i++)
		if (set >> number & 1)
			json_write_string(w, NULL, name);
	json_write_close(w, ']');
}

static void write_capabilities(struct json_writer *w, const struct spec_capabilities *sets)
{
	if (!sets)
		return;
	json_write_open(w, "capabilities", '{');
	write_capability_set(w, "bounding", sets->bounding);
	write_capability_set(w, "effective", sets->effective);
	write_capability_set(w, "permitted", sets->permitted);
	if (sets->inheritable)
		write_capability_set(w, "inheritable", sets->inheritable);
	if (sets->ambient)
		write_capability_set(w, "ambient", sets->ambient);
	json_write_close(w, '}');
}

static void write_rlimits(struct json_writer *w, const struct spec_process *process)
{
	if (process->rlimit_count == 0)
		return;
	json_write_open(w, "rlimits", '[');
	for (size_t i = 0; i < process->rlimit_count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "type", spec_name_of(SPEC_RLIMITS, (uint32_t)process->rlimits[i].resource));
		json_write_uint(w, "hard", process->rlimits[i].hard);
		json_write_uint(w, "soft", process->rlimits[i].soft);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_scheduler(struct json_writer *w, const struct spec_scheduler *scheduler)
{
	if (!scheduler)
		return;
	json_write_open(w, "scheduler", '{');
	json_write_string(w, "policy", spec_name_of(SPEC_SCHEDULER_POLICIES, scheduler->policy));
	if (scheduler->nice)
		json_write_int(w, "nice", scheduler->nice);
	if (scheduler->priority)
		json_write_int(w, "priority", scheduler->priority);
	if (scheduler->flags)
		encode_name_bits(w, "flags", SPEC_SCHEDULER_FLAGS, (uint32_t)scheduler->flags);
	write_nonzero(w, "runtime", scheduler->runtime);
	write_nonzero(w, "deadline", scheduler->deadline);
	write_nonzero(w, "period", scheduler->period);
	json_write_close(w, '}');
}

static void write_io_priority(struct json_writer *w, const struct spec_io_priority *priority)
{
	if (!priority)
		return;
	json_write_open(w, "ioPriority", '{');
	json_write_string(w, "class", spec_name_of(SPEC_IO_CLASSES, (uint32_t)priority->class));
	json_write_int(w, "priority", priority->priority);
	json_write_close(w, '}');
}

static void write_console(struct json_writer *w, const struct spec_process *process)
{
	if (!process->console_height && !process->console_width)
		return;
	json_write_open(w, "consoleSize", '{');
	json_write_uint(w, "height", process->console_height);
	json_write_uint(w, "width", process->console_width);
	json_write_close(w, '}');
}

static void write_affinity(struct json_writer *w, const struct spec_process *process)
{
	if (!process->cpu_affinity_initial && !process->cpu_affinity_final)
		return;
	json_write_open(w, "execCPUAffinity", '{');
	write_text(w, "initial", process->cpu_affinity_initial);
	write_text(w, "final", process->cpu_affinity_final);
	json_write_close(w, '}');
}

static void write_process(struct json_writer *w, const struct spec_process *process)
{
	if (!process)
		return;
	json_write_open(w, "process", '{');
	if (process->terminal)
		json_write_bool(w, "terminal", true);
	write_console(w, process);
	write_user(w, &process->user);
	write_list(w, "args", process->args);
	write_list(w, "env", process->env);
	write_text(w, "cwd", process->cwd);
	write_capabilities(w, process->capabilities);
	write_rlimits(w, process);
	if (process->no_new_privileges)
		json_write_bool(w, "noNewPrivileges", true);
	write_text(w, "apparmorProfile", process->apparmor_profile);
	if (process->has_oom_score_adj)
		json_write_int(w, "oomScoreAdj", process->oom_score_adj);
	write_scheduler(w, process->scheduler);
	write_text(w, "selinuxLabel", process->selinux_label);
	write_io_priority(w, process->io_priority);
	write_affinity(w, process);
	json_write_close(w, '}');
}

/* ---- mounts and hooks ----------------------------------------------------------------------- */

static void write_mounts(struct json_writer *w, const struct spec_config *config)
{
	json_write_open(w, "mounts", '[');
	for (size_t i = 0; i < config->mount_count; i++) {
		const struct spec_mount *mount = &config->mounts[i];

		json_write_open(w, NULL, '{');
		json_write_string(w, "destination", mount->destination);
		write_text(w, "type", mount->type);
		write_text(w, "source", mount->source);
		if (mount->options && mount->options[0])
			encode_strings(w, "options", mount->options);
		write_mappings(w, "uidMappings", mount->uid_mappings, mount->uid_mapping_count);
		write_mappings(w, "gidMappings", mount->gid_mappings, mount->gid_mapping_count);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_hooks(struct json_writer *w, const struct spec_hooks *hooks)
{
	json_write_open(w, "hooks", '{');
	for (uint32_t kind = 0; kind < HOOK_KIND_COUNT; kind++) {
		if (hooks->count[kind] == 0)
			continue;
		json_write_open(w, spec_name_of(SPEC_HOOKS, kind), '[');
		for (size_t i = 0; i < hooks->count[kind]; i++) {
			const struct spec_hook *hook = &hooks->hooks[kind][i];

			json_write_open(w, NULL, '{');
			json_write_string(w, "path", hook->path);
			write_list(w, "args", hook->args);
			write_list(w, "env", hook->env);
			if (hook->has_timeout)
				json_write_uint(w, "timeout", hook->timeout_s);
			json_write_close(w, '}');
		}
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

static bool has_hooks(const struct spec_hooks *hooks)
{
	for (size_t kind = 0; kind < HOOK_KIND_COUNT; kind++)
		if (hooks->count[kind])
			return true;
	return false;
}

/* ---- linux -------------------------------------------------------------------------------------- */

static void write_namespaces(struct json_writer *w, const struct spec_linux *l)
{
	json_write_open(w, "namespaces", '[');
	for (size_t i = 0; i < l->namespace_count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "type", spec_name_of(SPEC_NAMESPACES, (uint32_t)l->namespaces[i].flag));
		write_text(w, "path", l->namespaces[i].path);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_devices(struct json_writer *w, const struct spec_linux *l)
{
	json_write_open(w, "devices", '[');
	for (size_t i = 0; i < l->device_count; i++) {
		const struct spec_device *device = &l->devices[i];
		char type[2] = { device->type, '\0' };

		json_write_open(w, NULL, '{');
		json_write_string(w, "path", device->path);
		json_write_string(w, "type", type);
		if (device->type != 'p') {
			json_write_int(w, "major", device->major);
			json_write_int(w, "minor", device->minor);
		}
		if (device->has_mode)
			json_write_uint(w, "fileMode", device->mode);
		if (device->has_uid)
			json_write_uint(w, "uid", device->uid);
		if (device->has_gid)
			json_write_uint(w, "gid", device->gid);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_net_devices(struct json_writer *w, const struct spec_linux *l)
{
	json_write_open(w, "netDevices", '{');
	for (size_t i = 0; i < l->net_device_count; i++) {
		json_write_open(w, l->net_devices[i].name, '{');
		write_text(w, "name", l->net_devices[i].new_name);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void write_offset(struct json_writer *w, const char *key, const struct spec_time_offset *offset)
{
	if (!offset->given)
		return;
	json_write_open(w, key, '{');
	json_write_int(w, "secs", offset->secs);
	write_nonzero(w, "nanosecs", offset->nanosecs);
	json_write_close(w, '}');
}

static void write_time_offsets(struct json_writer *w, const struct spec_linux *l)
{
	if (!l->monotonic.given && !l->boottime.given)
		return;
	json_write_open(w, "timeOffsets", '{');
	write_offset(w, "monotonic", &l->monotonic);
	write_offset(w, "boottime", &l->boottime);
	json_write_close(w, '}');
}

static void write_intel_rdt(struct json_writer *w, const struct spec_intel_rdt *rdt)
{
	if (!rdt)
		return;
	json_write_open(w, "intelRdt", '{');
	write_text(w, "closID", rdt->clos_id);
	write_list(w, "schemata", rdt->schemata);
	write_text(w, "l3CacheSchema", rdt->l3_cache_schema);
	write_text(w, "memBwSchema", rdt->mem_bw_schema);
	if (rdt->enable_monitoring)
		json_write_bool(w, "enableMonitoring", true);
	json_write_close(w, '}');
}

static void write_memory_policy(struct json_writer *w, const struct spec_memory_policy *policy)
{
	if (!policy)
		return;
	json_write_open(w, "memoryPolicy", '{');
	json_write_string(w, "mode", spec_name_of(SPEC_MEMORY_MODES, (uint32_t)policy->mode));
	write_text(w, "nodes", policy->nodes);
	if (policy->flags)
		encode_name_bits(w, "flags", SPEC_MEMORY_FLAGS, policy->flags);
	json_write_close(w, '}');
}

static void write_personality(struct json_writer *w, const struct spec_linux *l)
{
	if (!l->has_personality)
		return;
	json_write_open(w, "personality", '{');
	json_write_string(w, "domain", spec_name_of(SPEC_PERSONALITIES, l->personality));
	json_write_close(w, '}');
}

static void write_linux(struct json_writer *w, const struct spec_linux *l)
{
	json_write_open(w, "linux", '{');
	write_mappings(w, "uidMappings", l->uid_mappings, l->uid_mapping_count);
	write_mappings(w, "gidMappings", l->gid_mappings, l->gid_mapping_count);
	if (l->sysctl_count)
		encode_pairs(w, "sysctl", l->sysctl, l->sysctl_count);
	spec_resources_write(w, "resources", l->resources);
	write_text(w, "cgroupsPath", l->cgroups_path);
	if (l->namespace_count)
		write_namespaces(w, l);
	if (l->device_count)
		write_devices(w, l);
	if (l->net_device_count)
		write_net_devices(w, l);
	spec_seccomp_write(w, "seccomp", l->seccomp);
	if (l->rootfs_propagation)
		json_write_string(w, "rootfsPropagation", spec_name_of(SPEC_PROPAGATIONS, (uint32_t)l->rootfs_propagation));
	write_list(w, "maskedPaths", l->masked_paths);
	write_list(w, "readonlyPaths", l->readonly_paths);
	write_text(w, "mountLabel", l->mount_label);
	write_intel_rdt(w, l->intel_rdt);
	write_memory_policy(w, l->memory_policy);
	write_personality(w, l);
	write_time_offsets(w, l);
	encode_landlock(w, "landlock", l->landlock);
	json_write_close(w, '}');
}

/* ---- the whole ------------------------------------------------------------------------------------ */

void spec_config_encode(const struct spec_config *config, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ociVersion", config->oci_version);
	write_process(&w, config->process);
	if (config->root_path) {
		json_write_open(&w, "root", '{');
		json_write_string(&w, "path", config->root_path);
		if (config->root_readonly)
			json_write_bool(&w, "readonly", true);
		json_write_close(&w, '}');
	}
	write_text(&w, "hostname", config->hostname);
	write_text(&w, "domainname", config->domainname);
	if (config->mount_count)
		write_mounts(&w, config);
	if (has_hooks(&config->hooks))
		write_hooks(&w, &config->hooks);
	if (config->annotation_count)
		encode_pairs(&w, "annotations", config->annotations, config->annotation_count);
	write_linux(&w, &config->linux_);
	json_write_close(&w, '}');
}
