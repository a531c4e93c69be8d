/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle.h"
#include "engine/container_event.h"
#include "engine/container_image.h"
#include "engine/bundle_ids.h"
#include "engine/container_merge.h"
#include "engine/container_names.h"
#include "engine/container_new.h"
#include "engine/container_network.h"
#include "engine/container_profile.h"
#include "engine/container_quota.h"
#include "engine/containers.h"
#include "engine/pool.h"
#include "engine/volume.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/timing.h"
#include "host/prefault.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define EXIT_STATUS 125

extern char **environ;

/* A container that is being made. */
struct creation {
	struct arena *arena;
	const struct container_create_request *request;
	const struct directories *directories;
	struct spec_container container;
	int parent_fd; /* ROOT/containers */
	int fd;        /* of .new-ID, locked; -EBADF: not made yet */
	bool has_name;
	bool is_host_named; /* by who asks, or not at all */
	struct error *err;
};

/* ---- other containers ---------------------------------------------------------------- */

/* The id of the container called NAME. */
static int resolve(struct creation *creation, const char *name, char **ret)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(creation->arena, creation->directories, name, &record, creation->err);

	if (r == 0)
		*ret = record.container->id;
	return r;
}

/* "container:NAME" becomes "container:ID". */
static int resolve_mode(struct creation *creation, char **mode)
{
	char *id = NULL;
	int r;

	if (!*mode || !str_starts_with(*mode, "container:"))
		return 0;
	r = resolve(creation, *mode + strlen("container:"), &id);
	if (r == 0)
		*mode = arena_printf(creation->arena, "container:%s", id);
	return r;
}

static int resolve_modes(struct creation *creation)
{
	struct spec_host_config *host = &creation->container.host;
	char **modes[] = { &host->network_mode, &host->pid_mode, &host->ipc_mode, &host->uts_mode, &host->cgroup_namespace, &host->user_namespace };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(modes); i++)
		r = resolve_mode(creation, modes[i]);
	return r;
}

static int resolve_requires(struct creation *creation)
{
	char **names = creation->container.host.requires, **ids;
	size_t count = strv_length(names);
	int r = 0;

	if (!names)
		return 0;
	ids = arena_alloc(creation->arena, count + 1, sizeof *ids);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = resolve(creation, names[i], &ids[i]);
	creation->container.host.requires = ids;
	return r;
}

/* ---- mounts ----------------------------------------------------------------------------- */

/* "CONTAINER[:ro|rw]": the volumes and binds of another. */
static int take_volumes(struct creation *creation, const char *text)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	const char *colon = strchr(text, ':');
	const char *name = colon ? arena_strndup(creation->arena, text, (size_t)(colon - text)) : text;
	struct spec_container_mount *mounts;
	size_t count = 0;
	int r;

	if (colon && !str_equal(colon, ":ro") && !str_equal(colon, ":rw"))
		return error_set(creation->err, ERROR_INVALID, 0, "invalid --volumes-from '%s': expected CONTAINER, with :ro or :rw behind it", text);
	r = container_record_open(creation->arena, creation->directories, name, &record, creation->err);
	if (r < 0)
		return r;
	mounts = arena_alloc(creation->arena, record.container->host.mount_count + 1, sizeof *mounts);
	for (size_t i = 0; i < record.container->host.mount_count; i++) {
		if (record.container->host.mounts[i].kind == SPEC_MOUNT_TMPFS)
			continue;
		mounts[count] = record.container->host.mounts[i];
		mounts[count].read_only |= str_equal(colon, ":ro");
		mounts[count].implied = true;
		count++;
	}
	container_merge_mounts(creation->arena, &creation->container, mounts, count);
	return 0;
}

/* The nameless volumes get names, of their own making. */
static int name_volumes(struct creation *creation)
{
	struct spec_host_config *host = &creation->container.host;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->mount_count; i++) {
		const char *name = NULL;

		if (host->mounts[i].kind != SPEC_MOUNT_VOLUME || host->mounts[i].source)
			continue;
		host->mounts[i].anonymous = true;
		r = container_id_make(creation->arena, &name, creation->err);
		host->mounts[i].source = (char *)name;
	}
	return r;
}

static int collect_mounts(struct creation *creation)
{
	char **from = creation->container.host.volumes_from;
	int r = 0;

	/* A copy: the request is not ours to change. */
	container_merge_mounts(creation->arena, &creation->container, NULL, 0);
	for (; r == 0 && from && *from; from++)
		r = take_volumes(creation, *from);
	if (r == 0)
		r = container_merge_volumes(creation->arena, &creation->container, creation->err);
	return r < 0 ? r : name_volumes(creation);
}

/* ---- what it is -------------------------------------------------------------------------- */

static const char *now(struct arena *arena)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	moment_add(&time, &text);
	return arena_strdup(arena, text.data);
}

static bool has_own_hostname(const struct spec_host_config *host)
{
	return (!host->uts_mode || str_equal(host->uts_mode, "private")) && !str_equal(host->network_mode, "host") &&
	       !str_starts_with(host->network_mode ? host->network_mode : "", "container:");
}

static int describe(struct creation *creation, const struct container_image *image)
{
	struct spec_container *container = &creation->container;
	const char *id = NULL;
	int r = container_id_make(creation->arena, &id, creation->err);

	if (r < 0)
		return r;
	container->id = (char *)id;
	container->created = (char *)now(creation->arena);
	if (image) {
		container->image_id = image->image.id;
		container->image_manifest = image->image.manifest;
		container->image_top_layer = image->image.top_layer;
		container->image_platform = image->image.platform;
		container->image_name = image->image.name;
	}
	if (!container->config.user)
		container->config.user = bundle_ids_user(creation->arena, &container->host);
	r = container_merge_execution(creation->arena, image ? &image->config->execution : NULL, environ, container, creation->err);
	if (r == 0)
		r = resolve_modes(creation);
	if (r == 0)
		r = resolve_requires(creation);
	if (r == 0)
		r = collect_mounts(creation);
	creation->is_host_named = container->config.hostname || !has_own_hostname(&container->host);
	return r;
}

/* Last before there is a record: what is taken is not asked for again. */
static void choose_seat(struct creation *creation)
{
	struct spec_container *container = &creation->container;
	struct seat *seat = creation->request->seat;

	if (seat && pool_take(creation->arena, creation->directories, container, seat))
		container->id = (char *)seat->id;
	if (!creation->is_host_named)
		container->config.hostname = arena_strndup(creation->arena, container->id, 12);
}

/* ---- the record ---------------------------------------------------------------------------- */

/* Made and locked, unless a seat is taken, which has it. */
static int make_directory(struct creation *creation)
{
	struct seat *seat = creation->request->seat;
	int r = container_new_open_parent(creation->directories, &creation->parent_fd, creation->err);

	if (r < 0)
		return r;
	if (!seat || seat->fds[SEAT_RECORD] < 0)
		return container_new_make(creation->directories, creation->parent_fd, creation->container.id, &creation->fd, creation->err);
	creation->fd = TAKE_FD(seat->fds[SEAT_RECORD]);
	return 0;
}

static int take_name(struct creation *creation)
{
	struct spec_container *container = &creation->container;
	const char *name = NULL;
	int r;

	if (container->name)
		r = container_name_reserve(creation->directories, container->name, container->id, creation->err);
	else
		r = container_name_generate(creation->arena, creation->directories, container->id, &name, creation->err);
	if (r < 0)
		return r;
	if (name)
		container->name = (char *)name;
	creation->has_name = true;
	return 0;
}

static int fill_directory(struct creation *creation)
{
	static const char *const parts[] = { "root", "log" };
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint64_t size;
	int r;

	spec_container_encode(&creation->container, &text);
	r = file_replace_at(creation->fd, "container.json", text.data, text.length, 0600);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		if (mkdirat(creation->fd, parts[i], 0700) < 0 && errno != EEXIST)
			r = -errno;
	if (r < 0)
		return error_errno(creation->err, -r, "cannot write the record of the container '%s'", creation->container.name);
	r = container_quota_read(&creation->container.host, &size, creation->err);
	return r < 0 || !size ? r : container_quota_set(creation->directories, creation->fd, size, creation->err);
}

static int publish(struct creation *creation)
{
	_cleanup_free_ char *name = container_new_name(creation->container.id);

	if (renameat(creation->parent_fd, name, creation->parent_fd, creation->container.id) < 0)
		return error_errno(creation->err, errno, "cannot rename '%s/containers/%s'", creation->directories->root, name);
	return 0;
}

/* Takes back what was made. */
static void undo(struct creation *creation)
{
	_cleanup_free_ char *name = container_new_name(creation->container.id);

	/* What cannot be removed now is garbage that `system check` finds. */
	if (creation->fd >= 0)
		ignore_result(tree_remove_at(creation->parent_fd, name));
	if (creation->has_name)
		ignore_result(container_name_release(creation->directories, creation->container.name, creation->container.id, -EBADF));
}

static int make_record(struct creation *creation)
{
	int r = make_directory(creation);

	if (r == 0)
		r = take_name(creation);
	if (r == 0)
		r = fill_directory(creation);
	if (r == 0)
		r = publish(creation);
	if (r < 0 && creation->parent_fd >= 0)
		undo(creation);
	close_and_forget(&creation->fd);
	close_and_forget(&creation->parent_fd);
	return r;
}

/* ---- the call ----------------------------------------------------------------------------------- */

static int check_request(const struct container_create_request *request, struct error *err)
{
	const struct spec_container *asked = request->asked;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = spec_container_refuse_text(spec_container_encode(asked, &text), err);

	if (r < 0)
		return r;
	if (!request->given && str_is_empty(asked->config.image) && str_is_empty(asked->host.rootfs_path))
		return error_set(err, ERROR_INVALID, 0, "neither an image nor a root file system was named");
	if (asked->name)
		return container_name_check(asked->name, err);
	return request->replace ? error_set(err, ERROR_INVALID, 0, "--replace needs --name") : 0;
}

/* The one that has the name goes, if there is one. */
static int replace(const struct creation *creation)
{
	if (!creation->request->replace)
		return 0;
	return container_remove(creation->directories, creation->container.name, CONTAINER_REMOVE_FORCE, creation->err);
}

/* Once the record names them nobody takes them for unused. Without them the container is not to be. */
static int make_volumes(struct creation *creation)
{
	const struct spec_host_config *host = &creation->container.host;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME)
			r = volume_ensure(creation->arena, creation->directories, &host->mounts[i], creation->err);
	if (r < 0 && container_remove(creation->directories, creation->container.id, CONTAINER_REMOVE_VOLUMES, NULL) < 0)
		log_warning("cannot remove the container '%s' that could not be created, ignoring", creation->container.name);
	return r;
}

/* The leases last until the record can be seen. */
static int make(struct creation *creation, const struct container_image *image)
{
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	int64_t since = timing_now();
	int r = container_profile_read(creation->arena, &creation->container.host, creation->err);

	if (r == 0)
		r = describe(creation, image);
	if (r == 0)
		r = container_image_find_mounts(creation->arena, creation->request, &creation->container.host, &store, &lease, creation->err);
	if (r == 0)
		r = container_network_check(creation->arena, creation->directories, &creation->container, creation->request->ports_may_wait, creation->err);
	if (r == 0)
		r = bundle_check(&creation->container, creation->request->warn, creation->request->context, creation->err);
	timing_phase("check the request", since);
	if (r == 0)
		r = replace(creation);
	since = timing_now();
	if (r == 0)
		choose_seat(creation);
	if (r == 0)
		r = make_record(creation);
	timing_phase("record", since);
	if (r == 0)
		container_event_add(creation->directories, &creation->container, "create", NULL, 0);
	return r < 0 ? r : make_volumes(creation);
}

/* What waits for others, or pulls, needs a lease that no one else waits for. */
static int begin_lease(const struct creation *creation, const struct store *store, struct lease *lease)
{
	if (creation->request->replace || container_image_is_mounted(&creation->container.host))
		return lease_begin(store, lease, creation->err);
	return lease_begin_brief(store, lease, creation->err);
}

static int make_of_image(struct creation *creation)
{
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	struct container_image image = { .config = NULL };
	int64_t since = timing_now();
	int r = store_open(creation->directories->images, &store, creation->err);

	if (r == 0)
		r = begin_lease(creation, &store, &lease);
	if (r == 0)
		r = container_image_get(creation->arena, creation->request, &store, &lease, &image, creation->err);
	timing_phase("find the image", since);
	return r < 0 ? r : make(creation, &image);
}

int container_create(struct arena *arena, const struct container_create_request *request, const char **ret_id, struct error *err)
{
	struct creation creation = { .arena = arena, .request = request, .directories = request->directories, .container = *request->asked,
				     .parent_fd = -EBADF, .fd = -EBADF, .err = err };
	int r = check_request(request, err);

	prefault_program();
	if (r == 0)
		r = request->given || request->asked->host.rootfs_path ? make(&creation, request->given) : make_of_image(&creation);
	if (r == 0)
		*ret_id = creation.container.id;
	else if (err && err->exit_status == 0)
		err->exit_status = EXIT_STATUS;
	return r;
}
