/* SPDX-License-Identifier: Apache-2.0 */
#include "store/owner_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* As --userns=keep-id of user 1000 has it. */
static const struct idmap_range ranges[] = { { 0, 1, 1000 }, { 1000, 0, 1 }, { 1001, 1001, 64536 } };
static const struct idmap map = { .uids = ranges, .uid_count = 3, .gids = ranges, .gid_count = 2 };

static void test_ids(void **state)
{
	(void)state;
	assert_int_equal(owner_view_id(ranges, 3, 0), 1000);
	assert_int_equal(owner_view_id(ranges, 3, 1), 0);
	assert_int_equal(owner_view_id(ranges, 3, 1000), 999);
	assert_int_equal(owner_view_id(ranges, 3, 1001), 1001);
	assert_int_equal(owner_view_id(ranges, 3, 65536), 65536);
	assert_int_equal(owner_view_id(ranges, 3, 65537), 65534);
	assert_int_equal(owner_view_id(ranges, 0, 0), 65534);
}

static void assert_becomes(const char *name, const void *before, size_t length, const void *after, size_t expected)
{
	uint8_t value[64];

	memcpy(value, before, length);
	assert_int_equal(owner_view_xattr(&map, name, value, length), expected);
	assert_memory_equal(value, after, expected);
}

static void test_lists(void **state)
{
	static const char acl[] = "\2\0\0\0" "\1\0\6\0\377\377\377\377" "\2\0\7\0\0\0\0\0" "\10\0\5\0\1\0\0\0" "\10\0\5\0\351\3\0\0";
	static const char inside[] = "\2\0\0\0" "\1\0\6\0\377\377\377\377" "\2\0\7\0\350\3\0\0" "\10\0\5\0\0\0\0\0" "\10\0\5\0\376\377\0\0";

	(void)state;
	assert_becomes("system.posix_acl_access", acl, sizeof acl - 1, inside, sizeof inside - 1);
	assert_becomes("system.posix_acl_default", acl, sizeof acl - 1, inside, sizeof inside - 1);
	assert_becomes("user.acl", acl, sizeof acl - 1, acl, sizeof acl - 1);
	/* Another version, and what is cut off, is left alone. */
	assert_becomes("system.posix_acl_access", "\3\0\0\0\2\0\7\0\0\0\0\0", 12, "\3\0\0\0\2\0\7\0\0\0\0\0", 12);
	assert_becomes("system.posix_acl_access", acl, 22, inside, 22);
}

static void test_capabilities(void **state)
{
	static const char of_outsiders[] = "\1\0\0\3" "\0\4\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\1\0\0\0";
	static const char of_root[] = "\1\0\0\2" "\0\4\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0";
	static const char of_user[] = "\1\0\0\3" "\0\4\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0";
	static const char of_user_inside[] = "\1\0\0\3" "\0\4\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\350\3\0\0";

	(void)state;
	assert_becomes("security.capability", of_outsiders, 24, of_root, 20);
	assert_becomes("security.capability", of_user, 24, of_user_inside, 24);
	assert_becomes("security.capability", of_root, 20, of_root, 20);
	assert_becomes("security.capability", of_user, 23, of_user, 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ids), cmocka_unit_test(test_lists), cmocka_unit_test(test_capabilities) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
