/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_names.h"
#include "base/file.h"
#include "engine/container.h"
#include "engine/container_words.h"
#include "store/lock.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TARGET_PREFIX "../containers/"
#define GENERATED_TRIES 64

/* ---- what is one -------------------------------------------------------------------- */

bool container_id_is_valid(const char *text)
{
	return strspn(text, "0123456789abcdef") == CONTAINER_ID_LENGTH && !text[CONTAINER_ID_LENGTH];
}

bool container_name_is_valid(const char *text)
{
	size_t length = strlen(text);

	if (length < 2 || length > CONTAINER_NAME_LIMIT || !isalnum((unsigned char)text[0]))
		return false;
	for (const char *c = text; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("_.-", *c)))
			return false;
	return true;
}

int container_name_check(const char *text, struct error *err)
{
	if (container_name_is_valid(text))
		return 0;
	error_set(err, ERROR_INVALID, 0, "invalid container name '%.280s'", text);
	error_hint(err, "a name has 2 to %d letters, digits, '_', '.' and '-', the first a letter or digit", CONTAINER_NAME_LIMIT);
	return -EINVAL;
}

int container_id_make(struct arena *arena, const char **ret, struct error *err)
{
	unsigned char bytes[CONTAINER_ID_LENGTH / 2];
	char *id = arena_alloc(arena, CONTAINER_ID_LENGTH + 1, 1);

	do {
		if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
			return error_errno(err, errno, "cannot get random bytes");
		for (size_t i = 0; i < sizeof bytes; i++) {
			id[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
			id[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
		}
	} while (strspn(id, "0123456789") >= 12);
	*ret = id;
	return 0;
}

/* ---- links ------------------------------------------------------------------------------ */

/* The directory of names; made if it is missing and MAKE says so. */
static int open_names(const struct directories *directories, bool make)
{
	_cleanup_free_ char *path = str_printf("%s/names", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT || !make)
		return -errno;
	r = file_make_directories(path, 0700);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* The id behind NAME into ID: 1, or 0 if there is none; -errno if nobody can tell. */
static int read_owner(int names_fd, const char *name, char id[CONTAINER_ID_LENGTH + 1])
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(names_fd, name, target, sizeof target - 1);

	if (length < 0)
		return errno == ENOENT || errno == EINVAL || errno == ENAMETOOLONG ? 0 : -errno;
	target[length] = '\0';
	if (!str_starts_with(target, TARGET_PREFIX) || !container_id_is_valid(target + strlen(TARGET_PREFIX)))
		return 0;
	memcpy(id, target + strlen(TARGET_PREFIX), CONTAINER_ID_LENGTH + 1);
	return 1;
}

int container_name_owner(struct arena *arena, const struct directories *directories, const char *name, const char **ret)
{
	_cleanup_close_ int fd = open_names(directories, false);
	char id[CONTAINER_ID_LENGTH + 1];
	int r = fd == -ENOENT ? 0 : fd < 0 ? fd : read_owner(fd, name, id);

	if (r < 0)
		return r;
	*ret = r > 0 ? arena_strdup(arena, id) : NULL;
	return 0;
}

struct owned {
	struct arena *arena;
	const char *id, *name;
	int fd;
};

static int match_owner(void *context, const char *name)
{
	struct owned *owned = context;
	char id[CONTAINER_ID_LENGTH + 1];

	if (read_owner(owned->fd, name, id) <= 0 || !str_equal(id, owned->id))
		return 0;
	owned->name = arena_strdup(owned->arena, name);
	return 1;
}

const char *container_name_of(struct arena *arena, const struct directories *directories, const char *id)
{
	_cleanup_close_ int fd = open_names(directories, false);
	struct owned owned = { arena, id, NULL, fd };

	return fd >= 0 && file_each_name(fd, match_owner, &owned) > 0 ? owned.name : NULL;
}

/*
 * All who take names away hold the lock of their directory, so that between the
 * look and the removal the name cannot have become another's.
 */
static int remove_name(int names_fd, const char *name, const char *id, int grave_fd)
{
	char owner[CONTAINER_ID_LENGTH + 1];
	int r;

	while (flock(names_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	r = read_owner(names_fd, name, owner);
	if (r > 0 && str_equal(owner, id) && (grave_fd < 0 || renameat(names_fd, name, grave_fd, "name") < 0) && unlinkat(names_fd, name, 0) < 0)
		r = -errno;
	ignore_result(flock(names_fd, LOCK_UN)); /* closing would do it as well */
	return r < 0 ? r : 0;
}

int container_name_release(const struct directories *directories, const char *name, const char *id, int grave_fd)
{
	_cleanup_close_ int fd = open_names(directories, false);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return remove_name(fd, name, id, grave_fd);
}

/* ---- names that are left -------------------------------------------------------------------- */

static bool is_being_made(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root), *name = str_printf(".new-%s", id);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -EBADF;

	return fd >= 0 && lock_abandoned(fd, name, &lock) == -EBUSY;
}

/* A rename that is under way has the lock. */
static bool is_called_otherwise(struct container_record *record, const char *name)
{
	if (str_equal(record->container->name, name) || flock(record->fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	container_record_unlock(record);
	return container_record_lock(record, NULL) == 0 && !str_equal(record->container->name, name);
}

bool container_name_is_stale(const struct directories *directories, const char *name, const char *id)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *path = str_printf("%s/containers/%s", directories->root, id);
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct stat status;

	if (lstat(path, &status) < 0 && errno == ENOENT && is_being_made(directories, id))
		return false;
	/* It may have been made between the two looks. */
	if (lstat(path, &status) < 0)
		return errno == ENOENT;
	if (container_record_open(arena, directories, id, &record, NULL) < 0)
		return false;
	return is_called_otherwise(&record, name);
}

/* ---- reserving ------------------------------------------------------------------------------- */

/* 0, -EEXIST with the owner's id, or another -errno. */
static int take_name(const struct directories *directories, int names_fd, const char *name, const char *id, char owner[CONTAINER_ID_LENGTH + 1])
{
	_cleanup_free_ char *target = str_printf(TARGET_PREFIX "%s", id);

	for (int i = 0; i < 10; i++) {
		int r;

		owner[0] = '\0';
		if (symlinkat(target, names_fd, name) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
		r = read_owner(names_fd, name, owner);
		if (r < 0)
			return r;
		if (r == 0)
			continue; /* it was given back just now */
		if (!container_name_is_stale(directories, name, owner))
			return -EEXIST;
		r = remove_name(names_fd, name, owner, -EBADF);
		if (r < 0)
			return r;
	}
	return -EEXIST;
}

int container_name_reserve(const struct directories *directories, const char *name, const char *id, struct error *err)
{
	_cleanup_close_ int fd = open_names(directories, true);
	char owner[CONTAINER_ID_LENGTH + 1] = "";
	int r = fd < 0 ? fd : take_name(directories, fd, name, id, owner);

	if (r == 0)
		return 0;
	if (r != -EEXIST)
		return error_errno(err, -r, "cannot reserve the name '%s' in '%s/names'", name, directories->root);
	error_set(err, ERROR_CONFLICT, 0, "the name '%s' is already in use by the container '%.12s'", name, owner);
	error_hint(err, "remove or rename that container, or use --replace");
	return -EEXIST;
}

/* "calm_marmot", and digits behind it when those become rare. */
static void make_name(unsigned try, char *name, size_t size)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = (uint32_t)getpid() * 2654435761u + try;
	snprintf(name, size, "%s_%s", container_adjectives[(number & 0xffff) % ARRAY_SIZE(container_adjectives)],
		 container_nouns[(number >> 16) % ARRAY_SIZE(container_nouns)]);
	if (try > 4)
		snprintf(name + strlen(name), size - strlen(name), "%u", number % 1000);
}

int container_name_generate(struct arena *arena, const struct directories *directories, const char *id, const char **ret, struct error *err)
{
	_cleanup_close_ int fd = open_names(directories, true);
	char owner[CONTAINER_ID_LENGTH + 1], name[64];
	int r = fd < 0 ? fd : -EEXIST;

	for (unsigned try = 0; r == -EEXIST && try < GENERATED_TRIES; try++) {
		make_name(try, name, sizeof name);
		r = take_name(directories, fd, name, id, owner);
	}
	if (r < 0)
		return error_errno(err, -r, "cannot find a free name in '%s/names'", directories->root);
	*ret = arena_strdup(arena, name);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------- */

struct names {
	struct arena *arena;
	const char **list;
	size_t count, capacity;
};

static int add_name(void *context, const char *name)
{
	struct names *names = context;

	if (!container_name_is_valid(name))
		return 0;
	if (names->count + 1 >= names->capacity) {
		const char **larger = arena_alloc(names->arena, names->capacity * 2 + 64, sizeof *larger);

		if (names->count)
			memcpy(larger, names->list, names->count * sizeof *larger);
		names->list = larger;
		names->capacity = names->capacity * 2 + 64;
	}
	names->list[names->count++] = arena_strdup(names->arena, name);
	return 0;
}

const char **container_names_list(struct arena *arena, const struct directories *directories)
{
	_cleanup_close_ int fd = open_names(directories, false);
	struct names names = { .arena = arena };

	if (fd >= 0)
		ignore_result(file_each_name(fd, add_name, &names)); /* those that could be read */
	if (!names.list)
		names.list = arena_alloc(arena, 1, sizeof *names.list);
	return names.list;
}
