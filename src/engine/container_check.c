/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What killed commands and supervisors left: looked for, told of, and brought
 * to an end. Nothing is touched that somebody is at: makers, removers, whoever
 * changes or starts a container and supervisors all hold a lock.
 */
#include "base/file.h"
#include "engine/container_names.h"
#include "engine/container_network.h"
#include "engine/container_removal.h"
#include "engine/containers.h"
#include "engine/volume_record.h"
#include "engine/network_check.h"
#include "engine/seat_groups.h"
#include "runtime/verbs.h"
#include "store/tree.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>

struct check {
	struct arena *arena;
	const struct directories *directories;
	bool repair;
	void (*found)(void *context, const char *text);
	void *context;
	int fd; /* of the directory that is looked through */
	struct error *err;
};

static void tell(const struct check *check, const char *format, ...) _printf_(2, 3);

static void tell(const struct check *check, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (check->found)
		check->found(check->context, text);
}

static void tell_text(void *context, const char *text)
{
	tell(context, "%s", text);
}

/* Calls VISIT for the names in the directory BASE/NAME, if that is there. */
static int look_through(struct check *check, const char *base, const char *name, file_visit_name *visit)
{
	_cleanup_free_ char *path = str_printf("%s/%s", base, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error told = ERROR_INIT, *err = check->err;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot open '%s'", path);
	check->fd = fd;
	check->err = &told;
	r = file_each_name(fd, visit, check);
	check->err = err;
	check->fd = -EBADF;
	if (r < 0 && told.kind == ERROR_NONE)
		return error_errno(err, -r, "cannot read '%s'", path);
	if (r < 0 && err)
		*err = told;
	return r;
}

/* ---- records ---------------------------------------------------------------------------- */

static int check_entry(void *context, const char *name)
{
	struct check *check = context;
	struct stat before;
	int r;

	if (name[0] != '.' || fstatat(check->fd, name, &before, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = container_removal_finish(check->directories, check->fd, name, !check->repair, check->err);
	if (r > 0)
		tell(check, "half made or half removed: containers/%s", name);
	return r < 0 ? r : 0;
}

static int check_name(void *context, const char *name)
{
	struct check *check = context;
	const char *id = NULL;
	int r;

	if (str_equal(name, ".") || str_equal(name, ".."))
		return 0;
	r = container_name_owner(check->arena, check->directories, name, &id);
	if (r < 0)
		return r;
	if (id && !container_name_is_stale(check->directories, name, id))
		return 0;
	if (!id && faccessat(check->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it went meanwhile */
	tell(check, "a name without its container: names/%s", name);
	if (!check->repair)
		return 0;
	if (id)
		return container_name_release(check->directories, name, id, -EBADF);
	return unlinkat(check->fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- what is volatile -------------------------------------------------------------------- */

static bool has_runtime_record(const struct check *check, const char *id)
{
	_cleanup_free_ char *path = str_printf("%s/runtime/%s", check->directories->run_root, id);
	struct stat status;

	return lstat(path, &status) == 0;
}

/* What was written before its supervisor was killed says that it ran. */
static bool is_lost(const struct container_record *record)
{
	return record->state->status == SPEC_CONTAINER_EXITED && record->state->finished && record->state->error && record->state->exit_code == 255 &&
	       access(record->run_path, F_OK) == 0;
}

/* The record is locked. */
static int check_locked(struct check *check, struct container_record *record)
{
	bool left = has_runtime_record(check, record->container->id), lost = is_lost(record), unsaved = record->is_unsaved && !lost;
	int r = 0;

	if (record->is_supervised)
		return 0;
	if (left || lost)
		tell(check, "without its supervisor: the container '%s'", record->container->name);
	if (unsaved)
		tell(check, "not written to its record: how the container '%s' ended", record->container->name);
	if (!check->repair)
		return 0;
	/* What is volatile goes once what it says is safe. */
	if (lost || unsaved)
		r = container_record_save_state(record, check->err);
	if (r == 0 && (left || lost))
		r = container_removal_clear_run(record, check->err);
	return r;
}

/* It was to go at its end. */
static int check_auto_removal(struct check *check, const struct container_record *record)
{
	if (!record->container->host.auto_remove || record->is_supervised || record->state->status != SPEC_CONTAINER_EXITED)
		return 0;
	tell(check, "not removed at its end: the container '%s'", record->container->name);
	if (!check->repair)
		return 0;
	return container_remove(check->directories, record->container->id, CONTAINER_REMOVE_AUTO | CONTAINER_REMOVE_VOLUMES, check->err);
}

static int check_record(void *context, struct container_record *record, struct error *err)
{
	struct check *check = context;
	struct error *before = check->err;
	int r;

	/* Somebody is at it. */
	if (flock(record->fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	check->err = err;
	r = container_record_lock(record, NULL) < 0 ? 0 : check_locked(check, record);
	container_record_unlock(record);
	if (r == 0)
		r = check_auto_removal(check, record);
	check->err = before;
	return r;
}

/* Of a container that has no record any more, and none in the making. */
static bool is_orphan(const struct check *check, const char *id)
{
	_cleanup_free_ char *path = str_printf("%s/containers/%s", check->directories->root, id), *lock_path = NULL;
	_cleanup_close_ int lock = -EBADF;
	struct stat status;

	if (lstat(path, &status) == 0)
		return false;
	lock_path = str_printf("%s/containers/%s/lock", check->directories->run_root, id);
	lock = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return lock < 0 || flock(lock, LOCK_SH | LOCK_NB) == 0;
}

static int check_runtime(void *context, const char *name)
{
	struct check *check = context;
	_cleanup_free_ char *root = str_printf("%s/runtime", check->directories->run_root);
	const struct runtime runtime = { .root = root };

	if (!container_id_is_valid(name) || !is_orphan(check, name))
		return 0;
	tell(check, "without its record: what runs of the container '%.12s'", name);
	return check->repair ? runtime_delete(&runtime, name, DELETE_FORCE, check->err) : 0;
}

/* Nothing to tell of: who removes a record has no lock on what he removes. */
static void sweep_runtime(const struct directories *directories)
{
	_cleanup_free_ char *root = str_printf("%s/runtime", directories->run_root);

	runtime_sweep(&(struct runtime){ .root = root });
}

static int check_run(void *context, const char *name)
{
	struct check *check = context;
	int r;

	if (!container_id_is_valid(name) || !is_orphan(check, name))
		return 0;
	tell(check, "without its record: the volatile directory of the container '%.12s'", name);
	r = check->repair ? container_network_release_orphan(check->directories, name, check->err) : 0;
	if (r < 0)
		return r;
	r = check->repair ? tree_remove_at(check->fd, name) : 0;
	return r < 0 ? error_errno(check->err, -r, "cannot remove '%s/containers/%s'", check->directories->run_root, name) : 0;
}

static int check_groups(void *context, const char *name)
{
	struct check *check = context;
	int r = seat_groups_finish(check->directories, name, !check->repair, check->err);

	if (r > 0)
		tell(check, "prepared, and never used: control groups of the container '%.12s'", name);
	return r < 0 ? r : 0;
}

static void tell_volume(void *context, const char *name)
{
	tell(context, "half made or half removed: volumes/%s", name);
}

static int check_volumes(struct check *check)
{
	int r = volume_record_sweep(check->directories, !check->repair, tell_volume, check);

	return r < 0 ? error_errno(check->err, -r, "cannot look through '%s/volumes'", check->directories->root) : 0;
}

/* The order is that of what depends on what: processes first, then records, then names. */
int container_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct check check = { .arena = arena, .directories = directories, .repair = repair, .found = found, .context = context, .fd = -EBADF, .err = err };
	int r = look_through(&check, directories->run_root, "runtime", check_runtime);

	if (r == 0 && repair)
		sweep_runtime(directories);
	if (r == 0)
		r = look_through(&check, directories->run_root, "containers", check_run);
	if (r == 0)
		r = container_record_visit(arena, directories, check_record, &check, err);
	if (r == 0)
		r = look_through(&check, directories->root, "containers", check_entry);
	if (r == 0)
		r = look_through(&check, directories->run_root, "groups", check_groups);
	if (r == 0)
		r = look_through(&check, directories->root, "names", check_name);
	if (r == 0)
		r = check_volumes(&check);
	return r < 0 ? r : network_check(directories, repair, tell_text, &check, err);
}
