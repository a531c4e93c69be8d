/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each becomes a mount of the bundle. Where a path would not do, because
 * strangers write to what is above it or it is no directory yet, the supervisor
 * is told how to make it (spec_supervision_mount).
 */
#include "engine/bundle_user_mounts.h"
#include "base/file.h"
#include "engine/bundle_idmap.h"
#include "engine/volume.h"
#include "host/beneath.h"
#include "spec/names.h"
#include "store/root.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define OVERLAYS "overlays" /* in the record: NUMBER/upper and work of mounts whose changes are dropped */

/* ---- checking -------------------------------------------------------------------------- */

static int check_propagation(const struct spec_container_mount *mount, struct error *err)
{
	uint32_t flags;

	if (!mount->propagation || spec_name_value(SPEC_PROPAGATIONS, mount->propagation, strlen(mount->propagation), &flags))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "'%.200s': there is no propagation '%.50s'", mount->target, mount->propagation);
}

static int check_source(const struct spec_container_mount *mount, struct error *err)
{
	if (mount->kind == SPEC_MOUNT_BIND && (!mount->source || mount->source[0] != '/'))
		return error_set(err, ERROR_INVALID, 0, "cannot bind '%.200s' on '%.200s': it is not an absolute path",
				 mount->source ? mount->source : "", mount->target);
	if (mount->kind == SPEC_MOUNT_VOLUME && mount->source)
		return volume_check_name(mount->source, err);
	return 0;
}

static int check_mount(const struct spec_container_mount *mount, struct error *err)
{
	int r;

	if (mount->target[0] != '/' || !mount->target[1])
		return error_set(err, ERROR_INVALID, 0, "cannot mount on '%.200s': it must be an absolute path, and not the root", mount->target);
	r = check_propagation(mount, err);
	if (r == 0)
		r = check_source(mount, err);
	if (r == 0 && mount->chown && mount->overlay)
		r = error_set(err, ERROR_INVALID, 0, "'%.200s': U changes the owners of what O leaves as it is", mount->target);
	return r;
}

/* Two mounts on the same place: one of them would never be seen. */
static int check_pair(const struct spec_container_mount *a, const struct spec_container_mount *b, struct error *err)
{
	if (!str_equal(a->target, b->target))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "duplicate mount point: %.200s", a->target);
}

int bundle_check_mounts(const struct spec_container *container, struct error *err)
{
	const struct spec_host_config *host = &container->host;

	for (size_t i = 0; i < host->mount_count; i++) {
		int r = check_mount(&host->mounts[i], err);

		for (size_t n = 0; r == 0 && n < i; n++)
			r = check_pair(&host->mounts[n], &host->mounts[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- options ------------------------------------------------------------------------------ */

struct options {
	char **list;
	size_t count;
};

static void add_option(struct options *options, const char *text)
{
	options->list[options->count++] = (char *)text;
}

static void add_tmpfs(struct bundle_plan *plan, const struct spec_container_mount *mount)
{
	struct options options = { arena_alloc(plan->arena, strv_length(mount->options) + 8, sizeof(char *)), 0 };

	add_option(&options, "nosuid");
	add_option(&options, "nodev");
	add_option(&options, "noexec");
	if (mount->read_only)
		add_option(&options, "ro");
	if (mount->has_tmpfs_size)
		add_option(&options, arena_printf(plan->arena, "size=%llu", (unsigned long long)mount->tmpfs_size));
	add_option(&options, arena_printf(plan->arena, "mode=%o", mount->has_tmpfs_mode ? mount->tmpfs_mode : 01777));
	for (size_t i = 0; mount->options && mount->options[i]; i++)
		add_option(&options, mount->options[i]);
	bundle_append_mount(plan, mount->target, "tmpfs", "tmpfs", options.list);
}

/* A bind of SOURCE; IDMAP: how its owners are shown. */
static void add_bind(struct bundle_plan *plan, const struct spec_container_mount *mount, const char *source, bool is_read_only, enum bundle_idmap idmap)
{
	struct options options = { arena_alloc(plan->arena, 8, sizeof(char *)), 0 };

	add_option(&options, mount->non_recursive ? "bind" : "rbind");
	add_option(&options, mount->propagation ? mount->propagation : "rprivate");
	/* Below a root that is a slave a bind has a peer group of its own, which nothing of the host is in. */
	if (str_equal(mount->propagation, "shared") || str_equal(mount->propagation, "rshared"))
		plan->spec->linux_.rootfs_propagation = MS_SHARED;
	if (mount->read_only || is_read_only)
		add_option(&options, mount->recursive_read_only ? "rro" : "ro");
	if (idmap == BUNDLE_IDMAP_TOP)
		add_option(&options, "idmap");
	else if (idmap == BUNDLE_IDMAP_ALL)
		add_option(&options, "ridmap");
	bundle_append_mount(plan, mount->target, "bind", source, options.list);
}

static struct spec_supervision_mount *add_given(struct bundle_plan *plan, const struct spec_container_mount *mount)
{
	size_t count = plan->given_count;
	struct spec_supervision_mount *given = arena_alloc(plan->arena, count + 1, sizeof *given);

	if (count)
		memcpy(given, plan->given, count * sizeof *given);
	plan->given = given;
	plan->given_count++;
	given[count].target = mount->target;
	given[count].recursive = !mount->non_recursive;
	return &given[count];
}

/* ---- what is bound ---------------------------------------------------------------------------- */

/* The directory that is to be seen, beneath PATH: so that a missing one is an error here. */
static int open_subpath(const char *path, const struct spec_container_mount *mount, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : beneath_open(fd, mount->subpath, O_PATH, 0, ret_fd);

	return r < 0 ? error_errno(err, -r, "cannot mount '%.200s' of '%s' on '%s'", mount->subpath, mount->source, mount->target) : 0;
}

/* U: as if the container's user had made it all. */
static int change_owner(const struct bundle_plan *plan, const struct spec_container_mount *mount, const char *path, enum bundle_idmap idmap,
	struct error *err)
{
	_cleanup_close_ int fd = -EBADF, readable_fd = -EBADF;
	const struct bundle_ids *ids = &plan->ids;
	uint32_t uid = plan->identity.uid, gid = plan->identity.gid;
	int r = 0;

	if (ids->has_namespace && idmap == BUNDLE_IDMAP_NONE) {
		uid = bundle_outside_id(ids->uids, ids->uid_count, uid);
		gid = bundle_outside_id(ids->gids, ids->gid_count, gid);
	}
	if (mount->subpath)
		r = open_subpath(path, mount, &fd, err);
	else if ((fd = open(path, O_PATH | O_CLOEXEC)) < 0)
		r = error_errno(err, errno, "cannot open '%s'", path);
	if (r < 0)
		return r;
	readable_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = readable_fd >= 0 ? tree_chown(readable_fd, uid, gid) : errno != ENOTDIR ? -errno : fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
	return r < 0 ? error_errno(err, -r, "cannot change the owners of the files in '%s'", path) : 0;
}

/* One that no other mount has. */
static int make_overlay_directory(struct bundle_plan *plan, const char **ret, struct error *err)
{
	const char *parent = arena_printf(plan->arena, "%s/" OVERLAYS, plan->record->path);
	int r = file_make_directories(parent, 0700);

	for (size_t i = 0; r == 0; i++) {
		*ret = arena_printf(plan->arena, "%s/%zu", parent, i);
		if (mkdir(*ret, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			r = -errno;
	}
	return error_errno(err, -r, "cannot make a directory in '%s'", parent);
}

/* O: over what is at PATH lies what this container writes, anew for each start by a command. */
static int add_overlay(struct bundle_plan *plan, const struct spec_container_mount *mount, char **lowers, struct spec_supervision_mount *given,
	struct error *err)
{
	struct overlay overlay = { .lowers = lowers, .lower_count = strv_length(lowers) };
	const char *directory = NULL;
	int r = make_overlay_directory(plan, &directory, err);

	if (r < 0)
		return r;
	overlay.writable = directory;
	r = overlay_make_writable(&overlay, err);
	if (r < 0)
		return error_wrap(err, "cannot mount '%s' on '%s'", mount->source, mount->target);
	given->lowers = lowers;
	given->writable = (char *)directory;
	return 0;
}

static int add_directory(struct bundle_plan *plan, const struct spec_container_mount *mount, const char *path, bool is_read_only, struct error *err)
{
	enum bundle_idmap idmap = BUNDLE_IDMAP_NONE;
	struct spec_supervision_mount *given;
	_cleanup_close_ int fd = -EBADF;
	char **lowers;
	int r = 0;

	if (plan->ids.has_namespace && !mount->no_idmap && !mount->overlay)
		idmap = bundle_idmap_probe(plan, path, !mount->non_recursive);
	if (mount->chown)
		r = change_owner(plan, mount, path, idmap, err);
	if (r == 0 && mount->subpath)
		r = open_subpath(path, mount, &fd, err);
	if (r < 0)
		return r;
	add_bind(plan, mount, path, is_read_only, idmap);
	if (!mount->subpath && !mount->overlay)
		return 0;
	given = add_given(plan, mount);
	given->source = (char *)path;
	given->subpath = mount->subpath;
	if (!mount->overlay)
		return 0;
	lowers = arena_alloc(plan->arena, 2, sizeof *lowers);
	lowers[0] = (char *)path;
	return add_overlay(plan, mount, lowers, given, err);
}

/* ---- kinds --------------------------------------------------------------------------------------- */

static int make_source(const struct spec_container_mount *mount, struct error *err)
{
	struct stat status;
	int r;

	if (stat(mount->source, &status) == 0)
		return 0;
	if (errno == ENOENT && mount->create_source) {
		r = file_make_directories(mount->source, 0755);
		return r < 0 ? error_errno(err, -r, "cannot make the directory '%s' to bind it on '%s'", mount->source, mount->target) : 0;
	}
	return error_errno(err, errno, "cannot bind '%s' on '%s'", mount->source, mount->target);
}

static int add_volume(struct bundle_plan *plan, const struct spec_container_mount *mount, struct error *err)
{
	struct volume_place place = { NULL, false };
	int r = volume_prepare(plan, mount, &place, err);

	return r < 0 ? r : add_directory(plan, mount, place.path, place.is_read_only && !mount->overlay, err);
}

static int find_layers(struct bundle_plan *plan, const struct spec_container_mount *mount, char ***ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	const struct image image = { .name = mount->source, .id = mount->image_id, .manifest = mount->image_manifest, .top_layer = mount->image_top_layer };
	struct overlay overlay = { .lowers = NULL };
	int r;

	if (!image.top_layer)
		return error_set(err, ERROR_INVALID, 0, "cannot mount the image '%s' on '%s': it has no files", mount->source, mount->target);
	r = store_open(plan->record->directories->images, &store, err);
	if (r == 0)
		r = root_of_image(&store, plan->arena, &image, &overlay, err);
	if (r < 0)
		return error_wrap(err, "cannot mount the image '%s' on '%s'", mount->source, mount->target);
	*ret = arena_alloc(plan->arena, overlay.lower_count + 1, sizeof **ret);
	memcpy(*ret, overlay.lowers, overlay.lower_count * sizeof **ret);
	return 0;
}

static int add_image(struct bundle_plan *plan, const struct spec_container_mount *mount, struct error *err)
{
	struct spec_supervision_mount *given;
	char **lowers = NULL;
	int r = find_layers(plan, mount, &lowers, err);

	if (r < 0)
		return r;
	add_bind(plan, mount, lowers[0], !mount->overlay, BUNDLE_IDMAP_NONE);
	given = add_given(plan, mount);
	given->subpath = mount->subpath;
	given->lowers = lowers;
	return mount->overlay ? add_overlay(plan, mount, lowers, given, err) : 0;
}

int bundle_add_user_mount(struct bundle_plan *plan, const struct spec_container_mount *mount, struct error *err)
{
	int r;

	switch (mount->kind) {
	case SPEC_MOUNT_TMPFS:
		add_tmpfs(plan, mount);
		return 0;
	case SPEC_MOUNT_BIND:
		r = make_source(mount, err);
		return r < 0 ? r : add_directory(plan, mount, mount->source, false, err);
	case SPEC_MOUNT_VOLUME:
		return add_volume(plan, mount, err);
	case SPEC_MOUNT_IMAGE:
		return add_image(plan, mount, err);
	}
	return -EINVAL;
}

static size_t count_parts(const char *path)
{
	size_t count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* What an earlier start has written over the sources. */
static int drop_overlays(const struct bundle_plan *plan, struct error *err)
{
	int r = tree_remove_at(plan->record->fd, OVERLAYS);

	return r < 0 ? error_errno(err, -r, "cannot remove '%s/" OVERLAYS "'", plan->record->path) : 0;
}

/* Those nearer to the root first: what is mounted within another comes after it. */
int bundle_add_user_mounts(struct bundle_plan *plan, struct error *err)
{
	const struct spec_host_config *host = plan->host;
	size_t deepest = 0;
	int r = drop_overlays(plan, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < host->mount_count; i++)
		if (count_parts(host->mounts[i].target) > deepest)
			deepest = count_parts(host->mounts[i].target);
	for (size_t depth = 1; depth <= deepest; depth++)
		for (size_t i = 0; i < host->mount_count; i++) {
			r = count_parts(host->mounts[i].target) == depth ? bundle_add_user_mount(plan, &host->mounts[i], err) : 0;
			if (r < 0)
				return r;
		}
	return 0;
}
