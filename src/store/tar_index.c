/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tar_index.h"

#include "base/memory.h"
#include "base/str.h"
#include "store/tar_reader.h"

#include <limits.h>

/* As many as the kernel follows (path_resolution(7)). */
#define LINK_LIMIT 40

struct member {
	const char *name; /* without "./", "//" and the slash behind a directory */
	const char *target; /* of a link, as a name from the archive's root; NULL for all else */
	bool is_file; /* with data that lie in one piece */
	struct tar_span span;
	size_t number; /* of the members of one name the last counts */
};

struct tar_index {
	struct arena *arena;
	struct member *members; /* sorted by name once all are there */
	size_t count;
	size_t name_bytes;
};

void tar_index_free(struct tar_index *index)
{
	if (!index)
		return;
	arena_free(index->arena);
	free(index->members);
	free(index);
}

/* ---- names ---------------------------------------------------------------------- */

/* Appends the components of NAME to the clean path in PATH; false where ".." would leave the archive. */
static bool add_components(struct buf *path, const char *name, bool may_lead_up)
{
	while (*name) {
		size_t length = strcspn(name, "/");

		if (length == 2 && memcmp(name, "..", 2) == 0) {
			char *slash = path->length ? strrchr(path->data, '/') : NULL;

			if (!may_lead_up || !path->length)
				return false;
			path->length = slash ? (size_t)(slash - path->data) : 0;
			path->data[path->length] = '\0';
		} else if (length && !(length == 1 && *name == '.')) {
			if (path->length)
				buf_add_char(path, '/');
			buf_add(path, name, length);
		}
		name += length + (name[length] == '/');
	}
	return path->length < PATH_MAX;
}

static bool clean_name(const char *name, struct buf *ret)
{
	ret->length = 0;
	buf_add_text(ret, "");
	return *name != '/' && add_components(ret, name, false);
}

/* What the symbolic link NAME, a clean one, leads to. */
static bool join_link(const char *name, const char *target, struct buf *ret)
{
	const char *slash = strrchr(name, '/');

	ret->length = 0;
	buf_add(ret, name, slash ? (size_t)(slash - name) : 0);
	return *target != '/' && add_components(ret, target, true);
}

/* ---- reading --------------------------------------------------------------------- */

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

static int add_member(struct tar_index *index, const struct tar_entry *entry, uint64_t position, struct error *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT, target = BUF_INIT;
	struct member member = { .number = index->count, .is_file = entry->type == TAR_FILE && !entry->sparse, .span = { position, entry->size } };

	if (!clean_name(entry->path, &name))
		return error_set(err, ERROR_INVALID, 0, "'%.300s': a name that leads out of the archive", entry->path);
	index->name_bytes += name.length;
	if (index->count == TAR_INDEX_MEMBER_LIMIT || index->name_bytes > TAR_INDEX_NAME_BYTES_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "'%.300s': too many members for an archive of images", entry->path);
	member.name = arena_strndup(index->arena, name.data, name.length);
	/* One that leads out is as good as one that leads nowhere: both matter only if somebody asks. */
	if (entry->type == TAR_HARD_LINK ? clean_name(entry->target, &target) : entry->type == TAR_SYMLINK && join_link(name.data, entry->target, &target))
		member.target = arena_strndup(index->arena, target.data, target.length);
	index->name_bytes += target.length;
	/* Doubled at each power of two. */
	if ((index->count & (index->count - 1)) == 0)
		index->members = memory_resize(index->members, index->count ? 2 * index->count : 1, sizeof *index->members);
	index->members[index->count++] = member;
	return 0;
}

static int skip_in_file(void *context, uint64_t count, struct error *err)
{
	const struct stream_file *file = context;

	if (count > INT64_MAX || lseek(file->fd, (off_t)count, SEEK_CUR) < 0)
		return error_errno(err, count > INT64_MAX ? EOVERFLOW : errno, "cannot read");
	return 0;
}

int tar_index_read(int fd, struct tar_index **ret, struct error *err)
{
	_cleanup_tar_index_ struct tar_index *index = memory_new(1, sizeof *index);
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(stream_of_file(&file));
	struct tar_entry entry;
	int r;

	index->arena = arena_new();
	tar_reader_set_skip(reader, skip_in_file, &file);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, errno, "cannot read");
	while ((r = tar_reader_next(reader, &entry, err)) > 0) {
		r = add_member(index, &entry, tar_reader_position(reader), err);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	if (index->count)
		qsort(index->members, index->count, sizeof *index->members, compare_members);
	*ret = TAKE_PTR(index);
	return 0;
}

/* ---- finding ----------------------------------------------------------------------- */

/* The last one called so, or NULL. */
static const struct member *find_member(const struct tar_index *index, const char *name)
{
	size_t low = 0, high = index->count;

	/* Behind the last whose name is not greater. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->members[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && strcmp(index->members[low - 1].name, name) == 0 ? &index->members[low - 1] : NULL;
}

int tar_index_find(const struct tar_index *index, const char *name, struct tar_span *ret, struct error *err)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;
	const struct member *member = clean_name(name, &clean) ? find_member(index, clean.data) : NULL;

	for (unsigned links = 0; member && member->target; links++) {
		if (links == LINK_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "'%.300s': links in a circle", name);
		member = find_member(index, member->target);
	}
	if (!member)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "'%.300s'", name);
	if (!member->is_file)
		return error_set(err, ERROR_INVALID, 0, "'%.300s': no plain file", name);
	*ret = member->span;
	return 0;
}
