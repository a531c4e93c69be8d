/* SPDX-License-Identifier: Apache-2.0 */
#include "host/procfs.h"
#include "base/narration.h"

#include "base/file.h"
#include "host/syscalls.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define STATUS_LIMIT 65536
#define FDINFO_LIMIT 4096

#define PROC_SUPER_MAGIC_ 0x9fa0 /* <linux/magic.h> */
#define PROC_ROOT_INODE 1        /* fs/proc/internal.h; the same in every procfs */

bool procfs_is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (unsigned long)fs.f_type == PROC_SUPER_MAGIC_;
}

bool procfs_is_root(int fd)
{
	struct stat st;

	return procfs_is_procfs(fd) && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_ino == PROC_ROOT_INODE;
}

int procfs_open_host(int *ret_fd)
{
	_cleanup_close_ int fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (!procfs_is_root(fd))
		return -ENODEV;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_fresh(int *ret_fd)
{
	_cleanup_close_ int fs_fd = sys_fsopen("proc", FSOPEN_CLOEXEC);
	int fd;

	if (fs_fd < 0)
		return -errno;
	if (sys_fsconfig(fs_fd, SYS_FSCONFIG_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int procfs_open_root(int *ret_fd)
{
	if (open_fresh(ret_fd) == 0)
		return 0;
	/* No right to mount one, or the kernel refuses because ours is covered in places (mount_too_revealing()). */
	return procfs_open_host(ret_fd);
}

/*
 * "self" and "thread-self" are links whose text the kernel makes up for the
 * reader, as seen from this procfs's pid namespace; getpid(2) would be wrong
 * in another one.
 */
static int translate_self(int procfs_fd, const char *path, char *out, size_t size)
{
	size_t first = strcspn(path, "/");
	char name[16], target[64];
	ssize_t length;

	if (!(first == 4 && strncmp(path, "self", 4) == 0) && !(first == 11 && strncmp(path, "thread-self", 11) == 0))
		return snprintf(out, size, "%s", path) < (int)size ? 0 : -ENAMETOOLONG;
	snprintf(name, sizeof name, "%.*s", (int)first, path);
	length = readlinkat(procfs_fd, name, target, sizeof target - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	return snprintf(out, size, "%s%s", target, path + first) < (int)size ? 0 : -ENAMETOOLONG;
}

int procfs_open(int procfs_fd, const char *path, int flags, int *ret_fd)
{
	struct sys_open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char real[PATH_MAX];
	int fd, r = translate_self(procfs_fd, path, real, sizeof real);

	if (r < 0)
		return r;
	do
		fd = sys_openat2(procfs_fd, real, &how);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int procfs_write(int procfs_fd, const char *path, const char *text)
{
	_cleanup_close_ int fd = -EBADF;
	size_t length = strlen(text);
	ssize_t written;
	int r = procfs_open(procfs_fd, path, O_WRONLY, &fd);

	if (r < 0)
		return r;
	do
		written = write(fd, text, length);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	if ((size_t)written != length)
		return -EIO;
	narrate("write(\"/proc/%s\"): %.*s", path, (int)strcspn(text, "\n"), text);
	return 0;
}

int procfs_number(int procfs_fd, int pidfd, pid_t *ret)
{
	_cleanup_buf_ struct buf info = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	char path[64];
	const char *line;
	long number;
	int r;

	snprintf(path, sizeof path, "self/fdinfo/%d", pidfd);
	r = procfs_open(procfs_fd, path, O_RDONLY, &fd);
	if (r >= 0)
		r = fd_read_all(fd, FDINFO_LIMIT, &info);
	if (r < 0)
		return r;
	line = strstr(info.data, "\nPid:");
	number = line ? strtol(line + strlen("\nPid:"), NULL, 10) : 0;
	if (number <= 0 || number > INT_MAX)
		return -ESRCH;
	*ret = (pid_t)number;
	return 0;
}

uint64_t procfs_ignored_signals(void)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	const char *line;

	if (file_read_at(AT_FDCWD, "/proc/self/status", STATUS_LIMIT, &status) < 0)
		return UINT64_MAX;
	line = procfs_status_field(status.data, "SigIgn");
	return line ? strtoull(line, NULL, 16) : UINT64_MAX;
}

const char *procfs_status_field(const char *status, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " \t");
	return NULL;
}
