/* SPDX-License-Identifier: Apache-2.0 */
/* Groups that are plain directories with files as the kernel writes them. */
#include "engine/stats_read.h"

#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOST_MEMORY ((uint64_t)8 << 30)
#define HOST_CPUS 2

struct fixture {
	char root[40];
	struct cgroup_set set;
	struct stats_sample sample;
};

/* One hierarchy of VERSION 1 or 2 with all controllers; for the hybrid (3) a second one, cgroup2 without any. */
static void open_fixture(struct fixture *fixture, int version)
{
	struct cgroup_hierarchy hierarchies[] = {
		{ .mount = (char *)"/x", .own_path = (char *)"/", .is_v2 = version == 2, .controllers = ~0u },
		{ .mount = (char *)"/y", .own_path = (char *)"/", .is_v2 = true },
	};
	struct cgroup_world world = { .hierarchies = hierarchies, .count = version == 3 ? 2 : 1 };

	*fixture = (struct fixture){ .root = "/tmp/engine-stats-XXXXXX" };
	assert_non_null(mkdtemp(fixture->root));
	cgroup_set_draw(&world, "/g", "x", &fixture->set);
	assert_int_equal(fixture->set.count, world.count);
	for (size_t i = 0; i < fixture->set.count; i++) {
		fixture->set.groups[i].fd = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fixture->set.groups[i].fd >= 0);
	}
}

static void close_fixture(struct fixture *fixture)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", fixture->root);

	assert_int_equal(system(command), 0);
	cgroup_set_done(&fixture->set);
}

static void put(struct fixture *fixture, const char *file, const char *text)
{
	assert_int_equal(file_replace_at(fixture->set.groups[0].fd, file, text, strlen(text), 0600), 0);
}

static const struct stats_sample *take(struct fixture *fixture)
{
	fixture->sample = (struct stats_sample){ 0 };
	stats_read_groups(&fixture->set, HOST_MEMORY, HOST_CPUS, &fixture->sample);
	return &fixture->sample;
}

static const struct stats_sample *take_parts(struct fixture *fixture, struct stats_parts *parts)
{
	*parts = (struct stats_parts){ .device_count = 0 };
	fixture->sample = (struct stats_sample){ .parts = parts };
	stats_read_groups(&fixture->set, HOST_MEMORY, HOST_CPUS, &fixture->sample);
	return &fixture->sample;
}

static void test_v1(void **state)
{
	struct stats_parts parts;
	struct fixture f;
	const struct stats_sample *s;

	(void)state;
	open_fixture(&f, 1);
	put(&f, "cpuacct.usage", "5000\n");
	put(&f, "cpuacct.usage_user", "4000\n");
	put(&f, "cpuacct.usage_sys", "1000\n");
	put(&f, "cpu.stat", "nr_periods 10\nnr_throttled 3\nthrottled_time 77\n");
	put(&f, "cpuset.effective_cpus", "0-2,7\n");
	put(&f, "memory.usage_in_bytes", "1000\n");
	put(&f, "memory.max_usage_in_bytes", "2000\n");
	put(&f, "memory.stat", "cache 1\ninactive_file 1\ntotal_rss 33\nhierarchical_memory_limit 4096\ntotal_cache 300\ntotal_swap 50\ntotal_inactive_file 200\n");
	put(&f, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
	put(&f, "pids.current", "7\n");
	put(&f, "pids.max", "100\n");
	put(&f, "blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 512\n8:16 Read 1\n8:16 Discard 9\nTotal 4618\n");
	put(&f, "blkio.throttle.io_serviced_recursive", "8:0 Read 2\n8:0 Write 1\nTotal 3\n");
	s = take_parts(&f, &parts);
	assert_int_equal(parts.device_count, 2);
	assert_true(parts.devices[0].major == 8 && parts.devices[0].minor == 0 && parts.devices[0].read_bytes == 4096);
	assert_true(parts.devices[0].write_bytes == 512 && parts.devices[0].read_operations == 2 && parts.devices[0].write_operations == 1);
	assert_true(parts.devices[1].minor == 16 && parts.devices[1].read_bytes == 1);
	assert_int_equal(s->memory_anonymous, 33);
	assert_int_equal(s->cpu_ns, 5000);
	assert_int_equal(s->cpu_user_ns, 4000);
	assert_int_equal(s->cpu_system_ns, 1000);
	assert_int_equal(s->periods, 10);
	assert_int_equal(s->throttled_periods, 3);
	assert_int_equal(s->throttled_ns, 77);
	assert_int_equal(s->cpus, 4);
	assert_int_equal(s->memory, 800);
	assert_int_equal(s->memory_limit, 4096);
	assert_int_equal(s->memory_cache, 300);
	assert_int_equal(s->memory_maximum, 2000);
	assert_int_equal(s->swap, 50);
	assert_int_equal(s->oom_kills, 4);
	assert_int_equal(s->pids, 7);
	assert_int_equal(s->pids_limit, 100);
	assert_int_equal(s->read_bytes, 4097);
	assert_int_equal(s->write_bytes, 512);
	assert_int_equal(s->read_operations, 2);
	assert_int_equal(s->write_operations, 1);
	assert_false(s->cpu_pressure.known);
	close_fixture(&f);
}

static void test_v2(void **state)
{
	struct stats_parts parts;
	struct fixture f;
	const struct stats_sample *s;

	(void)state;
	open_fixture(&f, 2);
	put(&f, "cpu.stat", "usage_usec 5\nuser_usec 4\nsystem_usec 1\nnr_periods 10\nnr_throttled 3\nthrottled_usec 77\n");
	put(&f, "cpuset.cpus.effective", "1\n");
	put(&f, "memory.current", "1000\n");
	put(&f, "memory.max", "max\n");
	put(&f, "memory.peak", "3000\n");
	put(&f, "memory.swap.current", "60\n");
	put(&f, "memory.stat", "anon 1\nfile 300\ninactive_file 1200\n");
	put(&f, "memory.events", "low 0\noom 2\noom_kill 1\n");
	put(&f, "pids.current", "7\n");
	put(&f, "pids.max", "max\n");
	put(&f, "io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 \n253:0 rbytes=5 wbytes=7 rios=3 wios=4\n");
	put(&f, "cpu.pressure", "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=1\n");
	s = take_parts(&f, &parts);
	assert_int_equal(parts.device_count, 2);
	assert_true(parts.devices[1].major == 253 && parts.devices[1].read_bytes == 5 && parts.devices[1].write_operations == 4);
	assert_true(s->cpu_pressure.some_us == 9 && s->cpu_pressure.full_us == 1);
	assert_int_equal(s->memory_anonymous, 1);
	assert_int_equal(s->cpu_ns, 5000);
	assert_int_equal(s->throttled_ns, 77000);
	assert_int_equal(s->cpus, 1);
	assert_int_equal(s->memory, 0); /* never below */
	assert_true(s->memory_limit == HOST_MEMORY);
	assert_int_equal(s->memory_maximum, 3000);
	assert_int_equal(s->swap, 60);
	assert_int_equal(s->oom_kills, 1);
	assert_int_equal(s->pids_limit, 0);
	assert_int_equal(s->read_bytes, 15);
	assert_int_equal(s->write_bytes, 27);
	assert_int_equal(s->read_operations, 4);
	assert_int_equal(s->write_operations, 6);
	assert_true(s->cpu_pressure.known);
	assert_true(s->cpu_pressure.some_avg10 == 1.5 && s->cpu_pressure.full_avg10 == 0.25);
	assert_false(s->io_pressure.known);
	close_fixture(&f);
}

static void test_hybrid(void **state)
{
	struct fixture f;
	const struct stats_sample *s;

	(void)state;
	open_fixture(&f, 3);
	put(&f, "cpuacct.usage", "5000\n");
	put(&f, "cpuacct.stat", "user 3\nsystem 2\n");
	put(&f, "memory.pressure", "some avg10=7.00 avg60=0.00 avg300=0.00 total=9\n");
	s = take(&f);
	assert_int_equal(s->cpu_ns, 5000);
	assert_int_equal(s->cpu_user_ns, 30000000);
	assert_int_equal(s->cpu_system_ns, 20000000);
	assert_true(s->memory_pressure.known);
	assert_true(s->memory_pressure.some_avg10 == 7 && s->memory_pressure.full_avg10 == 0);
	close_fixture(&f);
}

static void test_bfq_goes_first(void **state)
{
	struct fixture f;
	const struct stats_sample *s;

	(void)state;
	open_fixture(&f, 1);
	put(&f, "blkio.bfq.io_service_bytes_recursive", "8:0 Read 10\nTotal 10\n");
	put(&f, "blkio.bfq.io_serviced_recursive", "8:0 Write 2\nTotal 2\n");
	put(&f, "blkio.throttle.io_service_bytes_recursive", "8:0 Read 99\n");
	s = take(&f);
	assert_int_equal(s->read_bytes, 10);
	assert_int_equal(s->write_operations, 2);
	close_fixture(&f);
}

static void test_nothing_there(void **state)
{
	struct fixture f;
	const struct stats_sample *s;

	(void)state;
	open_fixture(&f, 1);
	put(&f, "cpuset.effective_cpus", "3-1,x\n");
	put(&f, "memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
	s = take(&f);
	assert_int_equal(s->cpus, HOST_CPUS);
	assert_true(s->memory_limit == HOST_MEMORY);
	assert_int_equal(s->cpu_ns, 0);
	close_fixture(&f);
}

static void test_links(void **state)
{
	static const char text[] = "Inter-|   Receive                                                |  Transmit\n"
				   " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
				   "    lo:  999       9    9    9    0     0          0         0      999       9    9    9    0     0       0          0\n"
				   "  eth0:  100       4    1    2    0     0          0         0      200       5    3    6    0     0       0          0\n"
				   "long0:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n"
				   " broken: 1 2\n";
	struct stats_parts parts = { .link_count = 0 };
	struct stats_sample s = { 0 };

	(void)state;
	stats_read_links(text, &s);
	assert_int_equal(s.received_bytes, 101);
	assert_int_equal(s.received_packets, 5);
	assert_int_equal(s.receive_errors, 1);
	assert_int_equal(s.receive_dropped, 2);
	assert_int_equal(s.sent_bytes, 202);
	assert_int_equal(s.sent_packets, 6);
	assert_int_equal(s.send_errors, 3);
	assert_int_equal(s.send_dropped, 6);
	s = (struct stats_sample){ .parts = &parts };
	stats_read_links(text, &s);
	assert_int_equal(parts.link_count, 2);
	assert_string_equal(parts.links[0].name, "eth0");
	assert_true(parts.links[0].received_bytes == 100 && parts.links[0].receive_dropped == 2 && parts.links[0].send_errors == 3);
	assert_string_equal(parts.links[1].name, "long0");
}

static void test_percent(void **state)
{
	(void)state;
	assert_true(stats_cpu_percent(0, 500, 1000) == 50);
	assert_true(stats_cpu_percent(1000, 3000, 1000) == 200);
	assert_true(stats_cpu_percent(3000, 1000, 1000) == 0); /* another run of it */
	assert_true(stats_cpu_percent(0, 1, 0) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_bfq_goes_first),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
