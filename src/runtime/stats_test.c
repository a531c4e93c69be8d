/* SPDX-License-Identifier: Apache-2.0 */
/* Readings of groups that are plain directories with files as the kernel writes them. */
#include "runtime/stats.h"

#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	char root[32];
	struct cgroup_set set;
	struct arena *arena;
};

static void open_fixture(struct fixture *fixture, bool is_v2)
{
	struct cgroup_hierarchy hierarchy = { .mount = (char *)"/x", .own_path = (char *)"/", .is_v2 = is_v2, .controllers = ~0u };
	struct cgroup_world world = { .hierarchies = &hierarchy, .count = 1 };

	memcpy(fixture->root, "/tmp/stats-XXXXXX", sizeof "/tmp/stats-XXXXXX");
	assert_non_null(mkdtemp(fixture->root));
	cgroup_set_draw(&world, "/g", "x", &fixture->set);
	fixture->set.groups[0].fd = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fixture->set.groups[0].fd >= 0);
	fixture->arena = arena_new();
}

static void close_fixture(struct fixture *fixture)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", fixture->root);

	assert_int_equal(system(command), 0);
	cgroup_set_done(&fixture->set);
	arena_free(fixture->arena);
}

static void put(struct fixture *fixture, const char *file, const char *text)
{
	assert_int_equal(file_replace_at(fixture->set.groups[0].fd, file, text, strlen(text), 0600), 0);
}

static struct json *take(struct fixture *fixture)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };
	struct json *root = NULL;
	struct error err = ERROR_INIT;

	json_write_open(&w, NULL, '{');
	stats_write(&fixture->set, &w);
	json_write_close(&w, '}');
	if (json_parse(fixture->arena, out.data, out.length, &root, &err) < 0)
		fail_msg("%s: %s", err.message, out.data);
	return root;
}

/* The value at "memory.usage.limit", or "blkio.x.0.value" for the element 0 of a list. */
static const struct json *at(const struct json *value, const char *path)
{
	_cleanup_free_ char *copy = str_dup(path);
	char *rest = NULL;

	for (char *part = strtok_r(copy, ".", &rest); part && value; part = strtok_r(NULL, ".", &rest)) {
		if (value->type == JSON_ARRAY) {
			long index = strtol(part, NULL, 10);

			for (value = value->first; value && index; index--)
				value = value->next;
		} else {
			value = json_member(value, part);
		}
	}
	return value;
}

static void expect(const struct json *root, const char *path, uint64_t number)
{
	const struct json *value = at(root, path);

	if (!value || value->type != JSON_UINT || value->unsigned_integer != number)
		fail_msg("%s is not %llu", path, (unsigned long long)number);
}

static void expect_text(const struct json *root, const char *path, const char *text)
{
	const struct json *value = at(root, path);

	if (!value || value->type != JSON_STRING || strcmp(value->text, text) != 0)
		fail_msg("%s is not %s", path, text);
}

static void test_v1(void **state)
{
	struct fixture f;
	const struct json *root;

	(void)state;
	open_fixture(&f, false);
	put(&f, "cpuacct.usage", "5000\n");
	put(&f, "cpuacct.usage_percpu", "2000 3000 \n");
	put(&f, "cpuacct.usage_user", "4000\n");
	put(&f, "cpuacct.usage_sys", "1000\n");
	put(&f, "cpu.stat", "nr_periods 10\nnr_throttled 3\nthrottled_time 77\n");
	put(&f, "cpuset.cpus", "0-2,7\n");
	put(&f, "cpuset.mems", "0\n");
	put(&f, "cpuset.sched_load_balance", "1\n");
	put(&f, "cpuset.sched_relax_domain_level", "-1\n");
	put(&f, "memory.stat", "cache 4096\nrss 1\ntotal_cache 8192\n");
	put(&f, "memory.usage_in_bytes", "12345\n");
	put(&f, "memory.limit_in_bytes", "9223372036854771712\n");
	put(&f, "memory.max_usage_in_bytes", "23456\n");
	put(&f, "memory.failcnt", "4\n");
	put(&f, "memory.memsw.usage_in_bytes", "9\n");
	put(&f, "memory.kmem.tcp.failcnt", "8\n");
	put(&f, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	put(&f, "pids.current", "3\n");
	put(&f, "pids.max", "max\n");
	put(&f, "blkio.bfq.io_service_bytes_recursive", "Total 0\n");
	put(&f, "blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 1\nTotal 4097\n");
	put(&f, "blkio.bfq.io_serviced_recursive", "8:16 Read 7\nTotal 7\n");
	put(&f, "blkio.bfq.time_recursive", "8:16 99\n");
	put(&f, "hugetlb.2MB.usage_in_bytes", "2097152\n");
	put(&f, "hugetlb.2MB.max_usage_in_bytes", "4194304\n");
	put(&f, "hugetlb.2MB.rsvd.usage_in_bytes", "1\n");
	put(&f, "hugetlb.2MB.failcnt", "6\n");
	root = take(&f);
	expect(root, "cpu.usage.total", 5000);
	expect(root, "cpu.usage.user", 4000);
	expect(root, "cpu.usage.kernel", 1000);
	expect(root, "cpu.usage.percpu.1", 3000);
	expect(root, "cpu.throttling.periods", 10);
	expect(root, "cpu.throttling.throttledPeriods", 3);
	expect(root, "cpu.throttling.throttledTime", 77);
	expect(root, "cpuset.cpus.2", 2);
	expect(root, "cpuset.cpus.3", 7);
	assert_null(at(root, "cpuset.cpus.4"));
	expect(root, "cpuset.sched_load_balance", 1);
	assert_int_equal(at(root, "cpuset.sched_relax_domain_level")->integer, -1);
	expect(root, "memory.cache", 4096);
	expect(root, "memory.usage.usage", 12345);
	expect(root, "memory.usage.limit", 9223372036854771712ull);
	expect(root, "memory.usage.max", 23456);
	expect(root, "memory.usage.failcnt", 4);
	expect(root, "memory.swap.usage", 9);
	expect(root, "memory.kernelTCP.failcnt", 8);
	expect(root, "memory.raw.total_cache", 8192);
	expect(root, "memory.events.oom_kill", 2);
	expect(root, "pids.current", 3);
	expect(root, "pids.limit", 0);
	expect(root, "blkio.ioServiceBytesRecursive.0.value", 4096);
	expect_text(root, "blkio.ioServiceBytesRecursive.0.op", "Read");
	assert_null(at(root, "blkio.ioServiceBytesRecursive.2"));
	expect(root, "blkio.ioServicedRecursive.0.minor", 16);
	expect(root, "blkio.ioTimeRecursive.0.value", 99);
	expect(root, "hugetlb.2MB.usage", 2097152);
	expect(root, "hugetlb.2MB.max", 4194304);
	expect(root, "hugetlb.2MB.failcnt", 6);
	assert_int_equal(at(root, "hugetlb")->length, 1);
	assert_null(at(root, "memory.psi"));
	assert_int_equal(stats_oom_kills(&f.set), 2);
	/* An older kernel counts in ticks. */
	put(&f, "cpuacct.usage_user", "0\n");
	put(&f, "cpuacct.usage_sys", "0\n");
	put(&f, "cpuacct.stat", "user 2\nsystem 3\n");
	root = take(&f);
	expect(root, "cpu.usage.user", 20000000);
	expect(root, "cpu.usage.kernel", 30000000);
	close_fixture(&f);
}

static void test_v2(void **state)
{
	struct fixture f;
	const struct json *root;

	(void)state;
	open_fixture(&f, true);
	put(&f, "cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 4\nnr_throttled 2\nthrottled_usec 9\n");
	put(&f, "cpu.pressure", "some avg10=1.50 avg60=0.00 avg300=0.25 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=6\n");
	put(&f, "memory.current", "1000\n");
	put(&f, "memory.max", "2000\n");
	put(&f, "memory.peak", "1500\n");
	put(&f, "memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n");
	put(&f, "memory.stat", "anon 1\nfile 300\nkernel 40\nsock 5\nshmem 250\n");
	put(&f, "memory.swap.current", "100\n");
	put(&f, "memory.swap.max", "500\n");
	put(&f, "pids.current", "2\n");
	put(&f, "pids.max", "50\n");
	put(&f, "io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n254:1\n");
	put(&f, "io.pressure", "");
	put(&f, "hugetlb.1GB.current", "1\n");
	put(&f, "hugetlb.1GB.events", "max 3\n");
	put(&f, "rdma.current", "mlx5_0 hca_handle=2 hca_object=2000\nbad\n");
	put(&f, "misc.current", "sev 3\n");
	root = take(&f);
	expect(root, "cpu.usage.total", 5000);
	expect(root, "cpu.usage.kernel", 2000);
	expect(root, "cpu.throttling.throttledTime", 9000);
	assert_true(at(root, "cpu.psi.some.avg10")->real == 1.5);
	expect(root, "cpu.psi.some.total", 12345);
	expect(root, "cpu.psi.full.total", 6);
	expect(root, "memory.usage.usage", 1000);
	expect(root, "memory.usage.limit", 2000);
	expect(root, "memory.usage.max", 1500);
	expect(root, "memory.usage.failcnt", 7);
	expect(root, "memory.swap.usage", 1100);
	expect(root, "memory.swap.limit", 2500);
	expect(root, "memory.kernel.usage", 40);
	expect(root, "memory.cache", 300);
	expect(root, "memory.raw.shmem", 250);
	expect(root, "memory.events.oom_kill", 1);
	expect(root, "pids.limit", 50);
	expect(root, "blkio.ioServiceBytesRecursive.1.value", 20);
	expect_text(root, "blkio.ioServicedRecursive.2.op", "Discard");
	assert_null(at(root, "blkio.psi"));
	expect(root, "hugetlb.1GB.usage", 1);
	expect(root, "hugetlb.1GB.failcnt", 3);
	expect(root, "rdma.0.hcaObjects", 2000);
	expect(root, "misc.sev", 3);
	assert_int_equal(stats_oom_kills(&f.set), 1);
	put(&f, "memory.swap.max", "max\n");
	expect(take(&f), "memory.swap.limit", UINT64_MAX);
	close_fixture(&f);
}

/* Nothing there, and nonsense there: still the whole shape. */
static void test_shape_without_files(void **state)
{
	static const char *const numbers[] = {
		"cpu.usage.total", "cpu.usage.kernel", "cpu.usage.user", "cpu.throttling.periods", "memory.usage.limit", "memory.swap.failcnt", "memory.kernel.usage",
		"memory.kernelTCP.usage", "pids.current", "cpuset.cpu_exclusive",
	};
	static const char *const files[] = {
		"cpu.stat", "cpuacct.usage", "cpuset.cpus", "memory.stat", "memory.events", "memory.oom_control", "io.stat", "cpu.pressure", "memory.pressure", "rdma.current",
		"misc.current", "blkio.throttle.io_service_bytes_recursive", "hugetlb..current", "pids.max", "pids.current",
	};

	(void)state;
	for (int is_v2 = 0; is_v2 < 2; is_v2++) {
		struct fixture f;

		open_fixture(&f, is_v2);
		for (int round = 0; round < 2; round++) {
			const struct json *root = take(&f);

			for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
				expect(root, numbers[i], 0);
			assert_int_equal(at(root, "hugetlb")->type, JSON_OBJECT);
			assert_int_equal(at(root, "memory.raw")->type, JSON_OBJECT);
			assert_int_equal(at(root, "blkio")->type, JSON_OBJECT);
			for (size_t i = 0; i < ARRAY_SIZE(files); i++)
				put(&f, files[i], "some =1 :: \n\n=- x\n-\n8:0\nmax");
		}
		close_fixture(&f);
	}
}

static void test_without_groups(void **state)
{
	struct fixture f = { .arena = arena_new() };

	(void)state;
	expect(take(&f), "cpu.usage.total", 0);
	assert_int_equal(stats_oom_kills(&f.set), 0);
	arena_free(f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_shape_without_files),
		cmocka_unit_test(test_without_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
