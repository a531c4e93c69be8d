/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_quota.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quantity.h"
#include "host/project_quota.h"

#include <fcntl.h>
#include <sys/file.h>

#define LAYER "root" /* of a record (container.h) */
/* Numbers of projects below are people's and volumes' (volume_record.c). */
#define FIRST_PROJECT 0x42580000u

int container_quota_read(const struct spec_host_config *host, uint64_t *ret_bytes, struct error *err)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < host->storage_option_count; i++) {
		const struct spec_pair *option = &host->storage_options[i];

		if (!str_equal(option->key, "size"))
			return error_set(err, ERROR_INVALID, 0, "--storage-opt: there is no option '%.50s', only size", option->key);
		if (quantity_parse_size(option->value, &bytes) < 0 || !bytes)
			return error_set(err, ERROR_INVALID, 0, "--storage-opt: expected a size such as 10g, not '%.50s'", option->value);
	}
	if (bytes && host->rootfs_path)
		return error_set(err, ERROR_INVALID, 0, "--storage-opt: with --rootfs there is no layer of the container's own that could have a size");
	*ret_bytes = bytes;
	return 0;
}

static int open_layer(int record_fd)
{
	return openat(record_fd, LAYER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

uint32_t container_quota_project(int record_fd)
{
	_cleanup_close_ int fd = open_layer(record_fd);
	uint32_t project = 0;

	return fd >= 0 && project_quota_get(fd, &project) == 0 ? project : 0;
}

void container_quota_forget(int record_fd, uint32_t project)
{
	int r = project >= FIRST_PROJECT ? project_quota_clear(record_fd, project) : 0;

	if (r < 0)
		log_debug("cannot forget the limit of project %u: %s, ignoring", project, error_words(-r));
}

/* ---- a number that is free ----------------------------------------------------------------- */

struct search {
	int containers_fd;
	uint32_t next;
};

static int look(void *context, const char *name)
{
	struct search *search = context;
	_cleanup_close_ int fd = openat(search->containers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint32_t project = fd >= 0 ? container_quota_project(fd) : 0;

	if (project >= search->next && project < UINT32_MAX)
		search->next = project + 1;
	return 0;
}

static int choose(const struct directories *directories, uint32_t *ret)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct search search = { .containers_fd = fd, .next = FIRST_PROJECT };
	int r = fd < 0 ? -errno : file_each_name(fd, look, &search);

	*ret = search.next;
	return r;
}

static int lock(const struct directories *directories, int *ret_fd)
{
	_cleanup_free_ char *path = str_printf("%s/.container-projects", directories->root);
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int container_quota_set(const struct directories *directories, int record_fd, uint64_t bytes, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF, fd = open_layer(record_fd);
	uint32_t project = 0;
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && !project_quota_is_kept(fd)) {
		error_set(err, ERROR_UNSUPPORTED, 0, "--storage-opt: the file system of '%s' keeps no limits of directories", directories->root);
		error_hint(err, "ext4 and xfs do, mounted with 'prjquota'; a volume can have a size anywhere: bivy volume create --opt size=10g");
		return -EOPNOTSUPP;
	}
	if (r == 0)
		r = lock(directories, &lock_fd);
	if (r == 0)
		r = choose(directories, &project);
	if (r == 0)
		r = project_quota_set(fd, project, bytes);
	return r < 0 ? error_errno(err, -r, "--storage-opt: cannot limit the size") : 0;
}
