/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/confine.h"

#include "base/str.h"
#include "host/child_test.h"
#include "store/digest.h"
#include "store/layer_apply.h"
#include "store/read_ahead.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Sanitized builds have other rules about calls and memory. */
static bool is_sanitized(void)
{
	return getenv("BIVY_SANITIZED");
}

/* In a place with in/ and out/, on a file system of its own. */
static bool make_place(int *ret_in)
{
	return mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0 && mkdir("in", 0755) == 0 && mkdir("out", 0755) == 0 &&
	       (*ret_in = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0;
}

static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

static bool has_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && close(fd) == 0;
}

/* Whether a program can be executed. */
static bool can_execute(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static uint64_t status_of(const char *field)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file && fgets(line, sizeof line, file))
		if (str_starts_with(line, field))
			return strtoull(line + strlen(field) + 1, NULL, 16);
	return UINT64_MAX;
}

static int confined(unsigned properties, unsigned *ret_parts)
{
	static int in_fd;

	CHECK(make_place(&in_fd) && can_write("out/before") && has_socket() && can_execute());
	*ret_parts = confine(&(struct confinement){ .writable = &in_fd, .writable_count = 1, .properties = properties });
	return 0;
}

static int alone(void)
{
	struct rlimit limit;
	unsigned parts;
	int r = confined(0, &parts);

	if (r != 0)
		return r;
	if (!(parts & CONFINED_FILES))
		SKIP("Landlock in this kernel");
	CHECK(parts == (CONFINED_CAPABILITIES | CONFINED_PRIVILEGES | CONFINED_FILES | CONFINED_CALLS | CONFINED_RESOURCES));
	CHECK(can_write("in/file") && !can_write("out/after") && !can_write("/dev/null") && faccessat(AT_FDCWD, "out/before", R_OK, 0) == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	/* chown, dac_override, dac_read_search, fowner, fsetid, mknod, setfcap; sys_admin. */
	CHECK((status_of("CapPrm:") & ~0x8820001fULL) == 0 && (status_of("CapBnd:") & ~0x8820001fULL) == 0 && status_of("CapAmb:") == 0);
	CHECK(mount("tmpfs", "in", "tmpfs", 0, NULL) < 0 && unshare(CLONE_NEWNS) < 0);
	if (is_sanitized())
		return 0;
	CHECK(!has_socket() && errno == ENOSYS && fork() < 0 && errno == ENOSYS);
	CHECK(execl("/bin/true", "true", NULL) < 0 && errno == ENOSYS && getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_max == 4ULL << 30);
	CHECK(syscall(SYS_ptrace, 0, 0, 0, 0) < 0 && errno == ENOSYS && kill(getpid(), 0) < 0 && errno == ENOSYS);
	return 0;
}

static int with_network(void)
{
	unsigned parts;
	int r = confined(CONFINE_NETWORK, &parts);

	if (r != 0)
		return r;
	CHECK(has_socket() && (!can_execute() || is_sanitized()));
	CHECK(!(parts & CONFINED_FILES) || !can_write("out/after"));
	return 0;
}

static int with_programs(void)
{
	unsigned parts;
	int r = confined(CONFINE_NETWORK | CONFINE_PROGRAMS, &parts);

	if (r != 0)
		return r;
	CHECK(has_socket() && can_execute() && can_write("out/after"));
	CHECK(parts == (CONFINED_CAPABILITIES | CONFINED_PRIVILEGES | CONFINED_CALLS | CONFINED_RESOURCES));
	CHECK(mount("tmpfs", "in", "tmpfs", 0, NULL) < 0 && errno == EPERM);
	return 0;
}

/* One member each of all types, and threads that read ahead and digest. */
static int unpacking(void)
{
	static const char make[] = "cd /tmp && mkdir t && echo x >t/f && ln t/f t/h && ln -s x t/s && mkfifo t/p && mknod t/d c 1 3 && mkdir t/dir && "
		"setfattr -n trusted.x -v y t/f && setfattr -n trusted.x -v y t/dir && setfattr -n security.capability "
		"-v 0x0100000200040000000000000000000000000000 t/f && chown 5:6 t/f t/d && chmod 4711 t/f && "
		"tar c --format=posix --xattrs --xattrs-include='*' -C t . >/tmp/archive.tar";
	_cleanup_read_ahead_ struct read_ahead *ahead = NULL;
	_cleanup_layer_report_ struct layer_report report = { 0 };
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct stream_file file = { 0 };
	struct error err = ERROR_INIT;
	struct stat st;
	unsigned parts;
	int in_fd;

	CHECK(make_place(&in_fd));
	if (system("command -v setfattr >/dev/null") != 0)
		SKIP("setfattr");
	CHECK(system(make) == 0 && (file.fd = open("archive.tar", O_RDONLY | O_CLOEXEC)) >= 0);
	parts = confine(&(struct confinement){ .writable = &in_fd, .writable_count = 1 });
	CHECK(parts & CONFINED_CAPABILITIES);
	ahead = read_ahead_new(stream_of_file(&file), digest, &file);
	if (layer_apply(in_fd, read_ahead_stream(ahead), LAYER_FORM_OVERLAY, &LAYER_LIMITS, &report, &err) < 0)
		fprintf(stderr, "# %s\n", err.message);
	CHECK(report.members == 7 && report.lost_xattrs == 0);
	CHECK(stat("in/f", &st) == 0 && st.st_uid == 5 && st.st_gid == 6 && (st.st_mode & 07777) == 04711);
	stream_file_done(&file);
	return 0;
}

#define in_child(body)                                  \
	static void test_##body(void **state _unused_)  \
	{                                               \
		run_in_child(CLONE_NEWNS, body);        \
	}

in_child(alone)
in_child(with_network)
in_child(with_programs)
in_child(unpacking)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_with_network),
		cmocka_unit_test(test_with_programs),
		cmocka_unit_test(test_unpacking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
