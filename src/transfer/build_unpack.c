/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_unpack.h"

#include "host/beneath.h"
#include "store/decompress.h"
#include "store/layer_node.h"
#include "store/tar_reader.h"
#include "store/tree.h"
#include "transfer/build_path.h"

#include <fcntl.h>

struct directory_end {
	char *path;
	struct layer_directory_end end;
};

struct unpacker {
	const struct build_target *target;
	struct tar_reader *reader;
	struct arena *arena;
	struct layer_owner owner;
	struct layer_losses losses;
	int base_fd; /* the directory that all of it comes into */
	struct directory_end *ends;
	size_t end_count, end_room;
	struct build_written *written;
};

bool build_unpack_is_archive(int fd)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(decompress_stream(decompress));
	struct tar_entry entry;

	return tar_reader_next(reader, &entry, NULL) > 0;
}

/* ---- names ------------------------------------------------------------------------------ */

static int clean_name(const char *name, struct buf *ret, struct error *err)
{
	for (const char *at = name; *at; at += strcspn(at, "/"), at += *at == '/')
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2]))
			return error_set(err, ERROR_INVALID, 0, "it leads out of where it is unpacked");
	build_path_clean(name, ret);
	return 0;
}

/* The directory that PATH lies in, made if it is missing. */
static int open_parent(const struct unpacker *u, const char *path, int *ret_fd, struct error *err)
{
	const char *base = build_path_base(path);
	_cleanup_free_ char *above = str_printf("%.*s", (int)(base - path), path);
	int r = beneath_open(u->base_fd, above, O_PATH | O_DIRECTORY, 0, ret_fd);

	if (r == -ENOENT)
		r = beneath_make_directory(u->base_fd, above, 0755, 0, ret_fd);
	return r < 0 ? error_errno(err, -r, "cannot open its directory") : 0;
}

/* *RET_EXISTS: a directory, where one is to be. */
static int clear_place(int fd, const char *name, bool wants_directory, bool *ret_exists, struct error *err)
{
	struct stat st;
	int r;

	*ret_exists = false;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at it");
	*ret_exists = wants_directory && S_ISDIR(st.st_mode);
	if (*ret_exists)
		return 0;
	r = tree_remove_at(fd, name);
	return r < 0 ? error_errno(err, -r, "cannot replace what is there") : 0;
}

/* ---- members ---------------------------------------------------------------------------------- */

static void remember_end(struct unpacker *u, const char *path, const struct tar_entry *entry)
{
	if (u->end_count == u->end_room) {
		u->end_room = 2 * u->end_room + 32;
		u->ends = memory_resize(u->ends, u->end_room, sizeof *u->ends);
	}
	u->ends[u->end_count] = (struct directory_end){ arena_strdup(u->arena, path), layer_node_directory_end(entry) };
	if (entry->acl_default)
		u->ends[u->end_count].end.acl_default = arena_strdup(u->arena, entry->acl_default);
	u->end_count++;
}

static int unpack_directory(struct unpacker *u, int fd, const char *path, const struct tar_entry *entry, struct error *err)
{
	_cleanup_close_ int made_fd = -EBADF;
	const char *name = build_path_base(path);
	bool exists;
	int r = clear_place(fd, name, true, &exists, err);

	if (r < 0)
		return r;
	if (!exists && mkdirat(fd, name, 0700) < 0)
		return error_errno(err, errno, "cannot make a directory");
	made_fd = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made_fd < 0)
		return error_errno(err, errno, "cannot open the directory");
	remember_end(u, path, entry);
	return layer_node_begin_directory(made_fd, entry, &u->losses, err);
}

static int unpack_hard_link(struct unpacker *u, int fd, const char *name, const char *target, struct error *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int target_fd = -EBADF;
	bool exists;
	int r = clean_name(target, &path, err);

	if (r == 0 && !path.length)
		return error_set(err, ERROR_INVALID, 0, "a hard link to nothing");
	if (r == 0)
		r = open_parent(u, path.data, &target_fd, err);
	if (r == 0)
		r = clear_place(fd, name, false, &exists, err);
	if (r < 0)
		return r;
	/* Flags 0: a link to a symbolic link is one to the link itself. */
	return linkat(target_fd, build_path_base(path.data), fd, name, 0) < 0 ? error_errno(err, errno, "a hard link to '%.300s'", target) : 0;
}

/* Owners are those of the archive, as with the stock frontend: the target's is only for directories on the way. */
static void adapt(const struct unpacker *u, struct tar_entry *entry)
{
	entry->mtime = build_target_time(u->target, entry->mtime);
	entry->has_atime = false;
}

static int unpack_member(struct unpacker *u, struct tar_entry *entry, const char *path, struct error *err)
{
	const char *name = build_path_base(path);
	_cleanup_close_ int fd = -EBADF;
	bool exists;
	int r = open_parent(u, path, &fd, err);

	if (r < 0)
		return r;
	adapt(u, entry);
	u->written->entries++;
	u->written->bytes += entry->type == TAR_FILE ? entry->size : 0;
	if (entry->type == TAR_DIRECTORY)
		return unpack_directory(u, fd, path, entry, err);
	if (entry->type == TAR_HARD_LINK)
		return unpack_hard_link(u, fd, name, entry->target, err);
	r = clear_place(fd, name, false, &exists, err);
	return r < 0 ? r : layer_node_make(&(struct layer_place){ .parent_fd = fd, .name = name, .parent_gives_group = true }, entry, u->reader, &u->owner,
		&u->losses, err);
}

/* The innermost of those that came last first. What has become something else meanwhile is passed over. */
static int finish_directories(struct unpacker *u, struct error *err)
{
	int r = 0;

	for (size_t i = u->end_count; r == 0 && i > 0; i--) {
		_cleanup_close_ int fd = -EBADF;

		if (beneath_open(u->base_fd, u->ends[i - 1].path, O_PATH | O_DIRECTORY, 0, &fd) < 0)
			continue;
		r = layer_node_finish_directory(fd, &u->ends[i - 1].end, &u->losses, err);
		if (r < 0)
			error_wrap(err, "'%.400s'", u->ends[i - 1].path);
	}
	return r;
}

static int unpack_all(struct unpacker *u, struct error *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct tar_entry entry;
	int more, r = 0;

	while (r == 0 && (more = tar_reader_next(u->reader, &entry, err)) != 0) {
		r = more < 0 ? more : clean_name(entry.path, &path, err);
		/* The directory itself is there. */
		if (r == 0 && path.length)
			r = unpack_member(u, &entry, path.data, err);
		if (r < 0 && more > 0)
			error_wrap(err, "'%.400s'", entry.path);
	}
	return r < 0 ? r : finish_directories(u, err);
}

int build_unpack(const struct build_target *target, int fd, const char *title, struct build_written *written, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(decompress_stream(decompress));
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf real = BUF_INIT;
	_cleanup_close_ int base_fd = -EBADF;
	struct unpacker u = { .target = target, .reader = reader, .arena = arena, .owner = { geteuid(), getegid() }, .written = written };
	int r = build_path_follow(target->root_fd, target->path, &real);

	r = r < 0 ? error_errno(err, -r, "cannot write to '%.400s'", target->path) : build_target_make_directory(target, real.data, &base_fd, err);
	if (r < 0)
		return r;
	u.base_fd = base_fd;
	r = unpack_all(&u, err);
	free(u.ends);
	return r < 0 ? error_wrap(err, "cannot unpack '%.400s'", title) : 0;
}
