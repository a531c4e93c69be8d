/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/landlock_limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "host/beneath.h"
#include "host/landlock.h"

#include <fcntl.h>

/*
 * Links are not followed: the paths were found without, and a process that
 * joins a container finds what that has made of them.
 */
static size_t open_files(char *const *paths, int *fds)
{
	_cleanup_close_ int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;

	for (; paths && *paths; paths++) {
		int fd, r = beneath_open(root, *paths, O_PATH | O_NOFOLLOW, BENEATH_NO_SYMLINKS, &fd);

		if (r == 0)
			fds[count++] = fd;
		else
			log_debug("landlock: nothing may be written to '%s': %s", *paths, error_words(-r));
	}
	return count;
}

int landlock_limits_open(const struct spec_landlock *landlock, int *ret_fd, struct error *err)
{
	_cleanup_free_ int *files = memory_new(strv_length(landlock->writable) + 1, sizeof *files);
	const struct landlock_limits limits = {
		.limits_files = landlock->writable != NULL,
		.files = files,
		.file_count = open_files(landlock->writable, files),
		.limits_binds = landlock->has_bind_ports,
		.binds = landlock->bind_ports,
		.bind_count = landlock->bind_port_count,
		.limits_connects = landlock->has_connect_ports,
		.connects = landlock->connect_ports,
		.connect_count = landlock->connect_port_count,
	};
	int r = landlock_prepare(&limits, ret_fd);

	for (size_t i = 0; i < limits.file_count; i++)
		close(files[i]);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		return error_set(err, ERROR_UNSUPPORTED, -r, "linux.landlock: this kernel has no Landlock, or it is not among those that it was started with");
	return r < 0 ? error_errno(err, -r, "cannot prepare linux.landlock") : 0;
}

static void print_ports(const char *indent, const char *what, const uint16_t *ports, size_t count, struct buf *out)
{
	buf_printf(out, "%s%s TCP ports:%s", indent, what, count ? "" : " none");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, " %u", ports[i]);
	buf_add_char(out, '\n');
}

void landlock_limits_print(const struct spec_landlock *landlock, const char *indent, struct buf *out)
{
	if (landlock->writable) {
		buf_printf(out, "%swrite beneath:%s", indent, landlock->writable[0] ? "" : " nothing");
		for (char **path = landlock->writable; *path; path++)
			buf_printf(out, " '%s'", *path);
		buf_add_char(out, '\n');
	}
	if (landlock->has_bind_ports)
		print_ports(indent, "bind", landlock->bind_ports, landlock->bind_port_count, out);
	if (landlock->has_connect_ports)
		print_ports(indent, "connect to", landlock->connect_ports, landlock->connect_port_count, out);
}
