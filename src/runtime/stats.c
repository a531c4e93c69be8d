/* SPDX-License-Identifier: Apache-2.0 */
/* One function per member of runc's document; v1 and v2 side by side. See stats.h. */
#include "runtime/stats.h"
#include "host/cgroup_reading.h"

#include <fcntl.h>
#include <inttypes.h>

#define NANOSECONDS_PER_TICK 10000000 /* of cpuacct.stat: USER_HZ is 100 on every architecture we know */

/* ---- reading ---------------------------------------------------------------------- */

static uint64_t parse_number(const char *text)
{
	return strcmp(text, "max") == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* Writes lines of "key number" as members; TEXT is taken apart. */
static void write_keyed(struct json_writer *w, const char *key, char *text)
{
	char *rest = NULL;

	json_write_open(w, key, '{');
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		json_write_uint(w, line, parse_number(space + 1));
	}
	json_write_close(w, '}');
}

/* ---- pressure (psi.rst) -------------------------------------------------------------- */

static void write_pressure_line(struct json_writer *w, char *line)
{
	char *rest = NULL, *name = strtok_r(line, " ", &rest);

	if (!name || (strcmp(name, "some") != 0 && strcmp(name, "full") != 0))
		return;
	json_write_open(w, name, '{');
	for (char *word; (word = strtok_r(NULL, " ", &rest));) {
		char *equals = strchr(word, '=');

		if (!equals)
			continue;
		*equals = '\0';
		if (strcmp(word, "total") == 0)
			json_write_uint(w, word, strtoull(equals + 1, NULL, 10));
		else
			json_write_real(w, word, strtod(equals + 1, NULL));
	}
	json_write_close(w, '}');
}

/* cgroup2 has it for every group, whichever hierarchy the controller is in. */
static void write_pressure(struct json_writer *w, const struct cgroup_set *set, const char *file)
{
	_cleanup_free_ char *text = cgroup_reading_text(cgroup_set_v2(set), file);
	char *rest = NULL;

	if (!text || !*text)
		return;
	json_write_open(w, "psi", '{');
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		write_pressure_line(w, line);
	json_write_close(w, '}');
}

/* ---- cpu -------------------------------------------------------------------------------- */

static void write_number_list(struct json_writer *w, const char *key, char *text)
{
	char *rest = NULL;

	if (!text)
		return;
	json_write_open(w, key, '[');
	for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		json_write_uint(w, NULL, strtoull(word, NULL, 10));
	json_write_close(w, ']');
}

static void write_usage_v1(struct json_writer *w, const struct cgroup_group *group)
{
	static const struct {
		const char *key, *file;
	} lists[] = { { "percpu", "cpuacct.usage_percpu" }, { "percpu_kernel", "cpuacct.usage_percpu_sys" }, { "percpu_user", "cpuacct.usage_percpu_user" } };
	uint64_t user = cgroup_reading_number(group, "cpuacct.usage_user"), kernel = cgroup_reading_number(group, "cpuacct.usage_sys");

	if (!user && !kernel) {
		_cleanup_free_ char *text = cgroup_reading_text(group, "cpuacct.stat");

		user = cgroup_reading_keyed(text, "user") * NANOSECONDS_PER_TICK;
		kernel = cgroup_reading_keyed(text, "system") * NANOSECONDS_PER_TICK;
	}
	json_write_uint(w, "total", cgroup_reading_number(group, "cpuacct.usage"));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *text = cgroup_reading_text(group, lists[i].file);

		write_number_list(w, lists[i].key, text);
	}
	json_write_uint(w, "kernel", kernel);
	json_write_uint(w, "user", user);
}

static void write_cpu(struct json_writer *w, const struct cgroup_set *set)
{
	const struct cgroup_group *cpu = cgroup_set_find(set, CGROUP_CPU), *account = cgroup_set_find(set, CGROUP_CPUACCT);
	_cleanup_free_ char *text = cgroup_reading_text(cpu, "cpu.stat"), *usage = account && account->is_v2 ? cgroup_reading_text(account, "cpu.stat") : NULL;
	bool is_v2 = cpu && cpu->is_v2;

	json_write_open(w, "cpu", '{');
	json_write_open(w, "usage", '{');
	if (account && !account->is_v2) {
		write_usage_v1(w, account);
	} else {
		json_write_uint(w, "total", cgroup_reading_keyed(usage, "usage_usec") * 1000);
		json_write_uint(w, "kernel", cgroup_reading_keyed(usage, "system_usec") * 1000);
		json_write_uint(w, "user", cgroup_reading_keyed(usage, "user_usec") * 1000);
	}
	json_write_close(w, '}');
	json_write_open(w, "throttling", '{');
	json_write_uint(w, "periods", cgroup_reading_keyed(text, "nr_periods"));
	json_write_uint(w, "throttledPeriods", cgroup_reading_keyed(text, "nr_throttled"));
	json_write_uint(w, "throttledTime", is_v2 ? cgroup_reading_keyed(text, "throttled_usec") * 1000 : cgroup_reading_keyed(text, "throttled_time"));
	json_write_close(w, '}');
	write_pressure(w, set, "cpu.pressure");
	json_write_close(w, '}');
}

/* ---- cpuset ------------------------------------------------------------------------------- */

/* "0-2,7" as [0,1,2,7]; the kernel has no more than 8192 of either kind. */
static void write_range_list(struct json_writer *w, const char *key, const char *text)
{
	unsigned long written = 0;

	if (!text || !*text)
		return;
	json_write_open(w, key, '[');
	for (const char *at = text; *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && written < 65536; first++, written++)
			json_write_uint(w, NULL, first);
		at = end + (*end == ',');
		if (at == end && *at)
			break;
	}
	json_write_close(w, ']');
}

static void write_cpuset(struct json_writer *w, const struct cgroup_set *set)
{
	static const char *const numbers[] = {
		"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
	};
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_CPUSET), *v1 = group && !group->is_v2 ? group : NULL;
	_cleanup_free_ char *cpus = cgroup_reading_text(group, "cpuset.cpus"), *mems = cgroup_reading_text(group, "cpuset.mems");
	_cleanup_free_ char *level = cgroup_reading_text(v1, "cpuset.sched_relax_domain_level");

	json_write_open(w, "cpuset", '{');
	write_range_list(w, "cpus", cpus);
	write_range_list(w, "mems", mems);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char file[64];

		snprintf(file, sizeof file, "cpuset.%s", numbers[i]);
		json_write_uint(w, numbers[i], cgroup_reading_number(v1, file));
	}
	json_write_int(w, "sched_relax_domain_level", level ? strtoll(level, NULL, 10) : 0);
	json_write_close(w, '}');
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct memory_entry {
	uint64_t limit, usage, max, failcnt;
};

static void write_memory_entry(struct json_writer *w, const char *key, const struct memory_entry *entry)
{
	json_write_open(w, key, '{');
	json_write_uint(w, "limit", entry->limit);
	json_write_uint(w, "usage", entry->usage);
	json_write_uint(w, "max", entry->max);
	json_write_uint(w, "failcnt", entry->failcnt);
	json_write_close(w, '}');
}

static void write_memory_v1(struct json_writer *w, const struct cgroup_group *group)
{
	static const struct {
		const char *key, *prefix;
	} entries[] = { { "usage", "memory" }, { "swap", "memory.memsw" }, { "kernel", "memory.kmem" }, { "kernelTCP", "memory.kmem.tcp" } };

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct memory_entry entry = { 0 };
		const struct {
			const char *file;
			uint64_t *value;
		} files[] = { { "limit_in_bytes", &entry.limit }, { "usage_in_bytes", &entry.usage }, { "max_usage_in_bytes", &entry.max }, { "failcnt", &entry.failcnt } };

		for (size_t j = 0; j < ARRAY_SIZE(files); j++) {
			char file[64];

			snprintf(file, sizeof file, "%s.%s", entries[i].prefix, files[j].file);
			*files[j].value = cgroup_reading_number(group, file);
		}
		write_memory_entry(w, entries[i].key, &entry);
	}
}

/* v1's swap is memory and swap together, so v2's numbers are added up as well. */
static void write_memory_v2(struct json_writer *w, const struct cgroup_group *group, const char *raw)
{
	_cleanup_free_ char *events = cgroup_reading_text(group, "memory.events"), *swap_events = cgroup_reading_text(group, "memory.swap.events");
	struct memory_entry usage = {
		.limit = cgroup_reading_number(group, "memory.max"),
		.usage = cgroup_reading_number(group, "memory.current"),
		.max = cgroup_reading_number(group, "memory.peak"), /* since 5.19 */
		.failcnt = cgroup_reading_keyed(events, "max"),
	};
	struct memory_entry swap = {
		.limit = cgroup_reading_number(group, "memory.swap.max"),
		.usage = cgroup_reading_number(group, "memory.swap.current") + usage.usage,
		.failcnt = cgroup_reading_keyed(swap_events, "fail"),
	};
	struct memory_entry kernel = { .limit = usage.limit, .usage = cgroup_reading_keyed(raw, "kernel") }, tcp = { .limit = usage.limit, .usage = cgroup_reading_keyed(raw, "sock") };

	swap.limit = swap.limit == UINT64_MAX || usage.limit == UINT64_MAX ? UINT64_MAX : swap.limit + usage.limit;
	write_memory_entry(w, "usage", &usage);
	write_memory_entry(w, "swap", &swap);
	write_memory_entry(w, "kernel", &kernel);
	write_memory_entry(w, "kernelTCP", &tcp);
}

static char *read_memory_events(const struct cgroup_group *group)
{
	return cgroup_reading_text(group, group && group->is_v2 ? "memory.events" : "memory.oom_control");
}

static void write_memory(struct json_writer *w, const struct cgroup_set *set)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_MEMORY);
	_cleanup_free_ char *raw = cgroup_reading_text(group, "memory.stat"), *events = read_memory_events(group);

	json_write_open(w, "memory", '{');
	json_write_uint(w, "cache", cgroup_reading_keyed(raw, group && group->is_v2 ? "file" : "cache"));
	if (group && group->is_v2)
		write_memory_v2(w, group, raw);
	else
		write_memory_v1(w, group);
	write_keyed(w, "raw", raw);
	write_keyed(w, "events", events);
	write_pressure(w, set, "memory.pressure");
	json_write_close(w, '}');
}

uint64_t stats_oom_kills(const struct cgroup_set *set)
{
	_cleanup_free_ char *text = read_memory_events(cgroup_set_find(set, CGROUP_MEMORY));

	return cgroup_reading_keyed(text, "oom_kill");
}

/* ---- pids ---------------------------------------------------------------------------------------- */

static void write_pids(struct json_writer *w, const struct cgroup_set *set)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_PIDS);
	uint64_t limit = cgroup_reading_number(group, "pids.max");

	json_write_open(w, "pids", '{');
	json_write_uint(w, "current", cgroup_reading_number(group, "pids.current"));
	json_write_uint(w, "limit", limit == UINT64_MAX ? 0 : limit);
	json_write_close(w, '}');
}

/* ---- block i/o ---------------------------------------------------------------------------------------- */

static void write_block_entry(struct json_writer *w, uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
	json_write_open(w, NULL, '{');
	json_write_uint(w, "major", major);
	json_write_uint(w, "minor", minor);
	if (op)
		json_write_string(w, "op", op);
	json_write_uint(w, "value", value);
	json_write_close(w, '}');
}

/* A v1 table of "8:0 Read 4096" or "8:0 4096"; the sum at its end has no device. */
static void write_block_table(struct json_writer *w, const char *key, char *text)
{
	char *rest = NULL;

	json_write_open(w, key, '[');
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned major, minor;
		char op[16];
		uint64_t value;

		if (sscanf(line, "%u:%u %15[A-Za-z] %" SCNu64, &major, &minor, op, &value) == 4)
			write_block_entry(w, major, minor, op, value);
		else if (sscanf(line, "%u:%u %" SCNu64, &major, &minor, &value) == 3)
			write_block_entry(w, major, minor, NULL, value);
	}
	json_write_close(w, ']');
}

/* Whether the table has a line for some device. */
static bool has_devices(const char *text)
{
	return text && strchr(text, ':');
}

static void write_block_v1(struct json_writer *w, const struct cgroup_group *group)
{
	/* BFQ's own numbers if it is at work, else those of the throttling layer. */
	static const struct {
		const char *key, *bfq, *other;
	} tables[] = {
		{ "ioServiceBytesRecursive", "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive" },
		{ "ioServicedRecursive", "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive" },
		{ "ioQueueRecursive", "blkio.bfq.io_queued_recursive", NULL },
		{ "ioServiceTimeRecursive", "blkio.bfq.io_service_time_recursive", NULL },
		{ "ioWaitTimeRecursive", "blkio.bfq.io_wait_time_recursive", NULL },
		{ "ioMergedRecursive", "blkio.bfq.io_merged_recursive", NULL },
		{ "ioTimeRecursive", "blkio.bfq.time_recursive", NULL },
		{ "sectorsRecursive", "blkio.bfq.sectors_recursive", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		_cleanup_free_ char *bfq = cgroup_reading_text(group, tables[i].bfq);
		_cleanup_free_ char *other = tables[i].other && !has_devices(bfq) ? cgroup_reading_text(group, tables[i].other) : NULL;
		char *text = has_devices(bfq) ? bfq : other;

		if (has_devices(text))
			write_block_table(w, tables[i].key, text);
	}
}

/* The words of io.stat, in v1's tables. */
static void write_block_v2_table(struct json_writer *w, const char *key, const char *stat, const char *const names[3])
{
	static const char *const ops[3] = { "Read", "Write", "Discard" };
	_cleanup_free_ char *copy = str_dup(stat);
	char *rest = NULL;

	json_write_open(w, key, '[');
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned major, minor;

		if (sscanf(line, "%u:%u", &major, &minor) != 2)
			continue;
		for (int i = 0; i < 3; i++) {
			char word[16];
			const char *found;

			snprintf(word, sizeof word, " %s=", names[i]);
			found = strstr(line, word);
			if (found)
				write_block_entry(w, major, minor, ops[i], strtoull(found + strlen(word), NULL, 10));
		}
	}
	json_write_close(w, ']');
}

static void write_block_io(struct json_writer *w, const struct cgroup_set *set)
{
	static const char *const bytes[3] = { "rbytes", "wbytes", "dbytes" }, *const operations[3] = { "rios", "wios", "dios" };
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_IO);
	_cleanup_free_ char *stat = group && group->is_v2 ? cgroup_reading_text(group, "io.stat") : NULL;

	json_write_open(w, "blkio", '{');
	if (has_devices(stat)) {
		write_block_v2_table(w, "ioServiceBytesRecursive", stat, bytes);
		write_block_v2_table(w, "ioServicedRecursive", stat, operations);
	} else if (group && !group->is_v2) {
		write_block_v1(w, group);
	}
	write_pressure(w, set, "io.pressure");
	json_write_close(w, '}');
}

/* ---- huge pages ---------------------------------------------------------------------------------------------- */

static void write_huge_pages_of(struct json_writer *w, const struct cgroup_group *group, const char *size)
{
	char file[64];

	json_write_open(w, size, '{');
	if (group->is_v2) {
		_cleanup_free_ char *events = NULL;

		snprintf(file, sizeof file, "hugetlb.%s.current", size);
		json_write_uint(w, "usage", cgroup_reading_number(group, file));
		snprintf(file, sizeof file, "hugetlb.%s.events", size);
		events = cgroup_reading_text(group, file);
		json_write_uint(w, "failcnt", cgroup_reading_keyed(events, "max"));
	} else {
		snprintf(file, sizeof file, "hugetlb.%s.usage_in_bytes", size);
		json_write_uint(w, "usage", cgroup_reading_number(group, file));
		snprintf(file, sizeof file, "hugetlb.%s.max_usage_in_bytes", size);
		json_write_uint(w, "max", cgroup_reading_number(group, file));
		snprintf(file, sizeof file, "hugetlb.%s.failcnt", size);
		json_write_uint(w, "failcnt", cgroup_reading_number(group, file));
	}
	json_write_close(w, '}');
}

/* The page sizes are those that the group has files for. */
static void write_huge_pages(struct json_writer *w, const struct cgroup_set *set)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_HUGETLB);
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = group && group->fd >= 0 ? openat(group->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	json_write_open(w, "hugetlb", '{');
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !dir)
		close(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char size[16], rest[32];

		if (sscanf(entry->d_name, "hugetlb.%15[0-9KMGTB].%31s", size, rest) == 2 && strcmp(rest, group->is_v2 ? "current" : "usage_in_bytes") == 0)
			write_huge_pages_of(w, group, size);
	}
	json_write_close(w, '}');
}

/* ---- what v1's shape has no place for ---------------------------------------------------------------------------- */

static void write_rdma(struct json_writer *w, const struct cgroup_set *set)
{
	_cleanup_free_ char *text = cgroup_reading_text(cgroup_set_find(set, CGROUP_RDMA), "rdma.current");
	char *rest = NULL;

	if (!text || !*text)
		return;
	json_write_open(w, "rdma", '[');
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char device[64];
		unsigned handles, objects;

		if (sscanf(line, "%63s hca_handle=%u hca_object=%u", device, &handles, &objects) != 3)
			continue;
		json_write_open(w, NULL, '{');
		json_write_string(w, "device", device);
		json_write_uint(w, "hcaHandles", handles);
		json_write_uint(w, "hcaObjects", objects);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_misc(struct json_writer *w, const struct cgroup_set *set)
{
	_cleanup_free_ char *text = cgroup_reading_text(cgroup_set_find(set, CGROUP_MISC), "misc.current");

	if (text && *text)
		write_keyed(w, "misc", text);
}

void stats_write(const struct cgroup_set *set, struct json_writer *w)
{
	write_cpu(w, set);
	write_cpuset(w, set);
	write_memory(w, set);
	write_pids(w, set);
	write_block_io(w, set);
	write_huge_pages(w, set);
	write_rdma(w, set);
	write_misc(w, set);
}
