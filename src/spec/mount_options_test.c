/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/mount_options.h"
#include "base/str.h"
#include "spec/config.h"

#include <linux/mount.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Splits TEXT at blanks into options and applies them. */
static struct spec_mount *apply(struct arena *arena, const char *text)
{
	struct spec_mount *mount = arena_alloc(arena, 1, sizeof *mount);
	char **list = arena_alloc(arena, strlen(text) + 2, sizeof *list);
	char *copy = arena_strdup(arena, text), *save = NULL;
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		list[count++] = word;
	spec_mount_set_options(arena, mount, list);
	assert_ptr_equal(mount->options, list);
	return mount;
}

/* The flags of mount(2), written out: glibc's and the kernel's headers exclude each other. */
#define RDONLY 1ul
#define NOSUID 2ul
#define NODEV 4ul
#define NOEXEC 8ul
#define SYNCHRONOUS 16ul
#define REMOUNT 32ul
#define MANDLOCK 64ul
#define DIRSYNC 128ul
#define NOSYMFOLLOW 256ul
#define NOATIME 1024ul
#define NODIRATIME 2048ul
#define BIND 4096ul
#define REC 16384ul
#define SILENT 32768ul
#define UNBINDABLE (1ul << 17)
#define PRIVATE (1ul << 18)
#define SLAVE (1ul << 19)
#define SHARED (1ul << 20)
#define RELATIME (1ul << 21)
#define I_VERSION (1ul << 23)
#define STRICTATIME (1ul << 24)
#define LAZYTIME (1ul << 25)

static void test_set_and_clear(void **state)
{
	static const struct {
		const char *set, *clear;
		unsigned long flag;
	} pairs[] = {
		{ "ro", "rw", RDONLY },
		{ "nosuid", "suid", NOSUID },
		{ "nodev", "dev", NODEV },
		{ "noexec", "exec", NOEXEC },
		{ "sync", "async", SYNCHRONOUS },
		{ "mand", "nomand", MANDLOCK },
		{ "nosymfollow", "symfollow", NOSYMFOLLOW },
		{ "noatime", "atime", NOATIME },
		{ "nodiratime", "diratime", NODIRATIME },
		{ "silent", "loud", SILENT },
		{ "relatime", "norelatime", RELATIME },
		{ "iversion", "noiversion", I_VERSION },
		{ "strictatime", "nostrictatime", STRICTATIME },
		{ "lazytime", "nolazytime", LAZYTIME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct spec_mount *set = apply(arena, pairs[i].set), *clear = apply(arena, pairs[i].clear);
		const struct spec_mount *last = apply(arena, arena_printf(arena, "%s %s", pairs[i].set, pairs[i].clear));

		assert_int_equal(set->set_flags, pairs[i].flag);
		assert_int_equal(set->clear_flags, 0);
		assert_int_equal(clear->set_flags, 0);
		assert_int_equal(clear->clear_flags, pairs[i].flag);
		/* The last one wins. */
		assert_int_equal(last->set_flags, 0);
		assert_int_equal(last->clear_flags, pairs[i].flag);
		last = apply(arena, arena_printf(arena, "%s %s", pairs[i].clear, pairs[i].set));
		assert_int_equal(last->set_flags, pairs[i].flag);
		assert_int_equal(last->clear_flags, 0);
		assert_null(last->data);
	}
}

static void test_single_flags(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(apply(arena, "bind")->set_flags, BIND);
	assert_int_equal(apply(arena, "rbind ro")->set_flags, BIND | REC | RDONLY);
	assert_int_equal(apply(arena, "remount dirsync")->set_flags, REMOUNT | DIRSYNC);
	assert_int_equal(apply(arena, "defaults")->set_flags, 0);
	assert_null(apply(arena, "defaults")->data);
	assert_null(apply(arena, "")->data);
}

static void test_propagation_keeps_order(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_mount *mount =
		apply(arena, "private ro rprivate shared rshared slave rslave unbindable runbindable");
	static const unsigned long expected[] = {
		PRIVATE, PRIVATE | REC, SHARED, SHARED | REC, SLAVE, SLAVE | REC, UNBINDABLE, UNBINDABLE | REC,
	};

	(void)state;
	assert_int_equal(mount->propagation_count, ARRAY_SIZE(expected));
	assert_memory_equal(mount->propagation, expected, sizeof expected);
	assert_int_equal(mount->set_flags, RDONLY);
}

static void test_recursive(void **state)
{
	static const struct {
		const char *set, *clear;
		uint64_t attribute;
	} pairs[] = {
		{ "rro", "rrw", MOUNT_ATTR_RDONLY },
		{ "rnosuid", "rsuid", MOUNT_ATTR_NOSUID },
		{ "rnodev", "rdev", MOUNT_ATTR_NODEV },
		{ "rnoexec", "rexec", MOUNT_ATTR_NOEXEC },
		{ "rnodiratime", "rdiratime", MOUNT_ATTR_NODIRATIME },
		{ "rnosymfollow", "rsymfollow", MOUNT_ATTR_NOSYMFOLLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct spec_mount *set = apply(arena, pairs[i].set), *clear = apply(arena, pairs[i].clear);

		assert_int_equal(set->recursive_set, pairs[i].attribute);
		assert_int_equal(set->recursive_clear, 0);
		assert_int_equal(clear->recursive_set, 0);
		assert_int_equal(clear->recursive_clear, pairs[i].attribute);
		assert_int_equal(set->set_flags | clear->set_flags | set->clear_flags | clear->clear_flags, 0);
	}
}

/* mount_setattr(2) wants the whole mask cleared when access times change. */
static void test_recursive_access_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t set;
	} cases[] = {
		{ "rnoatime", MOUNT_ATTR_NOATIME },
		{ "ratime", MOUNT_ATTR_RELATIME },
		{ "rrelatime", MOUNT_ATTR_RELATIME },
		{ "rnorelatime", MOUNT_ATTR_RELATIME },
		{ "rstrictatime", MOUNT_ATTR_STRICTATIME },
		{ "rnostrictatime", MOUNT_ATTR_RELATIME },
		{ "rnoatime rstrictatime", MOUNT_ATTR_STRICTATIME },
		{ "rstrictatime rro rnoatime", MOUNT_ATTR_NOATIME | MOUNT_ATTR_RDONLY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		const struct spec_mount *mount = apply(arena, cases[i].text);

		assert_int_equal(mount->recursive_set, cases[i].set);
		assert_int_equal(mount->recursive_clear, MOUNT_ATTR__ATIME);
	}
}

static void test_extensions(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_true(apply(arena, "tmpcopyup")->tmpcopyup);
	assert_true(apply(arena, "idmap")->idmap);
	assert_false(apply(arena, "idmap")->idmap_recursive);
	assert_true(apply(arena, "ridmap")->idmap);
	assert_true(apply(arena, "ridmap")->idmap_recursive);
	assert_null(apply(arena, "tmpcopyup idmap")->data);
}

static void test_rest_is_data(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_mount *mount = apply(arena, "nosuid mode=755 strictatime size=65536k Ro");

	(void)state;
	assert_string_equal(mount->data, "mode=755,size=65536k,Ro");
	assert_int_equal(mount->set_flags, NOSUID | STRICTATIME);
}

/* The lookup needs the order; `features` prints it. */
static void test_table_is_sorted_and_found(void **state)
{
	const char *name, *previous = "";

	(void)state;
	for (size_t i = 0; (name = spec_mount_option_name(i)); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();

		assert_true(strcmp(previous, name) < 0);
		assert_null(apply(arena, name)->data);
		previous = name;
	}
	assert_string_equal(previous, "unbindable");
}

/* Of a flag that two options set, alone and with another one, the one alone. */
static void test_words_of_flags(void **state)
{
	static const struct {
		unsigned long flag;
		const char *word;
	} words[] = {
		{ RDONLY, "ro" }, { NOSUID, "nosuid" }, { NODEV, "nodev" }, { NOEXEC, "noexec" }, { NOATIME, "noatime" }, { NODIRATIME, "nodiratime" },
		{ STRICTATIME, "strictatime" }, { SYNCHRONOUS, "sync" }, { DIRSYNC, "dirsync" }, { BIND, "bind" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_string_equal(spec_mount_flag_word(words[i].flag), words[i].word);
	assert_null(spec_mount_flag_word(0));
	assert_null(spec_mount_flag_word(PRIVATE));
	assert_null(spec_mount_flag_word(RDONLY | NOSUID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_and_clear),
		cmocka_unit_test(test_words_of_flags),
		cmocka_unit_test(test_single_flags),
		cmocka_unit_test(test_propagation_keeps_order),
		cmocka_unit_test(test_recursive),
		cmocka_unit_test(test_recursive_access_times),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_rest_is_data),
		cmocka_unit_test(test_table_is_sorted_and_found),
	};

	return cmocka_run_group_tests_name("mount_options", tests, NULL, NULL);
}
