/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cgroup_options.h"

#include "base/quantity.h"
#include "cli/value_limit.h"

#define AT(member) offsetof(struct cgroup_request, member)

const struct option_entry cgroup_option_entries[] = {
	{ "cpu-weight", 0, OPTION_CALLBACK, 0, AT(limits.cpu_weight), "N", "its part of CPUs that others want, too: 1 to 10000, 100 is usual",
		.parse = cgroup_weight_parse },
	{ "cpus", 0, OPTION_CALLBACK, 0, AT(limits.nano_cpus), "N", "most time of CPUs, such as 0.5; max: no limit", .parse = cgroup_cpus_parse },
	{ "cpuset-cpus", 0, OPTION_STRING, 0, AT(limits.cpuset_cpus), "LIST", "CPUs that may be used, such as 0-3,5" },
	{ "cpuset-mems", 0, OPTION_STRING, 0, AT(limits.cpuset_mems), "LIST", "memory nodes that may be used" },
	{ "device-read-bps", 0, OPTION_LIST, 0, AT(rates[THROTTLE_READ_BPS]), "DEVICE:SIZE", "most that is read in a second; 0: no limit" },
	{ "device-read-iops", 0, OPTION_LIST, 0, AT(rates[THROTTLE_READ_IOPS]), "DEVICE:N", "how often is read in a second at most" },
	{ "device-write-bps", 0, OPTION_LIST, 0, AT(rates[THROTTLE_WRITE_BPS]), "DEVICE:SIZE", "most that is written in a second" },
	{ "device-write-iops", 0, OPTION_LIST, 0, AT(rates[THROTTLE_WRITE_IOPS]), "DEVICE:N", "how often is written in a second at most" },
	{ "io-weight", 0, OPTION_CALLBACK, 0, AT(limits.io_weight), "N", "its part of disks that others want, too: 1 to 10000, 100 is usual",
		.parse = cgroup_weight_parse },
	{ "memory", 'm', OPTION_CALLBACK, 0, AT(limits.memory), "SIZE", "most memory, such as 64m; max: no limit", .parse = cgroup_size_parse },
	{ "memory-reservation", 0, OPTION_CALLBACK, 0, AT(limits.memory_reservation), "SIZE", "memory that is taken back last when it is short",
		.parse = cgroup_size_parse },
	{ "memory-swap", 0, OPTION_CALLBACK, 0, AT(limits.memory_swap), "SIZE", "most memory and swap together; max: no limit", .parse = cgroup_size_parse },
	{ "pids", 0, OPTION_CALLBACK, 0, AT(limits.pids), "N", "most processes and threads; max: no limit", .parse = cgroup_count_parse },
	{ 0 },
};

/* ---- values ----------------------------------------------------------------------- */

static int store(void *target, uint64_t value)
{
	*(struct group_limit *)target = (struct group_limit){ .is_given = true, .value = value };
	return 0;
}

static bool is_no_limit(const char *text)
{
	return str_equal(text, "max") || str_equal(text, "-1");
}

int cgroup_cpus_parse(const char *text, void *target, struct error *err)
{
	uint64_t billionths;

	if (is_no_limit(text))
		return store(target, GROUP_NO_LIMIT);
	if (quantity_parse_decimal(text, 1000000000, &billionths) < 0 || billionths > INT64_MAX || billionths == 0)
		return error_set(err, ERROR_INVALID, 0, "expected a number of CPUs such as 1.5, or max");
	return store(target, billionths);
}

int cgroup_weight_parse(const char *text, void *target, struct error *err)
{
	uint64_t weight;

	if (str_to_u64(text, 10, &weight) < 0 || weight < GROUP_WEIGHT_MIN || weight > GROUP_WEIGHT_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a number from %d to %d", GROUP_WEIGHT_MIN, GROUP_WEIGHT_MAX);
	return store(target, weight);
}

int cgroup_size_parse(const char *text, void *target, struct error *err)
{
	uint64_t bytes;

	if (is_no_limit(text))
		return store(target, GROUP_NO_LIMIT);
	if (quantity_parse_size(text, &bytes) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a size such as 64m, or max");
	return store(target, bytes);
}

int cgroup_count_parse(const char *text, void *target, struct error *err)
{
	uint64_t count;

	if (is_no_limit(text))
		return store(target, GROUP_NO_LIMIT);
	if (str_to_u64(text, 10, &count) < 0 || count > INT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a number, or max");
	return store(target, count);
}

/* ---- the whole ---------------------------------------------------------------------- */

int cgroup_options_decode(struct arena *arena, const struct cgroup_request *request, char *const *files, struct group_limits *ret, struct error *err)
{
	struct group_limits limits = request->limits;
	size_t count = strv_length(files);
	struct group_file *list = arena_alloc(arena, count + 1, sizeof *list);
	int r = value_throttles_parse(arena, request->rates, limits.rates, limits.rate_count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		char *name = arena_strdup(arena, files[i]), *value = strchr(name, '=');

		if (!value || value == name)
			return error_set(err, ERROR_INVALID, 0, "'%.64s' is no setting: expected FILE=VALUE, such as memory.high=32m", files[i]);
		*value++ = '\0';
		list[i] = (struct group_file){ .name = name, .value = value };
	}
	limits.files = list;
	limits.file_count = count;
	if (r == 0)
		*ret = limits;
	return r;
}
