/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_plan.h"

#include "host/child_test.h"
#include "runtime/rootfs.h"

#include <string.h>

#define HEAD "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}},\"root\":{\"path\":\"rootfs\"%s},%s"

/* The plan of a configuration that goes on after HEAD, with a read-only root if READONLY is in it; the arena keeps it. */
static int plan(struct arena *arena, const char *rest, unsigned flags, struct mount_plan **ret, struct error *err)
{
	char *text = arena_printf(arena, HEAD, strstr(rest, "READONLY") ? ",\"readonly\":true" : "", rest);
	struct spec_config *config = NULL;

	if (spec_config_decode(arena, text, strlen(text), &config, err) < 0)
		fail_msg("%s", err->message);
	return mount_plan_make(arena, config, "/bundle", flags, ret, err);
}

static void assert_plan(const char *rest, unsigned flags, const char *expected)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct mount_plan *result = NULL;

	if (plan(arena, rest, flags, &result, &err) < 0)
		fail_msg("%s", err.message);
	mount_plan_print(result, &out);
	assert_string_equal(out.data, expected);
	mount_plan_done(result);
}

static void assert_refused(const char *rest, unsigned flags, const char *words)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct mount_plan *result = NULL;

	if (plan(arena, rest, flags, &result, &err) != -EINVAL)
		fail_msg("accepted: %s", rest);
	assert_null(result);
	if (!strstr(err.message, words))
		fail_msg("'%s' is not in '%s'", words, err.message);
}

#define MOUNT_NAMESPACE "\"namespaces\":[{\"type\":\"mount\"}]"
#define DEVICES                                          \
	"make the device '/dev/null' (c 1:3, mode 0666)\n"    \
	"make the device '/dev/zero' (c 1:5, mode 0666)\n"    \
	"make the device '/dev/full' (c 1:7, mode 0666)\n"    \
	"make the device '/dev/random' (c 1:8, mode 0666)\n"  \
	"make the device '/dev/urandom' (c 1:9, mode 0666)\n" \
	"make the device '/dev/tty' (c 5:0, mode 0666)\n"
#define LINKS                                   \
	"link '/dev/fd' to '/proc/self/fd'\n"         \
	"link '/dev/stdin' to '/proc/self/fd/0'\n"    \
	"link '/dev/stdout' to '/proc/self/fd/1'\n"   \
	"link '/dev/stderr' to '/proc/self/fd/2'\n"   \
	"link '/dev/core' to '/proc/kcore'\n"         \
	"link '/dev/ptmx' to 'pts/ptmx'\n"

static void test_order(void **state)
{
	(void)state;
	assert_plan("\"linux\":{}}", 0, DEVICES LINKS "make it the root\n");
	assert_plan("\"annotations\":{\"READONLY\":\"\"},\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"},"
		    "{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"data\",\"options\":[\"rbind\",\"ro\"]},"
		    "{\"destination\":\"/run\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"ro\",\"size=1m\"]},"
		    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\"},"
		    "{\"destination\":\"/x\",\"options\":[\"remount\",\"nosuid\"]}],"
		    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"ipc\"}],\"sysctl\":{\"kernel.msgmax\":\"1\"},\"maskedPaths\":[\"/m\"],"
		    "\"readonlyPaths\":[\"/r\"],\"rootfsPropagation\":\"shared\"}}", 0,
		"mount 'proc' on '/proc'\nbind '/bundle/data' on '/x' (rbind,ro)\nmount 'tmpfs' on '/run' (ro,size=1m)\n"
		"mount 'cgroup' on '/sys/fs/cgroup'\nremount '/x' (remount,nosuid)\n" DEVICES LINKS
		"make it the root\nmake '/run' read-only\nset 'kernel.msgmax' to '1'\nmake '/r' read-only\nmask '/m'\n"
		"make '/' read-only\nset the propagation of '/'\n");
	assert_plan("\"linux\":{\"rootfsPropagation\":\"runbindable\"}}", 0, DEVICES LINKS
		"make it the root\nset the propagation of '/' and all below it\n");
}

/* Masks are a mount each: the same path again is nothing to do. */
static void test_repeated_paths(void **state)
{
	(void)state;
	assert_plan("\"linux\":{" MOUNT_NAMESPACE ",\"maskedPaths\":[\"/m\",\"/n\",\"/m\"],\"readonlyPaths\":[\"/r\",\"/r\",\"/m\"]}}", 0, DEVICES LINKS
		"make it the root\nmake '/r' read-only\nmake '/m' read-only\nmask '/m'\nmask '/n'\n");
}

static void test_devices(void **state)
{
	(void)state;
	/* A configured one takes the place of the usual one; in a user namespace they are bound. */
	assert_plan("\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],"
		    "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],"
		    "\"devices\":[{\"path\":\"/dev/zero\",\"type\":\"c\",\"major\":1,\"minor\":5,\"fileMode\":384},"
		    "{\"path\":\"/dev/f\",\"type\":\"p\",\"fileMode\":438}]}}", ROOTFS_NEW_USER_NAMESPACE,
		"bind the device '/dev/null'\nbind the device '/dev/full'\nbind the device '/dev/random'\nbind the device '/dev/urandom'\n"
		"bind the device '/dev/tty'\nbind the device '/dev/zero'\nmake the fifo '/dev/f' (mode 0666)\n" LINKS "make it the root\n");
	/* A /dev of the host's is left as it is. */
	assert_plan("\"mounts\":[{\"destination\":\"/dev/\",\"type\":\"bind\",\"source\":\"/dev\"}],\"linux\":{}}", 0,
		"bind '/dev' on '/dev/'\nmake it the root\n");
	assert_refused("\"linux\":{\"devices\":[{\"path\":\"/proc/x\",\"type\":\"c\",\"major\":1,\"minor\":5}]}}", 0, "linux.devices[0]");
	assert_refused("\"linux\":{\"devices\":[{\"path\":\"/dev/../proc/x\",\"type\":\"c\",\"major\":1,\"minor\":5}]}}", 0, "linux.devices[0]");
}

#define MOUNT(fields) "\"mounts\":[{" fields "}],\"linux\":{}}"

static void test_proc(void **state)
{
	(void)state;
	assert_refused(MOUNT("\"destination\":\"/proc\",\"type\":\"tmpfs\""), 0, "mounts[0]");
	assert_refused(MOUNT("\"destination\":\"//x/..//proc/.\",\"type\":\"tmpfs\""), 0, "only procfs");
	assert_refused(MOUNT("\"destination\":\"/proc/sys\",\"type\":\"tmpfs\""), 0, "inside of /proc");
	assert_refused(MOUNT("\"destination\":\"/../proc/self\",\"type\":\"bind\",\"source\":\"/x\""), 0, "inside of /proc");
	assert_plan(MOUNT("\"destination\":\"/proc/meminfo\",\"type\":\"bind\",\"source\":\"/x\""), 0,
		"bind '/x' on '/proc/meminfo'\n" DEVICES LINKS "make it the root\n");
	assert_plan(MOUNT("\"destination\":\"/procedures\",\"type\":\"bind\",\"source\":\"/x\""), 0,
		"bind '/x' on '/procedures'\n" DEVICES LINKS "make it the root\n");
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused(MOUNT("\"destination\":\"/\",\"type\":\"tmpfs\""), 0, "mounts[0]");
	assert_refused(MOUNT("\"destination\":\"/a/..\",\"type\":\"tmpfs\""), 0, "the root itself");
	assert_refused(MOUNT("\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"/x\",\"options\":[\"bind\",\"tmpcopyup\"]"), 0, "tmpcopyup");
	assert_refused(MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"ridmap\"],"
			     "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]"),
		0, "only a bind mount can be idmapped");
	assert_refused("\"linux\":{\"sysctl\":{\"kernel.core_pattern\":\"x\"}}}", 0, "kernel.core_pattern");
}

static void test_without_mount_namespace(void **state)
{
	(void)state;
	assert_plan("\"linux\":{}}", ROOTFS_NO_MOUNT_NAMESPACE, DEVICES LINKS "make it the root\n");
	assert_refused(MOUNT("\"destination\":\"/a\",\"type\":\"tmpfs\""), ROOTFS_NO_MOUNT_NAMESPACE, "mounts");
	assert_refused("\"linux\":{" MOUNT_NAMESPACE ",\"maskedPaths\":[\"/x\"]}}", ROOTFS_NO_MOUNT_NAMESPACE, "linux.maskedPaths");
	assert_refused("\"linux\":{" MOUNT_NAMESPACE ",\"readonlyPaths\":[\"/x\"]}}", ROOTFS_NO_MOUNT_NAMESPACE, "linux.readonlyPaths");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_repeated_paths),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_without_mount_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
