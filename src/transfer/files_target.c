/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/files_target.h"

#include "base/log.h"
#include "base/str.h"
#include "host/beneath.h"
#include "store/layer_node.h"
#include "store/tar_reader.h"
#include "store/tree.h"

#include <fcntl.h>

struct directory_end {
	char *path;
	struct layer_directory_end end;
};

struct receiver {
	const struct files_target *target;
	struct tar_reader *reader;
	struct layer_owner owner;
	struct layer_losses losses;
	struct directory_end *ends;
	size_t end_count, end_room;
	uint64_t bytes;
};

/* ---- where it goes ------------------------------------------------------------------- */

int files_target_open(struct files_target *target, struct error *err)
{
	struct files_path path;
	const char *followed;
	struct stat st;
	int fd = -EBADF, r = 0;

	target->arena = arena_new();
	target->wants_directory = target->is_plain || files_path_split(target->arena, target->path).is_directory;
	followed = files_side_follow(target->side, target->arena, target->path, &r);
	if (followed)
		r = files_side_open(target->side, followed, O_PATH, &fd);
	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot write to '%.400s'", target->path);
	target->exists = r == 0;
	target->is_directory = target->exists && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	target->base_fd = target->is_directory ? TAKE_FD(fd) : -EBADF;
	close_and_forget(&fd);
	if (target->is_directory)
		return 0;
	if (target->is_plain || !followed)
		return error_errno(err, target->exists ? ENOTDIR : ENOENT, "cannot write to '%.400s'", target->path);
	path = files_path_split(target->arena, followed);
	if (path.is_content)
		return error_errno(err, ENOENT, "cannot write to '%.400s'", target->path);
	target->rename = path.name;
	r = files_side_open(target->side, path.directory, O_PATH | O_DIRECTORY, &target->base_fd);
	return r < 0 ? error_errno(err, -r, "cannot write to '%.400s'", target->path) : 0;
}

void files_target_close(struct files_target *target)
{
	close_and_forget(&target->base_fd);
	arena_free(target->arena);
}

/* That what comes can go there, by its first member (NULL: there is none). */
static int judge(const struct files_target *target, const struct tar_entry *first, struct error *err)
{
	bool is_directory = target->is_content || (first && first->type == TAR_DIRECTORY);

	if (target->is_directory || target->is_plain)
		return 0;
	if (is_directory && target->exists && !target->replaces)
		return error_set(err, ERROR_CONFLICT, ENOTDIR, "cannot copy a directory to '%.400s'", target->path);
	if (!is_directory && target->wants_directory)
		return error_errno(err, target->exists ? ENOTDIR : ENOENT, "cannot write to '%.400s'", target->path);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------- */

/* Adds PATH's components to *OUT, the first one as RENAME (NULL: as it is) unless IS_CONTENT, where RENAME comes before. */
static int map_name(const struct files_target *target, const char *path, struct buf *out, struct error *err)
{
	bool is_first = true;

	out->length = 0;
	buf_add_text(out, target->rename && target->is_content ? target->rename : "");
	for (const char *at = path + strspn(path, "/"); *at; at += strspn(at, "/")) {
		size_t length = strcspn(at, "/");

		if (length == 2 && memcmp(at, "..", 2) == 0)
			return error_set(err, ERROR_INVALID, 0, "it leads out of where it is unpacked");
		if (!(length == 1 && *at == '.')) {
			if (out->length)
				buf_add_char(out, '/');
			if (is_first && target->rename && !target->is_content)
				buf_add_text(out, target->rename);
			else
				buf_add(out, at, length);
			is_first = false;
		}
		at += length;
	}
	return 0;
}

/* The directory that the last component of PATH lies in, made if it is missing; that component in *RET_NAME. */
static int open_parent(const struct receiver *receiver, const char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? str_printf("%.*s", (int)(slash - path), path) : str_dup("");
	int r = beneath_open(receiver->target->base_fd, parent, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret_fd);

	if (r == -ENOENT)
		r = beneath_make_directory(receiver->target->base_fd, parent, 0755, BENEATH_NO_SYMLINKS, ret_fd);
	*ret_name = slash ? slash + 1 : path;
	if (r == -ELOOP)
		return error_set(err, ERROR_INVALID, 0, "the way to it leads through a symbolic link");
	return r < 0 ? error_errno(err, -r, "cannot open its directory") : 0;
}

/* ---- members ------------------------------------------------------------------------------ */

/* Makes room for a member: *RET_EXISTS only for a directory, where one is to be. */
static int clear_place(const struct receiver *receiver, int fd, const char *name, bool wants_directory, bool *ret_exists, struct error *err)
{
	struct stat st;
	bool is_directory;

	*ret_exists = false;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at it");
	is_directory = S_ISDIR(st.st_mode);
	if (is_directory && wants_directory) {
		*ret_exists = true;
		return 0;
	}
	if (is_directory != wants_directory && !receiver->target->replaces) {
		error_set(err, ERROR_CONFLICT, is_directory ? EISDIR : ENOTDIR, "cannot replace a %s by a %s", is_directory ? "directory" : "file",
			wants_directory ? "directory" : "file");
		error_hint(err, "--overwrite does it");
		return -EINVAL;
	}
	if (is_directory) {
		int r = tree_remove_at(fd, name);

		return r < 0 ? error_errno(err, -r, "cannot remove what was there") : 0;
	}
	return unlinkat(fd, name, 0) < 0 ? error_errno(err, errno, "cannot replace what was there") : 0;
}

static void remember_end(struct receiver *receiver, const char *path, const struct tar_entry *entry)
{
	if (receiver->end_count == receiver->end_room) {
		receiver->end_room = receiver->end_room * 2 + 32;
		receiver->ends = memory_resize(receiver->ends, receiver->end_room, sizeof *receiver->ends);
	}
	receiver->ends[receiver->end_count] = (struct directory_end){ str_dup(path), layer_node_directory_end(entry) };
	receiver->ends[receiver->end_count++].end.acl_default = NULL;
}

/* One that is there stays as it is, but for what comes into it. */
static int receive_directory(struct receiver *receiver, int fd, const char *name, const char *path, const struct tar_entry *entry, struct error *err)
{
	_cleanup_close_ int made_fd = -EBADF;
	bool exists;
	int r = clear_place(receiver, fd, name, true, &exists, err);

	if (r < 0 || exists)
		return r;
	if (mkdirat(fd, name, 0700) < 0)
		return error_errno(err, errno, "cannot make a directory");
	made_fd = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made_fd < 0)
		return error_errno(err, errno, "cannot open the directory");
	remember_end(receiver, path, entry);
	return layer_node_begin_directory(made_fd, entry, &receiver->losses, err);
}

static int receive_hard_link(struct receiver *receiver, int fd, const char *name, const char *target, struct error *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int target_fd = -EBADF;
	const char *target_name;
	bool exists;
	int r = map_name(receiver->target, target, &path, err);

	if (r == 0 && !path.length)
		return error_set(err, ERROR_INVALID, 0, "a hard link to nothing");
	if (r == 0)
		r = open_parent(receiver, path.data, &target_fd, &target_name, err);
	if (r == 0)
		r = clear_place(receiver, fd, name, false, &exists, err);
	if (r < 0)
		return r;
	/* Flags 0: a link to a symbolic link is one to the link itself. */
	return linkat(target_fd, target_name, fd, name, 0) < 0 ? error_errno(err, errno, "a hard link to '%.300s'", target) : 0;
}

/* What of it stays, by what the target says. */
static bool adapt(const struct receiver *receiver, struct tar_entry *entry)
{
	const struct files_target *target = receiver->target;

	if (!target->keeps_owners) {
		entry->uid = receiver->owner.uid;
		entry->gid = receiver->owner.gid;
	}
	if (target->keeps_privileges)
		return true;
	entry->mode &= 01777;
	entry->xattr_count = 0;
	entry->acl_access = entry->acl_default = NULL;
	return entry->type != TAR_CHARACTER_DEVICE && entry->type != TAR_BLOCK_DEVICE;
}

static int receive_entry(struct receiver *receiver, struct tar_entry *entry, const char *path, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const char *name;
	bool exists;
	int r = open_parent(receiver, path, &fd, &name, err);

	if (r < 0)
		return r;
	if (entry->type == TAR_DIRECTORY)
		return receive_directory(receiver, fd, name, path, entry, err);
	if (entry->type == TAR_HARD_LINK)
		return receive_hard_link(receiver, fd, name, entry->target, err);
	r = clear_place(receiver, fd, name, false, &exists, err);
	if (r < 0)
		return r;
	receiver->bytes += entry->type == TAR_FILE ? entry->size : 0;
	return layer_node_make(&(struct layer_place){ .parent_fd = fd, .name = name, .parent_gives_group = true }, entry, receiver->reader, &receiver->owner,
		&receiver->losses, err);
}

static int receive(struct receiver *receiver, struct tar_entry *entry, struct error *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = map_name(receiver->target, entry->path, &path, err);

	/* The directory itself is there. */
	if (r == 0 && !path.length)
		return 0;
	if (r == 0 && !adapt(receiver, entry)) {
		log_debug("the device '%s' is left out", path.data);
		return 0;
	}
	if (r == 0)
		r = receive_entry(receiver, entry, path.data, err);
	return r < 0 ? error_wrap(err, "cannot write '%.400s'", path.length ? path.data : entry->path) : 0;
}

/* The innermost first: a parent's times change no more then. */
static int finish_directories(struct receiver *receiver, struct error *err)
{
	int r = 0;

	for (size_t i = receiver->end_count; r == 0 && i > 0; i--) {
		const struct directory_end *end = &receiver->ends[i - 1];
		_cleanup_close_ int fd = -EBADF;

		r = beneath_open(receiver->target->base_fd, end->path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &fd);
		r = r < 0 ? error_errno(err, -r, "cannot open it") : layer_node_finish_directory(fd, &end->end, &receiver->losses, err);
		if (r < 0)
			error_wrap(err, "cannot write '%.400s'", end->path);
	}
	return r;
}

/* The directory that content goes into, where there is none yet. */
static int make_top(const struct receiver *receiver, struct error *err)
{
	const struct files_target *target = receiver->target;
	bool exists = false;
	int r;

	if (!target->rename || !target->is_content)
		return 0;
	r = clear_place(receiver, target->base_fd, target->rename, true, &exists, err);
	if (r == 0 && !exists && mkdirat(target->base_fd, target->rename, 0755) < 0)
		r = error_errno(err, errno, "cannot make a directory");
	return r < 0 ? error_wrap(err, "cannot write '%.400s'", target->path) : 0;
}

static int receive_all(struct receiver *receiver, struct error *err)
{
	struct tar_entry entry;
	int more = tar_reader_next(receiver->reader, &entry, err), r = more < 0 ? more : judge(receiver->target, more ? &entry : NULL, err);

	if (r == 0)
		r = make_top(receiver, err);
	while (r == 0 && more > 0) {
		r = receive(receiver, &entry, err);
		if (r == 0)
			more = tar_reader_next(receiver->reader, &entry, err);
	}
	if (r == 0 && more < 0)
		return more;
	if (r == 0)
		r = tar_reader_drain(receiver->reader, err);
	return r < 0 ? r : finish_directories(receiver, err);
}

int files_receive(struct files_target *target, struct stream stream, uint64_t *ret_bytes, struct error *err)
{
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(stream);
	struct receiver receiver = { .target = target, .reader = reader, .owner = { geteuid(), getegid() } };
	int r;

	umask(0);
	r = receive_all(&receiver, err);
	for (size_t i = 0; i < receiver.end_count; i++)
		free(receiver.ends[i].path);
	free(receiver.ends);
	if (r == 0)
		*ret_bytes = receiver.bytes;
	return r;
}
