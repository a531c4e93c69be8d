/* SPDX-License-Identifier: Apache-2.0 */
#include "server/nobody.h"

#include "host/allowlist_test.h"
#include "host/child_test.h"
#include "host/relinquish.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void test_table(void **state _unused_)
{
	_cleanup_(seccomp_program_done) struct seccomp_program program = { 0 };

	compile_allowlist(&nobody_calls, 1, &program);
	for (char *const *name = nobody_calls.names; *name; name++)
		assert_int_equal(answer_to(&program, *name, NULL), SECCOMP_RET_ALLOW);
	assert_reaches_nothing(&program, NULL);
}

static bool is_refused(long result)
{
	return result < 0 && (errno == ENOSYS || errno == EACCES || errno == EPERM || errno == ENOENT);
}

static int nobody(void)
{
	_cleanup_close_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	char text[4096] = "", byte = 'x';
	int pair[2];

	CHECK(root >= 0 && status >= 0 && nobody_become(&err) == 0 && getuid() == 65534 && getgid() == 65534);
	CHECK(read(status, text, sizeof text - 1) > 0 && strstr(text, "NoNewPrivs:\t1") && strstr(text, "Seccomp:\t2"));
	CHECK(strstr(text, "CapPrm:\t0000000000000000") && strstr(text, "CapEff:\t0000000000000000"));
	/* Not even by a directory that was left open. */
	CHECK(is_refused(openat(root, "etc/passwd", O_RDONLY | O_CLOEXEC)) && is_refused(open("/", O_RDONLY | O_CLOEXEC)));
	CHECK(is_refused(mkdirat(root, "tmp/bivy-nobody-test", 0700)));
	/* What it is for. */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 && send(pair[0], &byte, 1, 0) == 1 && recv(pair[1], text, 1, 0) == 1);
	if (RELINQUISH_IS_SANITIZED)
		return 0;
	CHECK(is_refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) && is_refused(fork()) && is_refused(syscall(SYS_kill, 1, 0)));
	CHECK(is_refused(execl("/bin/true", "true", NULL)) && is_refused(prctl(PR_GET_DUMPABLE)));
	return 0;
}

IN_CHILD(nobody, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
