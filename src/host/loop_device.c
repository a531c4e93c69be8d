/* SPDX-License-Identifier: Apache-2.0 */
#include "host/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

/* Others may take the device that was free an instant ago. */
#define TRIES 64

#ifndef LOOP_CONFIGURE
#define LOOP_CONFIGURE 0x4C0A
struct loop_config {
	__u32 fd, block_size;
	struct loop_info64 info;
	__u64 reserved[8];
};
#endif

static int configure(const char *path, int file_fd, int *ret_fd)
{
	const struct loop_config config = { .fd = (__u32)file_fd, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
		int code = errno;

		close(fd);
		return -code;
	}
	*ret_fd = fd;
	return 0;
}

int loop_device_open(int file_fd, char ret_path[static LOOP_DEVICE_PATH], int *ret_fd)
{
	_cleanup_close_ int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int r = -EBUSY;

	if (control_fd < 0)
		return -errno;
	for (int i = 0; i < TRIES && r == -EBUSY; i++) {
		int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

		if (number < 0)
			return -errno;
		snprintf(ret_path, LOOP_DEVICE_PATH, "/dev/loop%d", number);
		r = configure(ret_path, file_fd, ret_fd);
	}
	return r;
}
