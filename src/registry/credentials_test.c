/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers here are shell scripts that keep what they are told in a file beside them. */
#include "registry/credentials.h"
#include "registry/credential_helper.h"

#include "base/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[64];

static const char keeper[] = "#!/bin/sh\n"
			     "cd \"${0%/*}\"\n"
			     "case $1 in\n"
			     "store) cat > kept ;;\n"
			     "get) read -r server; [ -e kept ] && grep -q \"\\\"$server\\\"\" kept && cat kept && exit 0\n"
			     "     echo credentials not found in native keychain; exit 1 ;;\n"
			     "erase) cat > erased; rm kept ;;\n"
			     "esac\n";

static char *path_of(const char *name)
{
	return str_printf("%s/%s", directory, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = path_of(name);

	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), mode), 0);
}

static char *get(const char *name)
{
	_cleanup_free_ char *path = path_of(name);
	struct buf text = BUF_INIT;

	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text), 0);
	return buf_take(&text);
}

static bool exists(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
	_cleanup_free_ char *search = NULL;

	(void)state;
	strcpy(directory, "/tmp/bivy-credentials-XXXXXX");
	assert_non_null(mkdtemp(directory));
	search = str_printf("%s:%s", directory, "/usr/bin:/bin");
	setenv("PATH", search, 1);
	put("docker-credential-keeper", keeper, 0700);
	put("docker-credential-broken", "#!/bin/sh\necho 'the key ring is locked'; exit 3\n", 0700);
	put("docker-credential-mute", "#!/bin/sh\nexit 4\n", 0700);
	put("docker-credential-liar", "#!/bin/sh\necho '{\"Username\":1}'\n", 0700);
	put("docker-credential-flood", "#!/bin/sh\nexec yes\n", 0700);
	put("docker-credential-token", "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"refresh\"}'\n", 0700);
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_free_ char *command = str_printf("rm -r %s", directory);

	(void)state;
	return system(command);
}

static void test_helper_round_trip(void **state)
{
	struct credential_helper_login login = { 0 };

	(void)state;
	assert_int_equal(credential_helper_get("keeper", "r.example", &login, NULL), 0);
	assert_null(login.secret);
	assert_int_equal(credential_helper_store("keeper", "r.example", "u", "p\"w\n", NULL), 0);
	assert_int_equal(credential_helper_get("keeper", "r.example", &login, NULL), 0);
	assert_string_equal(login.username, "u");
	assert_string_equal(login.secret, "p\"w\n");
	credential_helper_login_done(&login);
	assert_int_equal(credential_helper_get("keeper", "other.example", &login, NULL), 0);
	assert_null(login.secret);
	assert_int_equal(credential_helper_erase("keeper", "r.example", NULL), 0);
	assert_false(exists("kept"));
}

static void assert_helper_fails(const char *name, enum error_kind kind, const char *message)
{
	struct credential_helper_login login = { 0 };
	struct error err = ERROR_INIT;

	assert_true(credential_helper_get(name, "r", &login, &err) < 0);
	assert_null(login.secret);
	assert_int_equal(err.kind, kind);
	assert_string_equal(err.message, message);
	assert_true(waitpid(-1, NULL, WNOHANG) < 0);
}

static void test_helper_failures(void **state)
{
	(void)state;
	assert_helper_fails("absent", ERROR_NOT_FOUND, "cannot execute the credential helper 'docker-credential-absent': no such file or directory");
	assert_helper_fails("../sh", ERROR_INVALID, "the credential helper '../sh' is not a name");
	assert_helper_fails("broken", ERROR_UNAVAILABLE, "the credential helper 'broken' cannot get a login: the key ring is locked");
	assert_helper_fails("mute", ERROR_UNAVAILABLE, "the credential helper 'mute' cannot get a login: it ended with status 4");
	assert_helper_fails("liar", ERROR_INVALID, "the credential helper 'liar' answers nonsense: \"Username\" and \"Secret\" are not there");
	assert_helper_fails("flood", ERROR_INTERNAL, "cannot read the answer of the credential helper 'flood': file too large");
}

static void test_find(void **state)
{
	_cleanup_free_ char *first = path_of("first.json"), *second = path_of("second.json");
	char *files[] = { first, second, NULL };
	_cleanup_credentials_ struct credentials found = { 0 };

	(void)state;
	put("first.json", "{\"credHelpers\":{\"t.example\":\"token\"},\"auths\":{\"a.example\":{\"auth\":\"YTpi\"}}}", 0600);
	put("second.json", "{\"auths\":{\"a.example\":{\"auth\":\"YzpkOmU=\"},\"b.example/team\":{\"auth\":\"YzpkOmU=\"}}}", 0600);
	assert_int_equal(credentials_find(files, "a.example", "x", &found, NULL), 0);
	assert_string_equal(found.username, "a");
	credentials_done(&found);
	assert_int_equal(credentials_find(files, "b.example", "team/x", &found, NULL), 0);
	assert_string_equal(found.password, "d:e");
	credentials_done(&found);
	assert_int_equal(credentials_find(files, "b.example", "x", &found, NULL), 0);
	assert_true(credentials_are_empty(&found));
	assert_int_equal(credentials_find(files, "t.example", NULL, &found, NULL), 0);
	assert_string_equal(found.identity_token, "refresh");
	assert_null(found.password);
}

static void test_store_in_file(void **state)
{
	_cleanup_free_ char *file = path_of("new/config.json"), *text = NULL;
	char *files[] = { file, NULL };
	struct credentials login = { .username = (char *)"u", .password = (char *)"p" };
	_cleanup_credentials_ struct credentials found = { 0 };
	bool erased = false;

	(void)state;
	assert_int_equal(credentials_store(file, "docker.io", &login, NULL), 0);
	assert_int_equal(credentials_find(files, "docker.io", "library/debian", &found, NULL), 0);
	assert_string_equal(found.password, "p");
	text = get("new/config.json");
	assert_non_null(strstr(text, "https://index.docker.io/v1/"));
	assert_int_equal(credentials_erase(file, "docker.io", &erased, NULL), 0);
	assert_true(erased);
	assert_int_equal(credentials_erase(file, "docker.io", &erased, NULL), 0);
	assert_false(erased);
}

/* With a helper the file holds no secret. */
static void test_store_in_helper(void **state)
{
	_cleanup_free_ char *file = path_of("helped.json"), *text = NULL, *kept = NULL;
	struct credentials login = { .username = (char *)"u", .password = (char *)"secret" };
	bool erased = false;

	(void)state;
	put("helped.json", "{\"credsStore\":\"keeper\",\"auths\":{\"h.example\":{\"auth\":\"YTpi\"}}}", 0600);
	assert_int_equal(credentials_store(file, "h.example", &login, NULL), 0);
	kept = get("kept");
	assert_string_equal(kept, "{\"ServerURL\":\"h.example\",\"Username\":\"u\",\"Secret\":\"secret\"}");
	text = get("helped.json");
	assert_non_null(strstr(text, "\"h.example\": {}"));
	assert_int_equal(credentials_erase(file, "h.example", &erased, NULL), 0);
	assert_true(erased);
	assert_false(exists("kept"));
}

/* Logins of several processes at once: each is there afterwards. */
static void test_concurrent_stores(void **state)
{
	_cleanup_free_ char *file = path_of("shared.json");
	char *files[] = { file, NULL };

	(void)state;
	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			_cleanup_free_ char *host = str_printf("r%d.example", i);
			struct credentials login = { .username = (char *)"u", .password = (char *)"p" };

			_exit(credentials_store(file, host, &login, NULL) < 0);
		}
	}
	for (int i = 0, status; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 8; i++) {
		_cleanup_free_ char *host = str_printf("r%d.example", i);
		_cleanup_credentials_ struct credentials found = { 0 };

		assert_int_equal(credentials_find(files, host, NULL, &found, NULL), 0);
		assert_string_equal(found.username, "u");
	}
}

static void test_files(void **state)
{
	_cleanup_strv_ char **docker = NULL, **home = NULL, **given = NULL, **variable = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	unsetenv("REGISTRY_AUTH_FILE");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("HOME", "/home/u", 1);
	setenv("DOCKER_CONFIG", "/d", 1);
	assert_int_equal(credentials_files(NULL, &docker, NULL), 0);
	assert_string_equal(docker[0], "/d/config.json");
	unsetenv("DOCKER_CONFIG");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_int_equal(credentials_files(NULL, &home, NULL), 0);
	assert_string_equal(home[0], "/home/u/.docker/config.json");
	assert_string_equal(home[1], "/run/user/7/containers/auth.json");
	assert_string_equal(home[2], "/home/u/.config/containers/auth.json");
	assert_null(home[3]);
	setenv("REGISTRY_AUTH_FILE", "/v", 1);
	assert_int_equal(credentials_files(NULL, &variable, NULL), 0);
	assert_string_equal(variable[0], "/v");
	assert_null(variable[1]);
	assert_int_equal(credentials_files("/g", &given, NULL), 0);
	assert_string_equal(given[0], "/g");
	unsetenv("REGISTRY_AUTH_FILE");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("HOME");
	assert_int_equal(credentials_files(NULL, &given, &err), -ENOENT);
	assert_string_equal(err.hint, "set HOME or DOCKER_CONFIG, or name the file with --authfile");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_helper_round_trip), cmocka_unit_test(test_helper_failures),   cmocka_unit_test(test_find),
		cmocka_unit_test(test_store_in_file),	  cmocka_unit_test(test_store_in_helper), cmocka_unit_test(test_concurrent_stores),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("registry/credentials", tests, set_up, tear_down);
}
