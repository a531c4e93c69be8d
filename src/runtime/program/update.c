/* SPDX-License-Identifier: Apache-2.0 */
/* update: other limits for a container that exists. */
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "runtime/program/program.h"
#include "runtime/program/values.h"

#include <fcntl.h>

struct update_options {
	const char *resources, *l3_cache_schema, *mem_bw_schema;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime, *cpu_idle, *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	int64_t blkio_weight, pids_limit;
};

/* Of --pids-limit: not given. */
#define NO_PIDS_LIMIT INT64_MIN

static const struct update_options defaults = { .pids_limit = NO_PIDS_LIMIT };

#define AT(member) offsetof(struct update_options, member)

static const struct option_entry entries[] = {
	{ "resources", 'r', OPTION_STRING, OPTION_FILE, AT(resources), "FILE", "read the limits from a JSON file, '-' for the standard input; other options do not count then" },
	{ "blkio-weight", 0, OPTION_INT, 0, AT(blkio_weight), "WEIGHT", "share of the disks' time, 10 to 1000", 0, 1000 },
	{ "cpu-period", 0, OPTION_STRING, 0, AT(cpu_period), "US", "period in which the quota counts, in microseconds" },
	{ "cpu-quota", 0, OPTION_STRING, 0, AT(cpu_quota), "US", "processor time allowed in each period, in microseconds; -1 for no limit" },
	{ "cpu-burst", 0, OPTION_STRING, 0, AT(cpu_burst), "US", "unused quota that may be saved up, in microseconds" },
	{ "cpu-share", 0, OPTION_STRING, 0, AT(cpu_share), "SHARES", "share of the processors, against 1024 of others" },
	{ "cpu-rt-period", 0, OPTION_STRING, 0, AT(cpu_rt_period), "US", "period of the real-time limit, in microseconds" },
	{ "cpu-rt-runtime", 0, OPTION_STRING, 0, AT(cpu_rt_runtime), "US", "real-time processor time allowed in each period, in microseconds" },
	{ "cpuset-cpus", 0, OPTION_STRING, 0, AT(cpuset_cpus), "LIST", "processors that may be used, such as 0-3,7" },
	{ "cpuset-mems", 0, OPTION_STRING, 0, AT(cpuset_mems), "LIST", "memory nodes that may be used" },
	{ "cpu-idle", 0, OPTION_STRING, 0, AT(cpu_idle), "0|1", "1: run only when nothing else wants to" },
	{ "memory", 0, OPTION_STRING, 0, AT(memory), "SIZE", "memory limit, such as 512M; -1 for none" },
	{ "memory-reservation", 0, OPTION_STRING, 0, AT(memory_reservation), "SIZE", "memory that is left to it when the host runs short" },
	{ "memory-swap", 0, OPTION_STRING, 0, AT(memory_swap), "SIZE", "limit of memory and swap together; -1 for none" },
	{ "kernel-memory", 0, OPTION_STRING, OPTION_HIDDEN, AT(kernel_memory), "SIZE", "without effect" },
	{ "kernel-memory-tcp", 0, OPTION_STRING, OPTION_HIDDEN, AT(kernel_memory_tcp), "SIZE", "without effect" },
	{ "pids-limit", 0, OPTION_INT, 0, AT(pids_limit), "N", "how many processes and threads it may have; -1 for no limit", -1, INT64_C(1) << 22 },
	{ "l3-cache-schema", 0, OPTION_STRING, 0, AT(l3_cache_schema), "SCHEMA", "Intel RDT: part of the L3 cache" },
	{ "mem-bw-schema", 0, OPTION_STRING, 0, AT(mem_bw_schema), "SCHEMA", "Intel RDT: part of the memory bandwidth" },
	{ 0 },
};

/* The parts that the options fill, where resources' pointers may lead. */
struct limits {
	struct spec_memory memory;
	struct spec_cpu cpu;
	struct spec_block_io block_io;
	struct spec_resources resources;
};

enum limit_kind { LIMIT_SIZE, LIMIT_SIGNED, LIMIT_UNSIGNED };

#define CPU(member) offsetof(struct limits, cpu.member), offsetof(struct limits, cpu.has_##member)
#define MEMORY(member) offsetof(struct limits, memory.member), offsetof(struct limits, memory.has_##member)

/* Options that carry one number each: from the text to the number and its has_ flag. */
static const struct number_limit {
	const char *option;
	size_t text; /* in struct update_options */
	enum limit_kind kind;
	size_t value, has; /* in struct limits */
} number_limits[] = {
	{ "cpu-burst", AT(cpu_burst), LIMIT_UNSIGNED, CPU(burst) },
	{ "cpu-idle", AT(cpu_idle), LIMIT_SIGNED, CPU(idle) },
	{ "cpu-period", AT(cpu_period), LIMIT_UNSIGNED, CPU(period) },
	{ "cpu-quota", AT(cpu_quota), LIMIT_SIGNED, CPU(quota) },
	{ "cpu-rt-period", AT(cpu_rt_period), LIMIT_UNSIGNED, CPU(realtime_period) },
	{ "cpu-rt-runtime", AT(cpu_rt_runtime), LIMIT_SIGNED, CPU(realtime_runtime) },
	{ "cpu-share", AT(cpu_share), LIMIT_UNSIGNED, CPU(shares) },
	{ "memory", AT(memory), LIMIT_SIZE, MEMORY(limit) },
	{ "memory-reservation", AT(memory_reservation), LIMIT_SIZE, MEMORY(reservation) },
	{ "memory-swap", AT(memory_swap), LIMIT_SIZE, MEMORY(swap) },
};

static int parse_number(const struct number_limit *limit, const char *text, void *target, struct error *err)
{
	int r;

	if (limit->kind == LIMIT_SIZE) {
		r = value_parse_size(text, target, err);
	} else {
		r = limit->kind == LIMIT_SIGNED ? str_to_i64(text, 10, target) : str_to_u64(text, 10, target);
		if (r < 0)
			error_set(err, ERROR_INVALID, 0, r == -ERANGE ? "the number is too large" : "expected a whole number");
	}
	return r < 0 ? error_wrap(err, "invalid value '%s' for --%s", text, limit->option) : 0;
}

static int fill_numbers(const struct update_options *options, struct limits *limits, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_limits); i++) {
		const struct number_limit *limit = &number_limits[i];
		const char *text = *(const char *const *)((const char *)options + limit->text);
		int r;

		if (str_is_empty(text))
			continue;
		r = parse_number(limit, text, (char *)limits + limit->value, err);
		if (r < 0)
			return r;
		*(bool *)((char *)limits + limit->has) = true;
	}
	return 0;
}

static int fill_limits(const struct update_options *options, struct limits *limits, struct error *err)
{
	if (options->blkio_weight && options->blkio_weight < 10)
		return error_set(err, ERROR_INVALID, 0, "invalid value '%d' for --blkio-weight: expected a number from 10 to 1000", (int)options->blkio_weight);
	if (options->kernel_memory || options->kernel_memory_tcp)
		log_warning("--kernel-memory and --kernel-memory-tcp have no effect");
	limits->block_io.has_weight = options->blkio_weight != 0;
	limits->block_io.weight = (uint16_t)options->blkio_weight;
	limits->cpu.cpus = str_is_empty(options->cpuset_cpus) ? NULL : (char *)options->cpuset_cpus;
	limits->cpu.mems = str_is_empty(options->cpuset_mems) ? NULL : (char *)options->cpuset_mems;
	limits->resources = (struct spec_resources){
		.memory = &limits->memory,
		.cpu = &limits->cpu,
		.block_io = &limits->block_io,
		.has_pids_limit = options->pids_limit != NO_PIDS_LIMIT,
		.pids_limit = options->pids_limit,
	};
	return fill_numbers(options, limits, err);
}

static int read_limits(struct arena *arena, const char *path, struct spec_resources **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool is_stdin = str_equal(path, "-");
	const char *name = is_stdin ? "the standard input" : path;
	int r = is_stdin ? fd_read_all(STDIN_FILENO, SPEC_CONFIG_LIMIT, &text) : file_read_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read limits from '%s'", name);
	r = spec_resources_decode(arena, text.data, text.length, ret, err);
	return r < 0 ? error_wrap(err, "invalid limits in '%s'", name) : 0;
}

static int run_update(struct call *call, struct error *err)
{
	const struct update_options *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct limits limits = { 0 };
	struct spec_resources *resources = &limits.resources;
	struct update_request request = {
		.l3_cache_schema = str_is_empty(options->l3_cache_schema) ? NULL : options->l3_cache_schema,
		.mem_bw_schema = str_is_empty(options->mem_bw_schema) ? NULL : options->mem_bw_schema,
	};
	int r = str_is_empty(options->resources) ? fill_limits(options, &limits, err) : read_limits(arena, options->resources, &resources, err);

	if (r < 0)
		return r;
	request.resources = resources;
	return runtime_update(call->runtime, call->operands[0], &request, err);
}

const struct verb verb_update = {
	.command = {
		.name = "update",
		.operands = "ID",
		.summary = "change the limits of a container",
		.description = "Limits that are not given stay. If one cannot be set, those that were are put back.\n\n"
			"A SIZE is in bytes or has one of the units K, M, G, T (powers of 1024). The file of --resources looks like linux.resources in "
			"config.json.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct update_options),
	.defaults = &defaults,
	.run = run_update,
};
