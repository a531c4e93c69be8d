/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_write.h"

#include "base/file.h"
#include "host/beneath.h"
#include "host/owner.h"
#include "store/acl.h"
#include "transfer/build_data.h"
#include "transfer/build_digest.h"
#include "transfer/build_path.h"
#include "transfer/build_progress.h"
#include "transfer/build_work.h"
#include "transfer/build_xattr.h"
#include "transfer/tasks.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>
#include <time.h>

#define CHUNK 64         /* at least as many entries a thread goes through at once */
#define CHUNK_LIMIT 2048 /* and at most */

struct writer {
	const struct build_target *target;
	const struct spec_build_take *take;
	struct build_found *list;
	const struct build_source *source;
	const struct build_write_notes *notes;
	size_t *chunks;       /* where those begin, and the end */
	int base_fd;          /* the directory that .name of what was found is in */
	const char *base;     /* path of that in the tree; NULL for a source that is no directory */
	const char *new_name; /* of a source that is no directory */
	uid_t uid;
	gid_t gid;            /* the process's */
};

/* The directory that an entry lies in, on both sides, kept for the next one. */
struct place {
	size_t parent;  /* its number; SIZE_MAX: none is open */
	int from_fd, to_fd;
	bool gives_owner; /* what is made there may get another group, or another mode */
};

#define PLACE_INIT ((struct place){ .parent = SIZE_MAX, .from_fd = -EBADF, .to_fd = -EBADF })

static void place_done(struct place *place)
{
	close_and_forget(&place->from_fd);
	close_and_forget(&place->to_fd);
	place->parent = SIZE_MAX;
}

static const char *name_of(const struct writer *w, const struct build_found *found)
{
	return w->new_name ? w->new_name : build_path_base(found->name);
}

static bool gives_owner(int fd)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return fstat(fd, &st) < 0 || (st.st_mode & S_ISGID) || getxattr(path, ACL_DEFAULT_XATTR, NULL, 0) >= 0;
}

static int open_target_directory(const struct writer *w, const char *name, int flags, int *ret_fd)
{
	return beneath_open(w->base_fd, name, flags | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret_fd);
}

static int enter(const struct writer *w, size_t number, struct place *place, struct error *err)
{
	const struct build_found *found = &w->list[number];
	bool is_top = found->parent == number;
	size_t parent = is_top ? SIZE_MAX - 1 : found->parent;
	_cleanup_free_ char *above = NULL;
	int r;

	if (place->parent == parent)
		return 0;
	place_done(place);
	/* A file that is a source lies where its path says. */
	above = str_printf("%.*s", (int)(build_path_base(found->path) - found->path), found->path);
	r = beneath_open(w->take->root_fd, above, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &place->from_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open the directory of '%.400s'", found->path);
	r = open_target_directory(w, is_top ? "" : w->list[parent].name, O_PATH, &place->to_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open the directory of '%.400s' that is written to", found->name);
	place->gives_owner = gives_owner(place->to_fd);
	place->parent = parent;
	return 0;
}

/* ---- files ----------------------------------------------------------------------------- */

static int create(int fd, const char *name, mode_t mode, const char *path, int *ret_fd, struct error *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, r = 0;
	int made = openat(fd, name, flags, mode & 0777);

	if (made < 0 && errno == EEXIST) {
		r = build_target_clear(fd, name, path, err);
		if (r < 0)
			return r;
		made = openat(fd, name, flags, mode & 0777);
	}
	if (made < 0)
		return error_errno(err, errno, "cannot make '%.400s'", path);
	*ret_fd = made;
	return 0;
}

static bool needs_owner(const struct writer *w, const struct stat *st, bool gives)
{
	return st->st_uid != w->uid || st->st_gid != w->gid || gives;
}

/* Owner, mode and times of an open file. */
static int finish_file(const struct writer *w, int fd, const struct stat *st, bool gives, const char *path, struct error *err)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	bool is_given = needs_owner(w, st, gives);

	if (is_given && owner_set(fd, st->st_uid, st->st_gid) < 0)
		return error_errno(err, errno, "cannot give '%.400s' to %u:%u", path, st->st_uid, st->st_gid);
	/* chown(2) and writing take set-id bits away, and a directory's default list others. */
	if ((gives || (st->st_mode & 07000)) && fchmod(fd, st->st_mode & 07777) < 0)
		return error_errno(err, errno, "cannot set the mode of '%.400s'", path);
	return futimens(fd, times) < 0 ? error_errno(err, errno, "cannot set the times of '%.400s'", path) : 0;
}

/* One that was opened, on both sides, or is about to be. */
struct regular {
	struct build_found *found;
	const struct place *place;
	struct stat st; /* as it shall be */
	int from_fd, to_fd;
	bool has_xattrs;
};

/* CONTENT is all that it has. */
static int note_content(const struct writer *w, struct regular *file, const void *content, size_t length, struct error *err)
{
	struct build_found *found = file->found;
	struct stat st = file->st;
	int r = 0;

	st.st_size = (off_t)length;
	if (w->notes->kept && w->base && !file->has_xattrs && !file->place->gives_owner)
		build_kept_add(w->notes->kept, w->base, found->name, &st, content);
	if (w->notes->digests && (off_t)length == found->st.st_size)
		r = build_digest_small(file->from_fd, file->has_xattrs, content, length, found->path, found->hash, err);
	found->is_digested = r == 0 && w->notes->digests && (off_t)length == found->st.st_size;
	return r;
}

static int copy_content(const struct writer *w, struct regular *file, uint8_t *block, struct error *err)
{
	const struct build_found *found = file->found;
	ssize_t n = found->st.st_size < (off_t)BUILD_DATA_BLOCK ? build_data_read_small(file->from_fd, block) : (ssize_t)BUILD_DATA_BLOCK;
	int r = n < 0 ? (int)n : 0;

	if (n == (ssize_t)BUILD_DATA_BLOCK) {
		r = lseek(file->from_fd, 0, SEEK_SET) < 0 ? -errno : build_data_copy(file->from_fd, file->to_fd, &found->st, block);
		return r < 0 ? error_errno(err, -r, "cannot copy '%.400s'", found->path) : 0;
	}
	if (n > 0)
		r = fd_write_all(file->to_fd, block, (size_t)n);
	return r < 0 ? error_errno(err, -r, "cannot copy '%.400s'", found->path) : note_content(w, file, block, (size_t)n, err);
}

static int write_opened(const struct writer *w, struct regular *file, uint8_t *block, struct error *err)
{
	const char *path = file->found->path;
	int r = create(file->place->to_fd, name_of(w, file->found), file->st.st_mode, path, &file->to_fd, err);

	if (r < 0)
		return r;
	file->has_xattrs = build_xattr_are_there(file->from_fd);
	r = copy_content(w, file, block, err);
	if (r == 0)
		r = finish_file(w, file->to_fd, &file->st, file->place->gives_owner, path, err);
	return r == 0 && file->has_xattrs ? build_xattr_copy(file->from_fd, file->to_fd, w->target->chmod, path, err) : r;
}

static int write_regular(const struct writer *w, struct build_found *found, const struct place *place, const struct stat *st, uint8_t *block,
	struct error *err)
{
	struct regular file = { .found = found, .place = place, .st = *st, .from_fd = -EBADF, .to_fd = -EBADF };
	int r;

	found->read_at = build_index_now();
	r = build_found_open(w->take, found, place->from_fd, &file.from_fd, err);
	if (r == 0)
		r = write_opened(w, &file, block, err);
	close_and_forget(&file.from_fd);
	close_and_forget(&file.to_fd);
	return r;
}

/* ---- links and devices --------------------------------------------------------------------- */

static int make_special(const struct writer *w, const struct build_found *found, const struct place *place, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!S_ISLNK(st->st_mode))
		return mknodat(place->to_fd, name_of(w, found), st->st_mode, st->st_rdev) < 0 ? -errno : 0;
	n = readlinkat(place->from_fd, build_path_base(found->path), target, sizeof target - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, place->to_fd, name_of(w, found)) < 0 ? -errno : 0;
}

/* Those that a link may have (xattr(7)) are not its owner's, but root's and the security modules'. */
static int copy_xattrs(const struct writer *w, const struct build_found *found, const struct place *place, struct error *err)
{
	_cleanup_close_ int from_fd = openat(place->from_fd, build_path_base(found->path), O_PATH | O_NOFOLLOW | O_CLOEXEC), to_fd = -EBADF;

	if (from_fd < 0)
		return error_errno(err, errno, "cannot open '%.400s'", found->path);
	if (!build_xattr_are_there(from_fd))
		return 0;
	to_fd = openat(place->to_fd, name_of(w, found), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return error_errno(err, errno, "cannot open '%.400s'", found->name);
	return build_xattr_copy(from_fd, to_fd, true, found->path, err);
}

static int write_special(const struct writer *w, const struct build_found *found, const struct place *place, const struct stat *st, struct error *err)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };
	const char *name = name_of(w, found);
	int r = make_special(w, found, place, st);

	if (r == -EEXIST) {
		r = build_target_clear(place->to_fd, name, found->path, err);
		if (r < 0)
			return r;
		r = make_special(w, found, place, st);
	}
	if (r < 0)
		return error_errno(err, -r, "cannot make '%.400s'", found->path);
	if (needs_owner(w, st, place->gives_owner) && owner_set_at(place->to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot give '%.400s' to %u:%u", found->path, st->st_uid, st->st_gid);
	r = copy_xattrs(w, found, place, err);
	if (r == 0 && utimensat(place->to_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = error_errno(err, errno, "cannot set the times of '%.400s'", found->path);
	return r;
}

static int write_link(const struct writer *w, size_t number, const struct place *place, struct error *err)
{
	const struct build_found *found = &w->list[number], *first = &w->list[found->first];
	_cleanup_free_ char *above = str_printf("%.*s", (int)(build_path_base(first->name) - first->name), first->name);
	_cleanup_close_ int first_fd = -EBADF;
	const char *name = name_of(w, found);
	int r = open_target_directory(w, above, O_PATH, &first_fd);

	if (r == 0 && linkat(first_fd, build_path_base(first->name), place->to_fd, name, 0) < 0)
		r = -errno;
	if (r == -EEXIST) {
		r = build_target_clear(place->to_fd, name, found->path, err);
		if (r < 0)
			return r;
		r = linkat(first_fd, build_path_base(first->name), place->to_fd, name, 0) < 0 ? -errno : 0;
	}
	return r < 0 ? error_errno(err, -r, "cannot link '%.400s'", found->path) : 0;
}

/* ---- directories --------------------------------------------------------------------------------- */

static int write_directory(const struct writer *w, size_t number, struct place *place, struct error *err)
{
	const struct build_found *found = &w->list[number];
	struct stat st;
	int r = enter(w, number, place, err);

	if (r < 0 || mkdirat(place->to_fd, name_of(w, found), 0700) == 0)
		return r;
	if (errno != EEXIST || fstatat(place->to_fd, name_of(w, found), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot make the directory '%.400s'", found->path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERROR_CONFLICT, 0, "cannot replace the file '%.400s' by a directory", found->name);
	return 0;
}

/* When all is in it. */
static int finish_directory(const struct writer *w, const struct build_found *found, struct error *err)
{
	_cleanup_close_ int from_fd = -EBADF, fd = -EBADF;
	struct stat st = found->st;
	int r = build_target_adapt(w->target, &st, err);

	if (r < 0)
		return r;
	r = open_target_directory(w, found->name, O_RDONLY, &fd);
	if (r < 0)
		return error_errno(err, -r, "cannot open the directory '%.400s'", found->name);
	r = build_found_open(w->take, found, -EBADF, &from_fd, err);
	if (r == 0 && owner_set(fd, st.st_uid, st.st_gid) < 0)
		r = error_errno(err, errno, "cannot give '%.400s' to %u:%u", found->path, st.st_uid, st.st_gid);
	if (r == 0 && fchmod(fd, st.st_mode & 07777) < 0)
		r = error_errno(err, errno, "cannot set the mode of '%.400s'", found->path);
	if (r == 0)
		r = build_xattr_copy(from_fd, fd, w->target->chmod, found->path, err);
	if (r == 0 && futimens(fd, (const struct timespec[]){ st.st_mtim, st.st_mtim }) < 0)
		r = error_errno(err, errno, "cannot set the times of '%.400s'", found->path);
	return r;
}

/* ---- a source ------------------------------------------------------------------------------------------ */

static int write_one(const struct writer *w, size_t number, struct place *place, uint8_t *block, struct error *err)
{
	struct build_found *found = &w->list[number];
	struct stat st = found->st;
	int r = build_target_adapt(w->target, &st, err);

	if (r == 0)
		r = enter(w, number, place, err);
	if (r < 0)
		return r;
	return S_ISREG(st.st_mode) ? write_regular(w, found, place, &st, block, err) : write_special(w, found, place, &st, err);
}

static int write_chunk(void *context, size_t index, struct error *err)
{
	const struct writer *w = context;
	_cleanup_(place_done) struct place place = PLACE_INIT;
	_cleanup_free_ uint8_t *block = malloc(BUILD_DATA_BLOCK);
	int r = block ? 0 : error_errno(err, ENOMEM, "cannot copy");

	for (size_t i = w->chunks[index]; r == 0 && i < w->chunks[index + 1]; i++) {
		if (!S_ISDIR(w->list[i].st.st_mode) && w->list[i].first == i)
			r = write_one(w, i, &place, block, err);
		build_progress_add(w->target->progress, 1);
	}
	return r;
}

/* Threads that make files in one directory wait for each other: a chunk ends with one. Returns how many there are. */
static size_t part(struct writer *w)
{
	size_t start = w->source->start, end = start + w->source->count, count = 0;

	w->chunks = memory_new(w->source->count / CHUNK + 2, sizeof *w->chunks);
	for (size_t i = start; i < end; i++) {
		size_t length = count ? i - w->chunks[count - 1] : CHUNK_LIMIT;

		if (length >= CHUNK_LIMIT || (length >= CHUNK && w->list[i].parent != w->list[i - 1].parent))
			w->chunks[count++] = i;
	}
	w->chunks[count] = end;
	return count;
}

static int write_files(struct writer *w, struct error *err)
{
	const struct tasks tasks = { .count = part(w), .at_once = build_work_threads(), .run = write_chunk, .context = w };
	int r = tasks.count ? tasks_run(&tasks, err) : 0;

	free(w->chunks);
	w->chunks = NULL;
	return r;
}

/* Directories first, then what is in them, several at once; names of files that have others, and what only holds when nothing changes any more. */
static int write_all(struct writer *w, struct error *err)
{
	_cleanup_(place_done) struct place place = PLACE_INIT;
	size_t start = w->source->start, end = start + w->source->count;
	int r = 0;

	for (size_t i = start; r == 0 && i < end; i++)
		if (S_ISDIR(w->list[i].st.st_mode))
			r = write_directory(w, i, &place, err);
	if (r == 0)
		r = write_files(w, err);
	for (size_t i = start; r == 0 && i < end; i++)
		if (w->list[i].first != i) {
			r = enter(w, i, &place, err);
			if (r == 0)
				r = write_link(w, i, &place, err);
		}
	for (size_t i = end; r == 0 && i > start; i--)
		if (S_ISDIR(w->list[i - 1].st.st_mode))
			r = finish_directory(w, &w->list[i - 1], err);
	return r;
}

static void count(const struct build_found *list, const struct build_source *source, struct build_written *written)
{
	written->entries += source->count;
	for (size_t i = source->start; i < source->start + source->count; i++)
		if (S_ISREG(list[i].st.st_mode) && list[i].first == i)
			written->bytes += (uint64_t)list[i].st.st_size;
}

/* A directory whose content was copied gives the one that it came into its time, and nothing else. */
static int copy_time(const struct writer *w, struct error *err)
{
	_cleanup_close_ int from_fd = -EBADF, fd = -EBADF;
	struct timespec times[2];
	struct stat st;
	int r = beneath_open(w->take->root_fd, w->source->path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &from_fd);

	if (r == 0)
		r = open_target_directory(w, "", O_RDONLY, &fd);
	if (r == 0 && fstat(from_fd, &st) < 0)
		r = -errno;
	if (r == 0) {
		times[0] = times[1] = build_target_time(w->target, st.st_mtim);
		r = futimens(fd, times) < 0 ? -errno : 0;
	}
	return r < 0 ? error_errno(err, -r, "cannot set the time of '%.400s'", w->target->path) : 0;
}

int build_write_source(const struct build_target *target, const struct spec_build_take *take, struct build_taken *taken,
	const struct build_source *source, const struct build_write_notes *notes, struct build_written *written, struct error *err)
{
	struct writer w = { .target = target, .take = take, .list = taken->list, .source = source, .notes = notes, .base_fd = -EBADF, .uid = geteuid(),
		.gid = getegid() };
	_cleanup_buf_ struct buf real = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (source->is_directory) {
		r = build_path_follow(target->root_fd, target->path, &real);
		r = r < 0 ? error_errno(err, -r, "cannot write to '%.400s'", target->path) : build_target_make_directory(target, real.data, &fd, err);
		w.base = real.data;
	} else {
		if (!source->count)
			return 0;
		r = build_target_place(target, source->name, &fd, &real, err);
		w.new_name = real.data;
	}
	w.base_fd = fd;
	if (r == 0)
		r = write_all(&w, err);
	if (r == 0 && source->is_directory && !take->parents)
		r = copy_time(&w, err);
	if (r == 0)
		count(taken->list, source, written);
	return r;
}

int build_write_file(const struct build_target *target, const struct spec_build_file *file, struct build_written *written, struct error *err)
{
	struct writer w = { .target = target, .uid = geteuid(), .gid = getegid() };
	struct stat st = { .st_mode = S_IFREG | 0644 };
	_cleanup_buf_ struct buf name = BUF_INIT;
	_cleanup_close_ int directory_fd = -EBADF, fd = -EBADF;
	size_t length = strlen(file->content);
	int r;

	clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	r = build_target_adapt(target, &st, err);
	if (r == 0)
		r = build_target_place(target, build_path_base(file->name), &directory_fd, &name, err);
	if (r == 0)
		r = create(directory_fd, name.data, st.st_mode, file->name, &fd, err);
	if (r < 0)
		return r;
	r = fd_write_all(fd, file->content, length);
	if (r < 0)
		return error_errno(err, -r, "cannot write '%.400s'", file->name);
	written->entries++;
	written->bytes += length;
	return finish_file(&w, fd, &st, gives_owner(directory_fd), file->name, err);
}
