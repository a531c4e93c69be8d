/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_removal.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/container_event.h"
#include "engine/container_names.h"
#include "engine/container_network.h"
#include "engine/containers.h"
#include "engine/image_removal.h"
#include "engine/pool.h"
#include "engine/seat_groups.h"
#include "engine/supervisor.h"
#include "engine/container_quota.h"
#include "engine/volume_record.h"
#include "engine/waiters.h"
#include "net/journal.h"
#include "runtime/verbs.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define NEW_PREFIX ".new-"
#define GONE_PREFIX ".gone-"
#define VOLUMES_SUFFIX "-volumes"
#define STOP_TRIES 10

/* ---- volumes ------------------------------------------------------------------------- */

int container_removal_volume(const struct directories *directories, const char *name, const char *except, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	struct error told = ERROR_INIT;
	const char *user = NULL;
	int r = volume_record_open(arena, directories, name, &record, &told);

	if (r == 0)
		r = volume_record_lock(&record, &told);
	if (r == 0)
		r = volume_record_find_user(arena, directories, name, except, &user, &told);
	if (r == 0 && !user)
		r = volume_record_remove(&record, &told);
	/* Never started: it was not made. Or somebody else was faster. */
	if (r == 0 || told.kind == ERROR_NOT_FOUND)
		return 0;
	/* Whether somebody has it nobody can tell: it is left to a prune. */
	if (told.kind == ERROR_CONFLICT) {
		log_warning("%s, left", told.message);
		return 0;
	}
	if (err)
		*err = told;
	return r;
}

/* What is mounted for volumes goes with the last container that has them. */
static int release_volumes(const struct directories *directories, const struct spec_container *container, struct error *err)
{
	const struct spec_host_config *host = &container->host;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && host->mounts[i].source && !strchr(host->mounts[i].source, '/'))
			r = volume_release(directories, host->mounts[i].source, container->id, err);
	return r;
}

static int remove_volumes(const struct directories *directories, const struct spec_container *container, struct error *err)
{
	const struct spec_host_config *host = &container->host;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && host->mounts[i].anonymous && host->mounts[i].source &&
		    !strchr(host->mounts[i].source, '/'))
			r = container_removal_volume(directories, host->mounts[i].source, container->id, err);
	return r;
}

/* ---- what was half done ---------------------------------------------------------------- */

/* What container.json of the entry says; NULL if there is none, or none that can be read. */
static struct spec_container *read_container(struct arena *arena, int fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_container *container = NULL;

	if (file_read_regular_at(fd, "container.json", SPEC_CONTAINER_LIMIT, &text) < 0 ||
	    spec_container_decode(arena, text.data, text.length, &container, NULL) < 0)
		return NULL;
	return container;
}

/* As read_container(); of a damaged one of a record that is removed its id, with a name that is still its own. */
static struct spec_container *read_gone(struct arena *arena, const struct directories *directories, const char *entry, int fd)
{
	char *id = str_starts_with(entry, GONE_PREFIX) ? arena_strndup(arena, entry + strlen(GONE_PREFIX), CONTAINER_ID_LENGTH) : NULL;
	struct spec_container *container = read_container(arena, fd);

	if (!id || !container_id_is_valid(id) || (container && container->name && str_equal(container->id, id)))
		return container;
	container = arena_alloc(arena, 1, sizeof *container);
	container->id = id;
	container->name = (char *)container_name_of(arena, directories, id);
	return container;
}

/* Whose entry NAME is, in the arena; NULL: nobody's. */
static const char *id_of(struct arena *arena, const char *name)
{
	const char *prefix = str_starts_with(name, NEW_PREFIX) ? NEW_PREFIX : GONE_PREFIX;
	char *id = arena_strndup(arena, name + strlen(prefix), CONTAINER_ID_LENGTH);

	return container_id_is_valid(id) ? id : NULL;
}

/* What others would see of it: name, and who waits. FD is its own directory. */
static int finish_visible(const struct directories *directories, const struct spec_container *container, int fd, struct error *err)
{
	int r = 0;

	if (container && container->name && container->id)
		r = container_name_release(directories, container->name, container->id, fd);
	if (r < 0)
		return error_errno(err, -r, "cannot release the name '%s'", container->name);
	if (container && container->id)
		waiters_forget(directories, container->id);
	return 0;
}

/* The volatile directory of who is gone may be left, without a journal; ID NULL: nobody's. */
static int remove_run(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = id ? str_printf("%s/containers/%s", directories->run_root, id) : NULL;

	return path ? tree_remove_at(AT_FDCWD, path) : 0;
}

/* What is left of it then, CONTAINER or NULL being what it says; container.json last, as it tells what belongs to it. */
static int finish_rest(const struct directories *directories, int containers_fd, const char *name, const struct spec_container *container, int fd,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *id = id_of(arena, name);
	size_t length = strlen(name);
	uint32_t project;
	bool volumes = length > strlen(VOLUMES_SUFFIX) && str_equal(name + length - strlen(VOLUMES_SUFFIX), VOLUMES_SUFFIX);
	int r = 0;

	if (volumes && container)
		r = remove_volumes(directories, container, err);
	if (r == 0 && container)
		r = release_volumes(directories, container, err);
	if (r < 0)
		return r;
	project = container_quota_project(fd);
	r = remove_run(directories, id);
	if (r == 0)
		r = tree_remove_at(fd, "root");
	if (r == 0)
		container_quota_forget(fd, project);
	if (r == 0)
		r = tree_remove_at(containers_fd, name);
	return r < 0 ? error_errno(err, -r, "cannot remove '%s/containers/%s'", directories->root, name) : 0;
}

/* The entry NAME, which is ours alone (FD locked), goes with all that belongs to it. */
static int finish(const struct directories *directories, int containers_fd, const char *name, int fd, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_container *container = read_gone(arena, directories, name, fd);
	int r = finish_visible(directories, container, fd, err);

	return r < 0 ? r : finish_rest(directories, containers_fd, name, container, fd, err);
}

int container_removal_finish_locked(const struct directories *directories, const char *name, int fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!str_starts_with(name, GONE_PREFIX) || strchr(name, '/') || parent < 0 || !file_is_at(parent, name, fd))
		return error_set(err, ERROR_INVALID, 0, "'%s/%s' is no removal to be finished", path, name);
	return finish(directories, parent, name, fd, err);
}

int container_removal_finish(const struct directories *directories, int containers_fd, const char *name, bool dry_run, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!str_starts_with(name, NEW_PREFIX) && !str_starts_with(name, GONE_PREFIX))
		return 0;
	r = lock_abandoned(containers_fd, name, &fd);
	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot lock '%s/containers/%s'", directories->root, name);
	if (!dry_run)
		r = finish(directories, containers_fd, name, fd, err);
	return r < 0 ? r : 1;
}

struct sweep {
	const struct directories *directories;
	int fd;
};

static int sweep_one(void *context, const char *name)
{
	const struct sweep *sweep = context;
	struct error err = ERROR_INIT;

	if (container_removal_finish(sweep->directories, sweep->fd, name, false, &err) < 0)
		log_warning("%s, left", err.message);
	return 0;
}

void container_removal_sweep(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sweep sweep = { directories, fd };

	if (fd >= 0)
		ignore_result(file_each_name(fd, sweep_one, &sweep)); /* what cannot be listed is left */
	seat_groups_sweep(directories);
}

/* ---- what runs --------------------------------------------------------------------------- */

int container_removal_clear_run(const struct container_record *record, struct error *err)
{
	_cleanup_free_ char *root = str_printf("%s/runtime", record->directories->run_root);
	_cleanup_free_ char *path = str_printf("%s/%s", root, record->container->id);
	const struct runtime runtime = { .root = root };
	struct stat status;
	int r = 0;

	if (lstat(path, &status) == 0)
		r = runtime_delete(&runtime, record->container->id, DELETE_FORCE, err);
	if (r < 0)
		return error_wrap(err, "cannot end what is left of the container '%s'", record->container->name);
	r = container_network_release(record, err);
	return r < 0 ? r : bundle_remove(record, err);
}

/*
 * A supervisor that is still there removes what the runtime made itself, and the links, which takes the kernel some 10 ms. Without a
 * journal it is no member of a network any more; the directory goes in the end.
 */
static int clear_bundle(const struct container_record *record, struct error *err)
{
	int r = container_network_release_but_links(record, err);

	return r < 0 ? r : net_journal_remove(AT_FDCWD, record->run_path, err);
}

/* Kills it and waits until its supervisor is gone; no error if it went by itself. */
static int kill_and_wait(struct container_record *record, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int socket = -EBADF;
	const struct spec_message stop = { .request = SPEC_REQUEST_STOP, .signal = SIGKILL, .timeout_s = 0, .manually = true };
	const struct spec_message gone = { .request = SPEC_REQUEST_WAIT_GONE };
	struct spec_message *reply = NULL;
	struct error told = ERROR_INIT;
	int r = supervisor_connect(record, &socket, &told);

	if (r == 0)
		r = supervisor_ask(arena, socket, &stop, &reply, &told);
	if (r == 0)
		r = supervisor_ask(arena, socket, &gone, &reply, &told);
	if (r == 0 || told.kind == ERROR_CONFLICT || told.kind == ERROR_UNAVAILABLE || told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return error_wrap(err, "cannot kill the container '%s'", record->container->name);
}

static int refuse_running(const struct container_record *record, struct error *err)
{
	const char *word = spec_container_status_name(record->state->status);

	error_set(err, ERROR_CONFLICT, 0, "cannot remove the container '%s': it is %s", record->container->name, word);
	error_hint(err, "stop it first, or use --force");
	return -EBUSY;
}

/* It has a supervisor: an end to that, if it may be. */
static int end_run(struct container_record *record, unsigned flags, struct error *err)
{
	int r = 0;

	/* It ends by itself. */
	if (record->state->status == SPEC_CONTAINER_EXITED)
		return container_record_wait_gone(record, err);
	if (!(flags & (CONTAINER_REMOVE_FORCE | CONTAINER_REMOVE_AUTO)))
		return refuse_running(record, err);
	/* An exit command is executed by who was the supervisor: nothing is to be killed then. */
	if (flags & CONTAINER_REMOVE_AUTO)
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' has been started again", record->container->name);
	r = kill_and_wait(record, err);
	return r < 0 ? r : container_record_wait_gone(record, err);
}

/* Locked, and without a supervisor, or with one that waits for us. */
static int lock_stopped(struct container_record *record, unsigned flags, struct error *err)
{
	for (int i = 0; i < STOP_TRIES; i++) {
		int r = container_record_lock(record, err);

		if (r < 0 || !record->is_supervised || (flags & CONTAINER_REMOVE_ENDED && record->state->status == SPEC_CONTAINER_EXITED))
			return r;
		container_record_unlock(record);
		r = end_run(record, flags, err);
		if (r < 0)
			return r;
	}
	return error_set(err, ERROR_BUSY, 0, "cannot remove the container '%s': it is started again and again", record->container->name);
}

/* ---- who needs it --------------------------------------------------------------------------- */

struct dependents {
	const char *id;
	const char *found;
};

char **container_removal_needs(struct arena *arena, const struct spec_container *container)
{
	const struct spec_host_config *host = &container->host;
	const char *const modes[] = { host->network_mode, host->user_namespace };
	size_t count = strv_length(host->requires);
	char **ids = arena_alloc(arena, count + ARRAY_SIZE(modes) + 1, sizeof *ids);

	if (count)
		memcpy(ids, host->requires, count * sizeof *ids);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i] && str_starts_with(modes[i], "container:"))
			ids[count++] = arena_strdup(arena, modes[i] + strlen("container:"));
	return ids;
}

static int look_for_dependent(void *context, struct container_record *record, struct error *err _unused_)
{
	struct dependents *dependents = context;
	char **needs = container_removal_needs(record->arena, record->container);

	if (strv_contains(needs, dependents->id))
		dependents->found = record->container->name;
	return dependents->found != NULL;
}

static int check_dependents(const struct container_record *record, struct error *err)
{
	struct dependents dependents = { .id = record->container->id };
	int r = container_record_visit(record->arena, record->directories, look_for_dependent, &dependents, err);

	if (r < 0)
		return r;
	if (!dependents.found)
		return 0;
	error_set(err, ERROR_CONFLICT, 0, "cannot remove the container '%s': '%s' depends on it", record->container->name, dependents.found);
	error_hint(err, "remove that first, or use --force");
	return -EBUSY;
}

/* ---- removing ---------------------------------------------------------------------------------- */

/* Volumes that go with it are to be gone when it is. */
static bool has_volumes(const struct spec_container *container)
{
	for (size_t i = 0; i < container->host.mount_count; i++)
		if (container->host.mounts[i].kind == SPEC_MOUNT_VOLUME)
			return true;
	return false;
}

/* The record, locked and ended, goes; of one that goes by itself the files a moment later, if somebody is there to remove them. */
static int retire(struct container_record *record, unsigned flags, struct error *err)
{
	const struct directories *directories = record->directories;
	_cleanup_free_ char *parent = str_printf("%s/containers", directories->root);
	_cleanup_free_ char *gone = str_printf(GONE_PREFIX "%s%s", record->container->id, flags & CONTAINER_REMOVE_VOLUMES ? VOLUMES_SUFFIX : "");
	_cleanup_close_ int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 || renameat(fd, record->container->id, fd, gone) < 0)
		return error_errno(err, errno, "cannot remove the container '%s'", record->container->name);
	container_event_add(directories, record->container, "destroy", NULL, 0);
	r = finish_visible(directories, record->container, record->fd, err);
	if (r < 0 || (flags & CONTAINER_REMOVE_AUTO && !has_volumes(record->container) && pool_finish_removal(directories, gone, record->fd)))
		return r;
	return finish_rest(directories, fd, gone, record->container, record->fd, err);
}

/* --rmi: the image, unless somebody else needs it. */
static int remove_image(const struct container_record *record, struct error *err)
{
	const struct image_removal_request request = { .directories = record->directories, .image = record->container->image_name ?
		record->container->image_name : record->container->image_id };
	struct image_removal_report report;
	struct error told = ERROR_INIT;

	if (!request.image || image_removal_remove(record->arena, &request, &report, &told) == 0 || told.kind == ERROR_CONFLICT ||
	    told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return -EINVAL;
}

static int remove_record(struct container_record *record, unsigned flags, struct error *err)
{
	int r;

	if (!(flags & (CONTAINER_REMOVE_FORCE | CONTAINER_REMOVE_AUTO | CONTAINER_REMOVE_ONE_OF_MANY))) {
		r = check_dependents(record, err);
		if (r < 0)
			return r;
	}
	r = lock_stopped(record, flags, err);
	if (r < 0)
		return r;
	if ((flags & CONTAINER_REMOVE_AUTO) && !record->container->host.auto_remove)
		return error_set(err, ERROR_CONFLICT, 0, "the container '%s' is not to be removed at its end", record->container->name);
	/* As its end would have had it. */
	if (record->container->host.auto_remove)
		flags |= CONTAINER_REMOVE_VOLUMES;
	r = record->is_supervised ? clear_bundle(record, err) : container_removal_clear_run(record, err);
	if (r == 0)
		r = retire(record, flags, err);
	return r;
}

int container_remove(const struct directories *directories, const char *container, unsigned flags, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct error told = ERROR_INIT;
	int r = flags & CONTAINER_REMOVE_FORCE ? container_record_open_for_removal(arena, directories, container, &record, &told)
					       : container_record_open(arena, directories, container, &record, &told);

	if (r == 0)
		r = remove_record(&record, flags, &told);
	/* Somebody else was faster. */
	if (r < 0 && told.kind == ERROR_NOT_FOUND && (flags & (CONTAINER_REMOVE_FORCE | CONTAINER_REMOVE_AUTO)))
		return 0;
	if (r < 0 && err)
		*err = told;
	if (r == 0 && !(flags & (CONTAINER_REMOVE_AUTO | CONTAINER_REMOVE_ONE_OF_MANY)))
		container_removal_sweep(directories);
	return r == 0 && (flags & CONTAINER_REMOVE_IMAGE) ? remove_image(&record, err) : r;
}
