/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_root.h"
#include "engine/bundle_ids.h"
#include "engine/mount_points.h"
#include "host/mapped_directory.h"
#include "host/procfs.h"
#include "host/user_namespace.h"
#include "store/layers.h"
#include "store/owned_layer.h"
#include "store/root.h"

#include <fcntl.h>
#include <sys/stat.h>

#define WRITABLE "root" /* in the record: upper/ and work/ */

/* What a mount could do for root of the host. */
static int find_owned_layers(struct bundle_plan *plan, const struct store *store, const struct image *image, const struct idmap *map, struct error *err)
{
	char **chain_ids = NULL;
	size_t count = 0;
	int r = layer_stack(store, plan->arena, image->top_layer, &chain_ids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = owned_layer_find(store, plan->arena, chain_ids[i], map, (char **)&plan->overlay.lowers[i], err);
	return r;
}

static int find_layers(struct bundle_plan *plan, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	const struct spec_container *container = plan->container;
	const struct image image = {
		.name = container->image_name,
		.id = container->image_id,
		.manifest = container->image_manifest,
		.top_layer = container->image_top_layer,
	};
	int r;

	if (!image.top_layer)
		return 0;
	r = store_open(plan->record->directories->images, &store, err);
	if (r == 0)
		r = root_of_image(&store, plan->arena, &image, &plan->overlay, err);
	if (r == 0 && !user_namespace_is_first() && bundle_ids_map(plan->arena, &plan->ids))
		r = find_owned_layers(plan, &store, &image, bundle_ids_map(plan->arena, &plan->ids), err);
	return r;
}

/* Below the image: what is mounted on in every container (mount_points.h), as far as its owners are those that an image's are. */
static void add_mount_points(struct bundle_plan *plan)
{
	size_t count = plan->overlay.lower_count;
	char **lowers, *path = NULL;

	if (count < OVERLAY_LOWER_LIMIT && (user_namespace_is_first() || !bundle_ids_map(plan->arena, &plan->ids)))
		path = mount_points_find(plan->arena, plan->record->directories);
	if (!path)
		return;
	lowers = arena_alloc(plan->arena, count + 2, sizeof *lowers);
	if (count)
		memcpy(lowers, plan->overlay.lowers, count * sizeof *lowers);
	lowers[count] = path;
	plan->overlay.lowers = lowers;
	plan->overlay.lower_count = count + 1;
}

static int check_directory(const char *path, struct error *err)
{
	struct stat status;
	int r = stat(path, &status) < 0 ? -errno : S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;

	return r < 0 ? error_errno(err, -r, "--rootfs: cannot use '%s'", path) : 0;
}

int bundle_plan_root(struct bundle_plan *plan, struct error *err)
{
	const char *directory = plan->host->rootfs_path;
	char **lowers = arena_alloc(plan->arena, 2, sizeof *lowers);
	int r = directory ? check_directory(directory, err) : find_layers(plan, err);

	if (r < 0)
		return r;
	plan->has_overlay = !directory || plan->host->rootfs_overlay;
	if (!plan->has_overlay)
		return 0;
	if (directory) {
		lowers[0] = (char *)directory;
		plan->overlay = (struct overlay){ .lowers = lowers, .lower_count = 1 };
	}
	plan->image_layers = plan->overlay.lower_count;
	if (!directory)
		add_mount_points(plan);
	plan->overlay.writable = arena_printf(plan->arena, "%s/" WRITABLE, plan->record->path);
	plan->overlay.idmap = user_namespace_is_first() ? bundle_ids_map(plan->arena, &plan->ids) : NULL;
	/* It goes with the container: waiting for the disk at its end would be for nothing. */
	plan->overlay.is_volatile = plan->host->auto_remove;
	return 0;
}

static int make_writable(const struct bundle_plan *plan, struct error *err)
{
	if (mkdirat(plan->record->fd, WRITABLE, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make the directory '%s'", plan->overlay.writable);
	return overlay_make_writable(&plan->overlay, err);
}

static int open_procfs(int *ret_fd, struct error *err)
{
	int r = procfs_open_host(ret_fd);

	return r < 0 ? error_errno(err, -r, "cannot open /proc") : 0;
}

int bundle_open_root(struct bundle_plan *plan, struct error *err)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	int r;

	if (!plan->has_overlay && plan->ids.has_namespace) {
		r = open_procfs(&procfs_fd, err);
		if (r == 0)
			r = mapped_directory_open(procfs_fd, plan->host->rootfs_path,
				user_namespace_is_first() ? bundle_ids_map(plan->arena, &plan->ids) : NULL, &plan->root_fd, err);
		return r < 0 ? error_wrap(err, "--rootfs") : 0;
	}
	if (!plan->has_overlay) {
		plan->root_fd = open(plan->host->rootfs_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return plan->root_fd < 0 ? error_errno(err, errno, "--rootfs: cannot use '%s'", plan->host->rootfs_path) : 0;
	}
	if (plan->seat && plan->seat->fds[SEAT_ROOT] >= 0 && seat_has_layer(plan->seat, plan->overlay.lowers[0])) {
		plan->root_fd = TAKE_FD(plan->seat->fds[SEAT_ROOT]);
		plan->mapping_fd = TAKE_FD(plan->seat->fds[SEAT_MAPPING]);
		return 0;
	}
	r = make_writable(plan, err);
	if (r == 0)
		r = open_procfs(&procfs_fd, err);
	if (r == 0)
		r = overlay_mount(procfs_fd, &plan->overlay, &plan->root_fd, &plan->mapping_fd, err);
	return r;
}

int bundle_open_image(struct bundle_plan *plan, int *ret_fd, struct error *err)
{
	_cleanup_close_ int procfs_fd = -EBADF;
	const struct overlay image = { .lowers = plan->overlay.lowers, .lower_count = plan->image_layers };
	int r;

	if (!plan->has_overlay) {
		*ret_fd = open(plan->host->rootfs_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return *ret_fd < 0 ? error_errno(err, errno, "--rootfs: cannot use '%s'", plan->host->rootfs_path) : 0;
	}
	r = open_procfs(&procfs_fd, err);
	return r < 0 ? r : overlay_mount(procfs_fd, &image, ret_fd, NULL, err);
}
