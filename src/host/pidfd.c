/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pidfd.h"
#include "base/file.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

int pidfd_start_time(pid_t pid, uint64_t *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64], *rest, *field = NULL;
	int r;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	r = file_read_at(AT_FDCWD, path, 8192, &text);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* Field 2, the name, may hold anything, even ") R": what follows the last ")" is field 3, the state. */
	rest = strrchr(text.data, ')');
	if (!rest || rest[1] != ' ')
		return -EIO;
	rest += 2;
	if (*rest == 'Z' || *rest == 'X')
		return -ESRCH;
	for (int i = 3; i <= 22 && rest; i++)
		field = strsep(&rest, " ");
	if (!rest || str_to_u64(field, 10, ret) < 0)
		return -EIO;
	return 0;
}

int pidfd_open_same(pid_t pid, uint64_t start_time)
{
	_cleanup_close_ int fd = sys_pidfd_open(pid, 0);
	uint64_t now;
	int r;

	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	/* The descriptor first: the number cannot be given to another while we look. */
	r = pidfd_start_time(pid, &now);
	if (r < 0)
		return r;
	return now == start_time ? TAKE_FD(fd) : -ESRCH;
}

int pidfd_wait(int pidfd, int *ret_status)
{
	siginfo_t end = { 0 };

	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &end, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_status = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
	return 0;
}

int pidfd_wait_gone(int pidfd, int timeout_ms)
{
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&wait, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}
