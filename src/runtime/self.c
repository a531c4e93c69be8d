/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/self.h"

#include "host/executable_view.h"
#include "host/syscalls.h"

#include <stdbool.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* since 6.3 */
#endif

extern char **environ;

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool is_sealed_copy(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

/*
 * Whether FD comes through a read-only mount that holds nothing but this file.
 * That the file system is read-only would not do: it may become writable while
 * a container still holds the executable.
 */
static bool is_read_only_view(int fd)
{
	struct sys_statx file = { 0 };
	struct statvfs status;

	return fstatvfs(fd, &status) == 0 && status.f_flag & ST_RDONLY &&
	       syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0, &file) == 0 && file.attributes & SYS_ATTRIBUTE_MOUNT_ROOT;
}

static int make_memory_file(void)
{
	/* With vm.memfd_noexec set, only MFD_EXEC gives a file that may be executed; older kernels refuse the flag. */
	int fd = memfd_create("bivy-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("bivy-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int copy_whole(int from, int to)
{
	struct stat status;
	off_t done = 0;

	if (fstat(from, &status) < 0)
		return -errno;
	while (done < status.st_size) {
		ssize_t n = sendfile(to, from, &done, (size_t)(status.st_size - done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* somebody truncated it meanwhile */
	}
	return 0;
}

static int make_sealed_copy(int self, struct error *err)
{
	_cleanup_close_ int copy = make_memory_file();
	int r;

	if (copy < 0)
		return error_errno(err, -copy, "cannot make a memory file for a sealed copy of the executable");
	r = copy_whole(self, copy);
	if (r == 0 && fchmod(copy, 0555) < 0)
		r = -errno;
	if (r == 0 && fcntl(copy, F_ADD_SEALS, ALL_SEALS) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot seal a copy of the executable");
	return TAKE_FD(copy);
}

int self_reexec_sealed(char **argv, struct error *err)
{
	_cleanup_close_ int self = openat(AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int view = -EBADF;
	_cleanup_close_ int copy = -EBADF;

	if (self < 0)
		return error_errno(err, errno, "cannot open own executable '/proc/self/exe'");
	if (is_sealed_copy(self) || is_read_only_view(self))
		return 0;
	/* The view costs no memory; the copy needs no privilege. */
	if (executable_view_make(self, "", &view) == 0)
		fexecve(view, argv, environ);
	copy = make_sealed_copy(self, err);
	if (copy < 0)
		return copy;
	fexecve(copy, argv, environ);
	return error_errno(err, errno, "cannot execute the sealed copy of the executable");
}
