/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/kernel_view.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;
static struct tree_node root;
static struct buf out;

static int begin(void **state _unused_)
{
	arena = arena_new();
	root = (struct tree_node){ .text = "x" };
	out = BUF_INIT;
	return 0;
}

static int end(void **state _unused_)
{
	arena_free(arena);
	buf_done(&out);
	return 0;
}

static const char *drawn(void)
{
	tree_draw(&root, false, &out);
	return out.data;
}

static void test_maps(void **state _unused_)
{
	kernel_view_add_map(arena, &root, "         0     100000      65536\n     65536       1000          1\n");
	assert_string_equal(drawn(), "x\n|-- 0 to 65535 are 100000 to 165535 of the host\n`-- 65536 is 1000 of the host\n");
}

static void test_other_maps(void **state _unused_)
{
	kernel_view_add_map(arena, &root, "         0          0 4294967295\n");
	kernel_view_add_map(arena, &root, "nothing");
	assert_string_equal(drawn(), "x\n`-- all are the host's\n");
}

static void test_mounts(void **state _unused_)
{
	assert_int_equal(kernel_view_add_mounts(arena, &root,
		"50 40 0:40 / / rw,relatime master:7 - overlay overlay rw\n"
		"51 50 0:41 / /proc rw,nosuid - proc proc rw\n"
		"52 51 0:41 /sys /proc/sys ro,nosuid - proc proc rw\n"
		"53 50 8:1 /data /data ro shared:3 unbindable - ext4 /dev/sda rw\n"), 0);
	assert_string_equal(drawn(), "x\n"
				     "`-- /  overlay rw,relatime, slave of 7\n"
				     "    |-- /proc  proc rw,nosuid, private\n"
				     "    |   `-- /proc/sys  proc ro,nosuid, of '/sys', private\n"
				     "    `-- /data  ext4 ro, of '/data', shared:3\n");
	assert_int_equal(kernel_view_add_mounts(arena, &root, "50 40"), -EINVAL);
}

static void test_status(void **state _unused_)
{
	kernel_view_add_status(arena, &root, "Name:\tsh\nUid:\t1000\t1000\t1000\t1000\nGid:\t5\t5\t5\t5\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000401\n"
		"CapEff:\t0000000000000001\nCapBnd:\t0000000000000401\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
	assert_string_equal(drawn(), "x\n"
				     "|-- capabilities\n"
				     "|   |-- effective: CHOWN\n"
				     "|   |-- permitted: CHOWN NET_BIND_SERVICE\n"
				     "|   |-- inheritable: none\n"
				     "|   |-- ambient: none\n"
				     "|   `-- bounding: CHOWN NET_BIND_SERVICE\n"
				     "|-- seccomp: a filter, number of filters: 1\n"
				     "|-- no_new_privs: no program gives it privileges that it has not\n"
				     "`-- ids as the host has them (real, effective, saved, file system): uid 1000 1000 1000 1000, gid 5 5 5 5\n");
}

static const char *describe(void *context _unused_, const char *name)
{
	return str_equal(name, "eth0") ? " in network 'n'" : "";
}

static void test_interfaces(void **state _unused_)
{
	kernel_view_add_interfaces(arena, &root, "Inter-|   Receive  |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
		"    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n"
		"  eth0:    1500      10    0    0    0     0          0         0     2000      20    0    0    0     0       0          0\n", describe, NULL);
	assert_string_equal(drawn(), "x\n|-- lo, received 0B in 0 packets, sent 0B in 0\n"
				     "`-- eth0 in network 'n', received 1.5kB in 10 packets, sent 2kB in 20\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_maps, begin, end),
		cmocka_unit_test_setup_teardown(test_other_maps, begin, end),
		cmocka_unit_test_setup_teardown(test_mounts, begin, end),
		cmocka_unit_test_setup_teardown(test_status, begin, end),
		cmocka_unit_test_setup_teardown(test_interfaces, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
