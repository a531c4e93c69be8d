/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sysctl.h"

#include "host/child_test.h"
#include "host/procfs.h"

#include <string.h>

static void test_path(void **state)
{
	static const struct {
		const char *name, *path;
	} cases[] = {
		{ "net.ipv4.ip_forward", "sys/net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "sys/net/ipv4/ip_forward" },
		{ "net.ipv4.conf.eth0/1.forwarding", "sys/net/ipv4/conf/eth0.1/forwarding" },
		{ "net/ipv4/conf/eth0.1/forwarding", "sys/net/ipv4/conf/eth0.1/forwarding" },
		{ "kernel.msgmax", "sys/kernel/msgmax" },
	};
	static const char *const bad[] = {
		"", "kernel", ".kernel.msgmax", "/kernel/msgmax", "kernel..msgmax", "kernel//msgmax", "kernel.msgmax.", "net/../kernel/core_pattern",
		"net./.x", "net/./x", "net.//.x",
	};
	char path[512], long_name[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(sysctl_path(cases[i].name, path, sizeof path), 0);
		assert_string_equal(path, cases[i].path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sysctl_path(bad[i], path, sizeof path), -EINVAL);
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	long_name[3] = '.';
	assert_int_equal(sysctl_path(long_name, path, sizeof path), -ENAMETOOLONG);
}

/* A configuration with new namespaces of these kinds. */
static int check(int flags, const char *path, const char *name, struct error *err)
{
	static const int kinds[] = { CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS };
	struct spec_namespace namespaces[ARRAY_SIZE(kinds)];
	struct spec_config config = { .linux_ = { .namespaces = namespaces } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (flags & kinds[i])
			namespaces[config.linux_.namespace_count++] = (struct spec_namespace){ .flag = kinds[i], .path = (char *)path };
	return sysctl_check(&config, name, err);
}

static void test_check(void **state)
{
	static const struct {
		int flags;
		const char *name;
		const char *refused; /* words of the refusal; NULL: allowed */
	} cases[] = {
		{ CLONE_NEWNET, "net.ipv4.ip_forward", NULL },
		{ CLONE_NEWNET, "net/core/somaxconn", NULL },
		{ CLONE_NEWIPC | CLONE_NEWUTS, "net.core.somaxconn", "not allowed in host network namespace" },
		{ CLONE_NEWIPC, "kernel.msgmax", NULL },
		{ CLONE_NEWIPC, "fs.mqueue.msg_max", NULL },
		{ CLONE_NEWNET, "kernel.msgmax", "not in a separate kernel namespace" },
		{ CLONE_NEWIPC, "kernel.msgmaxi", "not in a separate kernel namespace" },
		{ CLONE_NEWUTS, "kernel.domainname", NULL },
		{ CLONE_NEWIPC, "kernel.domainname", "not in a separate kernel namespace" },
		{ CLONE_NEWUTS, "kernel.hostname", "hostname" },
		{ CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS, "kernel.core_pattern", "not in a separate kernel namespace" },
		{ CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS, "vm.overcommit_memory", "not in a separate kernel namespace" },
		{ CLONE_NEWNET, "net.ipv4/../kernel.core_pattern", "not the name of a kernel parameter" },
		{ CLONE_NEWNET, "net/../kernel/core_pattern", "not the name of a kernel parameter" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int r = check(cases[i].flags, NULL, cases[i].name, &err);

		if (!cases[i].refused) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		assert_non_null(strstr(err.message, cases[i].refused));
		assert_non_null(strstr(err.message, cases[i].name));
	}
}

/* A namespace joined by path is not the container's own if the path leads to ours. */
static void test_joined(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(check(CLONE_NEWNET, "/proc/self/ns/net", "net.core.somaxconn", &err), -EINVAL);
	assert_int_equal(check(CLONE_NEWNET, "/proc/self/ns/ipc", "net.core.somaxconn", &err), 0);
}

static int write_one(void)
{
	struct error err = ERROR_INIT;
	int procfs_fd = -EBADF;

	CHECK(procfs_open_root(&procfs_fd) == 0);
	CHECK(sysctl_write(procfs_fd, &(struct spec_pair){ (char *)"kernel.msgmax", (char *)"4242" }, &err) == 0);
	CHECK(sysctl_write(procfs_fd, &(struct spec_pair){ (char *)"kernel.msgmax", (char *)"many" }, &err) < 0);
	CHECK(strstr(err.message, "kernel.msgmax") && strstr(err.message, "many"));
	CHECK(sysctl_write(procfs_fd, &(struct spec_pair){ (char *)"kernel.no_such", (char *)"1" }, &err) == -ENOENT);
	return 0;
}

static void test_write(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNS | CLONE_NEWIPC, write_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
