/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_parts.h"
#include "base/file.h"
#include "spec/log_line.h"

#include <fcntl.h>
#include <sys/stat.h>

#define NS_PER_S INT64_C(1000000000)
#define ATTEMPTS 20

/* ---- which there are ------------------------------------------------------------------------ */

struct listing {
	int directory_fd;
	const char *id;
	struct log_parts *parts;
};

/* Where the file NAME belongs among the others; false: nowhere. */
static bool find_place(const struct listing *listing, const char *name, struct log_part *ret)
{
	int64_t age;

	if (listing->parts->driver == SPEC_LOG_LOCAL) {
		ret->order = (int64_t)spec_log_segment_number(name, &ret->is_compressed);
		return ret->order != 0;
	}
	age = spec_log_line_age(listing->id, name, &ret->is_compressed);
	ret->order = -age;
	return age >= 0;
}

/* As a file_visit_name. 1: a name is not what it was a moment ago. */
static int open_part(void *context, const char *name)
{
	const struct listing *listing = context;
	struct log_parts *parts = listing->parts;
	struct log_part part = { .fd = -EBADF, .end = INT64_MAX };
	struct stat status;

	if (!find_place(listing, name, &part))
		return 0;
	part.fd = openat(listing->directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (part.fd < 0 && errno == ENOENT)
		return 1;
	if (part.fd < 0)
		return -errno;
	parts->list = memory_resize(parts->list, parts->count + 1, sizeof part);
	parts->list[parts->count++] = part;
	if (fstat(part.fd, &status) < 0)
		return -errno;
	parts->list[parts->count - 1].inode = status.st_ino;
	parts->list[parts->count - 1].changed_ns = status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
	return 0;
}

/* The oldest first, and of two forms of the same part the compressed one last, as it may not be complete. */
static int compare(const void *a, const void *b)
{
	const struct log_part *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->is_compressed - y->is_compressed;
}

static void drop_second_forms(struct log_parts *parts)
{
	size_t kept = 0;

	for (size_t i = 0; i < parts->count; i++) {
		if (kept > 0 && parts->list[kept - 1].order == parts->list[i].order)
			close_and_forget(&parts->list[i].fd);
		else
			parts->list[kept++] = parts->list[i];
	}
	parts->count = kept;
}

/* Whether files were renamed while they were listed. */
static bool was_rotated(int directory_fd, const char *id, const struct log_parts *parts)
{
	char name[NAME_MAX + 1];
	struct stat status;

	if (parts->driver != SPEC_LOG_JSON_FILE || parts->count == 0)
		return false;
	for (size_t i = 1; i < parts->count; i++)
		if (parts->list[i].inode == parts->list[i - 1].inode)
			return true;
	spec_log_line_name(id, 0, false, name);
	return fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino != parts->list[parts->count - 1].inode;
}

int log_parts_open(int directory_fd, enum spec_log_driver driver, const char *id, struct log_parts *ret)
{
	struct log_parts parts = { .driver = driver };
	struct listing listing = { .directory_fd = directory_fd, .id = id, .parts = &parts };
	int r = 1;

	for (int attempt = 0; r > 0 && attempt < ATTEMPTS; attempt++) {
		log_parts_close(&parts);
		r = file_each_name(directory_fd, open_part, &listing);
		if (r < 0)
			continue;
		qsort(parts.list, parts.count, sizeof *parts.list, compare);
		drop_second_forms(&parts);
		if (r == 0)
			r = was_rotated(directory_fd, id, &parts);
	}
	/* Names that never stand still: what was found last is all in order, but perhaps not complete. */
	if (r < 0)
		log_parts_close(&parts);
	else
		*ret = parts;
	return r < 0 ? r : 0;
}

void log_parts_close(struct log_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		close_and_forget(&parts->list[i].fd);
	free(parts->list);
	parts->list = NULL;
	parts->count = 0;
}
