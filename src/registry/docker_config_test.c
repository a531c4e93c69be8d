/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/docker_config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct docker_config *decode(const char *text)
{
	struct docker_config *config = NULL;

	assert_int_equal(docker_config_decode("config.json", text, strlen(text), &config, NULL), 0);
	return config;
}

static struct docker_config_auth find(const struct docker_config *config, const char *host, const char *repository)
{
	struct docker_config_auth auth = { 0 };
	struct error err = ERROR_INIT;

	if (docker_config_find(config, host, repository, &auth, &err) < 0)
		fail_msg("%s", err.message);
	return auth;
}

/* "YTpi" is a:b, "YzpkOmU=" c:d:e. */
static const char sample[] = "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"YTpi\"},"
			     "\"r.example:5000\":{\"auth\":\"YzpkOmU=\",\"email\":\"x@y\"},"
			     "\"r.example:5000/team\":{\"username\":\"t\",\"password\":\"p\"},"
			     "\"http://old.example/v1/\":{\"identitytoken\":\"idt\",\"auth\":\"YTo=\"},"
			     "\"token.example\":{\"registrytoken\":\"raw\"},"
			     "\"empty.example\":{}},"
			     "\"credsStore\":\"secretservice\",\"credHelpers\":{\"gcr.io\":\"gcloud\"},"
			     "\"detachKeys\":\"ctrl-e,e\",\"HttpHeaders\":{\"X\":\"1\"},\"n\":18446744073709551615}";

static void test_find(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode(sample);
	struct docker_config_auth auth = find(config, "docker.io", "library/debian");

	(void)state;
	assert_string_equal(auth.username, "a");
	assert_string_equal(auth.password, "b");
	auth = find(config, "r.example:5000", "other/thing");
	assert_string_equal(auth.username, "c");
	assert_string_equal(auth.password, "d:e");
	auth = find(config, "r.example:5000", "team/thing");
	assert_string_equal(auth.username, "t");
	assert_string_equal(auth.password, "p");
	auth = find(config, "r.example:5000", "teamster");
	assert_string_equal(auth.username, "c");
	auth = find(config, "old.example", NULL);
	assert_string_equal(auth.identity_token, "idt");
	assert_string_equal(auth.username, "a");
	assert_null(auth.password);
	auth = find(config, "token.example", NULL);
	assert_string_equal(auth.registry_token, "raw");
	assert_null(find(config, "empty.example", NULL).key);
	assert_null(find(config, "r.example", "team/thing").key);
	assert_null(find(config, "example:5000", NULL).key);
}

/* A key of a part of a registry is not the registry's. */
static void test_part_is_not_whole(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode("{\"auths\":{\"r.example/v1x\":{\"auth\":\"YTpi\"}}}");

	(void)state;
	assert_null(find(config, "r.example", "other").key);
	assert_null(find(config, "r.example", NULL).key);
	assert_string_equal(find(config, "r.example", "v1x/a").username, "a");
}

static void test_helper(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode(sample), *none = decode("{\"credsStore\":\"\"}");
	_cleanup_docker_config_ struct docker_config *hub = decode("{\"credHelpers\":{\"https://index.docker.io/v1/\":\"pass\"}}");

	(void)state;
	assert_string_equal(docker_config_helper(config, "gcr.io"), "gcloud");
	assert_string_equal(docker_config_helper(config, "r.example:5000"), "secretservice");
	assert_null(docker_config_helper(none, "gcr.io"));
	assert_true(docker_config_has_helpers(config));
	assert_false(docker_config_has_helpers(none));
	assert_string_equal(docker_config_helper(hub, "docker.io"), "pass");
	assert_null(docker_config_helper(hub, "gcr.io"));
}

static void test_unknown_members_stay(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode(sample);
	struct docker_config_auth auth = { .key = "r.example:5000", .username = "new", .password = "p:w" };
	_cleanup_buf_ struct buf text = BUF_INIT, again = BUF_INIT;
	_cleanup_docker_config_ struct docker_config *copy = NULL;

	(void)state;
	docker_config_set(config, &auth);
	docker_config_encode(config, &text);
	assert_non_null(strstr(text.data, "\"auth\": \"bmV3OnA6dw==\""));
	assert_non_null(strstr(text.data, "\"email\": \"x@y\""));
	assert_non_null(strstr(text.data, "\"detachKeys\": \"ctrl-e,e\""));
	assert_non_null(strstr(text.data, "\"n\": 18446744073709551615"));
	copy = decode(text.data);
	assert_string_equal(find(copy, "r.example:5000", NULL).password, "p:w");
	docker_config_encode(copy, &again);
	assert_string_equal(again.data, text.data);
}

static void test_set_in_an_empty_file(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode(" \n");
	struct docker_config_auth auth = { .key = docker_config_key("docker.io"), .username = "u", .identity_token = "i" };
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)state;
	docker_config_set(config, &auth);
	docker_config_encode(config, &text);
	assert_string_equal(text.data, "{\n    \"auths\": {\n        \"https://index.docker.io/v1/\": {\n            \"auth\": \"dTo=\",\n"
				       "            \"identitytoken\": \"i\"\n        }\n    }\n}\n");
	auth.identity_token = NULL;
	auth.password = "p";
	docker_config_set(config, &auth);
	assert_null(find(config, "docker.io", NULL).identity_token);
	assert_string_equal(find(config, "docker.io", NULL).password, "p");
}

static void test_erase(void **state)
{
	_cleanup_docker_config_ struct docker_config *config = decode(sample);

	(void)state;
	assert_true(docker_config_erase(config, "docker.io"));
	assert_false(docker_config_erase(config, "docker.io"));
	assert_null(find(config, "docker.io", NULL).key);
	assert_true(docker_config_erase(config, "r.example:5000"));
	assert_string_equal(find(config, "r.example:5000", "team/x").username, "t");
	assert_null(find(config, "r.example:5000", "x").key);
}

static void assert_refused(const char *text, const char *message)
{
	struct docker_config *config = NULL;
	struct error err = ERROR_INIT;

	assert_true(docker_config_decode("config.json", text, strlen(text), &config, &err) < 0);
	assert_null(config);
	assert_string_equal(err.message, message);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("[]", "config.json: expected object, found array");
	assert_refused("{\"auths\":[]}", "config.json: auths: expected object, found array");
	assert_refused("{\"credsStore\":{}}", "config.json: credsStore: expected string, found object");
	assert_refused("{", "config.json: line 1, column 2: expected a member's name in quotes, found the end");
}

static void test_damaged_login(void **state)
{
	_cleanup_docker_config_ struct docker_config *config =
		decode("{\"auths\":{\"a\":{\"auth\":\"!\"},\"b\":{\"auth\":\"YWI=\"},\"c\":{\"auth\":\"YTpiAAA=\"},\"d\":7}}");
	struct docker_config_auth auth = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(docker_config_find(config, "a", NULL, &auth, &err), -EINVAL);
	assert_string_equal(err.message, "config.json: auths.a.auth: not base64");
	assert_int_equal(docker_config_find(config, "b", NULL, &auth, &err), -EINVAL);
	assert_string_equal(err.message, "config.json: auths.b.auth: not a name and a password with a colon between them");
	assert_string_equal(find(config, "c", NULL).password, "b");
	assert_null(find(config, "d", NULL).key);
}

static void test_file(void **state)
{
	char directory[] = "/tmp/bivy-docker-config-XXXXXX";
	_cleanup_docker_config_ struct docker_config *config = NULL, *copy = NULL;
	_cleanup_free_ char *path = NULL, *link_path = NULL, *inner = NULL;
	struct docker_config_auth auth = { .key = "h", .username = "u", .password = "p" };
	struct stat status;

	(void)state;
	assert_non_null(mkdtemp(directory));
	inner = str_printf("%s/sub", directory);
	path = str_printf("%s/config.json", inner);
	link_path = str_printf("%s/link", directory);
	assert_int_equal(docker_config_read(path, &config, NULL), 0);
	docker_config_set(config, &auth);
	assert_int_equal(docker_config_write(config, path, NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(symlink(path, link_path), 0);
	auth.password = "q";
	docker_config_set(config, &auth);
	assert_int_equal(docker_config_write(config, link_path, NULL), 0);
	assert_int_equal(lstat(link_path, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(docker_config_read(path, &copy, NULL), 0);
	assert_string_equal(find(copy, "h", NULL).password, "q");
	unlink(link_path);
	unlink(path);
	rmdir(inner);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_part_is_not_whole),
		cmocka_unit_test(test_helper),
		cmocka_unit_test(test_unknown_members_stay),
		cmocka_unit_test(test_set_in_an_empty_file),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged_login),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests_name("registry/docker_config", tests, NULL, NULL);
}
