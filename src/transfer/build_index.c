/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_index.h"

#include "base/file.h"
#include "base/log.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random_name.h"

#include <fcntl.h>
#include <sys/mman.h>

/* 64 bits are compared; another format, or another machine's order of bytes, is another. */
#define MAGIC UINT64_C(0x3178646962766962)
#define RECORD_LIMIT 1000000

/* The kernel's clock for times of files goes in steps of up to 10 ms. */
#define MARGIN_NS INT64_C(100000000)

/* The file: this, then records in the order of device and inode. */
struct header {
	uint64_t magic, count;
};

struct record {
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
	uint64_t mode;
	uint8_t hash[BUILD_INDEX_HASH_SIZE];
};

struct build_index {
	char *path;
	void *map;
	size_t map_size;
	const struct record *records; /* in the map */
	size_t count;
	struct record *added;
	size_t added_count, room;
};

static int64_t ns_of(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static struct record record_of(const struct stat *st)
{
	return (struct record){ .device = st->st_dev, .inode = st->st_ino, .size = (uint64_t)st->st_size, .mtime_ns = ns_of(&st->st_mtim),
		.ctime_ns = ns_of(&st->st_ctim), .mode = st->st_mode };
}

static int compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Believes nothing but the number of records, which is that of the file's bytes: a lie in it is a wrong digest, which only who owns it can tell. */
static void read_map(struct build_index *index)
{
	const struct header *header = index->map;

	if (index->map_size < sizeof *header || header->magic != MAGIC || header->count > RECORD_LIMIT ||
	    index->map_size != sizeof *header + header->count * sizeof *index->records)
		return;
	index->records = (const struct record *)(header + 1);
	index->count = header->count;
}

struct build_index *build_index_open(const char *path)
{
	struct build_index *index = memory_new(1, sizeof *index);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (!path)
		return index;
	index->path = str_dup(path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return index;
	/* It is only ever replaced: it does not become shorter. */
	index->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (index->map == MAP_FAILED) {
		index->map = NULL;
		return index;
	}
	index->map_size = (size_t)st.st_size;
	read_map(index);
	return index;
}

void build_index_free(struct build_index *index)
{
	if (!index)
		return;
	if (index->map)
		munmap(index->map, index->map_size);
	free(index->path);
	free(index->added);
	free(index);
}

static bool is_same(const struct record *a, const struct record *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->mode == b->mode;
}

const uint8_t *build_index_find(const struct build_index *index, const struct stat *st)
{
	struct record wanted = record_of(st);
	const struct record *found = index->count ? bsearch(&wanted, index->records, index->count, sizeof wanted, compare) : NULL;

	return found && is_same(found, &wanted) ? found->hash : NULL;
}

struct timespec build_index_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}

void build_index_add(struct build_index *index, const struct stat *st, const struct timespec *read_at, const uint8_t hash[static BUILD_INDEX_HASH_SIZE])
{
	struct record record = record_of(st);

	if (!index->path || record.ctime_ns > ns_of(read_at) - MARGIN_NS || record.mtime_ns > ns_of(read_at) - MARGIN_NS)
		return;
	if (index->added_count == index->room) {
		index->room = 2 * index->room + 64;
		index->added = memory_resize(index->added, index->room, sizeof *index->added);
	}
	memcpy(record.hash, hash, sizeof record.hash);
	index->added[index->added_count++] = record;
}

/* The old ones and the new ones in their order; of two of one file the new one. What is gone for long goes when there is too much of it. */
static struct record *merge(struct build_index *index, size_t *ret_count)
{
	bool keeps_old = index->count + index->added_count <= RECORD_LIMIT;
	struct record *all = memory_new(index->count + index->added_count, sizeof *all);
	size_t old = keeps_old ? 0 : index->count, count = 0;

	qsort(index->added, index->added_count, sizeof *index->added, compare);
	for (size_t i = 0; i < index->added_count; i++) {
		while (old < index->count && compare(&index->records[old], &index->added[i]) < 0)
			all[count++] = index->records[old++];
		if (old < index->count && compare(&index->records[old], &index->added[i]) == 0)
			old++;
		if (count && compare(&all[count - 1], &index->added[i]) == 0)
			count--;
		all[count++] = index->added[i];
	}
	while (old < index->count)
		all[count++] = index->records[old++];
	*ret_count = count;
	return all;
}

static int write_file(const char *path, const struct record *records, size_t count)
{
	const struct header header = { MAGIC, count };
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, &header, sizeof header);
	return r < 0 ? r : fd_write_all(fd, records, count * sizeof *records);
}

void build_index_save(struct build_index *index)
{
	_cleanup_free_ struct record *all = NULL;
	_cleanup_free_ char *random = NULL, *temporary = NULL;
	size_t count = 0;
	int r;

	if (!index->path || !index->added_count)
		return;
	random = random_name();
	if (!random)
		return;
	all = merge(index, &count);
	temporary = str_printf("%s.%s", index->path, random);
	r = write_file(temporary, all, count);
	if (r == 0 && rename(temporary, index->path) < 0)
		r = -errno;
	if (r < 0) {
		log_debug("cannot write '%s': %s", index->path, error_words(-r));
		unlink(temporary);
	}
}
