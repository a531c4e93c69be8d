/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/resources.h"

/* ---- device numbers and rules ------------------------------------------------------ */

/* A number that is given where the kernel has 32 bits: -1 is any, if ANY allows it. */
static int decode_device_number(const struct decoder *d, const struct json *value, bool any, int64_t *ret)
{
	return decode_int(d, value, any ? SPEC_WILDCARD : 0, UINT32_MAX, ret);
}

enum rule_field { RULE_TYPE, RULE_MAJOR, RULE_MINOR, RULE_ACCESS };

static int decode_rule_type(const struct decoder *d, const struct json *value, struct spec_device_rule *rule)
{
	char *type = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &type);

	if (r < 0)
		return r;
	if (*type && (type[1] || !strchr("abc", *type)))
		return decode_fail(d, value, "'%.40s' is none of a, b and c", type);
	if (*type)
		rule->type = *type;
	return 0;
}

static int decode_rule_access(const struct decoder *d, const struct json *value, struct spec_device_rule *rule)
{
	char *access = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &access);

	if (r < 0)
		return r;
	for (const char *c = access; *c; c++) {
		if (*c == 'r')
			rule->access |= 1;
		else if (*c == 'w')
			rule->access |= 2;
		else if (*c == 'm')
			rule->access |= 4;
		else
			return decode_fail(d, value, "'%.40s' has other letters than r, w and m", access);
	}
	return 0;
}

static int decode_rule_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_device_rule *rule = object;

	switch ((enum rule_field)id) {
	case RULE_TYPE:
		return decode_rule_type(d, value, rule);
	case RULE_MAJOR:
		return decode_device_number(d, value, true, &rule->major);
	case RULE_MINOR:
		return decode_device_number(d, value, true, &rule->minor);
	case RULE_ACCESS:
		return decode_rule_access(d, value, rule);
	}
	return -EINVAL;
}

static int decode_rule(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_MUST(BOOL, struct spec_device_rule, allow, "allow"),
		FIELD_BY(RULE_TYPE, "type", 0),
		FIELD_BY(RULE_MAJOR, "major", 0),
		FIELD_BY(RULE_MINOR, "minor", 0),
		FIELD_BY(RULE_ACCESS, "access", 0),
	};
	struct spec_device_rule *rule = element;

	rule->type = 'a';
	rule->major = rule->minor = SPEC_WILDCARD;
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), rule, decode_rule_field);
}

/* ---- memory, cpu, pids --------------------------------------------------------------- */

/* The amounts of memory: bytes, or -1 for no limit. */
enum memory_field { MEMORY_LIMIT, MEMORY_RESERVATION, MEMORY_SWAP, MEMORY_KERNEL, MEMORY_KERNEL_TCP, MEMORY_SWAPPINESS };

static int decode_bytes(const struct decoder *d, const struct json *value, int64_t *ret, bool *ret_given)
{
	*ret_given = true;
	return decode_int(d, value, -1, INT64_MAX, ret);
}

static int decode_memory_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_memory *memory = object;

	switch ((enum memory_field)id) {
	case MEMORY_LIMIT:
		return decode_bytes(d, value, &memory->limit, &memory->has_limit);
	case MEMORY_RESERVATION:
		return decode_bytes(d, value, &memory->reservation, &memory->has_reservation);
	case MEMORY_SWAP:
		return decode_bytes(d, value, &memory->swap, &memory->has_swap);
	case MEMORY_KERNEL:
		return decode_bytes(d, value, &memory->kernel, &memory->has_kernel);
	case MEMORY_KERNEL_TCP:
		return decode_bytes(d, value, &memory->kernel_tcp, &memory->has_kernel_tcp);
	case MEMORY_SWAPPINESS:
		memory->has_swappiness = true;
		return decode_uint(d, value, 100, &memory->swappiness);
	}
	return -EINVAL;
}

static int decode_memory(const struct decoder *d, const struct json *value, struct spec_memory **ret)
{
	static const struct field fields[] = {
		FIELD_BY(MEMORY_LIMIT, "limit", 0),
		FIELD_BY(MEMORY_RESERVATION, "reservation", 0),
		FIELD_BY(MEMORY_SWAP, "swap", 0),
		FIELD_BY(MEMORY_KERNEL, "kernel", 0),
		FIELD_BY(MEMORY_KERNEL_TCP, "kernelTCP", 0),
		FIELD_BY(MEMORY_SWAPPINESS, "swappiness", 0),
		FIELD_WITH(BOOL, struct spec_memory, disable_oom_killer, has_disable_oom_killer, "disableOOMKiller"),
		FIELD_WITH(BOOL, struct spec_memory, use_hierarchy, has_use_hierarchy, "useHierarchy"),
		FIELD_WITH(BOOL, struct spec_memory, check_before_update, has_check_before_update, "checkBeforeUpdate"),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_memory_field);
}

static int decode_cpu_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_cpu *cpu = object;

	ignore_result(id); /* the only such field */
	cpu->has_idle = true;
	return decode_int(d, value, 0, 1, &cpu->idle);
}

static int decode_cpu(const struct decoder *d, const struct json *value, struct spec_cpu **ret)
{
	static const struct field fields[] = {
		FIELD_WITH(U64, struct spec_cpu, shares, has_shares, "shares"),
		FIELD_WITH(I64, struct spec_cpu, quota, has_quota, "quota"),
		FIELD_WITH(U64, struct spec_cpu, burst, has_burst, "burst"),
		FIELD_WITH(U64, struct spec_cpu, period, has_period, "period"),
		FIELD_WITH(I64, struct spec_cpu, realtime_runtime, has_realtime_runtime, "realtimeRuntime"),
		FIELD_WITH(U64, struct spec_cpu, realtime_period, has_realtime_period, "realtimePeriod"),
		FIELD(STRING, struct spec_cpu, cpus, "cpus"),
		FIELD(STRING, struct spec_cpu, mems, "mems"),
		FIELD_BY(0, "idle", 0),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_cpu_field);
}

static int decode_pids(const struct decoder *d, const struct json *value, struct spec_resources *resources)
{
	static const struct field fields[] = {
		FIELD_WITH(I64, struct spec_resources, pids_limit, has_pids_limit, "limit"),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), resources, NULL);
}

/* ---- block I/O -------------------------------------------------------------------------- */

static int decode_block_number(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	return decode_device_number(d, value, false, (int64_t *)object + id);
}

static int decode_weight_device(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(0, "major", FIELD_REQUIRED),
		FIELD_BY(1, "minor", FIELD_REQUIRED),
		FIELD_WITH(U16, struct spec_weight_device, weight, has_weight, "weight"),
		FIELD_WITH(U16, struct spec_weight_device, leaf_weight, has_leaf_weight, "leafWeight"),
	};
	_Static_assert(offsetof(struct spec_weight_device, major) == 0 && offsetof(struct spec_weight_device, minor) == sizeof(int64_t),
		       "decode_block_number() counts on it");

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_block_number);
}

static int decode_throttle_device(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(0, "major", FIELD_REQUIRED),
		FIELD_BY(1, "minor", FIELD_REQUIRED),
		FIELD_MUST(U64, struct spec_throttle_device, rate, "rate"),
	};
	_Static_assert(offsetof(struct spec_throttle_device, major) == 0 && offsetof(struct spec_throttle_device, minor) == sizeof(int64_t),
		       "decode_block_number() counts on it");

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_block_number);
}

#define BLOCK_WEIGHT_DEVICE THROTTLE_KIND_COUNT /* behind the ids of the throttles */

static int decode_block_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_block_io *block_io = object;

	if (id == BLOCK_WEIGHT_DEVICE)
		return decode_list(d, value, JSON_ARRAY, sizeof *block_io->weight_devices, decode_weight_device, &block_io->weight_devices,
				   &block_io->weight_device_count);
	return decode_list(d, value, JSON_ARRAY, sizeof **block_io->throttle, decode_throttle_device, &block_io->throttle[id],
			   &block_io->throttle_count[id]);
}

static int decode_block_io(const struct decoder *d, const struct json *value, struct spec_block_io **ret)
{
	static const struct field fields[] = {
		FIELD_WITH(U16, struct spec_block_io, weight, has_weight, "weight"),
		FIELD_WITH(U16, struct spec_block_io, leaf_weight, has_leaf_weight, "leafWeight"),
		FIELD_BY(BLOCK_WEIGHT_DEVICE, "weightDevice", 0),
		FIELD_BY(THROTTLE_READ_BPS, "throttleReadBpsDevice", 0),
		FIELD_BY(THROTTLE_WRITE_BPS, "throttleWriteBpsDevice", 0),
		FIELD_BY(THROTTLE_READ_IOPS, "throttleReadIOPSDevice", 0),
		FIELD_BY(THROTTLE_WRITE_IOPS, "throttleWriteIOPSDevice", 0),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_block_field);
}

/* ---- huge pages, network, RDMA -------------------------------------------------------------- */

/* "2MB": ^[1-9][0-9]*[KMG]B$ of the schema; it becomes part of a file's name. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && *text != '0' && strchr("KMG", text[digits]) && text[digits] && str_equal(text + digits + 1, "B");
}

static int decode_page_size(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_hugepage_limit *limit = object;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &limit->page_size);

	ignore_result(id); /* the only such field */
	if (r == 0 && !is_page_size(limit->page_size))
		return decode_fail(d, value, "'%.40s' is no page size such as 2MB", limit->page_size);
	return r;
}

static int decode_hugepage_limit(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(0, "pageSize", FIELD_REQUIRED),
		FIELD_MUST(U64, struct spec_hugepage_limit, limit, "limit"),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_page_size);
}

static int decode_priority(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_MUST(STRING, struct spec_interface_priority, name, "name"),
		FIELD_MUST(U32, struct spec_interface_priority, priority, "priority"),
	};
	struct spec_interface_priority *priority = element;
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), priority, NULL);

	/* It is written to net_prio.ifpriomap in front of a blank. */
	if (r == 0 && (!priority->name || strpbrk(priority->name, " \t\n")))
		return decode_fail_member(d, value, "name", "'%.40s' is no name of a network device", priority->name ? priority->name : "");
	return r;
}

static int decode_priorities(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_resources *resources = object;

	ignore_result(id); /* the only such field */
	return decode_list(d, value, JSON_ARRAY, sizeof *resources->priorities, decode_priority, &resources->priorities,
			   &resources->priority_count);
}

static int decode_network(const struct decoder *d, const struct json *value, struct spec_resources *resources)
{
	static const struct field fields[] = {
		FIELD_WITH(U32, struct spec_resources, class_id, has_class_id, "classID"),
		FIELD_BY(0, "priorities", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), resources, decode_priorities);
}

static int decode_rdma(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_WITH(U32, struct spec_rdma, handles, has_handles, "hcaHandles"),
		FIELD_WITH(U32, struct spec_rdma, objects, has_objects, "hcaObjects"),
	};
	struct spec_rdma *rdma = element;

	/* It is written to rdma.max in front of a blank. */
	if (!*value->key || strpbrk(value->key, " \t\n"))
		return decode_fail(d, value, "no name of a device");
	rdma->device = (char *)value->key;
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), rdma, NULL);
}

/* The keys name files of the cgroup directory; nothing else may be reached by them. */
static int decode_unified(const struct decoder *d, const struct json *value, struct spec_resources *resources)
{
	int r = decode_pairs(d, value, SPEC_STRING_LIMIT, &resources->unified, &resources->unified_count);

	if (r < 0)
		return r;
	for (const struct json *v = value->first; v; v = v->next)
		if (strchr(v->key, '/') || str_equal(v->key, ".") || str_equal(v->key, ".."))
			return decode_fail(d, v, "'%.64s' is no file name", v->key);
	return 0;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

enum resources_field {
	RESOURCES_DEVICES,
	RESOURCES_MEMORY,
	RESOURCES_CPU,
	RESOURCES_PIDS,
	RESOURCES_BLOCK_IO,
	RESOURCES_HUGEPAGES,
	RESOURCES_NETWORK,
	RESOURCES_RDMA,
	RESOURCES_UNIFIED,
};

static int decode_resources_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_resources *resources = object;

	switch ((enum resources_field)id) {
	case RESOURCES_DEVICES:
		return decode_list(d, value, JSON_ARRAY, sizeof *resources->devices, decode_rule, &resources->devices, &resources->device_count);
	case RESOURCES_MEMORY:
		return decode_memory(d, value, &resources->memory);
	case RESOURCES_CPU:
		return decode_cpu(d, value, &resources->cpu);
	case RESOURCES_PIDS:
		return decode_pids(d, value, resources);
	case RESOURCES_BLOCK_IO:
		return decode_block_io(d, value, &resources->block_io);
	case RESOURCES_HUGEPAGES:
		return decode_list(d, value, JSON_ARRAY, sizeof *resources->hugepage_limits, decode_hugepage_limit, &resources->hugepage_limits,
				   &resources->hugepage_limit_count);
	case RESOURCES_NETWORK:
		return decode_network(d, value, resources);
	case RESOURCES_RDMA:
		return decode_list(d, value, JSON_OBJECT, sizeof *resources->rdma, decode_rdma, &resources->rdma, &resources->rdma_count);
	case RESOURCES_UNIFIED:
		return decode_unified(d, value, resources);
	}
	return -EINVAL;
}

int decode_resources(const struct decoder *d, const struct json *value, struct spec_resources *resources)
{
	static const struct field fields[] = {
		FIELD_BY(RESOURCES_DEVICES, "devices", 0),
		FIELD_BY(RESOURCES_MEMORY, "memory", 0),
		FIELD_BY(RESOURCES_CPU, "cpu", 0),
		FIELD_BY(RESOURCES_PIDS, "pids", 0),
		FIELD_BY(RESOURCES_BLOCK_IO, "blockIO", 0),
		FIELD_BY(RESOURCES_HUGEPAGES, "hugepageLimits", 0),
		FIELD_BY(RESOURCES_NETWORK, "network", 0),
		FIELD_BY(RESOURCES_RDMA, "rdma", 0),
		FIELD_BY(RESOURCES_UNIFIED, "unified", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), resources, decode_resources_field);
}

int spec_resources_decode(struct arena *arena, const char *text, size_t length, struct spec_resources **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "resources", .prefix = "resources", .err = err };
	struct spec_resources *resources = arena_alloc(arena, 1, sizeof *resources);
	int r = decode_open(&d, text, length);

	if (r < 0)
		return r;
	r = decode_resources(&d, d.root, resources);
	if (r < 0)
		return r;
	*ret = resources;
	return 0;
}
