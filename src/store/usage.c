/* SPDX-License-Identifier: Apache-2.0 */
#include "store/usage.h"
#include "base/str.h"
#include "store/blobs.h"
#include "store/layers.h"
#include "store/lock.h"
#include "store/path_set.h"
#include "store/reachable.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* A path that the kernel takes has no more levels. */
#define DEPTH_LIMIT (PATH_MAX / 2)
#define BLOCK 512

struct walk {
	struct path_set *seen; /* "device:inode" of files with several names */
	uint64_t bytes;
};

static int walk_directory(struct walk *walk, int fd, unsigned depth);

static void count(struct walk *walk, const struct stat *status)
{
	if (!S_ISDIR(status->st_mode) && status->st_nlink > 1) {
		_cleanup_free_ char *file = str_printf("%llx:%llx", (unsigned long long)status->st_dev, (unsigned long long)status->st_ino);

		if (!path_set_add(walk->seen, file))
			return;
	}
	walk->bytes += (uint64_t)status->st_blocks * BLOCK;
}

/* The file NAME, and what is beneath it; what is gone by now counts nothing. */
static int walk_entry(struct walk *walk, int directory_fd, const char *name, unsigned depth)
{
	struct stat status;
	int fd;

	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	count(walk, &status);
	if (!S_ISDIR(status.st_mode))
		return 0;
	fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	return walk_directory(walk, fd, depth + 1);
}

/* Takes FD. */
static int walk_directory(struct walk *walk, int fd, unsigned depth)
{
	_cleanup_closedir_ DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!directory) {
		close(fd);
		return -ENOMEM;
	}
	if (depth > DEPTH_LIMIT)
		return -ELOOP;
	while (errno = 0, r == 0 && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = walk_entry(walk, fd, entry->d_name, depth);
	return r < 0 ? r : -errno;
}

/* What NAME of the directory and all beneath it take that was not counted before. */
static int bytes_of(struct walk *walk, int directory_fd, const char *name, uint64_t *ret)
{
	uint64_t before = walk->bytes;
	int r = walk_entry(walk, directory_fd, name, 0);

	*ret = walk->bytes - before;
	return r;
}

/* The same, without what NAME takes itself, which it does when it is empty, too. */
static int bytes_within(struct walk *walk, int directory_fd, const char *name, uint64_t *ret)
{
	struct stat status;
	uint64_t own, bytes;
	int r = bytes_of(walk, directory_fd, name, &bytes);

	if (r < 0)
		return r;
	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	own = (uint64_t)status.st_blocks * BLOCK;
	*ret = bytes > own ? bytes - own : 0;
	return 0;
}

/* ---- parts -------------------------------------------------------------------- */

struct tally {
	const struct store *store;
	const struct store_usage_question *question;
	const struct reachable *kept, *lasting;
	struct walk *walk;
	struct store_usage usage;
};

/* BYTES of a blob or layer, by whether it is needed, or only worth keeping. */
static void tally_content(struct tally *tally, const char *digest, bool is_layer, uint64_t bytes)
{
	const struct reachable *kept = tally->kept, *lasting = tally->lasting;

	if (!path_set_has(is_layer ? kept->layers : kept->blobs, digest))
		tally->usage.reclaimable_bytes += bytes;
	else if (lasting->blobs && !path_set_has(is_layer ? lasting->layers : lasting->blobs, digest))
		tally->usage.cached_bytes += bytes;
	if (tally->question->each)
		tally->question->each(tally->question->context, digest, is_layer, bytes);
}

static int tally_blob(void *context, const char *digest, const struct stat *status)
{
	struct tally *tally = context;
	uint64_t before = tally->walk->bytes, bytes;

	count(tally->walk, status);
	bytes = tally->walk->bytes - before;
	tally->usage.blobs++;
	tally->usage.blob_bytes += bytes;
	tally_content(tally, digest, false, bytes);
	return 0;
}

static int tally_layer(void *context, const char *chain_id)
{
	struct tally *tally = context;
	uint64_t bytes = 0;
	int r = bytes_of(tally->walk, tally->store->layers_fd, strchr(chain_id, ':') + 1, &bytes);

	tally->usage.layers++;
	tally->usage.layer_bytes += bytes;
	tally_content(tally, chain_id, true, bytes);
	return r;
}

/* The whole, walked on its own: what no part accounts for is "other". */
static int tally_rest(struct tally *tally)
{
	struct store_usage *usage = &tally->usage;
	_cleanup_path_set_ struct path_set *seen = path_set_new();
	struct walk whole = { .seen = seen };
	uint64_t partial = 0, staging = 0, parts;
	int r = bytes_within(tally->walk, tally->store->fd, "partial", &partial);

	if (r == 0)
		r = bytes_within(tally->walk, tally->store->fd, "staging", &staging);
	if (r == 0)
		r = bytes_of(&whole, tally->store->fd, ".", &usage->total_bytes);
	usage->debris_bytes = partial + staging;
	parts = usage->blob_bytes + usage->layer_bytes + usage->debris_bytes;
	/* Parts can have shrunk between the two walks. */
	if (usage->total_bytes < parts)
		usage->total_bytes = parts;
	usage->other_bytes = usage->total_bytes - parts;
	return r;
}

/* Both at one moment. */
static int find_reachable(const struct store *store, const struct store_usage_question *question, struct reachable *ret_kept,
	struct reachable *ret_lasting, struct error *err)
{
	_cleanup_close_ int lock = -EBADF;
	int r = lock_exclusive(store, STORE_LOCK_CONTENT, &lock);

	if (r < 0)
		return error_errno(err, -r, "cannot lock the content of '%s'", store->path);
	r = reachable_find(store, question->roots, ret_kept, err);
	if (r == 0 && question->lasting)
		r = reachable_find(store, question->lasting, ret_lasting, err);
	return r;
}

int store_usage_visit(const struct store *store, const struct store_usage_question *question, struct store_usage *ret, struct error *err)
{
	_cleanup_reachable_ struct reachable kept = REACHABLE_INIT, lasting = REACHABLE_INIT;
	_cleanup_path_set_ struct path_set *seen = path_set_new();
	struct walk walk = { .seen = seen };
	struct tally tally = { .store = store, .question = question, .kept = &kept, .lasting = &lasting, .walk = &walk };
	int r = find_reachable(store, question, &kept, &lasting, err);

	if (r < 0)
		return r;
	r = blob_list(store, tally_blob, &tally);
	if (r == 0)
		r = layer_list(store, tally_layer, &tally);
	if (r == 0)
		r = tally_rest(&tally);
	if (r < 0)
		return error_errno(err, -r, "cannot measure the store '%s'", store->path);
	*ret = tally.usage;
	return 0;
}

int store_usage(const struct store *store, const struct store_roots *roots, struct store_usage *ret, struct error *err)
{
	return store_usage_visit(store, &(struct store_usage_question){ .roots = roots }, ret, err);
}
