/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container.h"
#include "engine/container_cache.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/options.h"
#include "engine/container_names.h"
#include "spec/supervision.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define STATE_LIMIT (1u << 20) /* bytes of state.json */

/* What is told of one that ended without its supervisor seeing it. */
#define EXIT_LOST 255

/* ---- documents ---------------------------------------------------------------------- */

/* A directory of a container's: FD itself, or beneath it with PREFIX, "ID/". */
struct place {
	int fd;
	const char *prefix;
};

/* What those records share that are read for a survey: directories of them all, and what documents are read into. */
struct survey {
	struct container_cache *cache; /* or NULL */
	int fd, run_fd; /* ROOT/containers, RUN_ROOT/containers; that one may be missing */
	struct buf text;
};

/* Long enough for any document in a place. */
struct place_path {
	char text[CONTAINER_ID_LENGTH + 32];
};

static const char *in_place(const struct place *place, const char *name, struct place_path *path)
{
	if (!*place->prefix)
		return name;
	strcpy(stpcpy(path->text, place->prefix), name);
	return path->text;
}

/* The file NAME, into OWN or the survey's buffer, which has it until the next is read. */
static int read_document(const struct container_record *record, const struct place *place, const char *name, size_t limit, struct buf *own,
	const struct buf **ret)
{
	struct buf *text = record->survey ? &record->survey->text : own;
	struct place_path path;

	text->length = 0;
	*ret = text;
	return file_read_whole_at(place->fd, in_place(place, name, &path), limit, text);
}

static int read_container(struct container_record *record, const struct place *place, struct error *err)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	const struct buf *text = NULL;
	int r = read_document(record, place, "container.json", SPEC_CONTAINER_LIMIT, &own, &text);
	struct stat status;

	/* Who removes a record takes its name first. */
	if (r == -ENOENT && lstat(record->path, &status) == 0)
		return error_set(err, ERROR_INVALID, 0, "the container '%.12s' has no container.json", strrchr(record->path, '/') + 1), -EBADMSG;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/container.json'", record->path);
	r = spec_container_decode(record->arena, text->data, text->length, &record->container, err);
	if (r < 0)
		return error_wrap(err, "cannot read '%s/container.json'", record->path);
	if (!record->container->id || !record->container->name || !str_equal(record->container->id, strrchr(record->path, '/') + 1))
		return error_set(err, ERROR_INVALID, 0, "'%s/container.json' is another container's", record->path);
	return 0;
}

/* The state that is there; *RET is NULL if there is none. */
static int read_state(const struct container_record *record, const struct place *place, const char *path, struct spec_container_state **ret,
	struct error *err)
{
	_cleanup_buf_ struct buf own = BUF_INIT;
	const struct buf *text = NULL;
	int r = place->fd < 0 ? -ENOENT : read_document(record, place, SPEC_SUPERVISION_STATE, STATE_LIMIT, &own, &text);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/" SPEC_SUPERVISION_STATE "'", path);
	r = spec_container_state_decode(record->arena, text->data, text->length, ret, err);
	return r < 0 ? error_wrap(err, "cannot read '%s/" SPEC_SUPERVISION_STATE "'", path) : 0;
}

/*
 * Whether somebody holds the supervisor's lock, or -errno: who cannot tell must not take it for lost. We hold it, shared, for an
 * instant: supervisors wait for it.
 */
static int is_locked(const struct place *run)
{
	struct place_path path;
	_cleanup_close_ int fd = openat(run->fd, in_place(run, SPEC_SUPERVISION_LOCK, &path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : -errno;
}

/* When the state there was written. */
static char *time_of_state(struct arena *arena, const struct place *place)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct place_path path;
	struct stat status;

	if (fstatat(place->fd, in_place(place, SPEC_SUPERVISION_STATE, &path), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	moment_add(&status.st_mtim, &text);
	return arena_strdup(arena, text.data);
}

static bool has_ended(const struct spec_container_state *state)
{
	return state->status == SPEC_CONTAINER_EXITED || state->status == SPEC_CONTAINER_CREATED || state->status == SPEC_CONTAINER_REMOVING;
}

/* STATE, from PLACE, was true until its supervisor was killed, or the host stopped. */
static struct spec_container_state *end_lost(const struct container_record *record, struct spec_container_state *state, const struct place *place)
{
	if (has_ended(state))
		return state;
	state->status = state->started ? SPEC_CONTAINER_EXITED : SPEC_CONTAINER_CREATED;
	state->pid = state->supervisor_pid = 0;
	state->finished = state->started ? time_of_state(record->arena, place) : NULL;
	state->exit_code = state->started ? EXIT_LOST : 0;
	state->health.status = SPEC_HEALTH_STATUS_NONE;
	state->error = arena_strdup(record->arena, "it was lost together with its supervisor");
	return state;
}

/*
 * Whether LOST, the volatile state, says more than LAST, the lasting one: it is
 * of a later start, or of an end that could not be written there. The time of a
 * start is its name; which of two is later it tells only where nothing else
 * does, as clocks are set back.
 */
static bool says_more(const struct spec_container_state *lost, const struct spec_container_state *last)
{
	if (!lost || !lost->started)
		return false;
	if (!last || !last->started)
		return true;
	if (str_equal(lost->started, last->started))
		return has_ended(lost) && !has_ended(last);
	if (has_ended(last) && !has_ended(lost))
		return true;
	return strcmp(lost->started, last->started) > 0;
}

/* Without a supervisor the lasting state counts, unless the volatile one says more. */
static int read_unsupervised(struct container_record *record, const struct place *place, const struct place *run, struct error *err)
{
	struct spec_container_state *last = NULL, *lost = NULL;
	int r = read_state(record, place, record->path, &last, err);

	if (r == 0)
		r = read_state(record, run, record->run_path, &lost, err);
	if (r < 0)
		return r;
	record->is_unsaved = says_more(lost, last);
	if (record->is_unsaved)
		record->state = end_lost(record, lost, run);
	else if (last)
		record->state = end_lost(record, last, place);
	else
		record->state = arena_alloc(record->arena, 1, sizeof *record->state);
	return 0;
}

/* Which state counts (invariant 3). */
static int read_states(struct container_record *record, const struct place *place, const struct place *run, struct error *err)
{
	int r;

	r = run->fd >= 0 ? is_locked(run) : 0;
	if (r < 0)
		return error_errno(err, -r, "cannot tell whether the container '%s' has a supervisor", record->container->name);
	record->is_supervised = r;
	if (!record->is_supervised)
		return read_unsupervised(record, place, run, err);
	r = read_state(record, run, record->run_path, &record->state, err);
	if (r == 0 && !record->state) { /* just born */
		record->state = arena_alloc(record->arena, 1, sizeof *record->state);
		record->state->status = SPEC_CONTAINER_STARTING;
	}
	return r;
}

int container_record_refresh(struct container_record *record, struct error *err)
{
	_cleanup_close_ int run_fd = openat(AT_FDCWD, record->run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (run_fd < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot open '%s'", record->run_path);
	return read_states(record, &(struct place){ record->fd, "" }, &(struct place){ run_fd, "" }, err);
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

/* ---- both ------------------------------------------------------------------------------ */

/* What is said of one by nothing but its directory. */
static void stand_in(struct container_record *record)
{
	const char *id = strrchr(record->path, '/') + 1, *name = container_name_of(record->arena, record->directories, id);

	record->container = arena_alloc(record->arena, 1, sizeof *record->container);
	record->container->id = arena_strdup(record->arena, id);
	record->container->name = name ? (char *)name : record->container->id;
}

/* The documents anew; of a record that is to be removed what can be read of them. */
static int read_record(struct container_record *record, struct error *err)
{
	struct error told = ERROR_INIT;
	int r = read_container(record, &(struct place){ record->fd, "" }, &told);

	if (r < 0 && r != -ENOENT && record->is_for_removal) {
		stand_in(record);
		r = 0;
	}
	if (r == 0)
		r = container_record_refresh(record, &told);
	if (r < 0 && r != -ENOENT && record->is_for_removal) {
		record->state = arena_alloc(record->arena, 1, sizeof *record->state);
		return 0;
	}
	if (r < 0 && err)
		*err = told;
	return r;
}

/* ---- opening --------------------------------------------------------------------------- */

static char *join(struct arena *arena, const char *directory, const char *id)
{
	static const char middle[] = "/containers/";
	size_t length = strlen(directory);
	char *path = arena_alloc(arena, length + sizeof middle + CONTAINER_ID_LENGTH, 1);

	memcpy(path, directory, length);
	memcpy(path + length, middle, sizeof middle - 1);
	memcpy(path + length + sizeof middle - 1, id, CONTAINER_ID_LENGTH);
	return path;
}

/* The record ID before any of it is read. */
static struct container_record begin(struct arena *arena, const struct directories *directories, const char *id)
{
	return (struct container_record){
		.arena = arena,
		.directories = directories,
		.path = join(arena, directories->root, id),
		.run_path = join(arena, directories->run_root, id),
		.fd = -EBADF,
	};
}

/* ERROR_NOT_FOUND, filled without words of its own, if there is none. */
static int open_id(struct arena *arena, const struct directories *directories, const char *id, bool is_for_removal, struct container_record *ret,
	struct error *err)
{
	struct container_record record = begin(arena, directories, id);
	int r;

	record.fd = openat(AT_FDCWD, record.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (record.fd < 0)
		return error_errno(err, errno, "cannot open the container '%s'", id);
	record.is_for_removal = is_for_removal;
	r = read_record(&record, err);
	if (r < 0) {
		if (r != -ENOENT)
			error_hint(err, "'bivy rm --force' removes it, with all that it has");
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
static int open_name(struct arena *arena, const struct directories *directories, const char *name, bool is_for_removal, struct container_record *ret,
	struct error *err)
{
	const char *id = NULL;
	int r = container_name_is_valid(name) ? container_name_owner(arena, directories, name, &id) : 0;

	if (r < 0)
		return error_errno(err, -r, "cannot read the name '%s' in '%s/names'", name, directories->root);
	r = id ? open_id(arena, directories, id, is_for_removal, ret, err) : -ENOENT;
	if (r < 0)
		return r;
	if (str_equal(ret->container->name, name))
		return 0;
	container_record_close(ret);
	return -ENOENT;
}

static int open_text(struct arena *arena, const struct directories *directories, const char *text, bool is_for_removal, struct container_record *ret,
	struct error *err)
{
	const char *name = text[0] == '/' ? text + 1 : text; /* as docker's API has it */
	size_t length = strlen(text);
	const char *id = NULL;
	int r = -ENOENT;

	if (container_id_is_valid(text))
		r = open_id(arena, directories, text, is_for_removal, ret, err);
	if (r == -ENOENT)
		r = open_name(arena, directories, name, is_for_removal, ret, err);
	if (r != -ENOENT)
		return r;
	if (length && length < CONTAINER_ID_LENGTH && strspn(text, "0123456789abcdef") == length) {
		r = find_prefix(arena, directories, text, &id, err);
		if (r < 0)
			return r;
	}
	r = id ? open_id(arena, directories, id, is_for_removal, ret, err) : -ENOENT;
	return r == -ENOENT ? refuse(arena, directories, text, err) : r;
}

int container_record_open(struct arena *arena, const struct directories *directories, const char *text, struct container_record *ret,
	struct error *err)
{
	return open_text(arena, directories, text, false, ret, err);
}

int container_record_open_for_removal(struct arena *arena, const struct directories *directories, const char *text, struct container_record *ret,
	struct error *err)
{
	return open_text(arena, directories, text, true, ret, err);
}

/* ---- locking and changing ---------------------------------------------------------------- */

/* That the record still has its name. */
static int check_name(const struct container_record *record, struct error *err)
{
	const char *name = record->container->name;
	struct stat by_name = { 0 }, by_fd;

	if (fstat(record->fd, &by_fd) < 0 || (lstat(record->path, &by_name) < 0 && errno != ENOENT))
		return error_errno(err, errno, "cannot read '%s'", record->path);
	if (by_fd.st_nlink == 0 || by_name.st_ino != by_fd.st_ino || by_name.st_dev != by_fd.st_dev)
		return error_set(err, ERROR_NOT_FOUND, 0, "no such container '%s'", name);
	return 0;
}

int container_record_lock(struct container_record *record, struct error *err)
{
	const char *name = record->container->name;
	int r;

	while (flock(record->fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the container '%s'", name);
	r = check_name(record, err);
	if (r == 0)
		r = read_record(record, err);
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

/* That something was not to be had says nothing of the record. */
static bool is_want(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* The state in PLACE goes if it cannot be read. */
static int drop_damaged(const struct container_record *record, const struct place *place, const char *path, struct error *err)
{
	struct spec_container_state *state = NULL;
	int r = read_state(record, place, path, &state, NULL);

	if (r < 0 && !is_want(r))
		r = tree_remove_at(place->fd, SPEC_SUPERVISION_STATE); /* whatever it is */
	return r < 0 ? error_errno(err, -r, "cannot remove '%s/" SPEC_SUPERVISION_STATE "'", path) : 0;
}

int container_record_mend_state(struct container_record *record, struct error *err)
{
	_cleanup_close_ int run_fd = openat(AT_FDCWD, record->run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct place place = { record->fd, "" }, run = { run_fd, "" };
	int r;

	if (read_container(record, &place, NULL) < 0 || (run_fd >= 0 && is_locked(&run)))
		return 0;
	r = drop_damaged(record, &place, record->path, err);
	if (r == 0 && run_fd >= 0)
		r = drop_damaged(record, &run, record->run_path, err);
	if (r == 0)
		r = container_record_refresh(record, err);
	if (r < 0)
		return r;
	/* Nothing is left that tells more. */
	if (record->state->status == SPEC_CONTAINER_CREATED) {
		record->state->status = SPEC_CONTAINER_EXITED;
		record->state->exit_code = EXIT_LOST;
		record->state->error = arena_strdup(record->arena, "how it was left was damaged");
	}
	r = container_record_save_state(record, err);
	return r < 0 ? r : 1;
}

/* ---- all of them ---------------------------------------------------------------------------- */

struct ids {
	struct arena *arena;
	const char **list;
	size_t count, capacity;
};

static int gather(void *context, const char *name)
{
	struct ids *ids = context;

	if (!container_id_is_valid(name))
		return 0;
	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity * 2 + 64;
		ids->list = memory_resize(ids->list, ids->capacity, sizeof *ids->list);
	}
	ids->list[ids->count++] = arena_strndup(ids->arena, name, CONTAINER_ID_LENGTH);
	return 0;
}

/* Opens ROOT/containers, for as long as all are visited, and gathers their ids: EACH may remove records, or make some. */
static int begin_all(const struct directories *directories, struct ids *ids, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = fd < 0 ? -errno : file_each_name(fd, gather, ids);

	*ret_fd = fd;
	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot read '%s'", path) : 0;
}

/* One that is damaged is not to be in the way of all others; one that could not be read for want of something is there. */
static int check_damage(int r, const struct error *damage, struct error *err)
{
	if (!is_want(r))
		return 0;
	if (err)
		*err = *damage;
	return r;
}

/* MEET a damaged record: 0 to go on. */
static int visit_ids(struct arena *arena, const struct directories *directories, container_record_each *each, container_record_damaged *meet, void *context,
	struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct ids ids = { .arena = arena };
	int r = begin_all(directories, &ids, &fd, err);

	for (size_t i = 0; r == 0 && i < ids.count; i++) {
		struct error damage = ERROR_INIT;
		struct container_record record;
		int opened = open_id(arena, directories, ids.list[i], false, &record, &damage);

		if (opened < 0) {
			r = opened == -ENOENT ? 0 : check_damage(opened, &damage, err);
			if (r == 0 && opened != -ENOENT)
				r = meet(context, ids.list[i], &damage, err);
			continue;
		}
		r = each ? each(context, &record, err) : 0;
		container_record_close(&record);
	}
	free(ids.list);
	return r;
}

static int log_damage(void *context _unused_, const char *id _unused_, const struct error *damage, struct error *err _unused_)
{
	log_warning("%s, left out", damage->message);
	return 0;
}

int container_record_visit(struct arena *arena, const struct directories *directories, container_record_each *each, void *context,
	struct error *err)
{
	return visit_ids(arena, directories, each, log_damage, context, err);
}

static int refuse_damage(void *context _unused_, const char *id, const struct error *damage, struct error *err)
{
	error_set(err, ERROR_CONFLICT, 0, "cannot tell what the container '%.12s' needs: %s", id, damage->message);
	error_hint(err, "%s", damage->hint);
	return -EBADMSG;
}

int container_record_visit_whole(struct arena *arena, const struct directories *directories, container_record_each *each, void *context,
	struct error *err)
{
	return visit_ids(arena, directories, each, refuse_damage, context, err);
}

/* What is wrong in a record says so each time; what cannot be read may be right. */
static int refuse_unread(void *context, const char *id, const struct error *damage, struct error *err)
{
	if (damage->code == 0)
		return log_damage(context, id, damage, err);
	if (err)
		*err = *damage;
	return -damage->code;
}

int container_record_visit_read(struct arena *arena, const struct directories *directories, container_record_each *each, void *context,
	struct error *err)
{
	return visit_ids(arena, directories, each, refuse_unread, context, err);
}

int container_record_find_damaged(const struct directories *directories, container_record_damaged *found, void *context, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return visit_ids(arena, directories, NULL, found, context, err);
}

static int survey_one(struct container_record *record, const char *id, struct error *err)
{
	char prefix[CONTAINER_ID_LENGTH + 2];
	const struct place place = { record->survey->fd, prefix }, run = { record->survey->run_fd, prefix };
	int r;

	strcpy(stpcpy(prefix, id), "/");
	r = read_container(record, &place, err);
	return r < 0 ? r : read_states(record, &place, &run, err);
}

/* From what was kept of it, if it is still so; what EACH makes beside it goes with ARENA. */
static bool recall(struct survey *survey, const char *id, const struct container_stamp *stamp, struct arena *arena, struct container_record *ret)
{
	const struct container_record *kept = survey->cache ? container_cache_find(survey->cache, id, stamp) : NULL;
	char prefix[CONTAINER_ID_LENGTH + 2];

	if (!kept)
		return false;
	strcpy(stpcpy(prefix, id), "/");
	/* A supervisor that was killed changed nothing. */
	if (stamp->run_inode && is_locked(&(struct place){ survey->run_fd, prefix }) != kept->is_supervised)
		return false;
	*ret = *kept;
	ret->arena = arena;
	ret->survey = survey;
	return true;
}

static int survey_next(struct survey *survey, const struct directories *directories, const char *id, container_record_each *each, void *context,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new(); /* the memory of one serves all: to touch new pages takes longer than to read */
	_cleanup_arena_ struct arena *beside = NULL;
	struct container_record record;
	struct container_stamp stamp = { .inode = 0 };
	struct error damage = ERROR_INIT;
	bool is_there = !survey->cache || container_stamp_take(survey->fd, survey->run_fd, id, &stamp);
	int r;

	if (is_there && recall(survey, id, &stamp, arena, &record))
		return each(context, &record, err);
	record = begin(arena, directories, id);
	record.survey = survey;
	r = survey_one(&record, id, &damage);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		r = check_damage(r, &damage, err);
		return r < 0 ? r : log_damage(NULL, id, &damage, err);
	}
	if (survey->cache && is_there) {
		record.note = arena_alloc(arena, 1, sizeof *record.note);
		record.note->arena = arena;
		if (container_cache_keep(survey->cache, &stamp, arena, &record)) {
			TAKE_PTR(arena);
			record.arena = beside = arena_new();
		}
	}
	return each(context, &record, err);
}

int container_record_survey(const struct directories *directories, struct container_cache *cache, container_record_each *each, void *context,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *run_path = str_printf("%s/containers", directories->run_root);
	struct survey survey = { .cache = cache, .fd = -EBADF, .run_fd = open(run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct ids ids = { .arena = arena };
	int r = begin_all(directories, &ids, &survey.fd, err);

	for (size_t i = 0; r == 0 && i < ids.count; i++)
		r = survey_next(&survey, directories, ids.list[i], each, context, err);
	if (cache)
		container_cache_sweep(cache);
	free(ids.list);
	buf_done(&survey.text);
	close_and_forget(&survey.fd);
	close_and_forget(&survey.run_fd);
	return r;
}
