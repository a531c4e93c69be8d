/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"
#include "base/file.h"
#include "spec/decode.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mount.h>

#include <cmocka.h>

static struct spec_config *decode_text(struct arena *arena, const char *text)
{
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	if (spec_config_decode(arena, text, strlen(text), &config, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return config;
}

/* The configuration with MEMBERS besides the version. */
static struct spec_config *decode(struct arena *arena, const char *members)
{
	return decode_text(arena, arena_printf(arena, "{\"ociVersion\":\"1.0.2-dev\",%s}", members));
}

static void assert_refused_text(const char *text, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	assert_true(spec_config_decode(arena, text, strlen(text), &config, &err) < 0);
	assert_null(config);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_string_equal(err.message, message);
}

static void assert_refused(const char *members, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	assert_refused_text(arena_printf(arena, "{\"ociVersion\":\"1.0.2\",%s}", members), message);
}

/* ---- the samples of the specification ---------------------------------------------- */

static char *read_sample(struct arena *arena, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *root = getenv("SOURCE_ROOT");
	char *path = arena_printf(arena, "%s/tests/data/oci-runtime/config/%s", root ? root : ".", name);

	if (file_read_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &text) < 0)
		fail_msg("cannot read %s", path);
	return arena_strdup(arena, text.data);
}

static void test_good_samples(void **state)
{
	static const char *const names[] = {
		"good/linux-netdevice.json", "good/linux-rdma.json", "good/minimal-for-start.json", "good/minimal.json", "good/spec-example.json",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_string_equal(decode_text(arena, read_sample(arena, names[i]))->root_path, "rootfs");
	}
}

static void test_bad_samples(void **state)
{
	static const struct {
		const char *name, *message;
	} cases[] = {
		{ "bad/invalid-json.json", "config.json: line 1, column 2: expected a member's name in quotes, found ']'" },
		{ "bad/linux-hugepage.json", "linux.resources.hugepageLimits[0].pageSize: '64kB' is no page size such as 2MB" },
		{ "bad/linux-netdevice.json", "linux.netDevices.eth0.name: expected string, found integer" },
		{ "bad/linux-rdma.json", "linux.resources.rdma.mlx5_1.hcaHandles: expected integer, found string" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_refused_text(read_sample(arena, cases[i].name), cases[i].message);
	}
}

static void test_spec_example(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_config *config = decode_text(arena, read_sample(arena, "good/spec-example.json"));

	(void)state;
	assert_string_equal(config->oci_version, "0.5.0-dev");
	assert_true(config->root_readonly);
	assert_string_equal(config->hostname, "slartibartfast");
	assert_string_equal(config->domainname, "foobarbaz.test");
	assert_int_equal(config->mount_count, 7);
	assert_string_equal(config->mounts[1].data, "mode=755,size=65536k");
	assert_int_equal(config->hooks.count[HOOK_PRESTART], 2);
	assert_string_equal(config->hooks.hooks[HOOK_POSTSTART][0].path, "/usr/bin/notify-start");
	assert_int_equal(config->hooks.hooks[HOOK_POSTSTART][0].timeout_s, 5);
	assert_int_equal(config->linux_.namespace_count, 8);
	assert_int_equal(config->linux_.resources->device_count, 3);
	assert_int_equal(config->linux_.monotonic.secs, 172800);
	assert_int_equal(config->annotation_count, 2);
	assert_true(config->process->capabilities->ambient == 1 << 10);
}

/* ---- the top ------------------------------------------------------------------------- */

static void test_version(void **state)
{
	static const char *const good[] = { "1.0.0", "1.0.2-dev", "1.3.0+x", "1.0", "1.99.0-rc.1", "0.5.0-dev" };
	static const char *const none[] = { "", "one", "1", "1.", "1.x", ".1", "v1.0.0" };
	static const char *const newer[] = { "2.0.0", "10.0.0", "9.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_string_equal(decode_text(arena, arena_printf(arena, "{\"ociVersion\":\"%s\"}", good[i]))->oci_version, good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_refused_text(arena_printf(arena, "{\"ociVersion\":\"%s\"}", none[i]),
				    arena_printf(arena, "ociVersion: '%s' is no version", none[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_refused_text(arena_printf(arena, "{\"ociVersion\":\"%s\"}", newer[i]),
				    arena_printf(arena, "ociVersion: version %s is not supported, only those up to 1.x are", newer[i]));
	}
	assert_refused_text("{}", "ociVersion: missing");
	assert_refused_text("{\"ociVersion\":1}", "ociVersion: expected string, found integer");
}

static void test_top_members(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_config *config = decode(arena, "\"future\":{\"x\":[1,null]},\"hooks\":null,\"annotations\":{\"a.b\":\"c\"},\"hostname\":\"\"");

	(void)state;
	assert_null(config->root_path);
	assert_null(config->process);
	assert_null(config->hostname);
	assert_string_equal(config->annotations[0].key, "a.b");
	assert_non_null(config->linux_.masked_paths);
	assert_non_null(config->linux_.resources);
	assert_refused_text("[]", "config.json: expected object, found array");
	assert_refused_text("", "config.json: line 1, column 1: expected a value, found the end");
	assert_refused("\"root\":\"rootfs\"", "root: expected object, found string");
	assert_refused("\"root\":{}", "root.path: missing");
	assert_refused("\"root\":{\"path\":\"\"}", "root.path: must not be empty");
	assert_refused("\"root\":{\"path\":\"r\",\"readonly\":\"yes\"}", "root.readonly: expected boolean, found string");
	assert_refused("\"process\":[]", "process: expected object, found array");
	assert_refused("\"process\":{\"args\":[\"a\"]}", "process.cwd: missing");
	assert_refused("\"annotations\":{\"a b\":1}", "annotations[\"a b\"]: expected string, found integer");
	assert_refused("\"annotations\":{\"\":\"\"}", "annotations[\"\"]: the name is empty");
	assert_refused("\"linux\":[]", "linux: expected object, found array");
	assert_refused("\"ociVersion\":\"1.0.0\"", "config.json: line 1, column 1: the object has \"ociVersion\" twice");
}

static void test_host_names(void **state)
{
	static const char uts[] = "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]}";
	static const char digits[] = "0123456789012345678901234567890123456789012345678901234567890123";
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_string_equal(decode(arena, arena_printf(arena, "\"hostname\":\"%s\",%s", digits, uts))->hostname, digits);
	assert_refused(arena_printf(arena, "\"domainname\":\"%s4\",%s", digits, uts),
		       arena_printf(arena, "domainname: '%s4' is longer than 64 bytes", digits));
	assert_refused("\"hostname\":\"h\"", "hostname: needs a uts namespace in linux.namespaces");
	assert_refused("\"domainname\":\"d\"", "domainname: needs a uts namespace in linux.namespaces");
	assert_refused("\"hostname\":7", "hostname: expected string, found integer");
}

/* ---- mounts and hooks --------------------------------------------------------------------- */

static void test_mounts(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_mount *mounts = decode(
		arena, "\"mounts\":[{\"destination\":\"data\",\"source\":\"/d\",\"type\":\"none\",\"options\":[\"rbind\",\"rro\",\"rprivate\"]},"
		       "{\"destination\":\"/b\",\"source\":\"b\",\"type\":\"bind\"},{\"destination\":\"/\",\"options\":[\"remount\",\"ro\"]},"
		       "{\"destination\":\"/i\",\"source\":\"/i\",\"options\":[\"bind\"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}],"
		       "\"gidMappings\":[{\"containerID\":3,\"hostID\":4,\"size\":5}]}]")->mounts;

	(void)state;
	assert_string_equal(mounts[0].destination, "/data");
	assert_int_equal(mounts[0].set_flags, MS_BIND | MS_REC);
	assert_int_equal(mounts[0].recursive_set, 1);
	assert_int_equal(mounts[0].propagation[0], MS_PRIVATE | MS_REC);
	assert_string_equal(mounts[0].options[1], "rro");
	assert_int_equal(mounts[1].set_flags, MS_BIND);
	assert_non_null(mounts[1].options);
	assert_null(mounts[1].options[0]);
	assert_null(mounts[2].type);
	assert_true(mounts[3].idmap);
	assert_false(mounts[3].idmap_recursive);
	assert_int_equal(mounts[3].gid_mappings[0].host_id, 4);
}

static void test_bad_mounts(void **state)
{
	(void)state;
	assert_refused("\"mounts\":{}", "mounts: expected array, found object");
	assert_refused("\"mounts\":[\"proc\"]", "mounts[0]: expected object, found string");
	assert_refused("\"mounts\":[{\"type\":\"proc\"}]", "mounts[0].destination: missing");
	assert_refused("\"mounts\":[{\"destination\":\"\",\"type\":\"proc\"}]", "mounts[0].destination: must not be empty");
	assert_refused("\"mounts\":[{\"destination\":5}]", "mounts[0].destination: expected string, found integer");
	assert_refused("\"mounts\":[{\"destination\":\"/a\"}]", "mounts[0].type: missing");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"type\":\"x\",\"options\":\"ro\"}]", "mounts[0].options: expected array, found string");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"type\":\"x\",\"options\":[\"ro\",1]}]", "mounts[0].options[1]: expected string, found integer");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"options\":[\"bind\"]}]", "mounts[0].source: missing");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"type\":\"x\",\"uidMappings\":[{\"containerID\":0,\"hostID\":\"x\",\"size\":1}]}]",
		       "mounts[0].uidMappings[0].hostID: expected integer, found string");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"type\":\"x\",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]",
		       "mounts[0].gidMappings: missing, although there are uidMappings");
	assert_refused("\"mounts\":[{\"destination\":\"/a\",\"type\":\"x\"},{\"destination\":\"/b\",\"source\":\"/s\",\"options\":[\"bind\",\"ridmap\"]}]",
		       "mounts[1]: '/b' has no mappings to be idmapped with, and there is no user namespace");
}

static void test_hooks(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_hooks *hooks =
		&decode(arena, "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"args\":[\"a\",\"b\"],\"env\":[\"K=V\"],\"timeout\":30}],\"createRuntime\":[{\"path\":\"/b\"}]}")
			 ->hooks;

	(void)state;
	assert_int_equal(hooks->count[HOOK_POSTSTOP], 1);
	assert_string_equal(hooks->hooks[HOOK_POSTSTOP][0].args[1], "b");
	assert_string_equal(hooks->hooks[HOOK_POSTSTOP][0].env[0], "K=V");
	assert_int_equal(hooks->hooks[HOOK_POSTSTOP][0].timeout_s, 30);
	assert_null(hooks->hooks[HOOK_CREATE_RUNTIME][0].args);
	assert_false(hooks->hooks[HOOK_CREATE_RUNTIME][0].has_timeout);
	assert_refused("\"hooks\":[]", "hooks: expected object, found array");
	assert_refused("\"hooks\":{\"prestart\":{}}", "hooks.prestart: expected array, found object");
	assert_refused("\"hooks\":{\"createContainer\":[{\"args\":[\"x\"]}]}", "hooks.createContainer[0].path: missing");
	assert_refused("\"hooks\":{\"poststop\":[{\"path\":\"relative\"}]}", "hooks.poststop[0].path: 'relative' is not an absolute path");
	assert_refused("\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"timeout\":0}]}", "hooks.poststart[0].timeout: 0 is out of range (1 to 2147483647)");
	assert_refused("\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"timeout\":\"1s\"}]}", "hooks.poststart[0].timeout: expected integer, found string");
	assert_refused("\"hooks\":{\"startContainer\":[{\"path\":\"/a\",\"env\":[1]}]}", "hooks.startContainer[0].env[0]: expected string, found integer");
}

/* ---- hostile documents ------------------------------------------------------------------------ */

static void test_limits(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *big = memory_new(SPEC_CONFIG_LIMIT + 1, 1);
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;

	(void)state;
	memset(big, ' ', SPEC_CONFIG_LIMIT + 1);
	assert_int_equal(spec_config_decode(arena, big, SPEC_CONFIG_LIMIT + 1, &config, &err), -EFBIG);
	assert_int_equal(err.kind, ERROR_INVALID);
	free(big);

	buf_add_text(&text, "{\"ociVersion\":\"1.0.0\",\"mounts\":[0");
	for (size_t i = 0; i < SPEC_ARRAY_LIMIT; i++)
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]}");
	assert_refused_text(text.data, "mounts: 65537 elements are too many (65536 at most)");

	buf_done(&text);
	buf_add_text(&text, "{\"ociVersion\":\"1.0.0\",\"hostname\":\"");
	for (size_t i = 0; i <= SPEC_STRING_LIMIT; i++)
		buf_add_char(&text, 'h');
	buf_add_text(&text, "\"}");
	assert_refused_text(text.data, "hostname: a string of 65537 bytes is too long (65536 at most)");
}

/* What a hostile name contains does not reach the terminal. */
static void test_messages_are_printable(void **state)
{
	(void)state;
	assert_refused("\"annotations\":{\"\\u001b[31m\":1}", "annotations[\"?[31m\"]: expected string, found integer");
	assert_refused("\"linux\":{\"namespaces\":[{\"type\":\"a\\nb\"}]}", "linux.namespaces[0].type: unknown namespace \"a?b\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_samples),
		cmocka_unit_test(test_bad_samples),
		cmocka_unit_test(test_spec_example),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_top_members),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_bad_mounts),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_messages_are_printable),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
