/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/certificates.h"

#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char first[64], second[64];

static void put(const char *directory, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_printf("%s/%s", directory, name);
	char *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(file_make_directories(path, 0700), 0);
	*slash = '/';
	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(first, "/tmp/bivy-certificates-XXXXXX");
	strcpy(second, "/tmp/bivy-certificates-XXXXXX");
	assert_non_null(mkdtemp(first));
	assert_non_null(mkdtemp(second));
	put(first, "r:5000/b.crt", "B");
	put(first, "r:5000/a.crt", "A");
	put(first, "r:5000/me.cert", "C");
	put(first, "r:5000/me.key", "K");
	put(first, "half/me.cert", "C");
	put(first, "empty/readme", "");
	put(second, "r:5000/z.crt", "Z");
	put(second, "empty/ca.crt", "E");
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_free_ char *command = str_printf("rm -r %s %s", first, second);

	(void)state;
	return system(command);
}

static void test_read(void **state)
{
	const char *const directories[] = { "/no/such/directory", first, second, NULL };
	_cleanup_certificates_ struct certificates found = { 0 }, other = { 0 }, none = { 0 };
	_cleanup_free_ char *key = str_printf("%s/r:5000/me.key", first);

	(void)state;
	assert_int_equal(certificates_read(directories, "r:5000", &found, NULL), 0);
	assert_string_equal(found.authorities, "A\nB\n");
	assert_string_equal(found.client_key, key);
	assert_int_equal(certificates_read(directories, "empty", &other, NULL), 0);
	assert_string_equal(other.authorities, "E\n");
	assert_null(other.client_certificate);
	assert_int_equal(certificates_read(directories, "r", &none, NULL), 0);
	assert_null(none.authorities);
}

static void test_refused(void **state)
{
	const char *const directories[] = { first, NULL };
	_cleanup_free_ char *message = str_printf("the client certificate '%s/half/me.cert' cannot be used: cannot read its key '%s/half/me.key': "
						  "no such file or directory",
						  first, first);
	_cleanup_certificates_ struct certificates found = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(certificates_read(directories, "half", &found, &err), -ENOENT);
	assert_string_equal(err.message, message);
	assert_null(found.client_certificate);
	assert_int_equal(certificates_read(directories, "../x", &found, &err), -EINVAL);
	assert_int_equal(certificates_read(directories, "", &found, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("registry/certificates", tests, set_up, tear_down);
}
