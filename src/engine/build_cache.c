/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_cache.h"
#include "base/file.h"
#include "base/memory.h"
#include "spec/image_digest.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SUFFIX ".json"

static const char *const parts[] = { [BUILD_CACHE_STEPS] = "cache", [BUILD_CACHE_RESULTS] = "results" };

/* FNV-1a of 128 bits (draft-eastlake-fnv). */
void build_cache_id(const char *key, char ret[static BUILD_CACHE_ID_LENGTH + 1])
{
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	unsigned __int128 hash = ((unsigned __int128)0x6c62272e07bb0142u << 64) + 0x62b821756295c58du;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * prime;
	snprintf(ret, BUILD_CACHE_ID_LENGTH + 1, "%016llx%016llx", (unsigned long long)(hash >> 64), (unsigned long long)hash);
}

static int open_part(const struct directories *directories, enum build_cache_part part)
{
	_cleanup_free_ char *path = str_printf("%s/build/%s", directories->root, parts[part]);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_part(const struct directories *directories, enum build_cache_part part)
{
	_cleanup_free_ char *path = str_printf("%s/build/%s", directories->root, parts[part]);
	int r = file_make_directories(path, 0700);

	return r < 0 ? r : open_part(directories, part);
}

static int read_record(struct arena *arena, int part_fd, const char *name, struct spec_build_record *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_whole_at(part_fd, name, SPEC_BUILD_RECORD_LIMIT, &text);

	return r < 0 ? r : spec_build_record_decode(arena, text.data ? text.data : "", text.length, ret, NULL);
}

int build_cache_find(struct arena *arena, const struct directories *directories, enum build_cache_part part, const char *key,
	struct spec_build_record *ret)
{
	_cleanup_close_ int fd = open_part(directories, part);
	char name[BUILD_CACHE_ID_LENGTH + sizeof SUFFIX];

	if (fd < 0)
		return 0;
	build_cache_id(key, name);
	strcat(name, SUFFIX);
	if (read_record(arena, fd, name, ret) < 0 || !str_equal(ret->key, key))
		return 0;
	/* If it was removed just now, the layer may go, too, and that is seen. */
	ignore_result(utimensat(fd, name, NULL, AT_SYMLINK_NOFOLLOW));
	return 1;
}

int build_cache_put(const struct directories *directories, enum build_cache_part part, const struct spec_build_record *record, struct error *err)
{
	_cleanup_close_ int fd = make_part(directories, part);
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[BUILD_CACHE_ID_LENGTH + sizeof SUFFIX];
	int r = fd;

	build_cache_id(record->key, name);
	strcat(name, SUFFIX);
	spec_build_record_encode(record, &text);
	if (fd >= 0)
		r = file_replace_at(fd, name, text.data, text.length, 0600);
	return r < 0 ? error_errno(err, -r, "cannot write '%s/build/%s/%s'", directories->root, parts[part], name) : 0;
}

int build_cache_forget(const struct directories *directories, enum build_cache_part part, const char *id)
{
	_cleanup_close_ int fd = open_part(directories, part);
	_cleanup_free_ char *name = str_printf("%s" SUFFIX, id);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return unlinkat(fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- all of them --------------------------------------------------------------------- */

struct visit {
	int fd;
	build_cache_each *each;
	void *context;
};

static int visit_one(void *context, const char *name)
{
	const struct visit *visit = context;
	_cleanup_arena_ struct arena *arena = NULL;
	struct spec_build_record record;
	char id[BUILD_CACHE_ID_LENGTH + 1];
	struct stat status;

	if (strlen(name) != BUILD_CACHE_ID_LENGTH + strlen(SUFFIX))
		return 0;
	memcpy(id, name, BUILD_CACHE_ID_LENGTH);
	id[BUILD_CACHE_ID_LENGTH] = '\0';
	if (!spec_digest_is_hex(id, BUILD_CACHE_ID_LENGTH) || !str_equal(name + BUILD_CACHE_ID_LENGTH, SUFFIX))
		return 0;
	arena = arena_new();
	if (fstatat(visit->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || read_record(arena, visit->fd, name, &record) < 0)
		return 0;
	return visit->each(visit->context, id, status.st_mtim.tv_sec, &record);
}

int build_cache_visit(const struct directories *directories, enum build_cache_part part, build_cache_each *each, void *context)
{
	_cleanup_close_ int fd = open_part(directories, part);
	struct visit visit = { fd, each, context };

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return file_each_name(fd, visit_one, &visit);
}

static int add_root(void *context, const char *id _unused_, int64_t used_s _unused_, const struct spec_build_record *record)
{
	if (record->chain_id)
		buf_printf(context, "%s\n", record->chain_id);
	if (record->chain_id && record->blob)
		buf_printf(context, "%s\n", record->blob);
	return 0;
}

int build_cache_add_roots(const struct directories *directories, struct buf *digests, struct error *err)
{
	int r = build_cache_visit(directories, BUILD_CACHE_STEPS, add_root, digests);

	return r < 0 ? error_errno(err, -r, "cannot read '%s/build/cache'", directories->root) : 0;
}
