/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/options.h"
#include "engine/container_names.h"
#include "spec/supervision.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define STATE_LIMIT (1u << 20) /* bytes of state.json */

/* What is told of one that ended without its supervisor seeing it. */
#define EXIT_LOST 255

/* ---- documents ---------------------------------------------------------------------- */

/* The file NAME, into OWN or the scratch buffer, which has it until the next is read: to map memory for each takes longer than to read. */
static int read_document(const struct container_record *record, int fd, const char *name, size_t limit, struct buf *own, const struct buf **ret)
{
	struct buf *text = record->scratch ? record->scratch : own;

	text->length = 0;
	*ret = text;
	return file_read_at(fd, name, limit, text);
}

static int read_container(struct container_record *record, struct error *err)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	const struct buf *text = NULL;
	int r = read_document(record, record->fd, "container.json", SPEC_CONTAINER_LIMIT, &own, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/container.json'", record->path);
	r = spec_container_decode(record->arena, text->data, text->length, &record->container, err);
	if (r < 0)
		return error_wrap(err, "cannot read '%s/container.json'", record->path);
	if (!record->container->id || !record->container->name || !str_equal(record->container->id, strrchr(record->path, '/') + 1))
		return error_set(err, ERROR_INVALID, 0, "'%s/container.json' is another container's", record->path);
	return 0;
}

/* The state in the directory FD; *RET is NULL if there is none. */
static int read_state(const struct container_record *record, int fd, const char *path, struct spec_container_state **ret, struct error *err)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	const struct buf *text = NULL;
	int r = read_document(record, fd, SPEC_SUPERVISION_STATE, STATE_LIMIT, &own, &text);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/" SPEC_SUPERVISION_STATE "'", path);
	r = spec_container_state_decode(record->arena, text->data, text->length, ret, err);
	return r < 0 ? error_wrap(err, "cannot read '%s'", path) : 0;
}

/* Whether somebody holds the supervisor's lock. We hold it, shared, for an instant: supervisors wait for it. */
static bool is_locked(int run_fd)
{
	_cleanup_close_ int fd = openat(run_fd, SPEC_SUPERVISION_LOCK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* When the state in the directory FD was written. */
static char *time_of_state(struct arena *arena, int fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat status;

	if (fstatat(fd, SPEC_SUPERVISION_STATE, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	moment_add(&status.st_mtim, &text);
	return arena_strdup(arena, text.data);
}

static bool has_ended(const struct spec_container_state *state)
{
	return state->status == SPEC_CONTAINER_EXITED || state->status == SPEC_CONTAINER_CREATED || state->status == SPEC_CONTAINER_REMOVING;
}

/* STATE, from the directory FD, was true until its supervisor was killed, or the host stopped. */
static struct spec_container_state *end_lost(struct container_record *record, struct spec_container_state *state, int fd)
{
	if (has_ended(state))
		return state;
	state->status = state->started ? SPEC_CONTAINER_EXITED : SPEC_CONTAINER_CREATED;
	state->pid = state->supervisor_pid = 0;
	state->finished = state->started ? time_of_state(record->arena, fd) : NULL;
	state->exit_code = state->started ? EXIT_LOST : 0;
	state->health.status = SPEC_HEALTH_STATUS_NONE;
	state->error = arena_strdup(record->arena, "it was lost together with its supervisor");
	return state;
}

/*
 * Without a supervisor the lasting state counts, if it is of the last start:
 * the volatile one is newer when a supervisor could not write its last.
 */
static int read_unsupervised(struct container_record *record, int run_fd, struct error *err)
{
	struct spec_container_state *last = NULL, *lost = NULL;
	int r = read_state(record, record->fd, record->path, &last, err);

	if (r == 0 && run_fd >= 0)
		r = read_state(record, run_fd, record->run_path, &lost, err);
	if (r < 0)
		return r;
	if (lost && lost->started && (!last || !last->started || strcmp(lost->started, last->started) > 0))
		record->state = end_lost(record, lost, run_fd);
	else if (last)
		record->state = end_lost(record, last, record->fd);
	else
		record->state = arena_alloc(record->arena, 1, sizeof *record->state);
	return 0;
}

int container_record_refresh(struct container_record *record, struct error *err)
{
	_cleanup_close_ int run_fd = openat(AT_FDCWD, record->run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0;

	if (run_fd < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot open '%s'", record->run_path);
	record->is_supervised = run_fd >= 0 && is_locked(run_fd);
	if (!record->is_supervised)
		return read_unsupervised(record, run_fd, err);
	r = read_state(record, run_fd, record->run_path, &record->state, err);
	if (r == 0 && !record->state) { /* just born */
		record->state = arena_alloc(record->arena, 1, sizeof *record->state);
		record->state->status = SPEC_CONTAINER_STARTING;
	}
	return r;
}

int container_record_wait_gone(const struct container_record *record, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_SUPERVISION_LOCK, record->run_path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	while (fd >= 0 && flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for the supervisor of the container '%s'", record->container->name);
	return 0;
}

/* ---- opening --------------------------------------------------------------------------- */

/* The record ID, which need not be complete. */
static int open_directory(struct arena *arena, const struct directories *directories, const char *id, struct container_record *ret)
{
	*ret = (struct container_record){
		.arena = arena,
		.directories = directories,
		.path = arena_printf(arena, "%s/containers/%s", directories->root, id),
		.run_path = arena_printf(arena, "%s/containers/%s", directories->run_root, id),
	};
	ret->fd = openat(AT_FDCWD, ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return ret->fd < 0 ? -errno : 0;
}

/* ERROR_NOT_FOUND, filled without words of its own, if there is none. */
static int open_id(struct arena *arena, const struct directories *directories, const char *id, struct buf *scratch, struct container_record *ret,
	struct error *err)
{
	struct container_record record;
	int r = open_directory(arena, directories, id, &record);

	if (r < 0)
		return error_errno(err, -r, "cannot open the container '%s'", id);
	record.scratch = scratch;
	r = read_container(&record, err);
	if (r == 0)
		r = container_record_refresh(&record, err);
	if (r < 0) {
		container_record_close(&record);
		return r;
	}
	*ret = record;
	return 0;
}

void container_record_close(struct container_record *record)
{
	close_and_forget(&record->fd);
}

/* ---- finding --------------------------------------------------------------------------- */

struct search {
	struct arena *arena;
	const char *prefix;
	const char *found;
	bool ambiguous;
};

static int match_prefix(void *context, const char *name)
{
	struct search *search = context;

	if (!container_id_is_valid(name) || !str_starts_with(name, search->prefix))
		return 0;
	search->ambiguous = search->found != NULL;
	search->found = arena_strdup(search->arena, name);
	return search->ambiguous;
}

/* The id that begins with PREFIX; *RET is NULL if none does. */
static int find_prefix(struct arena *arena, const struct directories *directories, const char *prefix, const char **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct search search = { .arena = arena, .prefix = prefix };
	int r = fd < 0 ? -errno : file_each_name(fd, match_prefix, &search);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	if (search.ambiguous)
		return error_set(err, ERROR_CONFLICT, 0, "'%.100s' is the beginning of several containers' ids", prefix);
	*ret = search.found;
	return 0;
}

static int refuse(struct arena *arena, const struct directories *directories, const char *text, struct error *err)
{
	const char **names = container_names_list(arena, directories);
	const char *nearest;
	size_t count = 0;

	while (names[count])
		count++;
	nearest = options_nearest(text, names, count);
	error_set(err, ERROR_NOT_FOUND, 0, "no such container '%.280s'", text);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -ENOENT;
}

/* By name, if the record says that it is its name. */
static int open_name(struct arena *arena, const struct directories *directories, const char *name, struct container_record *ret, struct error *err)
{
	const char *id = container_name_is_valid(name) ? container_name_owner(arena, directories, name) : NULL;
	int r = id ? open_id(arena, directories, id, NULL, ret, err) : -ENOENT;

	if (r < 0)
		return r;
	if (str_equal(ret->container->name, name))
		return 0;
	container_record_close(ret);
	return -ENOENT;
}

int container_record_open(struct arena *arena, const struct directories *directories, const char *text, struct container_record *ret,
	struct error *err)
{
	const char *name = text[0] == '/' ? text + 1 : text; /* as docker's API has it */
	size_t length = strlen(text);
	const char *id = NULL;
	int r = -ENOENT;

	if (container_id_is_valid(text))
		r = open_id(arena, directories, text, NULL, ret, err);
	if (r == -ENOENT)
		r = open_name(arena, directories, name, ret, err);
	if (r != -ENOENT)
		return r;
	if (length && length < CONTAINER_ID_LENGTH && strspn(text, "0123456789abcdef") == length) {
		r = find_prefix(arena, directories, text, &id, err);
		if (r < 0)
			return r;
	}
	r = id ? open_id(arena, directories, id, NULL, ret, err) : -ENOENT;
	return r == -ENOENT ? refuse(arena, directories, text, err) : r;
}

/* ---- locking and changing ---------------------------------------------------------------- */

/* Whether the record still has its name. */
static bool is_there(const struct container_record *record)
{
	struct stat by_name, by_fd;

	return lstat(record->path, &by_name) == 0 && fstat(record->fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
	       by_name.st_dev == by_fd.st_dev;
}

int container_record_lock(struct container_record *record, struct error *err)
{
	const char *name = record->container->name;
	int r;

	while (flock(record->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the container '%s'", name);
	r = is_there(record) ? read_container(record, err) : error_set(err, ERROR_NOT_FOUND, 0, "no such container '%s'", name);
	if (r == 0)
		r = container_record_refresh(record, err);
	if (r < 0)
		container_record_unlock(record);
	return r;
}

void container_record_unlock(struct container_record *record)
{
	ignore_result(flock(record->fd, LOCK_UN)); /* fails only for what is no descriptor */
}

static int save(const struct container_record *record, const char *name, const struct buf *text, struct error *err)
{
	int r = file_replace_at(record->fd, name, text->data, text->length, 0600);

	return r < 0 ? error_errno(err, -r, "cannot write '%s/%s'", record->path, name) : 0;
}

int container_record_save(const struct container_record *record, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_container_encode(record->container, &text);
	return save(record, "container.json", &text, err);
}

int container_record_save_state(const struct container_record *record, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_container_state_encode(record->state, &text);
	return save(record, SPEC_SUPERVISION_STATE, &text, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

struct visit {
	struct arena *arena;
	const struct directories *directories;
	container_record_each *each;
	void *context;
	struct buf *scratch;
	struct error *err;
};

static int visit_one(void *context, const char *name)
{
	const struct visit *visit = context;
	struct error damage = ERROR_INIT;
	struct container_record record;
	int r;

	if (!container_id_is_valid(name))
		return 0;
	r = open_id(visit->arena, visit->directories, name, visit->scratch, &record, &damage);
	if (r < 0) {
		if (r != -ENOENT)
			log_warning("%s, left out", damage.message);
		return 0;
	}
	r = visit->each(visit->context, &record, visit->err);
	container_record_close(&record);
	return r;
}

struct ids {
	struct arena *arena;
	const char **list;
	size_t count, capacity;
};

/* EACH may remove records, or make some: the names are gathered before. */
static int gather(void *context, const char *name)
{
	struct ids *ids = context;

	if (!container_id_is_valid(name))
		return 0;
	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity * 2 + 64;
		ids->list = memory_resize(ids->list, ids->capacity, sizeof *ids->list);
	}
	ids->list[ids->count++] = arena_strdup(ids->arena, name);
	return 0;
}

int container_record_visit(struct arena *arena, const struct directories *directories, container_record_each *each, void *context,
	struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buf_ struct buf scratch = BUF_INIT;
	struct visit visit = { arena, directories, each, context, &scratch, err };
	struct ids ids = { .arena = arena };
	int r = fd < 0 ? -errno : file_each_name(fd, gather, &ids);

	if (r < 0 && r != -ENOENT)
		error_errno(err, -r, "cannot read '%s'", path);
	else
		r = 0;
	for (size_t i = 0; r == 0 && i < ids.count; i++)
		r = visit_one(&visit, ids.list[i]);
	free(ids.list);
	return r;
}
