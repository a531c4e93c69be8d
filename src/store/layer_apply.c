/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_apply.h"

#include "base/memory.h"
#include "host/beneath.h"
#include "store/layer_name.h"
#include "store/layer_node.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

struct directory_record {
	const char *path;
	/* The last of several with one path counts; 0: it is not the layer's, and keeps its times whatever becomes of it below. */
	size_t order;
	struct layer_directory_end end;
};

struct applier {
	int root_fd;
	enum layer_form form;
	const struct layer_limits *limits;
	struct tar_reader *reader;
	struct layer_owner owner;
	struct layer_losses losses;
	struct layer_name name, target;
	struct arena *arena;
	uint64_t members, bytes, name_bytes;

	/* To be finished when all else is there. */
	struct directory_record *directories;
	size_t directory_count;

	struct path_set *made;     /* LAYER_FORM_FLAT: what this layer has */
	struct path_set *met;      /* LAYER_FORM_FLAT: directories that something lies in */
	struct path_set *implied_set;
	const char **implied;
	size_t implied_count;

	/* The directory of the last member; -EBADF: none. What is removed lies in it, never around it. */
	int parent_fd;
	bool parent_gives_group;
	struct buf parent_path;
};

static bool is_overlay(const struct applier *a)
{
	return a->form != LAYER_FORM_FLAT;
}

/* Counts a name that stays in memory. */
static int remember(struct applier *a, const char *path, struct error *err)
{
	a->name_bytes += strlen(path) + sizeof(struct directory_record);
	if (a->name_bytes > a->limits->name_bytes)
		return error_set(err, ERROR_INVALID, 0, "the layer has too many directories");
	return 0;
}

/* ---- what is in the way ---------------------------------------------------------------- */

enum occupant { OCCUPANT_NONE, OCCUPANT_DIRECTORY, OCCUPANT_WHITEOUT, OCCUPANT_OTHER };

static int look_at(int fd, const char *name, enum occupant *ret, struct error *err)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_errno(err, errno, "cannot look at it");
		*ret = OCCUPANT_NONE;
	} else if (S_ISDIR(st.st_mode)) {
		*ret = OCCUPANT_DIRECTORY;
	} else {
		*ret = S_ISCHR(st.st_mode) && st.st_rdev == 0 ? OCCUPANT_WHITEOUT : OCCUPANT_OTHER;
	}
	return 0;
}

static int remove_occupant(int fd, const char *name, struct error *err)
{
	int r = tree_remove_at(fd, name);

	return r < 0 ? error_errno(err, -r, "cannot replace what was there") : 0;
}

/* ---- directories ---------------------------------------------------------------------------- */

static const char *opaque_name(const struct applier *a)
{
	return a->form == LAYER_FORM_OVERLAY_USER ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

static int open_directory_at(int fd, const char *name)
{
	return openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Makes the directory, or finds it; one that takes the place of a hidden one hides what is below that. */
static int make_directory(struct applier *a, int fd, const char *name, int *ret_fd, bool *ret_is_new, struct error *err)
{
	_cleanup_close_ int made_fd = -EBADF;
	enum occupant occupant = OCCUPANT_NONE;
	bool is_new = mkdirat(fd, name, 0755) == 0;
	int r = 0;

	if (!is_new && errno != EEXIST)
		return error_errno(err, errno, "cannot make a directory");
	if (!is_new)
		r = look_at(fd, name, &occupant, err);
	if (r >= 0 && occupant >= OCCUPANT_WHITEOUT) {
		r = remove_occupant(fd, name, err);
		if (r >= 0 && mkdirat(fd, name, 0755) < 0)
			r = error_errno(err, errno, "cannot make a directory");
		is_new = true;
	}
	if (r < 0)
		return r;
	made_fd = open_directory_at(fd, name);
	if (made_fd < 0)
		return error_errno(err, errno, "cannot open the directory");
	if (occupant == OCCUPANT_WHITEOUT && is_overlay(a)) {
		r = layer_node_set_opaque(made_fd, opaque_name(a), err);
		if (r < 0)
			return r;
	}
	*ret_fd = TAKE_FD(made_fd);
	*ret_is_new = is_new;
	return 0;
}

/* A directory that the archive has nothing to say about, so far. */
static int add_implied(struct applier *a, const char *path, struct error *err)
{
	int r = remember(a, path, err);

	if (r < 0 || !path_set_add(a->implied_set, path))
		return r;
	/* Grown in steps of 64. */
	if (a->implied_count % 64 == 0)
		a->implied = memory_resize(a->implied, a->implied_count + 64, sizeof *a->implied);
	a->implied[a->implied_count++] = arena_strdup(a->arena, path);
	return 0;
}

/* The component NAME on the way to a member, PATH from the root. Takes FD. */
static int step_into(struct applier *a, int fd, const char *name, const char *path, int *ret_fd, struct error *err)
{
	_cleanup_close_ int here_fd = fd;
	enum occupant occupant = OCCUPANT_NONE;
	int next_fd = open_directory_at(here_fd, name);
	bool is_new = false;
	int r;

	/* Most are there: the way to one that is not leads through them. */
	if (next_fd >= 0) {
		*ret_fd = next_fd;
		return 0;
	}
	r = look_at(here_fd, name, &occupant, err);
	if (r < 0)
		return r;
	if (occupant == OCCUPANT_OTHER)
		return error_set(err, ERROR_INVALID, 0, "'%.300s' on the way to it is no directory", path);
	r = make_directory(a, here_fd, name, ret_fd, &is_new, err);
	return r >= 0 && is_new ? add_implied(a, path, err) : r;
}

static struct directory_record *add_record(struct applier *a, const char *path)
{
	struct directory_record *record;

	/* Grown in steps of 256. */
	if (a->directory_count % 256 == 0)
		a->directories = memory_resize(a->directories, a->directory_count + 256, sizeof *a->directories);
	record = &a->directories[a->directory_count++];
	*record = (struct directory_record){ .path = arena_strdup(a->arena, path) };
	return record;
}

/* What lower layers said about a directory's times holds until this one says something else: files come and go in it. */
static int keep_times(struct applier *a, const char *path, const struct stat *st, struct error *err)
{
	int r;

	if (!a->met || path_set_has(a->made, path) || path_set_has(a->implied_set, path) || !path_set_add(a->met, path))
		return 0;
	r = remember(a, path, err);
	if (r >= 0)
		add_record(a, path)->end = (struct layer_directory_end){ .mode = 0700, .times = { st->st_atim, st->st_mtim } };
	return r;
}

/* The directory FD, whose path is the first LENGTH bytes of PATH (changed meanwhile, and put back). */
static int keep_times_of(struct applier *a, int fd, char *path, size_t length, struct error *err)
{
	char saved = path[length];
	struct stat st;
	int r;

	if (!a->met)
		return 0;
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "cannot look at it");
	path[length] = '\0';
	r = keep_times(a, path, &st, err);
	path[length] = saved;
	return r;
}

/* Opens the directory PATH (changed meanwhile, and put back), making what is missing. */
static int walk(struct applier *a, char *path, int *ret_fd, struct error *err)
{
	int fd = fcntl(a->root_fd, F_DUPFD_CLOEXEC, 3), r = 0;
	char *name = path;

	if (fd < 0)
		return error_errno(err, errno, "cannot keep the directory open");
	while (r >= 0 && *name) {
		char *slash = strchrnul(name, '/'), end = *slash;
		int next_fd = -EBADF;

		*slash = '\0';
		r = keep_times_of(a, fd, path, name > path ? (size_t)(name - path) - 1 : 0, err);
		if (r >= 0) {
			r = step_into(a, fd, name, path, &next_fd, err);
			fd = next_fd;
		}
		*slash = end;
		name = slash + (end != '\0');
	}
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int open_parent(struct applier *a, char *path, struct error *err)
{
	struct stat st;
	int r;

	close_and_forget(&a->parent_fd);
	r = beneath_open(a->root_fd, path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &a->parent_fd);
	if (r == -ELOOP)
		return error_set(err, ERROR_INVALID, 0, "'%.300s' on the way to it leads through a symbolic link", path);
	if (r == -ENOENT || r == -ENOTDIR)
		r = walk(a, path, &a->parent_fd, err);
	else if (r < 0)
		r = error_errno(err, -r, "cannot open '%.300s' on the way to it", path);
	if (r < 0)
		return r;
	if (fstat(a->parent_fd, &st) < 0)
		return error_errno(err, errno, "cannot look at '%.300s' on the way to it", path);
	a->parent_gives_group = st.st_mode & S_ISGID;
	a->parent_path.length = 0;
	buf_add_text(&a->parent_path, path);
	return keep_times(a, path, &st, err);
}

/* The directory that the member NAME lies in, as .parent_fd; made, if need be. */
static int enter_parent(struct applier *a, struct layer_name *name, struct error *err)
{
	char saved = name->path.data[name->parent_length];
	int r = 0;

	if (a->parent_fd >= 0 && a->parent_path.length == name->parent_length &&
	    memcmp(a->parent_path.data, name->path.data, name->parent_length) == 0)
		return 0;
	name->path.data[name->parent_length] = '\0';
	r = open_parent(a, name->path.data, err);
	name->path.data[name->parent_length] = saved;
	return r;
}

/* ---- members ------------------------------------------------------------------------------------ */

static const char *last_of(const struct layer_name *name)
{
	return name->path.data + name->name_offset;
}

static int record_directory(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	struct directory_record *record;
	int r = remember(a, a->name.path.data, err);

	if (r < 0)
		return r;
	record = add_record(a, a->name.path.data);
	record->order = a->directory_count;
	record->end = layer_node_directory_end(entry);
	if (entry->acl_default)
		record->end.acl_default = arena_strdup(a->arena, entry->acl_default);
	return 0;
}

static int apply_directory(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	bool is_new;
	int r = 0;

	if (!a->name.path.length)
		fd = openat(a->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		r = make_directory(a, a->parent_fd, last_of(&a->name), &fd, &is_new, err);
	if (r >= 0)
		r = layer_node_begin_directory(fd, entry, &a->losses, err);
	return r < 0 ? r : record_directory(a, entry, err);
}

static int apply_hard_link(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	_cleanup_close_ int target_fd = -EBADF;
	const char *words = layer_name_parse(&a->target, entry->target);
	int r;

	if (words || a->target.kind != LAYER_NAME_PLAIN || !a->target.path.length)
		return error_set(err, ERROR_INVALID, 0, "a hard link to '%.300s': %s", entry->target, words ? words : "that is no file");
	if (strcmp(a->target.path.data, a->name.path.data) == 0)
		return error_set(err, ERROR_INVALID, 0, "a hard link to itself");
	if (a->target.parent_length)
		a->target.path.data[a->target.parent_length] = '\0';
	r = beneath_open(a->root_fd, a->target.parent_length ? a->target.path.data : "", O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &target_fd);
	if (r < 0)
		return error_errno(err, -r, "a hard link to '%.300s'", entry->target);
	/* Flags 0: a link to a symbolic link is one to the link itself. */
	if (linkat(target_fd, last_of(&a->target), a->parent_fd, last_of(&a->name), 0) < 0)
		return error_errno(err, errno, "a hard link to '%.300s'", entry->target);
	return 0;
}

/* An inode that is a whiteout has no other name: a link to it would hide a second file. */
static int check_link_target(struct applier *a, struct error *err)
{
	struct stat st;

	if (fstatat(a->parent_fd, last_of(&a->name), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot look at it");
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return error_set(err, ERROR_INVALID, 0, "a hard link to a file that is hidden");
	return 0;
}

static int make_room(struct applier *a, struct error *err)
{
	enum occupant occupant = OCCUPANT_NONE;
	int r = look_at(a->parent_fd, last_of(&a->name), &occupant, err);

	return r < 0 || occupant == OCCUPANT_NONE ? r : remove_occupant(a->parent_fd, last_of(&a->name), err);
}

static int apply_file(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	struct layer_place place = { a->parent_fd, last_of(&a->name), a->parent_gives_group };
	int r;

	if (!a->name.path.length)
		return error_set(err, ERROR_INVALID, 0, "the root is no directory");
	r = make_room(a, err);
	if (r < 0)
		return r;
	if (entry->type != TAR_HARD_LINK)
		return layer_node_make(&place, entry, a->reader, &a->owner, &a->losses, err);
	r = apply_hard_link(a, entry, err);
	return r < 0 || !is_overlay(a) ? r : check_link_target(a, err);
}

/* ---- whiteouts -------------------------------------------------------------------------------------- */

/* What this layer has under that name stays, wherever in the archive it stands; what lower layers have goes. */
static int hide_in_overlay(struct applier *a, struct error *err)
{
	enum occupant occupant = OCCUPANT_NONE;
	_cleanup_close_ int fd = -EBADF;
	int r = look_at(a->parent_fd, last_of(&a->name), &occupant, err);

	if (r < 0)
		return r;
	if (occupant == OCCUPANT_NONE) {
		if (mknodat(a->parent_fd, last_of(&a->name), S_IFCHR, 0) < 0)
			return error_errno(err, errno, "cannot make a whiteout");
		return 0;
	}
	if (occupant != OCCUPANT_DIRECTORY)
		return 0;
	fd = open_directory_at(a->parent_fd, last_of(&a->name));
	return fd < 0 ? error_errno(err, errno, "cannot open it") : layer_node_set_opaque(fd, opaque_name(a), err);
}

static int prune_directory(struct applier *a, const char *path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(a->root_fd, path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r >= 0)
		r = tree_prune_at(fd, path, a->made);
	return r < 0 ? error_errno(err, -r, "cannot remove what is hidden") : 0;
}

static int hide_in_flat(struct applier *a, struct error *err)
{
	int r;

	if (path_set_has(a->made, a->name.path.data))
		return prune_directory(a, a->name.path.data, err);
	r = tree_remove_at(a->parent_fd, last_of(&a->name));
	return r < 0 ? error_errno(err, -r, "cannot remove what is hidden") : 0;
}

/* The directory is the one that has been entered. */
static int make_opaque(struct applier *a, struct error *err)
{
	int r;

	if (is_overlay(a))
		return layer_node_set_opaque(a->parent_fd, opaque_name(a), err);
	r = tree_prune_at(a->parent_fd, a->name.path.data, a->made);
	return r < 0 ? error_errno(err, -r, "cannot remove what is hidden") : 0;
}

/* ---- the archive --------------------------------------------------------------------------------------- */

/* The path and all directories on the way to it are this layer's. */
static int mark_made(struct applier *a, struct error *err)
{
	char *path = a->name.path.data;
	int r = 0;

	if (!a->made)
		return 0;
	for (char *slash = path; r >= 0 && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (path_set_add(a->made, path))
			r = remember(a, path, err);
		*slash = '/';
	}
	if (r >= 0 && path_set_add(a->made, path))
		r = remember(a, path, err);
	return r;
}

static int apply_plain(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	int r = entry->type == TAR_DIRECTORY ? apply_directory(a, entry, err) : apply_file(a, entry, err);

	return r < 0 ? r : mark_made(a, err);
}

static int check_limits(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	const struct layer_limits *limits = a->limits;

	if (++a->members > limits->members)
		return error_set(err, ERROR_INVALID, 0, "the layer has more than %ju members", (uintmax_t)limits->members);
	if (entry->sparse)
		return 0;
	if (entry->size > limits->bytes - a->bytes)
		return error_set(err, ERROR_INVALID, 0, "the files of the layer have more than %ju bytes", (uintmax_t)limits->bytes);
	a->bytes += entry->size;
	return 0;
}

static int apply_member(struct applier *a, const struct tar_entry *entry, struct error *err)
{
	const char *words = layer_name_parse(&a->name, entry->path);
	int r;

	if (words)
		return error_set(err, ERROR_INVALID, 0, "%s", words);
	r = check_limits(a, entry, err);
	if (r < 0 || a->name.kind == LAYER_NAME_IGNORED)
		return r;
	/* The mark lies in the directory that it is about. */
	if (a->name.kind == LAYER_NAME_OPAQUE)
		a->name.parent_length = a->name.path.length;
	r = enter_parent(a, &a->name, err);
	if (r < 0)
		return r;
	switch (a->name.kind) {
	case LAYER_NAME_WHITEOUT:
		return is_overlay(a) ? hide_in_overlay(a, err) : hide_in_flat(a, err);
	case LAYER_NAME_OPAQUE:
		return make_opaque(a, err);
	default:
		return apply_plain(a, entry, err);
	}
}

/* Enough of a hostile name to know it by, and to leave room for the reason. */
#define SHOWN_NAME "%.300s"

static int apply_members(struct applier *a, struct error *err)
{
	struct tar_entry entry;
	int r;

	while ((r = tar_reader_next(a->reader, &entry, err)) > 0) {
		r = apply_member(a, &entry, err);
		if (r < 0)
			return error_wrap(err, "cannot unpack '" SHOWN_NAME "'", entry.path);
	}
	return r < 0 ? r : tar_reader_drain(a->reader, err);
}

/* Deepest first, as a directory may lock us out; of one path the last. */
static int compare_directories(const void *one, const void *two)
{
	const struct directory_record *a = one, *b = two;
	int order = strcmp(b->path, a->path);

	return order ? order : a->order < b->order ? 1 : -1;
}

static int finish_directories(struct applier *a, struct error *err)
{
	if (a->directory_count)
		qsort(a->directories, a->directory_count, sizeof *a->directories, compare_directories);
	for (size_t i = 0; i < a->directory_count; i++) {
		const struct directory_record *record = &a->directories[i];
		_cleanup_close_ int fd = -EBADF;
		int r;

		if (i && strcmp(record->path, record[-1].path) == 0)
			continue;
		r = beneath_open(a->root_fd, record->path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);
		/* A later member took its place. */
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
			continue;
		r = r < 0 ? error_errno(err, -r, "cannot open it") : layer_node_finish_directory(fd, &record->end, &a->losses, err);
		if (r < 0)
			return error_wrap(err, "cannot unpack '" SHOWN_NAME "'", record->path);
	}
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_record(const struct applier *a, const char *path)
{
	size_t low = 0, high = a->directory_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(path, a->directories[middle].path);

		if (order == 0)
			return true;
		if (order > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* Implied directories that no member was about afterwards either. */
static char **list_implied(const struct applier *a)
{
	char **list = memory_new(a->implied_count + 1, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < a->implied_count; i++)
		if (!has_record(a, a->implied[i]))
			list[count++] = str_dup(a->implied[i]);
	qsort(list, count, sizeof *list, compare_strings);
	return list;
}

static void applier_done(struct applier *a)
{
	close_and_forget(&a->parent_fd);
	tar_reader_free(a->reader);
	arena_free(a->arena);
	path_set_free(a->made);
	path_set_free(a->met);
	path_set_free(a->implied_set);
	free(a->directories);
	free(a->implied);
	buf_done(&a->name.path);
	buf_done(&a->target.path);
	buf_done(&a->parent_path);
}

int layer_apply(int directory_fd, struct stream stream, enum layer_form form, const struct layer_limits *limits, struct layer_report *ret,
	struct error *err)
{
	_cleanup_(applier_done) struct applier applier = {
		.root_fd = directory_fd,
		.form = form,
		.limits = limits,
		.reader = tar_reader_new(stream),
		.owner = { geteuid(), getegid() },
		.arena = arena_new(),
		.made = form == LAYER_FORM_FLAT ? path_set_new() : NULL,
		.met = form == LAYER_FORM_FLAT ? path_set_new() : NULL,
		.implied_set = path_set_new(),
		.parent_fd = -EBADF,
	};
	int r;

	umask(0);
	r = apply_members(&applier, err);
	if (r >= 0)
		r = finish_directories(&applier, err);
	if (r < 0)
		return r;
	*ret = (struct layer_report){ applier.members, applier.bytes, applier.losses.xattrs, list_implied(&applier) };
	return 0;
}

void layer_report_done(struct layer_report *report)
{
	strv_free(report->implied);
	report->implied = NULL;
}
