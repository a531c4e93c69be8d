/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/value_mount.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HERE "/home/me"

static struct arena *arena;

static int make_arena(void **state _unused_)
{
	arena = arena_new();
	return 0;
}

static int free_arena(void **state _unused_)
{
	arena_free(arena);
	return 0;
}

typedef int parse_function(const char *text, struct spec_container_mount *ret, struct error *err);

static int volume(const char *text, struct spec_container_mount *ret, struct error *err)
{
	return value_volume_parse(arena, text, HERE, ret, err);
}

static int mount(const char *text, struct spec_container_mount *ret, struct error *err)
{
	return value_mount_parse(arena, text, HERE, ret, err);
}

static int tmpfs(const char *text, struct spec_container_mount *ret, struct error *err)
{
	return value_tmpfs_parse(arena, text, ret, err);
}

static struct spec_container_mount parsed(parse_function *parse, const char *text)
{
	struct spec_container_mount mounted;
	struct error err = ERROR_INIT;

	if (parse(text, &mounted, &err) < 0)
		fail_msg("'%s': %s", text, err.message);
	return mounted;
}

static void assert_refused(parse_function *parse, const char *text, const char *message)
{
	struct spec_container_mount mounted;
	struct error err = ERROR_INIT;

	if (parse(text, &mounted, &err) == 0)
		fail_msg("'%s' was taken", text);
	assert_string_equal(err.message, message);
}

static void test_volumes(void **state _unused_)
{
	struct spec_container_mount one = parsed(volume, "/src:/dst");

	assert_int_equal(one.kind, SPEC_MOUNT_BIND);
	assert_string_equal(one.source, "/src");
	assert_string_equal(one.target, "/dst");
	assert_true(one.create_source && !one.read_only && !one.anonymous);

	one = parsed(volume, "./a/../b:/c//d/:ro,rslave,z");
	assert_string_equal(one.source, HERE "/b");
	assert_string_equal(one.target, "/c/d");
	assert_true(one.read_only && one.recursive_read_only);
	assert_string_equal(one.propagation, "rslave");

	one = parsed(volume, "data:/var/lib:nocopy,noidmap");
	assert_int_equal(one.kind, SPEC_MOUNT_VOLUME);
	assert_string_equal(one.source, "data");
	assert_true(one.no_copy && one.no_idmap && !one.create_source);

	one = parsed(volume, "/data");
	assert_int_equal(one.kind, SPEC_MOUNT_VOLUME);
	assert_null(one.source);
	assert_true(one.anonymous);

	one = parsed(volume, "/x:/y:bind");
	assert_true(one.non_recursive);
}

static void test_wrong_volumes(void **state _unused_)
{
	assert_refused(volume, "", "expected [SOURCE:]TARGET[:OPTIONS]");
	assert_refused(volume, "/a:/b:ro:rw", "expected [SOURCE:]TARGET[:OPTIONS]");
	assert_refused(volume, "data", "expected an absolute path in the container, not 'data'");
	assert_refused(volume, "data:x", "expected an absolute path in the container, not 'x'");
	assert_refused(volume, "/a:/", "the container's root cannot be mounted over");
	assert_refused(volume, "/a:/b/..", "the container's root cannot be mounted over");
	assert_refused(volume, "d:/x", "'d' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit");
	assert_refused(volume, ":/x", "'' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit");
	assert_refused(volume, "a/b:/x", "'a/b' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit");
	assert_refused(volume, "data:/x:shared", "option 'shared' is not for a volume");
	assert_refused(volume, "/a:/x:nocopy", "option 'nocopy' is not for a path");
	assert_refused(volume, "/a:/x:r", "option 'r': expected one of ro, rw, idmap, noidmap, copy, nocopy, bind, rbind, private, rprivate, shared, "
		"rshared, slave, rslave, unbindable, runbindable, U, O, z, Z, cached, consistent, delegated");
}

static void test_long_forms(void **state _unused_)
{
	struct spec_container_mount one = parsed(mount, "type=bind,source=x,target=/dst,readonly,bind-propagation=shared");

	assert_int_equal(one.kind, SPEC_MOUNT_BIND);
	assert_string_equal(one.source, HERE "/x");
	assert_string_equal(one.target, "/dst");
	assert_true(one.read_only && one.recursive_read_only && !one.create_source);
	assert_string_equal(one.propagation, "shared");

	one = parsed(mount, "type=bind,\"src=/a,b\",dst=/dst,ro=true,bind-recursive=writable,bind-create-src");
	assert_string_equal(one.source, "/a,b");
	assert_true(one.read_only && !one.recursive_read_only && one.create_source);

	one = parsed(mount, "type=bind,src=/a,dst=/dst,ro=false,bind-recursive=disabled,idmap=false");
	assert_true(!one.read_only && one.non_recursive && one.no_idmap);

	one = parsed(mount, "src=data,dst=/dst,volume-nocopy,volume-subpath=a/b,volume-driver=local");
	assert_int_equal(one.kind, SPEC_MOUNT_VOLUME);
	assert_string_equal(one.source, "data");
	assert_string_equal(one.subpath, "a/b");
	assert_true(one.no_copy && !one.anonymous);
	assert_true(parsed(mount, "dst=/dst").anonymous);

	one = parsed(mount, "type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1770");
	assert_int_equal(one.kind, SPEC_MOUNT_TMPFS);
	assert_true(one.has_tmpfs_size && one.tmpfs_size == 64 << 20);
	assert_true(one.has_tmpfs_mode && one.tmpfs_mode == 01770);
}

static void test_wrong_long_forms(void **state _unused_)
{
	assert_refused(mount, "", "expected a key 'target'");
	assert_refused(mount, "type=bind,src=/a", "expected a key 'target'");
	assert_refused(mount, "type=bind,dst=/a", "a bind needs a key 'source'");
	assert_refused(mount, "type=glob,dst=/a", "type 'glob': expected one of bind, volume, tmpfs, image");
	assert_refused(mount, "dst", "key 'dst' needs a value");
	assert_refused(mount, "dest=/a", "there is no key 'dest' of a mount");
	assert_refused(mount, "dst=a", "expected an absolute path in the container, not 'a'");
	assert_refused(mount, "dst=/a,readonly=yes", "expected true or false, not 'yes'");
	assert_refused(mount, "dst=/a,src=./x", "'./x' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit");
	assert_refused(mount, "dst=/a,src=", "the source is empty");
	assert_refused(mount, "dst=/a,tmpfs-size=1m", "key 'tmpfs-size' is not for a volume");
	assert_refused(mount, "volume-nocopy,type=bind,src=/a,dst=/a", "key 'volume-nocopy' is not for a bind");
	assert_refused(mount, "type=tmpfs,dst=/a,src=/b", "key 'src' is not for a tmpfs");
	assert_refused(mount, "type=tmpfs,dst=/a,tmpfs-size=much", "expected a size such as 64m, not 'much'");
	assert_refused(mount, "type=tmpfs,dst=/a,tmpfs-mode=rwx", "expected a mode in octal such as 1777, not 'rwx'");
	assert_refused(mount, "dst=/a,volume-driver=nfs", "there is no volume driver 'nfs', only 'local'");
	assert_refused(mount, "dst=/a,src=data,volume-subpath=..", "expected a relative path within the volume, not '..'");
	assert_refused(mount, "dst=/a,src=data,volume-subpath=/x", "expected a relative path within the volume, not '/x'");
	assert_refused(mount, "type=bind,src=/a,dst=/a,bind-recursive=writable", "bind-recursive=writable is for what is read-only itself");
	assert_refused(mount, "\"dst=/a", "the quotes have no end");
}

static void test_tmpfs(void **state _unused_)
{
	struct spec_container_mount one = parsed(tmpfs, "/run:rw,noexec,size=65536k,mode=755,uid=5,ro");

	assert_int_equal(one.kind, SPEC_MOUNT_TMPFS);
	assert_string_equal(one.target, "/run");
	assert_true(one.read_only && one.tmpfs_size == 64 << 20 && one.tmpfs_mode == 0755);
	assert_string_equal(one.options[0], "rw");
	assert_string_equal(one.options[1], "noexec");
	assert_string_equal(one.options[2], "uid=5");
	assert_null(one.options[3]);
	assert_null(parsed(tmpfs, "/run").options);

	assert_refused(tmpfs, "run", "expected an absolute path in the container, not 'run'");
	assert_refused(tmpfs, "/run:what", "'what' is no option of a tmpfs");
	assert_refused(tmpfs, "/run:uid=", "'uid=' is no option of a tmpfs");
	assert_refused(tmpfs, "/run:lowerdir=/", "'lowerdir=/' is no option of a tmpfs");
	assert_refused(tmpfs, "/run:size=-1", "expected a size such as 64m, not '-1'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_wrong_volumes),
		cmocka_unit_test(test_long_forms),
		cmocka_unit_test(test_wrong_long_forms),
		cmocka_unit_test(test_tmpfs),
	};

	return cmocka_run_group_tests_name("cli/value_mount", tests, make_arena, free_arena);
}
