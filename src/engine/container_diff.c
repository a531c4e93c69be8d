/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_files.h"
#include "engine/container_root.h"
#include "engine/tree_changes.h"
#include "host/overlay.h"

/* Where the runtime, or the engine, mounts something whatever the container is. */
static const char *const usual_mounts[] = {
	"/dev", "/dev/init", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/run", "/run/lock", "/run/secrets", "/sys", "/sys/fs/cgroup", "/tmp",
};

static const char **mounts_of(const struct container_record *record)
{
	const struct spec_host_config *host = &record->container->host;
	const char **mounts = arena_alloc(record->arena, host->mount_count + ARRAY_SIZE(usual_mounts) + 1, sizeof *mounts);
	size_t count = ARRAY_SIZE(usual_mounts);

	memcpy(mounts, usual_mounts, sizeof usual_mounts);
	for (size_t i = 0; i < host->mount_count; i++)
		mounts[count++] = host->mounts[i].target;
	return mounts;
}

static int mount_lowers(const struct container_record *record, int *ret_fd, struct error *err)
{
	struct overlay overlay = { .lowers = NULL };
	char **lowers = NULL;
	int r = container_root_lowers(record, &lowers, err);

	if (r < 0)
		return r;
	overlay.lowers = lowers;
	overlay.lower_count = strv_length(lowers);
	return overlay_mount(-EBADF, &overlay, ret_fd, NULL, err);
}

int container_diff(struct arena *arena, const struct directories *directories, const char *container, struct container_change **ret, size_t *ret_count,
	struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_close_ int upper_fd = -EBADF, lower_fd = -EBADF;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r < 0)
		return r;
	if (!container_root_is_layered(record.container))
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot tell what container '%s' has changed: it writes to its root '%s' directly", container,
			record.container->host.rootfs_path);
	r = container_root_open_upper(&record, &upper_fd, err);
	if (r == 0 && upper_fd < 0) { /* never started */
		*ret = NULL;
		*ret_count = 0;
		return 0;
	}
	if (r == 0)
		r = mount_lowers(&record, &lower_fd, err);
	return r < 0 ? r : tree_changes_find(arena, upper_fd, lower_fd, mounts_of(&record), ret, ret_count, err);
}
