/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pty.h"
#include "host/beneath.h"
#include "host/syscalls.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

#define PTMX_MAJOR 5
#define PTMX_MINOR 2

int pty_open(int root_fd, int *ret_master, int *ret_slave)
{
	_cleanup_close_ int master = -EBADF, slave = -EBADF;
	struct stat status;
	int unlock = 0;
	int r = beneath_open(root_fd, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, &master);

	if (r < 0)
		return r;
	/* An image's file of that name would be somebody else's idea of a terminal (CVE-2025-52565). */
	if (fstat(master, &status) < 0)
		return -errno;
	if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != PTMX_MAJOR || minor(status.st_rdev) != PTMX_MINOR)
		return -ENODEV;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	slave = pty_open_peer(master);
	if (slave < 0)
		return slave;
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

/* By descriptor, never by the name under /dev/pts; since 4.13. */
int pty_open_peer(int master)
{
	int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return peer < 0 ? -errno : peer;
}

int pty_set_size(int master, uint32_t columns, uint32_t rows)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };

	return ioctl(master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void pty_copy_size(int from, int master)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		ignore_result(ioctl(master, TIOCSWINSZ, &size)); /* the program has ended: nobody to see it */
}

int pty_keep_newlines(int slave)
{
	struct termios mode;

	if (tcgetattr(slave, &mode) < 0)
		return -errno;
	mode.c_oflag &= ~(tcflag_t)ONLCR;
	return tcsetattr(slave, TCSANOW, &mode) < 0 ? -errno : 0;
}

int pty_make_raw(int fd, struct termios *ret_old)
{
	struct termios raw;

	if (tcgetattr(fd, ret_old) < 0)
		return -errno;
	raw = *ret_old;
	cfmakeraw(&raw);
	return tcsetattr(fd, TCSANOW, &raw) < 0 ? -errno : 0;
}
