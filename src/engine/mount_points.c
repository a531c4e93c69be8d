/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mount_points.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DIRECTORY "mountpoints"

struct piece {
	const char *path;
	bool is_file;
};

/* In this order; the last one is made when all others are there. */
static const struct piece pieces[] = {
	{ "", false },
	{ "etc", false },
	{ "etc/hosts", true },
	{ "etc/hostname", true },
	{ "etc/resolv.conf", true },
	{ "dev", false },
	{ "proc", false },
	{ "sys", false },
};

/* Modes are exact, whatever the umask is: all containers see them. */
static int make_piece(int root_fd, const struct piece *piece)
{
	char path[sizeof DIRECTORY + 32];
	_cleanup_close_ int fd = -EBADF;

	snprintf(path, sizeof path, DIRECTORY "/%s", piece->path);
	if (!piece->is_file && mkdirat(root_fd, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (piece->is_file ? O_CREAT : O_DIRECTORY), 0600);
	return fd < 0 || fchmod(fd, piece->is_file ? 0644 : 0755) < 0 ? -errno : 0;
}

static int make_all(const char *root)
{
	_cleanup_close_ int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(pieces); i++)
		r = make_piece(fd, &pieces[i]);
	return r;
}

char *mount_points_find(struct arena *arena, const struct directories *directories)
{
	char *path = arena_printf(arena, "%s/" DIRECTORY, directories->root);
	const char *last = arena_printf(arena, "%s/%s", path, pieces[ARRAY_SIZE(pieces) - 1].path);
	int r = access(last, F_OK) == 0 ? 0 : make_all(directories->root);

	if (r == 0)
		return path;
	log_warning("cannot make '%s': %s, ignoring", path, error_words(-r));
	return NULL;
}
