/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a configuration that are long: limits, and the filter of system calls. */
#include "spec/resources_encode.h"
#include "spec/config_encode.h"
#include "spec/decode.h"

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_write_string(w, key, text);
}

static void write_int(struct json_writer *w, const char *key, bool has, int64_t value)
{
	if (has)
		json_write_int(w, key, value);
}

static void write_uint(struct json_writer *w, const char *key, bool has, uint64_t value)
{
	if (has)
		json_write_uint(w, key, value);
}

static void write_bool(struct json_writer *w, const char *key, bool has, bool value)
{
	if (has)
		json_write_bool(w, key, value);
}

/* ---- limits ------------------------------------------------------------------------- */

static void write_device_rule(struct json_writer *w, const struct spec_device_rule *rule)
{
	char type[2] = { rule->type, '\0' }, access[4];
	size_t length = 0;

	json_write_open(w, NULL, '{');
	json_write_bool(w, "allow", rule->allow);
	if (rule->type)
		json_write_string(w, "type", type);
	write_int(w, "major", rule->major != SPEC_WILDCARD, rule->major);
	write_int(w, "minor", rule->minor != SPEC_WILDCARD, rule->minor);
	for (size_t i = 0; i < 3; i++)
		if (rule->access >> i & 1)
			access[length++] = "rwm"[i];
	access[length] = '\0';
	if (length)
		json_write_string(w, "access", access);
	json_write_close(w, '}');
}

static void write_memory(struct json_writer *w, const struct spec_memory *memory)
{
	json_write_open(w, "memory", '{');
	write_int(w, "limit", memory->has_limit, memory->limit);
	write_int(w, "reservation", memory->has_reservation, memory->reservation);
	write_int(w, "swap", memory->has_swap, memory->swap);
	write_int(w, "kernel", memory->has_kernel, memory->kernel);
	write_int(w, "kernelTCP", memory->has_kernel_tcp, memory->kernel_tcp);
	write_uint(w, "swappiness", memory->has_swappiness, memory->swappiness);
	write_bool(w, "disableOOMKiller", memory->has_disable_oom_killer, memory->disable_oom_killer);
	write_bool(w, "useHierarchy", memory->has_use_hierarchy, memory->use_hierarchy);
	write_bool(w, "checkBeforeUpdate", memory->has_check_before_update, memory->check_before_update);
	json_write_close(w, '}');
}

static void write_cpu(struct json_writer *w, const struct spec_cpu *cpu)
{
	json_write_open(w, "cpu", '{');
	write_uint(w, "shares", cpu->has_shares, cpu->shares);
	write_int(w, "quota", cpu->has_quota, cpu->quota);
	write_uint(w, "burst", cpu->has_burst, cpu->burst);
	write_uint(w, "period", cpu->has_period, cpu->period);
	write_int(w, "realtimeRuntime", cpu->has_realtime_runtime, cpu->realtime_runtime);
	write_uint(w, "realtimePeriod", cpu->has_realtime_period, cpu->realtime_period);
	write_int(w, "idle", cpu->has_idle, cpu->idle);
	write_text(w, "cpus", cpu->cpus);
	write_text(w, "mems", cpu->mems);
	json_write_close(w, '}');
}

static void write_weight_devices(struct json_writer *w, const struct spec_block_io *io)
{
	json_write_open(w, "weightDevice", '[');
	for (size_t i = 0; i < io->weight_device_count; i++) {
		const struct spec_weight_device *device = &io->weight_devices[i];

		json_write_open(w, NULL, '{');
		json_write_int(w, "major", device->major);
		json_write_int(w, "minor", device->minor);
		write_uint(w, "weight", device->has_weight, device->weight);
		write_uint(w, "leafWeight", device->has_leaf_weight, device->leaf_weight);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_throttle(struct json_writer *w, const char *key, const struct spec_throttle_device *devices, size_t count)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		json_write_int(w, "major", devices[i].major);
		json_write_int(w, "minor", devices[i].minor);
		json_write_uint(w, "rate", devices[i].rate);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_block_io(struct json_writer *w, const struct spec_block_io *io)
{
	static const char *const throttle_names[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = "throttleReadBpsDevice",
		[THROTTLE_WRITE_BPS] = "throttleWriteBpsDevice",
		[THROTTLE_READ_IOPS] = "throttleReadIOPSDevice",
		[THROTTLE_WRITE_IOPS] = "throttleWriteIOPSDevice",
	};

	json_write_open(w, "blockIO", '{');
	write_uint(w, "weight", io->has_weight, io->weight);
	write_uint(w, "leafWeight", io->has_leaf_weight, io->leaf_weight);
	if (io->weight_device_count)
		write_weight_devices(w, io);
	for (size_t i = 0; i < THROTTLE_KIND_COUNT; i++)
		if (io->throttle_count[i])
			write_throttle(w, throttle_names[i], io->throttle[i], io->throttle_count[i]);
	json_write_close(w, '}');
}

static void write_hugepages(struct json_writer *w, const struct spec_resources *resources)
{
	json_write_open(w, "hugepageLimits", '[');
	for (size_t i = 0; i < resources->hugepage_limit_count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "pageSize", resources->hugepage_limits[i].page_size);
		json_write_uint(w, "limit", resources->hugepage_limits[i].limit);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_network(struct json_writer *w, const struct spec_resources *resources)
{
	json_write_open(w, "network", '{');
	write_uint(w, "classID", resources->has_class_id, resources->class_id);
	if (resources->priority_count) {
		json_write_open(w, "priorities", '[');
		for (size_t i = 0; i < resources->priority_count; i++) {
			json_write_open(w, NULL, '{');
			json_write_string(w, "name", resources->priorities[i].name);
			json_write_uint(w, "priority", resources->priorities[i].priority);
			json_write_close(w, '}');
		}
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

static void write_rdma(struct json_writer *w, const struct spec_resources *resources)
{
	json_write_open(w, "rdma", '{');
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct spec_rdma *rdma = &resources->rdma[i];

		json_write_open(w, rdma->device, '{');
		write_uint(w, "hcaHandles", rdma->has_handles, rdma->handles);
		write_uint(w, "hcaObjects", rdma->has_objects, rdma->objects);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void write_pids(struct json_writer *w, int64_t limit)
{
	json_write_open(w, "pids", '{');
	json_write_int(w, "limit", limit);
	json_write_close(w, '}');
}

void spec_resources_write(struct json_writer *w, const char *key, const struct spec_resources *resources)
{
	if (!resources)
		return;
	json_write_open(w, key, '{');
	if (resources->device_count) {
		json_write_open(w, "devices", '[');
		for (size_t i = 0; i < resources->device_count; i++)
			write_device_rule(w, &resources->devices[i]);
		json_write_close(w, ']');
	}
	if (resources->memory)
		write_memory(w, resources->memory);
	if (resources->cpu)
		write_cpu(w, resources->cpu);
	if (resources->has_pids_limit)
		write_pids(w, resources->pids_limit);
	if (resources->block_io)
		write_block_io(w, resources->block_io);
	if (resources->hugepage_limit_count)
		write_hugepages(w, resources);
	if (resources->has_class_id || resources->priority_count)
		write_network(w, resources);
	if (resources->rdma_count)
		write_rdma(w, resources);
	if (resources->unified_count)
		encode_pairs(w, "unified", resources->unified, resources->unified_count);
	json_write_close(w, '}');
}

/* ---- the filter of system calls ----------------------------------------------------------- */

static void write_arg(struct json_writer *w, const struct spec_seccomp_arg *arg)
{
	json_write_open(w, NULL, '{');
	json_write_uint(w, "index", arg->index);
	json_write_uint(w, "value", arg->value);
	write_uint(w, "valueTwo", arg->value_two != 0, arg->value_two);
	json_write_string(w, "op", spec_name_of(SPEC_SECCOMP_OPERATORS, arg->op));
	json_write_close(w, '}');
}

static void write_rule(struct json_writer *w, const struct spec_seccomp_rule *rule)
{
	json_write_open(w, NULL, '{');
	encode_strings(w, "names", rule->names);
	json_write_string(w, "action", spec_name_of(SPEC_SECCOMP_ACTIONS, rule->action));
	write_uint(w, "errnoRet", rule->has_errno, rule->errno_ret);
	if (rule->arg_count) {
		json_write_open(w, "args", '[');
		for (size_t i = 0; i < rule->arg_count; i++)
			write_arg(w, &rule->args[i]);
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

void encode_name_bits(struct json_writer *w, const char *key, enum spec_names set, uint32_t bits)
{
	const char *word;
	uint32_t value = 0;

	json_write_open(w, key, '[');
	for (size_t i = 0; (word = spec_name_at(set, i, &value)); i++)
		if (value && (bits & value) == value)
			json_write_string(w, NULL, word);
	json_write_close(w, ']');
}

void spec_seccomp_write(struct json_writer *w, const char *key, const struct spec_seccomp *seccomp)
{
	if (!seccomp)
		return;
	json_write_open(w, key, '{');
	json_write_string(w, "defaultAction", spec_name_of(SPEC_SECCOMP_ACTIONS, seccomp->default_action));
	write_uint(w, "defaultErrnoRet", seccomp->has_default_errno, seccomp->default_errno);
	if (seccomp->architecture_count) {
		json_write_open(w, "architectures", '[');
		for (size_t i = 0; i < seccomp->architecture_count; i++)
			json_write_string(w, NULL, spec_name_of(SPEC_SECCOMP_ARCHITECTURES, seccomp->architectures[i]));
		json_write_close(w, ']');
	}
	if (seccomp->flags)
		encode_name_bits(w, "flags", SPEC_SECCOMP_FLAGS, seccomp->flags);
	write_text(w, "listenerPath", seccomp->listener_path);
	write_text(w, "listenerMetadata", seccomp->listener_metadata);
	if (seccomp->rule_count) {
		json_write_open(w, "syscalls", '[');
		for (size_t i = 0; i < seccomp->rule_count; i++)
			write_rule(w, &seccomp->rules[i]);
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}
