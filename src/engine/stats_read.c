/* SPDX-License-Identifier: Apache-2.0 */
/* One function per controller; v1 and v2 side by side. See cgroup-v1/ and cgroup-v2.rst of the kernel. */
#include "engine/stats_read.h"
#include "host/cgroup_reading.h"

#include <inttypes.h>
#include <stdlib.h>

#define NANOSECONDS_PER_TICK 10000000 /* of cpuacct.stat: USER_HZ is 100 on every architecture we know */
#define CPUS_LIMIT 65536

/* ---- cpu ---------------------------------------------------------------------------- */

/* How many CPUs "0-2,7" are; 0 for what is no list. */
static uint32_t count_cpus(const char *text)
{
	unsigned long count = 0;

	for (const char *at = text; at && *at;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return 0;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPUS_LIMIT)
			return 0;
		count += last - first + 1;
		at = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			return 0;
	}
	return count > CPUS_LIMIT ? 0 : (uint32_t)count;
}

static void read_usage_v1(const struct cgroup_group *group, struct stats_sample *sample)
{
	sample->cpu_ns = cgroup_reading_number(group, "cpuacct.usage");
	sample->cpu_user_ns = cgroup_reading_number(group, "cpuacct.usage_user");
	sample->cpu_system_ns = cgroup_reading_number(group, "cpuacct.usage_sys");
	if (!sample->cpu_user_ns && !sample->cpu_system_ns) {
		_cleanup_free_ char *text = cgroup_reading_text(group, "cpuacct.stat");

		sample->cpu_user_ns = cgroup_reading_keyed(text, "user") * NANOSECONDS_PER_TICK;
		sample->cpu_system_ns = cgroup_reading_keyed(text, "system") * NANOSECONDS_PER_TICK;
	}
}

static void read_usage(const struct cgroup_set *set, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_CPUACCT);
	_cleanup_free_ char *text = NULL;

	if (group && !group->is_v2) {
		read_usage_v1(group, sample);
		return;
	}
	text = cgroup_reading_text(group, "cpu.stat");
	sample->cpu_ns = cgroup_reading_keyed(text, "usage_usec") * 1000;
	sample->cpu_user_ns = cgroup_reading_keyed(text, "user_usec") * 1000;
	sample->cpu_system_ns = cgroup_reading_keyed(text, "system_usec") * 1000;
}

static void read_throttling(const struct cgroup_set *set, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_CPU);
	_cleanup_free_ char *text = cgroup_reading_text(group, "cpu.stat");

	sample->periods = cgroup_reading_keyed(text, "nr_periods");
	sample->throttled_periods = cgroup_reading_keyed(text, "nr_throttled");
	sample->throttled_ns = group && group->is_v2 ? cgroup_reading_keyed(text, "throttled_usec") * 1000 : cgroup_reading_keyed(text, "throttled_time");
}

static void read_cpus(const struct cgroup_set *set, uint32_t host_cpus, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_CPUSET);
	_cleanup_free_ char *text = cgroup_reading_text(group, group && group->is_v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus");
	uint32_t count = count_cpus(text);

	sample->cpus = count ? count : host_cpus;
}

/* ---- memory ---------------------------------------------------------------------------- */

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void read_memory_v1(const struct cgroup_group *group, const char *stat, struct stats_sample *sample)
{
	_cleanup_free_ char *events = cgroup_reading_text(group, "memory.oom_control");

	sample->memory_usage = cgroup_reading_number(group, "memory.usage_in_bytes");
	sample->memory_inactive = cgroup_reading_keyed(stat, "total_inactive_file");
	sample->memory = difference(sample->memory_usage, sample->memory_inactive);
	/* Of the group and all those above it. */
	sample->memory_limit = cgroup_reading_keyed(stat, "hierarchical_memory_limit");
	sample->memory_cache = cgroup_reading_keyed(stat, "total_cache");
	sample->memory_anonymous = cgroup_reading_keyed(stat, "total_rss");
	sample->memory_maximum = cgroup_reading_number(group, "memory.max_usage_in_bytes");
	sample->swap = cgroup_reading_keyed(stat, "total_swap");
	sample->oom_kills = cgroup_reading_keyed(events, "oom_kill");
}

static void read_memory_v2(const struct cgroup_group *group, const char *stat, struct stats_sample *sample)
{
	_cleanup_free_ char *events = cgroup_reading_text(group, "memory.events");

	sample->memory_is_v2 = true;
	sample->memory_inactive = cgroup_reading_keyed(stat, "inactive_file");
	sample->memory_usage = cgroup_reading_number(group, "memory.current");
	sample->memory = difference(sample->memory_usage, sample->memory_inactive);
	sample->memory_limit = cgroup_reading_number(group, "memory.max");
	sample->memory_cache = cgroup_reading_keyed(stat, "file");
	sample->memory_anonymous = cgroup_reading_keyed(stat, "anon");
	sample->memory_maximum = cgroup_reading_number(group, "memory.peak"); /* since 5.19 */
	sample->swap = cgroup_reading_number(group, "memory.swap.current");
	sample->oom_kills = cgroup_reading_keyed(events, "oom_kill");
}

static void read_memory(const struct cgroup_set *set, uint64_t host_memory, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_MEMORY);
	_cleanup_free_ char *stat = cgroup_reading_text(group, "memory.stat");

	if (group && group->is_v2)
		read_memory_v2(group, stat, sample);
	else
		read_memory_v1(group, stat, sample);
	if (sample->memory_limit == 0 || sample->memory_limit > host_memory)
		sample->memory_limit = host_memory;
}

/* ---- pids, i/o ---------------------------------------------------------------------------- */

static void read_pids(const struct cgroup_set *set, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_PIDS);
	uint64_t limit = cgroup_reading_number(group, "pids.max");

	sample->pids = cgroup_reading_number(group, "pids.current");
	sample->pids_limit = limit == UINT64_MAX ? 0 : limit;
}

/* Which of the device's numbers. */
enum block_number { BLOCK_BYTES, BLOCK_OPERATIONS };

/* The device of that number among the parts, one more if it is not there; NULL: nobody asks, or there are too many. */
static struct stats_device *find_device(struct stats_parts *parts, uint32_t major, uint32_t minor)
{
	struct stats_device *device;

	for (size_t i = 0; parts && i < parts->device_count; i++)
		if (parts->devices[i].major == major && parts->devices[i].minor == minor)
			return &parts->devices[i];
	if (!parts || parts->device_count == STATS_PARTS)
		return NULL;
	device = &parts->devices[parts->device_count++];
	*device = (struct stats_device){ .major = major, .minor = minor };
	return device;
}

static void add_block(struct stats_sample *sample, struct stats_device *device, enum block_number number, uint64_t read, uint64_t written)
{
	if (number == BLOCK_BYTES) {
		sample->read_bytes += read;
		sample->write_bytes += written;
	} else {
		sample->read_operations += read;
		sample->write_operations += written;
	}
	if (device && number == BLOCK_BYTES) {
		device->read_bytes += read;
		device->write_bytes += written;
	} else if (device) {
		device->read_operations += read;
		device->write_operations += written;
	}
}

/* Adds up a v1 table of "8:0 Read 4096"; the sum at its end has no device. */
static bool add_block_table(const char *text, enum block_number number, struct stats_sample *sample)
{
	bool found = false;

	for (const char *at = text; at; at = strchr(at, '\n')) {
		unsigned major, minor;
		char operation[16];
		uint64_t value;

		at += *at == '\n';
		if (sscanf(at, "%u:%u %15[A-Za-z] %" SCNu64, &major, &minor, operation, &value) != 4)
			continue;
		found = true;
		if (str_equal(operation, "Read"))
			add_block(sample, find_device(sample->parts, major, minor), number, value, 0);
		else if (str_equal(operation, "Write"))
			add_block(sample, find_device(sample->parts, major, minor), number, 0, value);
	}
	return found;
}

/* BFQ's own numbers if it is at work, else those of the throttling layer. */
static void read_block_v1(const struct cgroup_group *group, struct stats_sample *sample)
{
	_cleanup_free_ char *bytes = cgroup_reading_text(group, "blkio.bfq.io_service_bytes_recursive");
	_cleanup_free_ char *operations = NULL;
	const char *file = "blkio.bfq.io_serviced_recursive";

	if (!add_block_table(bytes, BLOCK_BYTES, sample)) {
		_cleanup_free_ char *others = cgroup_reading_text(group, "blkio.throttle.io_service_bytes_recursive");

		add_block_table(others, BLOCK_BYTES, sample);
		file = "blkio.throttle.io_serviced_recursive";
	}
	operations = cgroup_reading_text(group, file);
	add_block_table(operations, BLOCK_OPERATIONS, sample);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 …" of a line up to END. */
static uint64_t word_of_line(const char *line, const char *end, const char *word)
{
	const char *found = strstr(line, word);

	return found && found < end ? strtoull(found + strlen(word), NULL, 10) : 0;
}

static void read_block_v2(const struct cgroup_group *group, struct stats_sample *sample)
{
	_cleanup_free_ char *text = cgroup_reading_text(group, "io.stat");

	for (const char *line = text; line && *line;) {
		const char *end = line + strcspn(line, "\n");
		struct stats_device *device = NULL;
		unsigned major, minor;

		/* Devices without any are listed, too, by some kernels. */
		if (word_of_line(line, end, " rios=") + word_of_line(line, end, " wios=") && sscanf(line, "%u:%u ", &major, &minor) == 2)
			device = find_device(sample->parts, major, minor);
		add_block(sample, device, BLOCK_BYTES, word_of_line(line, end, " rbytes="), word_of_line(line, end, " wbytes="));
		add_block(sample, device, BLOCK_OPERATIONS, word_of_line(line, end, " rios="), word_of_line(line, end, " wios="));
		line = end + (*end == '\n');
	}
}

static void read_block(const struct cgroup_set *set, struct stats_sample *sample)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_IO);

	if (group && group->is_v2)
		read_block_v2(group, sample);
	else
		read_block_v1(group, sample);
}

/* ---- pressure (psi.rst) ---------------------------------------------------------------------- */

static double average(const char *text, const char *kind)
{
	const char *line = strstr(text, kind), *found = line ? strstr(line, "avg10=") : NULL;

	return found ? strtod(found + strlen("avg10="), NULL) : 0;
}

static uint64_t total_us(const char *text, const char *kind)
{
	const char *line = strstr(text, kind), *found = line ? strstr(line, "total=") : NULL;

	return found ? strtoull(found + strlen("total="), NULL, 10) : 0;
}

/* cgroup2 has it for every group, whichever hierarchy the controller is in. */
static void read_pressure(const struct cgroup_set *set, const char *file, struct stats_pressure *ret)
{
	_cleanup_free_ char *text = cgroup_reading_text(cgroup_set_v2(set), file);

	if (!text || !strstr(text, "some "))
		return;
	*ret = (struct stats_pressure){ .known = true, .some_avg10 = average(text, "some "), .full_avg10 = average(text, "full "),
		.some_us = total_us(text, "some "), .full_us = total_us(text, "full ") };
}

void stats_read_groups(const struct cgroup_set *set, uint64_t host_memory, uint32_t host_cpus, struct stats_sample *sample)
{
	read_usage(set, sample);
	read_throttling(set, sample);
	read_cpus(set, host_cpus, sample);
	read_memory(set, host_memory, sample);
	read_pids(set, sample);
	read_block(set, sample);
	read_pressure(set, "cpu.pressure", &sample->cpu_pressure);
	read_pressure(set, "memory.pressure", &sample->memory_pressure);
	read_pressure(set, "io.pressure", &sample->io_pressure);
}

/* ---- links --------------------------------------------------------------------------------------- */

static void add_link(struct stats_parts *parts, const char *name, size_t length, const uint64_t n[static 12])
{
	struct stats_link *link;

	if (!parts || parts->link_count == STATS_PARTS || length >= sizeof link->name)
		return;
	link = &parts->links[parts->link_count++];
	*link = (struct stats_link){ .received_bytes = n[0], .received_packets = n[1], .receive_errors = n[2], .receive_dropped = n[3],
		.sent_bytes = n[8], .sent_packets = n[9], .send_errors = n[10], .send_dropped = n[11] };
	memcpy(link->name, name, length);
}

void stats_read_links(const char *text, struct stats_sample *sample)
{
	for (const char *line = text; line && *line;) {
		const char *end = line + strcspn(line, "\n"), *name = line + strspn(line, " \t"), *colon = memchr(line, ':', (size_t)(end - line));
		uint64_t n[12];

		line = end + (*end == '\n');
		if (!colon || (colon - name == 2 && memcmp(name, "lo", 2) == 0))
			continue;
		if (sscanf(colon + 1, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			" %" SCNu64 " %" SCNu64 " %" SCNu64, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9], &n[10], &n[11]) != 12)
			continue;
		add_link(sample->parts, name, (size_t)(colon - name), n);
		sample->received_bytes += n[0];
		sample->received_packets += n[1];
		sample->receive_errors += n[2];
		sample->receive_dropped += n[3];
		sample->sent_bytes += n[8];
		sample->sent_packets += n[9];
		sample->send_errors += n[10];
		sample->send_dropped += n[11];
	}
}

uint64_t stats_read_host_cpu(const char *text)
{
	uint64_t ticks[8], sum = 0;

	/* Guests are part of users. */
	if (!text || sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &ticks[0], &ticks[1],
		&ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) != 8)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		sum += ticks[i];
	return sum * NANOSECONDS_PER_TICK;
}

double stats_cpu_percent(uint64_t before_ns, uint64_t after_ns, int64_t window_ns)
{
	if (window_ns <= 0 || after_ns <= before_ns)
		return 0;
	return (double)(after_ns - before_ns) * 100 / (double)window_ns;
}
