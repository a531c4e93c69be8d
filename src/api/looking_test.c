/* SPDX-License-Identifier: Apache-2.0 */
#include "api/looking.h"

#include "host/allowlist_test.h"
#include "host/child_test.h"
#include "host/relinquish.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void compile(unsigned flags, struct seccomp_program *ret)
{
	struct seccomp_rule rules[LOOKING_RULES];

	compile_allowlist(rules, looking_rules(flags, rules), ret);
}

static void test_rules(void **state _unused_)
{
	/* Each but fork(2), and making directories, which is Landlock's affair, by arguments: test_arguments(). */
	static const char *const some[] = { "open", "openat", "openat2", "mkdirat", "fork", "clone", "pidfd_open", "pidfd_send_signal", "socket", "bind", "ioctl",
		"mount_setattr", "setns", NULL };
	_cleanup_(seccomp_program_done) struct seccomp_program program = { 0 };
	struct seccomp_rule rules[LOOKING_RULES];

	assert_true(looking_rules(LOOKING_IN_HOME, rules) <= LOOKING_RULES);
	compile(LOOKING_IN_HOME, &program);
	for (char *const *name = rules[0].names; *name; name++)
		assert_int_equal(answer_to(&program, *name, NULL), SECCOMP_RET_ALLOW);
	assert_reaches_nothing(&program, some);
}

static void test_arguments(void **state _unused_)
{
	_cleanup_(seccomp_program_done) struct seccomp_program records = { 0 }, processes = { 0 }, home = { 0 };
	struct seccomp_program *const all[] = { &records, &processes, &home };

	compile(0, &records);
	compile(LOOKING_AT_PROCESSES, &processes);
	compile(LOOKING_IN_HOME, &home);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_RDONLY | O_CLOEXEC }), SECCOMP_RET_ALLOW);
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_PATH | O_CLOEXEC }), SECCOMP_RET_ALLOW);
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_WRONLY }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_RDWR }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_RDONLY | O_CREAT }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "openat", (const uint64_t[6]){ 5, 0, O_RDONLY | O_TRUNC }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "socket", (const uint64_t[6]){ AF_NETLINK, SOCK_RAW, 12 }), SECCOMP_RET_ALLOW);
		assert_int_equal(answer_to(all[i], "socket", (const uint64_t[6]){ AF_INET, SOCK_STREAM, 0 }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "socket", (const uint64_t[6]){ AF_PACKET, SOCK_RAW, 0 }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "ioctl", (const uint64_t[6]){ 5, TIOCSTI }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "pidfd_send_signal", (const uint64_t[6]){ 5, 0 }), SECCOMP_RET_ALLOW);
		assert_int_equal(answer_to(all[i], "pidfd_send_signal", (const uint64_t[6]){ 5, 9 }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "clone", (const uint64_t[6]){ SIGCHLD }), SECCOMP_RET_ALLOW);
		assert_int_equal(answer_to(all[i], "clone", (const uint64_t[6]){ SIGCHLD | CLONE_NEWUSER }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "clone", (const uint64_t[6]){ SIGCHLD | CLONE_VM }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "setns", (const uint64_t[6]){ 5, CLONE_NEWNS }), UNKNOWN);
		assert_int_equal(answer_to(all[i], "setns", (const uint64_t[6]){ 5, 0 }), UNKNOWN);
	}
	assert_int_equal(answer_to(&home, "setns", (const uint64_t[6]){ 5, CLONE_NEWNET }), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_to(&records, "setns", (const uint64_t[6]){ 5, CLONE_NEWNET }), UNKNOWN);
	assert_int_equal(answer_to(&records, "openat2", NULL), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_to(&processes, "openat2", NULL), UNKNOWN);
}

static bool is_refused(long result)
{
	return result < 0 && (errno == ENOSYS || errno == EACCES || errno == EPERM);
}

static int check_privileges(int status)
{
	char text[4096] = "";

	CHECK(read(status, text, sizeof text - 1) > 0 && strstr(text, "NoNewPrivs:\t1") && strstr(text, "Seccomp:\t2"));
	CHECK(strstr(text, "CapEff:\t0000000000081004") && strstr(text, "CapBnd:\t0000000000081004"));
	return 0;
}

/* What holds however it looks. */
static int check_calls(void)
{
	CHECK(is_refused(open("/tmp/root/state", O_WRONLY | O_CLOEXEC)) && is_refused(open("/tmp/root/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	if (RELINQUISH_IS_SANITIZED)
		return 0;
	CHECK(is_refused(unlink("/tmp/root/state")) && is_refused(rename("/tmp/root/state", "/tmp/root/other")) && is_refused(chmod("/tmp/root/state", 0777)));
	CHECK(is_refused(execl("/bin/true", "true", NULL)) && is_refused(syscall(SYS_kill, getppid(), 0)) && is_refused(prctl(PR_GET_DUMPABLE)));
	CHECK(is_refused(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) && is_refused(mount("none", "/tmp", "tmpfs", 0, NULL)));
	CHECK(is_refused(unshare(CLONE_NEWUSER)) && is_refused(chroot("/")));
	return 0;
}

static const struct directories directories = { .root = "/tmp/root", .run_root = "/tmp/run", .images = "/tmp/root/images" };

static int prepare(void)
{
	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0 && mkdir("/tmp/root", 0700) == 0 && mkdir("/tmp/elsewhere", 0700) == 0);
	CHECK(mknod("/tmp/root/state", S_IFREG | 0600, 0) == 0 && mknod("/tmp/elsewhere/secret", S_IFREG | 0600, 0) == 0);
	return 0;
}

static int looking_at_records(void)
{
	_cleanup_close_ int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	bool has_landlock = syscall(444 /* landlock_create_ruleset(2) */, NULL, 0, 1) > 0;
	struct stat st;

	CHECK(prepare() == 0);
	looking_begin(&directories, 0);
	CHECK(check_privileges(status) == 0);
	/* What it is for; also before there is anything. */
	CHECK(open("/tmp/root/state", O_RDONLY | O_CLOEXEC) >= 0 && open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK(stat("/tmp/root/images", &st) == 0 && stat("/tmp/run", &st) == 0 && mkdir("/tmp/root/images", 0700) < 0 && errno == EEXIST);
	if (!has_landlock)
		SKIP("Landlock in this kernel");
	CHECK(check_calls() == 0 && is_refused(mkdir("/tmp/root/new", 0700)));
	CHECK(is_refused(open("/tmp/elsewhere/secret", O_RDONLY | O_CLOEXEC)) && is_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)));
	return 0;
}

static int looking_at_processes(void)
{
	_cleanup_close_ int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct stat st;
	char path[32];

	CHECK(prepare() == 0);
	looking_begin(&directories, LOOKING_AT_PROCESSES);
	CHECK(check_privileges(status) == 0);
	snprintf(path, sizeof path, "/proc/%d/ns/net", getppid());
	CHECK(stat(path, &st) == 0 && open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0);
	return RELINQUISH_IS_SANITIZED ? 0 : check_calls();
}

IN_CHILD(looking_at_records, CLONE_NEWNS)
IN_CHILD(looking_at_processes, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_looking_at_records),
		cmocka_unit_test(test_looking_at_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
