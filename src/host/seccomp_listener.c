/* SPDX-License-Identifier: Apache-2.0 */
#include "host/seccomp_listener.h"

#include <string.h>
#include <sys/ioctl.h>

/* Of newer headers than Debian 12's. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* The kernel's struct may be longer than what we know of it; it fills what it has. */
union notification {
	struct seccomp_notif known;
	char room[256];
};

void seccomp_listener_take_turns(int fd)
{
	ignore_result(ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)); /* without, it is slower */
}

int seccomp_listener_receive(int fd, struct seccomp_notif *ret)
{
	union notification notification;

	memset(&notification, 0, sizeof notification);
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0)
		return -errno;
	*ret = notification.known;
	return 0;
}

bool seccomp_listener_waits(int fd, uint64_t id)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int seccomp_listener_let_through(int fd, uint64_t id)
{
	struct seccomp_notif_resp answer = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT ? -errno : 0;
}
