/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_take.h"

#include "base/options.h"
#include "build/ignore.h"
#include "build/path_pattern.h"
#include "host/beneath.h"
#include "transfer/build_path.h"

#include <fcntl.h>
#include <limits.h>

#define DEPTH_LIMIT (PATH_MAX / 2)
#define NAME_LIMIT 10000 /* that are looked at for the nearest one */

struct taker {
	const struct spec_build_take *take;
	struct arena *arena;
	struct ignore *ignore, *excludes; /* or NULL: empty */
	struct build_taken taken;
	size_t room, source_room, unmatched_count;
	/* of the source that is being walked */
	struct path_pattern *only; /* parents: what fits, with its directories; or NULL */
	size_t prefix;             /* length of the part of paths that is not part of names */
	struct buf path;
};

/* ---- the list ------------------------------------------------------------------------ */

static struct build_source *add_source(struct taker *t, const char *written)
{
	struct build_source *source;

	if (t->taken.source_count == t->source_room) {
		t->source_room = 2 * t->source_room + 4;
		t->taken.sources = memory_resize(t->taken.sources, t->source_room, sizeof *t->taken.sources);
	}
	source = &t->taken.sources[t->taken.source_count++];
	*source = (struct build_source){ .written = written, .start = t->taken.count };
	return source;
}

static int add_found(struct taker *t, size_t parent, const struct stat *st, struct error *err)
{
	struct build_found *found;

	if (t->taken.count == BUILD_TAKE_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "more than %d files", BUILD_TAKE_LIMIT);
	if (t->taken.count == t->room) {
		t->room = 2 * t->room + 64;
		t->taken.list = memory_resize(t->taken.list, t->room, sizeof *t->taken.list);
	}
	found = &t->taken.list[t->taken.count];
	*found = (struct build_found){ .path = arena_strndup(t->arena, t->path.data, t->path.length), .parent = parent == SIZE_MAX ? t->taken.count : parent,
		.first = t->taken.count, .st = *st };
	found->name = found->path + t->prefix;
	if (t->take->is_context)
		found->st.st_uid = found->st.st_gid = 0;
	t->taken.count++;
	return 0;
}

static void set_path(struct taker *t, const char *path)
{
	t->path.length = 0;
	buf_add_text(&t->path, path);
}

/* ---- names of a directory -------------------------------------------------------------- */

struct name {
	const char *text;
	unsigned char type; /* of readdir(3) */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int list_names(struct arena *arena, int fd, struct name **ret, size_t *ret_count, struct error *err)
{
	_cleanup_closedir_ DIR *directory = NULL;
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0, room = 0;
	struct name *names = NULL;
	struct dirent *entry;

	directory = own_fd < 0 ? NULL : fdopendir(own_fd);
	if (!directory)
		return error_errno(err, errno, "cannot read the directory");
	while (errno = 0, (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (count == room) {
			room = 2 * room + 16;
			names = memory_resize(names, room, sizeof *names);
		}
		names[count++] = (struct name){ arena_strdup(arena, entry->d_name), entry->d_type };
	}
	if (errno) {
		free(names);
		return error_errno(err, errno, "cannot read the directory");
	}
	if (count)
		qsort(names, count, sizeof *names, compare_names);
	*ret = names;
	*ret_count = count;
	return 0;
}

/* ---- walking ------------------------------------------------------------------------------ */

enum verdict {
	VERDICT_SKIP,
	VERDICT_ENTER, /* only as the directory of what is in it */
	VERDICT_TAKE,
};

/* Of t->path. */
static enum verdict judge(const struct taker *t, bool is_directory)
{
	const char *path = t->path.data, *name = path + t->prefix;
	enum verdict verdict = VERDICT_TAKE;

	if (t->only && !path_pattern_covers(t->only, name)) {
		if (!is_directory || !path_pattern_may_fit_below(t->only, name))
			return VERDICT_SKIP;
		verdict = VERDICT_ENTER;
	}
	if (t->ignore && ignore_matches(t->ignore, path)) {
		if (!is_directory || ignore_is_final(t->ignore, path))
			return VERDICT_SKIP;
		verdict = VERDICT_ENTER;
	}
	if (t->excludes && ignore_matches(t->excludes, name)) {
		if (!is_directory || ignore_is_final(t->excludes, name))
			return VERDICT_SKIP;
		verdict = VERDICT_ENTER;
	}
	return verdict;
}

static int walk(struct taker *t, int fd, size_t parent, unsigned depth, struct error *err);

static int walk_directory(struct taker *t, int fd, const char *name, size_t number, bool is_taken, unsigned depth, struct error *err)
{
	_cleanup_close_ int inner_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (inner_fd < 0)
		return error_errno(err, errno, "cannot open '%.400s'", t->path.data);
	r = walk(t, inner_fd, number, depth + 1, err);
	/* Nothing in it: it does not come along either. */
	if (r == 0 && !is_taken && t->taken.count == number + 1)
		t->taken.count--;
	return r;
}

static int walk_entry(struct taker *t, int fd, size_t parent, const struct name *entry, unsigned depth, struct error *err)
{
	enum verdict verdict = VERDICT_TAKE;
	bool is_known = entry->type != DT_UNKNOWN;
	struct stat st;
	int r;

	if (is_known && entry->type != DT_DIR)
		verdict = judge(t, false);
	if (entry->type == DT_SOCK || verdict == VERDICT_SKIP)
		return 0;
	if (fstatat(fd, entry->text, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at '%.400s'", t->path.data);
	if (S_ISDIR(st.st_mode) || !is_known)
		verdict = judge(t, S_ISDIR(st.st_mode));
	if (S_ISSOCK(st.st_mode) || verdict == VERDICT_SKIP)
		return 0;
	r = add_found(t, parent, &st, err);
	return r == 0 && S_ISDIR(st.st_mode) ? walk_directory(t, fd, entry->text, t->taken.count - 1, verdict == VERDICT_TAKE, depth, err) : r;
}

static int walk(struct taker *t, int fd, size_t parent, unsigned depth, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ struct name *names = NULL;
	size_t count = 0, length = t->path.length;
	int r;

	if (depth > DEPTH_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "too many levels of directories in '%.400s'", t->path.data);
	r = list_names(arena, fd, &names, &count, err);
	if (r < 0)
		return error_wrap(err, "'%.400s'", t->path.data);
	for (size_t i = 0; r == 0 && i < count; i++) {
		t->path.length = length;
		if (length)
			buf_add_char(&t->path, '/');
		buf_add_text(&t->path, names[i].text);
		r = walk_entry(t, fd, parent, &names[i], depth, err);
	}
	t->path.length = length;
	t->path.data[length] = '\0';
	return r;
}

/* ---- hard links ------------------------------------------------------------------------------- */

static int compare_files(const void *a, const void *b, void *context)
{
	const struct build_found *list = context, *x = &list[*(const size_t *)a], *y = &list[*(const size_t *)b];

	if (x->st.st_dev != y->st.st_dev)
		return x->st.st_dev < y->st.st_dev ? -1 : 1;
	if (x->st.st_ino != y->st.st_ino)
		return x->st.st_ino < y->st.st_ino ? -1 : 1;
	return x < y ? -1 : 1;
}

static void find_links(struct build_found *list, size_t start, size_t count)
{
	_cleanup_free_ size_t *files = NULL;
	size_t found = 0;

	for (size_t i = start; i < start + count; i++)
		found += S_ISREG(list[i].st.st_mode) && list[i].st.st_nlink > 1;
	if (found < 2)
		return;
	files = memory_new(found, sizeof *files);
	found = 0;
	for (size_t i = start; i < start + count; i++)
		if (S_ISREG(list[i].st.st_mode) && list[i].st.st_nlink > 1)
			files[found++] = i;
	qsort_r(files, found, sizeof *files, compare_files, list);
	for (size_t i = 1; i < found; i++) {
		struct build_found *last = &list[files[i - 1]], *this = &list[files[i]];

		if (last->st.st_dev == this->st.st_dev && last->st.st_ino == this->st.st_ino)
			this->first = last->first;
	}
}

/* ---- sources -------------------------------------------------------------------------------------- */

/* The nearest name in the deepest directory of PATH that is there. */
static void hint_nearest(struct taker *t, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf directory = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ struct name *names = NULL;
	char *known = arena_strdup(arena, path), *slash = known;
	const char *missing, *nearest, **list;
	size_t count = 0;

	for (;;) {
		_cleanup_close_ int fd = -EBADF;
		char *next = strchr(slash + (*slash == '/'), '/');

		if (next)
			*next = '\0';
		if (beneath_open(t->take->root_fd, known, O_PATH | O_DIRECTORY, 0, &fd) < 0 || !next)
			break;
		*next = '/';
		slash = next;
	}
	missing = *slash == '/' ? slash + 1 : slash;
	buf_add(&directory, known, (size_t)(slash - known));
	{
		_cleanup_close_ int fd = -EBADF;

		if (beneath_open(t->take->root_fd, directory.data ? directory.data : "", O_RDONLY | O_DIRECTORY, 0, &fd) < 0 ||
		    list_names(arena, fd, &names, &count, NULL) < 0 || count > NAME_LIMIT)
			return;
	}
	list = arena_alloc(arena, count + 1, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = names[i].text;
	nearest = options_nearest(missing, list, count);
	/* A link that leads nowhere has that name itself. */
	if (nearest && strcmp(nearest, missing) != 0)
		error_hint(err, "did you mean '%s%s%s'?", directory.length ? directory.data : "", directory.length ? "/" : "", nearest);
}

static int fail_missing(struct taker *t, const char *written, const char *path, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, 0, "there is no '%.400s'", written);
	hint_nearest(t, path, err);
	return -ENOENT;
}

static int fail_ignored(const struct taker *t, const char *written, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, 0, "'%.400s' is left out by '%.200s'", written, t->take->ignore_name ? t->take->ignore_name : ".dockerignore");
	return -ENOENT;
}

/* What is in the directory t->path, FD. */
static int take_directory(struct taker *t, int fd, struct build_source *source, struct error *err)
{
	size_t number = (size_t)(source - t->taken.sources);
	_cleanup_close_ int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	source->is_directory = true;
	t->prefix = t->path.length ? t->path.length + 1 : 0;
	if (own_fd < 0)
		return error_errno(err, errno, "cannot open '%.400s'", t->path.data);
	r = walk(t, own_fd, SIZE_MAX, 0, err);
	source = &t->taken.sources[number];
	source->count = t->taken.count - source->start;
	return r;
}

/* --exclude holds for the name of a file that is a source itself, too. */
static int take_file(struct taker *t, const struct stat *st, struct build_source *source, struct error *err)
{
	int r = 0;

	t->prefix = t->path.length;
	if (!S_ISSOCK(st->st_mode) && !(t->excludes && ignore_matches(t->excludes, source->name)))
		r = add_found(t, SIZE_MAX, st, err);
	source->count = t->taken.count - source->start;
	return r;
}

/* The one that PATH names, links followed. */
static int take_path(struct taker *t, const char *written, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf real = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct build_source *source;
	struct stat st;
	bool is_ignored;
	int r = build_path_follow(t->take->root_fd, path, &real);

	if (r == 0)
		r = beneath_open(t->take->root_fd, real.data, O_PATH | O_NOFOLLOW, BENEATH_NO_SYMLINKS, &fd);
	if (r == -ENOENT || r == -ENOTDIR)
		return fail_missing(t, written, path, err);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot take '%.400s'", written);
	is_ignored = real.length && t->ignore && ignore_matches(t->ignore, real.data);
	if (is_ignored && (!S_ISDIR(st.st_mode) || ignore_is_final(t->ignore, real.data)))
		return fail_ignored(t, written, err);
	set_path(t, real.data);
	source = add_source(t, written);
	source->name = arena_strdup(t->arena, build_path_base(path));
	source->path = arena_strdup(t->arena, real.data);
	r = S_ISDIR(st.st_mode) ? take_directory(t, fd, source, err) : take_file(t, &st, source, err);
	if (r < 0 || !is_ignored || t->taken.sources[t->taken.source_count - 1].count)
		return r;
	t->taken.source_count--;
	return fail_ignored(t, written, err);
}

/* ---- wildcards ------------------------------------------------------------------------------------------ */

struct fits {
	char **paths;
	size_t count, room;
};

static void add_fit(struct fits *fits, char *path)
{
	if (fits->count == fits->room) {
		fits->room = 2 * fits->room + 16;
		fits->paths = memory_resize(fits->paths, fits->room, sizeof *fits->paths);
	}
	fits->paths[fits->count++] = path;
}

static size_t count_parts(const char *path)
{
	size_t count = 1;

	while ((path = strchr(path, '/')))
		path++, count++;
	return count;
}

/* What fits PATTERN, of LEVELS components more, in the directory that is called PATH ("", or with a slash at its end). Links are not followed. */
static int find_fits(struct taker *t, int fd, const char *path, const char *pattern, size_t levels, struct fits *fits, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ struct name *names = NULL;
	size_t count = 0;
	int r = list_names(arena, fd, &names, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		char *at = arena_printf(t->arena, "%s%s", path, names[i].text);
		_cleanup_close_ int inner_fd = -EBADF;

		if (levels == 1) {
			if (ignore_fits_source(pattern, at))
				add_fit(fits, at);
			continue;
		}
		if (names[i].type != DT_DIR && names[i].type != DT_UNKNOWN)
			continue;
		inner_fd = openat(fd, names[i].text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner_fd >= 0)
			r = find_fits(t, inner_fd, arena_printf(arena, "%s/", at), pattern, levels - 1, fits, err);
	}
	return r;
}

/* The directories before the first component with a wildcard, and the rest. */
static char *split_pattern(struct arena *arena, const char *pattern, const char **ret_rest)
{
	const char *at = pattern;

	for (;;) {
		size_t length = strcspn(at, "/");

		if (!at[length] || path_pattern_has_wildcards(arena_strndup(arena, at, length)))
			break;
		at += length + 1;
	}
	*ret_rest = at;
	return arena_strndup(arena, pattern, (size_t)(at - pattern));
}

static void note_unmatched(struct taker *t, const char *written)
{
	t->taken.unmatched = memory_resize(t->taken.unmatched, t->unmatched_count + 2, sizeof *t->taken.unmatched);
	t->taken.unmatched[t->unmatched_count++] = written;
	t->taken.unmatched[t->unmatched_count] = NULL;
}

/* What is left out is as if it were not there; as with docker, a link to nothing is not. */
static int take_fit(struct taker *t, const char *written, const char *path, size_t *taken, struct error *err)
{
	struct error own = ERROR_INIT;
	int r = take_path(t, written, path, &own);

	*taken += r == 0;
	if (r == -ENOENT && t->ignore && ignore_matches(t->ignore, path))
		return 0;
	if (r == -ENOENT)
		error_set(err, ERROR_NOT_FOUND, 0, "'%.400s', which fits '%.200s', leads to what is not there", path, written);
	else if (r < 0 && err)
		*err = own;
	return r;
}

static int take_fits(struct taker *t, const char *written, const char *pattern, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct fits fits = { .count = 0 };
	const char *rest;
	char *directory = split_pattern(t->arena, pattern, &rest);
	size_t taken = 0;
	int r = beneath_open(t->take->root_fd, directory, O_RDONLY | O_DIRECTORY, 0, &fd);

	if (r == -ENOENT || r == -ENOTDIR)
		return fail_missing(t, written, directory, err);
	if (r < 0)
		return error_errno(err, -r, "cannot open '%.400s'", directory);
	r = find_fits(t, fd, "", rest, count_parts(rest), &fits, err);
	for (size_t i = 0; r == 0 && i < fits.count; i++)
		r = take_fit(t, written, arena_printf(t->arena, "%s%s", directory, fits.paths[i]), &taken, err);
	free(fits.paths);
	if (r == 0 && !taken)
		note_unmatched(t, written);
	return r;
}

/* ---- with their directories --------------------------------------------------------------------------------- */

/* "a/./b*": what fits "b*" in "a", with its directories. */
static int take_with_parents(struct taker *t, const char *written, struct error *err)
{
	_cleanup_buf_ struct buf pattern = BUF_INIT, real = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	const char *pivot = strstr(written, "/./");
	char *directory = pivot ? arena_strndup(t->arena, written, (size_t)(pivot - written)) : arena_strdup(t->arena, "");
	struct build_source *source;
	int r = build_path_follow(t->take->root_fd, directory, &real);

	build_path_clean(pivot ? pivot + 3 : written, &pattern);
	if (r == 0)
		r = beneath_open(t->take->root_fd, real.data, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);
	if (r == -ENOENT || r == -ENOTDIR)
		return fail_missing(t, written, directory, err);
	if (r < 0)
		return error_errno(err, -r, "cannot take '%.400s'", written);
	t->only = pattern.length ? path_pattern_compile(t->arena, pattern.data) : NULL;
	if (pattern.length && !t->only)
		return error_set(err, ERROR_INVALID, 0, "'%.400s' is no pattern", written);
	set_path(t, real.data);
	source = add_source(t, written);
	source->name = "";
	source->path = arena_strdup(t->arena, real.data);
	r = take_directory(t, fd, source, err);
	t->only = NULL;
	if (r < 0 || t->taken.sources[t->taken.source_count - 1].count)
		return r;
	if (!path_pattern_has_wildcards(pattern.data))
		return fail_missing(t, written, arena_printf(t->arena, "%s%s%s", directory, *directory ? "/" : "", pattern.data), err);
	note_unmatched(t, written);
	return 0;
}

static int take_source(struct taker *t, const char *written, struct error *err)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;

	if (t->take->parents)
		return take_with_parents(t, written, err);
	build_path_clean(written, &clean);
	if (path_pattern_has_wildcards(clean.data))
		return take_fits(t, written, clean.data, err);
	return take_path(t, written, arena_strdup(t->arena, clean.data), err);
}

/* ---------------------------------------------------------------------------------------------------------------- */

static int read_patterns(struct taker *t, struct error *err)
{
	const struct spec_build_take *take = t->take;
	int r = 0;

	if (take->ignore)
		r = ignore_parse(t->arena, take->ignore_name ? take->ignore_name : ".dockerignore", take->ignore, strlen(take->ignore), &t->ignore, err);
	if (r == 0 && take->excludes)
		r = ignore_of_list(t->arena, take->excludes, &t->excludes, err);
	if (t->ignore && ignore_is_empty(t->ignore))
		t->ignore = NULL;
	return r;
}

int build_take(struct arena *arena, const struct spec_build_take *take, struct build_taken *ret, struct error *err)
{
	struct taker t = { .take = take, .arena = arena };
	int r = read_patterns(&t, err);

	for (size_t i = 0; r == 0 && take->sources && take->sources[i]; i++)
		r = take_source(&t, take->sources[i], err);
	buf_done(&t.path);
	if (r < 0) {
		build_taken_done(&t.taken);
		return r;
	}
	for (size_t i = 0; i < t.taken.source_count; i++)
		find_links(t.taken.list, t.taken.sources[i].start, t.taken.sources[i].count);
	*ret = t.taken;
	return 0;
}

void build_taken_done(struct build_taken *taken)
{
	free(taken->sources);
	free(taken->list);
	free(taken->unmatched);
	*taken = BUILD_TAKEN_INIT;
}

int build_found_open(const struct spec_build_take *take, const struct build_found *found, int parent_fd, int *ret_fd, struct error *err)
{
	int flags = S_ISREG(found->st.st_mode) ? O_RDONLY | O_NONBLOCK : S_ISDIR(found->st.st_mode) ? O_RDONLY | O_DIRECTORY : O_PATH;
	_cleanup_close_ int fd = -EBADF;
	struct stat now;
	int r = 0;

	if (parent_fd >= 0) {
		fd = openat(parent_fd, build_path_base(found->path), flags | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	} else {
		r = beneath_open(take->root_fd, found->path, flags | O_NOFOLLOW, BENEATH_NO_SYMLINKS, &fd);
	}
	if (r == 0 && fstat(fd, &now) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot open '%.400s'", found->path);
	if (now.st_ino != found->st.st_ino || now.st_dev != found->st.st_dev || (now.st_mode & S_IFMT) != (found->st.st_mode & S_IFMT))
		return error_set(err, ERROR_CONFLICT, EBUSY, "'%.400s' was exchanged meanwhile", found->path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
