/* SPDX-License-Identifier: Apache-2.0 */
#include "host/keyring.h"

#include "base/str.h"

#include <linux/keyctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define USER_SEARCH 0x00080000u /* keyctl_setperm(3) */

static long keyctl(int operation, unsigned long a, unsigned long b, unsigned long c)
{
	return syscall(SYS_keyctl, operation, a, b, c, 0);
}

static long session_keyring(void)
{
	return keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0);
}

static void skip_without_keyrings(void)
{
	if (keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_PROCESS_KEYRING, 1, 0) < 0 && (errno == ENOSYS || errno == EPERM)) {
		print_message("missing: keyrings\n");
		skip();
	}
}

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 251 + 1; \
	} while (0)

/* A session keyring stays with the process, so this is one of its own. */
static int in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* "type;uid;gid;permissions;name": keyctl_describe(3). */
static int join(void)
{
	char name[64], text[256] = "", expected[80];
	long before = session_keyring(), after;
	uint64_t permissions;
	char *rest = text, *field = NULL;

	snprintf(name, sizeof name, "_ses.bivy-test-%d", (int)getpid());
	CHECK(keyring_join_session(name, NULL) == 0);
	after = session_keyring();
	CHECK(after > 0 && after != before);
	CHECK(keyctl(KEYCTL_DESCRIBE, (unsigned long)after, (unsigned long)text, sizeof text) > 0);
	snprintf(expected, sizeof expected, ";%s", name);
	CHECK(str_starts_with(text, "keyring;"));
	CHECK(strstr(text, expected));
	for (int i = 0; i < 4; i++)
		field = strsep(&rest, ";");
	CHECK(field && str_to_u64(field, 16, &permissions) == 0);
	/* Its owner, even one that does not possess it (an exec), may search it and no more. */
	CHECK((permissions & USER_SEARCH) != 0);
	CHECK((permissions & 0xffff) == 0);
	/* Joining by the same name is joining the same keyring. */
	CHECK(keyring_join_session(name, NULL) == 0);
	CHECK(session_keyring() == after);
	return 0;
}

static void test_join(void **state)
{
	(void)state;
	skip_without_keyrings();
	assert_int_equal(in_child(join), 0);
}

/* Two containers share nothing: a key of one is not found by the other. */
static int separate(void)
{
	char name[64];
	long key;

	snprintf(name, sizeof name, "_ses.bivy-one-%d", (int)getpid());
	CHECK(keyring_join_session(name, NULL) == 0);
	key = syscall(SYS_add_key, "user", "bivy-secret", "x", 1, KEY_SPEC_SESSION_KEYRING);
	CHECK(key > 0);
	CHECK(keyctl(KEYCTL_SEARCH, (unsigned long)KEY_SPEC_SESSION_KEYRING, (unsigned long)"user", (unsigned long)"bivy-secret") == key);
	snprintf(name, sizeof name, "_ses.bivy-two-%d", (int)getpid());
	CHECK(keyring_join_session(name, NULL) == 0);
	CHECK(keyctl(KEYCTL_SEARCH, (unsigned long)KEY_SPEC_SESSION_KEYRING, (unsigned long)"user", (unsigned long)"bivy-secret") < 0);
	return 0;
}

static void test_separate(void **state)
{
	(void)state;
	skip_without_keyrings();
	assert_int_equal(in_child(separate), 0);
}

/* Without SELinux a label cannot be had, and a keyring is none the less. */
static int with_label(void)
{
	char name[64];

	snprintf(name, sizeof name, "_ses.bivy-label-%d", (int)getpid());
	CHECK(keyring_join_session(name, "system_u:system_r:container_t:s0") == 0);
	return 0;
}

static void test_label(void **state)
{
	(void)state;
	skip_without_keyrings();
	if (access("/sys/fs/selinux/enforce", F_OK) == 0)
		skip();
	assert_int_equal(in_child(with_label), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_separate),
		cmocka_unit_test(test_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
