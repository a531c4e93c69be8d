/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/confinement.h"

#include "host/allowlist_test.h"
#include "host/child_test.h"
#include "host/relinquish.h"
#include "supervisor/log.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void test_table(void **state _unused_)
{
	/* Files are Landlock's affair, but who makes them is not: no links, modes, owners. */
	static const char *const for_files[] = { "open", "openat", "mkdirat", "unlink", "unlinkat", "renameat2", "ioctl", NULL };
	_cleanup_(seccomp_program_done) struct seccomp_program program = { 0 };

	compile_allowlist(confinement_rules, CONFINEMENT_RULES, &program);
	for (char *const *name = confinement_rules[0].names; *name; name++)
		assert_int_equal(answer_to(&program, *name, NULL), SECCOMP_RET_ALLOW);
	assert_reaches_nothing(&program, for_files);
}

static void test_arguments(void **state _unused_)
{
	_cleanup_(seccomp_program_done) struct seccomp_program program = { 0 };

	compile_allowlist(confinement_rules, CONFINEMENT_RULES, &program);
	assert_int_equal(answer_to(&program, "ioctl", (const uint64_t[6]){ 5, TIOCSWINSZ }), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_to(&program, "ioctl", (const uint64_t[6]){ 5, TIOCSTI }), UNKNOWN);
	assert_int_equal(answer_to(&program, "ioctl", (const uint64_t[6]){ 5, TIOCSCTTY }), UNKNOWN);
	assert_int_equal(answer_to(&program, "ioctl", (const uint64_t[6]){ 5, TIOCSWINSZ | UINT64_C(1) << 32 }), UNKNOWN);
	assert_int_equal(answer_to(&program, "socketpair", (const uint64_t[6]){ AF_UNIX, SOCK_SEQPACKET }), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_to(&program, "socketpair", (const uint64_t[6]){ AF_INET, SOCK_STREAM }), UNKNOWN);
}

static bool is_refused(long result)
{
	return result < 0 && (errno == ENOSYS || errno == EACCES || errno == EPERM);
}

/* In a place with a bundle and a log, as those of a container. */
static int confined(void)
{
	struct spec_supervision what = { .id = (char *)"one", .log_path = (char *)"/tmp/log" };
	struct keeper keeper = { .what = &what, .bundle_fd = -EBADF };
	const struct log_request request = { .path = what.log_path, .id = what.id };
	_cleanup_log_ struct log *log = NULL;
	_cleanup_close_ int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	bool has_landlock = syscall(444 /* landlock_create_ruleset(2) */, NULL, 0, 1) > 0;
	char text[4096] = "";
	struct stat st;
	int fd;

	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0 && mkdir("/tmp/bundle", 0700) == 0 && mkdir("/tmp/record", 0700) == 0);
	CHECK((keeper.bundle_fd = open("/tmp/bundle", O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0);
	CHECK(mknod("/tmp/bundle/config.json", S_IFREG | 0600, 0) == 0 && mknod("/tmp/record/container.json", S_IFREG | 0600, 0) == 0);
	CHECK(log_new(&request, &log, NULL) == 0);
	confinement_enter(&keeper);
	CHECK(read(status, text, sizeof text - 1) > 0 && strstr(text, "NoNewPrivs:\t1") && strstr(text, "Seccomp:\t2"));
	CHECK(strstr(text, "CapPrm:\t0000000000000000") && strstr(text, "CapEff:\t0000000000000000") && strstr(text, "CapBnd:\t0000000000000000"));
	/* What it is for. */
	log_put(log, 1, "line\n", 5, 1);
	CHECK(log_dropped(log) == 0 && stat("/tmp/log/00000001.log", &st) == 0 && st.st_size > 0);
	CHECK((fd = open("/tmp/log/00000002.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0 && unlink("/tmp/log/00000002.log") == 0);
	CHECK((fd = openat(keeper.bundle_fd, "config.json", O_RDONLY | O_CLOEXEC)) >= 0);
	if (!has_landlock)
		SKIP("Landlock in this kernel");
	/* Neither what makes the next container nor anything else of the host. */
	CHECK(is_refused(openat(keeper.bundle_fd, "config.json", O_WRONLY | O_CLOEXEC)) && is_refused(unlinkat(keeper.bundle_fd, "config.json", 0)));
	CHECK(is_refused(renameat(AT_FDCWD, "/tmp/log/00000001.log", keeper.bundle_fd, "config.json")) || errno == EXDEV);
	CHECK(is_refused(open("/tmp/record/container.json", O_RDONLY | O_CLOEXEC)) && is_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
	CHECK(is_refused(open("/proc/1/status", O_RDONLY | O_CLOEXEC)) && is_refused(mkdir("/tmp/new", 0700)));
	if (RELINQUISH_IS_SANITIZED)
		return 0;
	CHECK(is_refused(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) && is_refused(fork()) && is_refused(syscall(SYS_kill, getppid(), 0)));
	CHECK(is_refused(execl("/bin/true", "true", NULL)) && is_refused(prctl(PR_GET_DUMPABLE)) && is_refused(chmod("/tmp/log/00000001.log", 0777)));
	CHECK(is_refused(symlink("x", "/tmp/log/l")) && is_refused(link("/tmp/log/00000001.log", "/tmp/log/l")));
	return 0;
}

IN_CHILD(confined, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
