/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_host_devices.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DEPTH_LIMIT 4
#define DEVICE_LIMIT 8192

struct search {
	struct bundle_plan *plan;
	const char *path; /* of the directory */
	int fd;
	unsigned depth;
	size_t *capacity;
};

/* What the runtime makes, what is the container's own, and what would be its console. */
static bool is_own(const char *path)
{
	static const char *const own[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
		"/dev/console", "/dev/ptmx", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/.lxc",
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (str_equal(path, own[i]))
			return true;
	return false;
}

static void add(struct search *search, const char *path, const struct stat *status)
{
	struct spec_linux *l = &search->plan->spec->linux_;

	for (size_t i = 0; i < l->device_count; i++)
		if (str_equal(l->devices[i].path, path))
			return;
	if (l->device_count == *search->capacity) {
		struct spec_device *larger = arena_alloc(search->plan->arena, *search->capacity * 2, sizeof *larger);

		memcpy(larger, l->devices, l->device_count * sizeof *larger);
		l->devices = larger;
		*search->capacity *= 2;
	}
	l->devices[l->device_count++] = (struct spec_device){ .path = (char *)path, .type = S_ISBLK(status->st_mode) ? 'b' : 'c',
		.major = major(status->st_rdev), .minor = minor(status->st_rdev), .has_mode = true, .mode = status->st_mode & 07777,
		.has_uid = true, .uid = status->st_uid, .has_gid = true, .gid = status->st_gid };
}

static int visit(void *context, const char *name);

/* A directory that is gone again, or that cannot be read, has nothing for us. */
static int descend(struct search *search, const char *name, const char *path)
{
	_cleanup_close_ int fd = openat(search->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct search below = *search;

	if (fd < 0 || search->depth == DEPTH_LIMIT)
		return 0;
	below.fd = fd;
	below.path = path;
	below.depth++;
	return file_each_name(fd, visit, &below);
}

static int visit(void *context, const char *name)
{
	struct search *search = context;
	const char *path = arena_printf(search->plan->arena, "%s/%s", search->path, name);
	struct stat status;

	if (str_equal(name, ".") || str_equal(name, "..") || is_own(path))
		return 0;
	if (fstatat(search->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(status.st_mode))
		return descend(search, name, path);
	if ((S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) && search->plan->spec->linux_.device_count < DEVICE_LIMIT)
		add(search, path, &status);
	return 0;
}

int bundle_add_host_devices(struct bundle_plan *plan, struct error *err)
{
	_cleanup_close_ int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t capacity = plan->spec->linux_.device_count + 64;
	struct spec_device *devices = arena_alloc(plan->arena, capacity, sizeof *devices);
	struct search search = { .plan = plan, .path = "/dev", .fd = fd, .capacity = &capacity };
	int r;

	if (plan->ids.has_namespace) {
		bundle_warn(plan, "--privileged: the host's devices are not there: with ids of its own a container can be given single ones, with --device");
		return 0;
	}
	if (plan->spec->linux_.device_count)
		memcpy(devices, plan->spec->linux_.devices, plan->spec->linux_.device_count * sizeof *devices);
	plan->spec->linux_.devices = devices;
	r = fd < 0 ? -errno : file_each_name(fd, visit, &search);
	return r < 0 ? error_errno(err, -r, "--privileged: cannot read '/dev'") : 0;
}
