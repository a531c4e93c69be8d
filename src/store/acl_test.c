/* SPDX-License-Identifier: Apache-2.0 */
/* Against setfacl: what it makes of a list is what the kernel wants for it. */
#include "store/shell_test.h"

#include "store/acl.h"

static char *hex_of(const char *text)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	struct buf hex = BUF_INIT;

	assert_int_equal(acl_from_text(text, &value), 0);
	for (size_t i = 0; i < value.length; i++)
		buf_printf(&hex, "%02x", (unsigned char)value.data[i]);
	return buf_take(&hex);
}

static void test_same_as_setfacl(void **state)
{
	static const char list[] = "group:70000:r--,user::rwx,other::---,user:4000000000:r-x,mask::rwx,group::r-x,user:5:-w-";
	_cleanup_free_ char *found = hex_of(list), *expected = NULL;

	(void)state;
	shell_need("setfacl");
	shell_need("getfattr");
	shell_run(": >f && setfacl -m user::rwx,user:4000000000:r-x,user:5:-w-,group::r-x,group:70000:r--,mask::rwx,other::--- f || "
		"{ echo '# missing: access control lists' >&2; exit 77; }");
	expected = shell("getfattr -e hex -n system.posix_acl_access f | sed -n 's/^system.posix_acl_access=0x//p' | tr -d '\\n'");
	assert_string_equal(found, expected);
}

static void test_spellings(void **state)
{
	static const char *const same[] = {
		"user::rwx,user:9:r-x,group::r--,mask::rwx,other::---",
		"u::rwx,u:9:rx,g::r,m::rwx,o::-",
		"user::rwx\nuser:lisa:r-x:9\ngroup::r--\nmask::rwx\nother::---\n",
		"default:user::rwx,default:user:lisa:r-x:9,default:group::r--,default:mask::rwx,default:other::---",
		"other::---,,mask::rwx,group::r--,user:1234:r-x:9,user::rwx",
	};
	_cleanup_free_ char *expected = hex_of(same[0]);

	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(same); i++) {
		_cleanup_free_ char *found = hex_of(same[i]);

		assert_string_equal(found, expected);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{ "", -EINVAL }, { ",", -EINVAL }, { "user", -EINVAL }, { "user:", -EINVAL }, { "user::", -EINVAL }, { "user::rwz", -EINVAL },
		{ "user::rwxr", -EINVAL }, { "users::rwx", -EINVAL }, { "::rwx", -EINVAL }, { "user:lisa:rwx", -ENOENT },
		{ "user:lisa:rwx:x", -ENOENT }, { "group:4294967295:rwx", -ENOENT }, { "user:99999999999:rwx", -ENOENT },
	};
	_cleanup_buf_ struct buf value = BUF_INIT, many = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(acl_from_text(cases[i].text, &value), cases[i].code);
	for (int i = 0; i < 513; i++)
		buf_printf(&many, "user:%d:rwx,", i);
	assert_int_equal(acl_from_text(many.data, &value), -EINVAL);
	assert_int_equal(value.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_same_as_setfacl),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("acl", tests, NULL, NULL);
}
