/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry_logins.h"
#include "base/file.h"

#include <sys/mman.h>

int registry_logins_open(const struct spec_registry_login *logins, size_t count, int *ret, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("logins", MFD_CLOEXEC);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_registry_logins_encode(logins, count, &text);
	r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.length);
	if (r < 0)
		return error_errno(err, -r, "cannot keep the logins");
	*ret = TAKE_FD(fd);
	return 0;
}

char *registry_logins_path(struct arena *arena, int fd)
{
	return arena_printf(arena, "/proc/self/fd/%d", fd);
}
