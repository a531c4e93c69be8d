/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_record.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/options.h"
#include "engine/container.h"
#include "engine/events.h"
#include "engine/volume_backing.h"
#include "host/mount.h"
#include "host/project_quota.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define DOCUMENT "volume.json"
#define NEW_PREFIX ".new-"
#define GONE_PREFIX ".gone-"
#define NAME_LIMIT 200 /* with a prefix and a number it must be a file's name, too */
/* Numbers of projects below are people's (projects(5)). */
#define FIRST_PROJECT 0x42565900u

int volume_check_name(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(name);

	if (length >= 2 && length <= NAME_LIMIT && strspn(name, letters) == length && !strchr("_.-", name[0]))
		return 0;
	error_set(err, ERROR_INVALID, 0, "'%.100s' is no name of a volume: expected [a-zA-Z0-9][a-zA-Z0-9_.-]+", name);
	error_hint(err, "a directory of the host begins with '/', or './' in -v");
	return -EINVAL;
}

static void add_event(const struct directories *directories, const char *name, const char *action, struct spec_pair *attributes, size_t count)
{
	struct spec_event event = { .type = "volume", .action = action, .id = name, .attributes = attributes, .attribute_count = count };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	events_add(directories, &event);
}

void volume_event_add(const struct directories *directories, const char *name, const char *action)
{
	add_event(directories, name, action, (struct spec_pair[]){ { (char *)"driver", (char *)"local" } }, 1);
}

void volume_mount_event_add(const struct directories *directories, const struct spec_container_mount *mount, const char *container_id,
	const char *action)
{
	struct spec_pair attributes[] = {
		{ (char *)"container", (char *)container_id },
		{ (char *)"driver", (char *)"local" },
		{ (char *)"destination", mount->target },
		{ (char *)"propagation", mount->propagation ? mount->propagation : (char *)"" },
		{ (char *)"read/write", (char *)(mount->read_only ? "false" : "true") },
	};

	if (mount->kind == SPEC_MOUNT_VOLUME)
		add_event(directories, mount->source, action, attributes, str_equal(action, "mount") ? ARRAY_SIZE(attributes) : 2);
}

/* ---- opening -------------------------------------------------------------------------- */


/* -ENOENT if there are none yet. */
static int open_volumes(const struct directories *directories, int *ret_fd)
{
	_cleanup_free_ char *path = str_printf("%s/volumes", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* -ENOENT if nothing has its name any more. */
/* That something was not to be had says nothing of the record. */
static bool is_want(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

static int read_document(int volumes_fd, const char *name, int fd, struct volume_record *record, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat status;
	int r = file_read_regular_at(fd, DOCUMENT, SPEC_VOLUME_LIMIT, &text);

	/* Who removes a record takes its name first. */
	if (r == -ENOENT && fstatat(volumes_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return r;
	if (is_want(r))
		return error_errno(err, -r, "cannot read the record of the volume '%s'", name);
	r = r < 0 ? error_errno(err, -r, "cannot read '" DOCUMENT "'") : spec_volume_decode(record->arena, text.data, text.length, &record->volume, err);
	if (r == 0)
		return 0;
	error_wrap(err, "the volume '%s' is damaged", name);
	error_hint(err, "'bivy system check --repair' keeps its files, 'bivy volume rm --force' removes it");
	return -EBADMSG;
}

/* -ENOENT if it is not there. */
static int open_at(int volumes_fd, const char *name, struct volume_record *record, struct error *err)
{
	_cleanup_close_ int fd = openat(volumes_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct error told = ERROR_INIT;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? -ENOENT : error_errno(err, errno, "cannot open the volume '%s'", name);
	r = read_document(volumes_fd, name, fd, record, &told);
	if (r == -EBADMSG && record->is_for_removal) {
		record->volume = arena_alloc(record->arena, 1, sizeof *record->volume);
		r = 0;
	}
	if (r < 0) {
		if (err)
			*err = told;
		return r;
	}
	record->volume->name = arena_strdup(record->arena, name);
	record->path = arena_printf(record->arena, "%s/volumes/%s", record->directories->root, name);
	record->fd = TAKE_FD(fd);
	return 0;
}

struct names {
	struct arena *arena;
	const char **list;
	size_t count, capacity;
};

static int note_name(void *context, const char *name)
{
	struct names *names = context;

	if (name[0] == '.')
		return 0;
	if (names->count == names->capacity) {
		size_t capacity = names->capacity * 2 + 32;
		const char **larger = arena_alloc(names->arena, capacity, sizeof *larger);

		if (names->count)
			memcpy(larger, names->list, names->count * sizeof *larger);
		names->list = larger;
		names->capacity = capacity;
	}
	names->list[names->count++] = arena_strdup(names->arena, name);
	return 0;
}

static int refuse(int volumes_fd, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct names names = { .arena = arena };
	const char *nearest = NULL;

	if (volumes_fd >= 0 && file_each_name(volumes_fd, note_name, &names) == 0 && names.count)
		nearest = options_nearest(name, names.list, names.count);
	error_set(err, ERROR_NOT_FOUND, 0, "no such volume '%.100s'", name);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -ENOENT;
}

static int open_name(struct arena *arena, const struct directories *directories, const char *name, bool is_for_removal, struct volume_record *ret,
	struct error *err)
{
	_cleanup_close_ int volumes_fd = -EBADF;
	struct volume_record record = { .arena = arena, .directories = directories, .fd = -EBADF, .is_for_removal = is_for_removal };
	int r = open_volumes(directories, &volumes_fd);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot open '%s/volumes'", directories->root);
	if (r == 0)
		r = name[0] == '.' || strchr(name, '/') ? -ENOENT : open_at(volumes_fd, name, &record, err);
	if (r == -ENOENT)
		return refuse(volumes_fd, name, err);
	if (r == 0)
		*ret = record;
	return r;
}

int volume_record_open(struct arena *arena, const struct directories *directories, const char *name, struct volume_record *ret, struct error *err)
{
	return open_name(arena, directories, name, false, ret, err);
}

int volume_record_open_for_removal(struct arena *arena, const struct directories *directories, const char *name, struct volume_record *ret,
	struct error *err)
{
	return open_name(arena, directories, name, true, ret, err);
}

void volume_record_close(struct volume_record *record)
{
	close_and_forget(&record->fd);
}

int volume_record_lock(struct volume_record *record, struct error *err)
{
	while (flock(record->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the volume '%s'", record->volume->name);
	if (file_is_at(AT_FDCWD, record->path, record->fd))
		return 0;
	return error_set(err, ERROR_NOT_FOUND, 0, "the volume '%s' has just been removed", record->volume->name);
}

/* ---- all of them ------------------------------------------------------------------------ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* EACH (or NULL) whole one, and FOUND for damaged ones. */
static int visit_names(struct arena *arena, const struct directories *directories, volume_record_each *each, volume_record_damaged *found, void *context,
	struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct names names = { .arena = arena };
	int r = open_volumes(directories, &fd);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = file_each_name(fd, note_name, &names);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/volumes'", directories->root);
	if (names.count)
		qsort(names.list, names.count, sizeof *names.list, compare_names);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		_cleanup_volume_record_ struct volume_record record = { .arena = arena, .directories = directories, .fd = -EBADF };
		struct error told = ERROR_INIT;

		r = open_at(fd, names.list[i], &record, &told);
		if (is_want(r)) {
			if (err)
				*err = told;
			return r;
		}
		if (r < 0)
			r = r == -ENOENT ? 0 : found(context, names.list[i], &told, err);
		else if (each)
			r = each(context, &record, err);
	}
	return r;
}

static int log_damage(void *context _unused_, const char *name _unused_, const struct error *damage, struct error *err _unused_)
{
	log_warning("%s, left out", damage->message);
	return 0;
}

int volume_record_visit(struct arena *arena, const struct directories *directories, volume_record_each *each, void *context, struct error *err)
{
	return visit_names(arena, directories, each, log_damage, context, err);
}

int volume_record_find_damaged(const struct directories *directories, volume_record_damaged *found, void *context, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return visit_names(arena, directories, NULL, found, context, err);
}

struct user_search {
	const char *volume, *except;
	struct arena *arena;
	const char *found;
};

static int look_for_user(void *context, struct container_record *record, struct error *err _unused_)
{
	struct user_search *search = context;
	const struct spec_host_config *host = &record->container->host;

	if (str_equal(record->container->id, search->except))
		return 0;
	for (size_t i = 0; !search->found && i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && str_equal(host->mounts[i].source, search->volume))
			search->found = arena_strdup(search->arena, record->container->name);
	return search->found != NULL;
}

int volume_record_find_user(struct arena *arena, const struct directories *directories, const char *name, const char *except, const char **ret,
	struct error *err)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct user_search search = { .volume = name, .except = except, .arena = arena };
	int r = container_record_visit_whole(scratch, directories, look_for_user, &search, err);

	if (r < 0)
		return r;
	*ret = search.found;
	return 0;
}

/* ---- making ------------------------------------------------------------------------------- */

struct making {
	struct arena *arena;
	const struct directories *directories;
	struct spec_volume volume;
	volume_record_fill *fill;
	void *context;
	int volumes_fd, fd;
	const char *scratch;
	struct error *err;
};

static int note_project(void *context, struct volume_record *record, struct error *err _unused_)
{
	uint32_t *project = context;

	if (record->volume->project >= *project)
		*project = record->volume->project + 1;
	return 0;
}

/* Held until the record can be seen: *RET_LOCK. Only for who has a limit. */
static int choose_project(const struct making *making, uint32_t *ret, int *ret_lock)
{
	_cleanup_close_ int fd = -EBADF;

	if (!making->volume.size)
		return 0;
	fd = openat(making->volumes_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fd_lock_exclusive(fd) < 0)
		return error_errno(making->err, errno, "cannot lock '%s/volumes'", making->directories->root);
	*ret_lock = TAKE_FD(fd);
	*ret = FIRST_PROJECT;
	return volume_record_visit(making->arena, making->directories, note_project, ret, making->err);
}

static int write_document(int fd, const struct spec_volume *volume)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_volume_encode(volume, &text);
	return text.length > SPEC_VOLUME_LIMIT ? -EFBIG : file_replace_at(fd, DOCUMENT, text.data, text.length, 0600);
}

static int fill(struct making *making)
{
	_cleanup_close_ int data_fd = -EBADF;
	int r;

	if (!making->fill)
		return 0;
	r = volume_backing_open(making->fd, &making->volume, making->err);
	if (r < 0)
		return r;
	data_fd = openat(making->fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = data_fd < 0 ? error_errno(making->err, errno, "cannot open its directory") : making->fill(making->context, data_fd, making->err);
	if (r < 0)
		return r;
	close_and_forget(&data_fd);
	/* No container has it yet. */
	r = volume_backing_close(making->fd);
	return r < 0 ? error_errno(making->err, -r, "cannot unmount it") : 0;
}

/* Complete under a name that is not taken for a volume's; 1 if it is there, 0 if somebody else was faster. */
static int make_at(struct making *making)
{
	_cleanup_close_ int lock_fd = -EBADF;
	uint32_t project = 0;
	int r;

	if (mkdirat(making->volumes_fd, making->scratch, 0700) < 0)
		return error_errno(making->err, errno, "cannot make '%s/volumes/%s'", making->directories->root, making->scratch);
	making->fd = openat(making->volumes_fd, making->scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (making->fd < 0 || fd_lock_exclusive(making->fd) < 0)
		return error_errno(making->err, errno, "cannot lock '%s/volumes/%s'", making->directories->root, making->scratch);
	r = choose_project(making, &project, &lock_fd);
	if (r == 0)
		r = volume_backing_make(making->fd, &making->volume, project, making->err);
	if (r == 0)
		r = fill(making);
	if (r < 0)
		return r;
	r = write_document(making->fd, &making->volume);
	if (r == 0 && renameat(making->volumes_fd, making->scratch, making->volumes_fd, making->volume.name) < 0)
		r = -errno;
	if (r == -ENOTEMPTY || r == -EEXIST)
		return 0;
	return r < 0 ? error_errno(making->err, -r, "cannot write its record") : 1;
}

static void clear_project(int fd, uint32_t project)
{
	/* A limit of a project that has no files is in nobody's way. */
	if (project)
		ignore_result(project_quota_clear(fd, project));
}

static void undo(struct making *making)
{
	clear_project(making->volumes_fd, making->volume.project);
	/* What is still mounted would be emptied: the next sweep may do better. */
	if (making->fd >= 0 && volume_backing_close(making->fd) < 0)
		return;
	ignore_result(tree_remove_at(making->volumes_fd, making->scratch)); /* likewise */
}

static int make_volumes(const struct directories *directories, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/volumes", directories->root);
	int r = open_volumes(directories, ret_fd);

	if (r == -ENOENT) {
		r = file_make_directories(path, 0700);
		if (r == 0)
			r = open_volumes(directories, ret_fd);
	}
	return r < 0 ? error_errno(err, -r, "cannot open '%s'", path) : 0;
}

static char *moment(struct arena *arena)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec = 0; /* docker's has whole seconds */
	moment_add(&now, &text);
	return arena_strdup(arena, text.data);
}

int volume_record_make(struct arena *arena, const struct directories *directories, const struct spec_volume *volume, volume_record_fill *fill_it,
	void *context, bool *ret_made, struct error *err)
{
	struct making making = { .arena = arena, .directories = directories, .volume = *volume, .fill = fill_it, .context = context, .volumes_fd = -EBADF,
		.fd = -EBADF, .err = err };
	_cleanup_free_ char *scratch = str_printf(NEW_PREFIX "%s-%d", volume->name, (int)getpid());
	int r = make_volumes(directories, &making.volumes_fd, err);

	if (r < 0)
		return r;
	making.scratch = scratch;
	if (faccessat(making.volumes_fd, volume->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		making.volume.driver = (char *)"local";
		making.volume.created = moment(arena);
		r = make_at(&making);
		if (r <= 0)
			undo(&making);
	}
	close_and_forget(&making.fd);
	close_and_forget(&making.volumes_fd);
	if (r < 0)
		return error_wrap(err, "cannot make the volume '%s'", volume->name);
	if (r > 0)
		volume_event_add(directories, volume->name, "create");
	*ret_made = r > 0;
	return 0;
}

int volume_record_save(const struct volume_record *record, struct error *err)
{
	int r = write_document(record->fd, record->volume);

	return r < 0 ? error_errno(err, -r, "cannot write the record of the volume '%s'", record->volume->name) : 0;
}

/* ---- removing --------------------------------------------------------------------------------- */

/* What the entry NAME, locked as FD, consists of. A mount that stays would be emptied with it. */
static int finish(int volumes_fd, const char *name, int fd)
{
	int r = volume_backing_close(fd);

	return r < 0 ? r : tree_remove_at(volumes_fd, name);
}

int volume_record_release(struct volume_record *record, const char *except, struct error *err)
{
	const char *user = NULL;
	int r;

	if (!volume_backing_is_mounted(record->volume))
		return 0;
	r = volume_record_find_user(record->arena, record->directories, record->volume->name, except, &user, err);
	/* A damaged container may have it: it stays mounted until it is removed. */
	if (r == -EBADMSG)
		return 0;
	if (r < 0 || user)
		return r;
	r = volume_backing_close(record->fd);
	return r < 0 ? error_errno(err, -r, "cannot unmount the volume '%s'", record->volume->name) : 0;
}

int volume_release(const struct directories *directories, const char *name, const char *except, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	struct error told = ERROR_INIT;
	int r;

	if (!mount_is_root_at(AT_FDCWD, arena_printf(arena, "%s/volumes/%s/" VOLUME_DATA, directories->root, name)))
		return 0;
	r = volume_record_open(arena, directories, name, &record, &told);
	if (r == 0)
		r = volume_record_lock(&record, &told);
	if (r == 0)
		r = volume_record_release(&record, except, &told);
	/* Somebody else was faster. */
	if (r == 0 || told.kind == ERROR_NOT_FOUND)
		return 0;
	if (err)
		*err = told;
	return r;
}

int volume_record_remove(struct volume_record *record, struct error *err)
{
	_cleanup_free_ char *parent = str_printf("%s/volumes", record->directories->root);
	_cleanup_free_ char *gone = str_printf(GONE_PREFIX "%s-%d", record->volume->name, (int)getpid());
	_cleanup_close_ int volumes_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = volumes_fd < 0 ? -errno : volume_backing_close(record->fd);

	if (r == 0 && renameat(volumes_fd, record->volume->name, volumes_fd, gone) < 0)
		r = -errno;
	if (r == 0) {
		volume_event_add(record->directories, record->volume->name, "destroy");
		r = finish(volumes_fd, gone, record->fd);
		clear_project(volumes_fd, record->volume->project);
	}
	return r < 0 ? error_errno(err, -r, "cannot remove the volume '%s'", record->volume->name) : 0;
}

/* ---- mending ---------------------------------------------------------------------------- */

static int is_file(void *context _unused_, const char *name)
{
	return !str_equal(name, ".") && !str_equal(name, "..");
}

/* In _data, where a volume that is mounted has none. */
static bool has_files(int fd)
{
	_cleanup_close_ int data_fd = openat(fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return data_fd >= 0 && file_each_name(data_fd, is_file, NULL) > 0;
}

int volume_record_mend(const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_volume_record_ struct volume_record record = VOLUME_RECORD_INIT;
	struct stat status;
	int r = volume_record_open_for_removal(arena, directories, name, &record, err);

	if (r == 0)
		r = volume_record_lock(&record, err);
	if (r < 0)
		return r;
	/* What was mounted there, and how large it could be, nobody knows. */
	if (!has_files(record.fd) || fstatat(record.fd, VOLUME_IMAGE, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	record.volume->driver = (char *)"local";
	record.volume->created = moment(arena);
	r = tree_remove_at(record.fd, DOCUMENT); /* whatever it is */
	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot remove the damaged record of the volume '%s'", name);
	r = volume_record_save(&record, err);
	return r < 0 ? r : 1;
}

struct sweep {
	int fd;
	bool dry_run;
	void (*found)(void *context, const char *name);
	void *context;
};

static int sweep_one(void *context, const char *name)
{
	const struct sweep *sweep = context;
	_cleanup_close_ int fd = -EBADF;

	if (!str_starts_with(name, NEW_PREFIX) && !str_starts_with(name, GONE_PREFIX))
		return 0;
	if (lock_abandoned(sweep->fd, name, &fd) < 0)
		return 0;
	if (sweep->found)
		sweep->found(sweep->context, name);
	return sweep->dry_run ? 0 : finish(sweep->fd, name, fd);
}

int volume_record_sweep(const struct directories *directories, bool dry_run, void (*found)(void *context, const char *name), void *context)
{
	struct sweep sweep = { .fd = -EBADF, .dry_run = dry_run, .found = found, .context = context };
	_cleanup_close_ int fd = -EBADF;
	int r = open_volumes(directories, &fd);

	sweep.fd = fd;
	return r < 0 ? (r == -ENOENT ? 0 : r) : file_each_name(fd, sweep_one, &sweep);
}
