/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_xattr.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/str.h"
#include "store/acl.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/xattr.h>

/* Labels of this machine, and what an overlay mount notes for itself. */
static bool is_local(const char *name)
{
	static const char *const names[] = { "security.selinux", "security.ima", "security.evm", "security.apparmor" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return str_starts_with(name, "trusted.overlay.") || str_starts_with(name, "user.overlay.");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- of what is open, and of what is only named by a descriptor ------------------------------ */

/* A link cannot be opened but with O_PATH, of which the calls by descriptor know nothing (open(2)): it is reached by the descriptor's own name. */
struct object {
	int fd;
	bool is_named;
	char name[32];
};

static struct object object_of(int fd)
{
	struct object object = { .fd = fd };

	object.is_named = (fcntl(fd, F_GETFL) & O_PATH) != 0;
	snprintf(object.name, sizeof object.name, "/proc/self/fd/%d", fd);
	return object;
}

static ssize_t list_object(const struct object *object, char *names, size_t size)
{
	return object->is_named ? listxattr(object->name, names, size) : flistxattr(object->fd, names, size);
}

static ssize_t get_of_object(const struct object *object, const char *name, void *value, size_t size)
{
	return object->is_named ? getxattr(object->name, name, value, size) : fgetxattr(object->fd, name, value, size);
}

static int set_of_object(const struct object *object, const char *name, const void *value, size_t size)
{
	return object->is_named ? setxattr(object->name, name, value, size, 0) : fsetxattr(object->fd, name, value, size, 0);
}

/* The names, sorted, in the arena; *RET_COUNT 0 for none, which costs one call. */
static int list(struct arena *arena, const struct object *object, const char ***ret, size_t *ret_count)
{
	char small[1024], *names = small;
	ssize_t length = list_object(object, small, sizeof small);
	size_t count = 0;

	if (length < 0 && errno == ERANGE) {
		names = arena_alloc(arena, 1, XATTR_LIST_MAX);
		length = list_object(object, names, XATTR_LIST_MAX);
	} else if (length > 0) {
		names = arena_strndup(arena, small, (size_t)length);
		memcpy(names, small, (size_t)length);
	}
	*ret_count = 0;
	if (length <= 0)
		return length == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	*ret = arena_alloc(arena, (size_t)length, sizeof **ret);
	for (const char *name = names; name < names + length; name += strlen(name) + 1)
		if (!is_local(name))
			(*ret)[count++] = name;
	qsort(*ret, count, sizeof **ret, compare);
	*ret_count = count;
	return 0;
}

/* Calls EACH with all of them. */
typedef int each_xattr(void *context, const char *name, const void *value, size_t length);

static int visit(int fd, each_xattr *each, void *context)
{
	_cleanup_arena_ struct arena *arena = NULL;
	const struct object object = object_of(fd);
	char *value;
	const char **names = NULL;
	size_t count = 0;
	int r;

	/* Most files have none. */
	if (list_object(&object, NULL, 0) == 0)
		return 0;
	arena = arena_new();
	value = arena_alloc(arena, 1, XATTR_SIZE_MAX);
	r = list(arena, &object, &names, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		ssize_t length = get_of_object(&object, names[i], value, XATTR_SIZE_MAX);

		/* Removed since it was listed; a capability for an owner who has no id in our user namespace, where it counts for nothing. */
		if (length < 0 && (errno == ENODATA || errno == EOVERFLOW))
			continue;
		r = length < 0 ? -errno : each(context, names[i], value, (size_t)length);
	}
	return r;
}

bool build_xattr_are_there(int fd)
{
	const struct object object = object_of(fd);

	return list_object(&object, NULL, 0) != 0;
}

static int digest_one(void *context, const char *name, const void *value, size_t length)
{
	digest_add(context, name, strlen(name) + 1);
	digest_add(context, &(uint64_t){ length }, sizeof(uint64_t));
	digest_add(context, value, length);
	return 0;
}

int build_xattr_digest(int fd, struct digest *digest, const char *path, struct error *err)
{
	int r = fd < 0 ? 0 : visit(fd, digest_one, digest);

	/* Nothing can be in the content that looks as if it were one more. */
	digest_add(digest, "", 1);
	return r < 0 ? error_errno(err, -r, "cannot read the extended attributes of '%.400s'", path) : 0;
}

struct copying {
	struct object to;
	bool keeps_mode;
};

static int copy_one(void *context, const char *name, const void *value, size_t length)
{
	const struct copying *copying = context;

	if (copying->keeps_mode && strcmp(name, ACL_ACCESS_XATTR) == 0)
		return 0;
	if (set_of_object(&copying->to, name, value, length) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EPERM)
		return -errno;
	log_debug("the extended attribute '%s' is lost: %s", name, error_words(errno));
	return 0;
}

int build_xattr_copy(int from_fd, int to_fd, bool keeps_mode, const char *path, struct error *err)
{
	struct copying copying = { object_of(to_fd), keeps_mode };
	int r = visit(from_fd, copy_one, &copying);

	return r < 0 ? error_errno(err, -r, "cannot copy the extended attributes of '%.400s'", path) : 0;
}
