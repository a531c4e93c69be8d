/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_digest.h"

#include "transfer/build_path.h"
#include "transfer/build_xattr.h"
#include "transfer/tasks.h"

#include <limits.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Changes whenever what is digested does: a cache knows no better. */
#define FORMAT "bivy-take-1"
#define BLOCK_SIZE ((size_t)256 << 10)
#define CHUNK 32 /* files that a thread takes at once */

struct digesting {
	const struct spec_build_take *take;
	const struct build_taken *taken;
	uint8_t (*hashes)[BUILD_INDEX_HASH_SIZE]; /* of regular files, by number */
	size_t *missing; /* numbers of those that are to be read */
	size_t missing_count;
	struct timespec *read_at; /* of those */
};

/* ---- files ------------------------------------------------------------------------- */

int build_digest_small(int fd, bool has_xattrs, const void *content, size_t length, const char *path, uint8_t ret[static BUILD_INDEX_HASH_SIZE],
	struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	uint8_t hash[DIGEST_HASH_SIZE];
	int r = build_xattr_digest(has_xattrs ? fd : -EBADF, digest, path, err);

	if (r < 0)
		return r;
	digest_add(digest, content, length);
	digest_finish_hash(digest, hash);
	memcpy(ret, hash, BUILD_INDEX_HASH_SIZE);
	return 0;
}

static int add_content(struct digest *digest, int fd, const char *path, uint8_t *block, struct error *err)
{
	ssize_t n;

	while ((n = read(fd, block, BLOCK_SIZE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot read '%.400s'", path);
		digest_add(digest, block, (size_t)n);
	}
	return 0;
}

static int hash_file(const struct digesting *d, size_t number, uint8_t *block, struct error *err)
{
	const struct build_found *found = &d->taken->list[number];
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	_cleanup_close_ int fd = -EBADF;
	uint8_t hash[DIGEST_HASH_SIZE];
	int r = build_found_open(d->take, found, -EBADF, &fd, err);

	if (r == 0)
		r = build_xattr_digest(fd, digest, found->path, err);
	if (r == 0)
		r = add_content(digest, fd, found->path, block, err);
	if (r < 0)
		return r;
	digest_finish_hash(digest, hash);
	memcpy(d->hashes[number], hash, BUILD_INDEX_HASH_SIZE);
	return 0;
}

static int hash_chunk(void *context, size_t index, struct error *err)
{
	struct digesting *d = context;
	_cleanup_free_ uint8_t *block = memory_new(1, BLOCK_SIZE);
	size_t end = (index + 1) * CHUNK;
	int r = 0;

	for (size_t i = index * CHUNK; r == 0 && i < end && i < d->missing_count; i++) {
		d->read_at[i] = build_index_now();
		r = hash_file(d, d->missing[i], block, err);
	}
	return r;
}

static bool is_read(const struct build_found *list, size_t i)
{
	return S_ISREG(list[i].st.st_mode) && list[i].first == i;
}

static int hash_files(struct digesting *d, struct build_index *index, unsigned threads, struct error *err)
{
	const struct build_found *list = d->taken->list;
	struct tasks tasks = { .at_once = threads, .run = hash_chunk, .context = d };
	int r = 0;

	for (size_t i = 0; i < d->taken->count; i++) {
		const uint8_t *known = !is_read(list, i) ? NULL : list[i].is_digested ? list[i].hash : build_index_find(index, &list[i].st);

		if (known)
			memcpy(d->hashes[i], known, BUILD_INDEX_HASH_SIZE);
		else if (is_read(list, i))
			d->missing[d->missing_count++] = i;
	}
	for (size_t i = 0; i < d->taken->count; i++)
		if (list[i].is_digested && !build_index_find(index, &list[i].st))
			build_index_add(index, &list[i].st, &list[i].read_at, list[i].hash);
	tasks.count = (d->missing_count + CHUNK - 1) / CHUNK;
	d->read_at = memory_new(d->missing_count + 1, sizeof *d->read_at);
	if (tasks.count)
		r = tasks_run(&tasks, err);
	for (size_t i = 0; r == 0 && i < d->missing_count; i++)
		build_index_add(index, &list[d->missing[i]].st, &d->read_at[i], d->hashes[d->missing[i]]);
	return r;
}

/* ---- the whole --------------------------------------------------------------------- */

static void add_text(struct digest *digest, const char *text)
{
	digest_add(digest, text, strlen(text) + 1);
}

static int add_symlink(const struct digesting *d, const struct build_found *found, struct digest *digest, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	char target[PATH_MAX];
	ssize_t n;
	int r = build_found_open(d->take, found, -EBADF, &fd, err);

	if (r < 0)
		return r;
	n = readlinkat(fd, "", target, sizeof target - 1);
	if (n < 0)
		return error_errno(err, errno, "cannot read the link '%.400s'", found->path);
	target[n] = '\0';
	add_text(digest, target);
	return build_xattr_are_there(fd) ? build_xattr_digest(fd, digest, found->path, err) : 0;
}

static int add_directory(const struct digesting *d, const struct build_found *found, struct digest *digest, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = build_found_open(d->take, found, -EBADF, &fd, err);

	return r < 0 ? r : build_xattr_digest(fd, digest, found->path, err);
}

/* The mode of a link means nothing. */
static int add_found(const struct digesting *d, const struct build_source *source, size_t i, struct digest *digest, struct error *err)
{
	const struct build_found *found = &d->taken->list[i];
	char line[160];

	snprintf(line, sizeof line, "%o %u %u %ju %u:%u %zu", S_ISLNK(found->st.st_mode) ? S_IFLNK : (unsigned)found->st.st_mode, found->st.st_uid,
		found->st.st_gid, S_ISREG(found->st.st_mode) ? (uintmax_t)found->st.st_size : 0, S_ISREG(found->st.st_mode) ? 0 : major(found->st.st_rdev),
		S_ISREG(found->st.st_mode) ? 0 : minor(found->st.st_rdev), found->first == i ? 0 : found->first - source->start + 1);
	add_text(digest, line);
	add_text(digest, found->name);
	if (S_ISREG(found->st.st_mode) && found->first == i)
		digest_add(digest, d->hashes[i], BUILD_INDEX_HASH_SIZE);
	if (S_ISLNK(found->st.st_mode))
		return add_symlink(d, found, digest, err);
	return S_ISDIR(found->st.st_mode) ? add_directory(d, found, digest, err) : 0;
}

static int add_all(const struct digesting *d, struct digest *digest, struct error *err)
{
	int r = 0;

	add_text(digest, FORMAT);
	for (size_t s = 0; r == 0 && s < d->taken->source_count; s++) {
		const struct build_source *source = &d->taken->sources[s];

		add_text(digest, source->is_directory ? "directory" : "file");
		if (!source->is_directory)
			add_text(digest, source->name);
		for (size_t i = source->start; r == 0 && i < source->start + source->count; i++)
			r = add_found(d, source, i, digest, err);
	}
	return r;
}

static void digesting_done(struct digesting *d)
{
	free(d->hashes);
	free(d->missing);
	free(d->read_at);
}

int build_digest(const struct spec_build_take *take, const struct build_taken *taken, struct build_index *index, unsigned threads,
	char ret[static DIGEST_TEXT_SIZE], uint64_t *ret_bytes, struct error *err)
{
	_cleanup_(digesting_done) struct digesting d = { .take = take, .taken = taken, .hashes = memory_new(taken->count + 1, sizeof *d.hashes),
		.missing = memory_new(taken->count + 1, sizeof *d.missing) };
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	int r = hash_files(&d, index, threads, err);

	if (r == 0)
		r = add_all(&d, digest, err);
	if (r < 0)
		return r;
	*ret_bytes = 0;
	for (size_t i = 0; i < taken->count; i++)
		if (is_read(taken->list, i))
			*ret_bytes += (uint64_t)taken->list[i].st.st_size;
	digest_finish(digest, ret);
	return 0;
}
