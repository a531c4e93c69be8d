/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_parents.h"

#include "base/memory.h"
#include "base/str.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Kernel limits: xattr(7). */
#define XATTR_NAMES_SIZE 65536
#define XATTR_VALUE_SIZE 65536

struct fd_path {
	char text[40];
};

static struct fd_path path_of(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

/* ---- looking it up as overlay does ---------------------------------------------------- */

enum finding {
	FOUND_NOTHING, /* in this layer; the next may have it */
	FOUND_HIDDEN,  /* no lower layer shows through here */
	FOUND_DIRECTORY,
	FOUND_LINK,
};

static bool is_opaque(int fd)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	char value;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (getxattr(path_of(fd).text, names[i], &value, 1) == 1 && value == 'y')
			return true;
	return false;
}

/*
 * PATH in one layer. *DEPTH is the number of its components that layers above
 * have as directories: what is none here is below those, and hidden.
 */
static int find_in_layer(int layer_fd, const char *path, size_t *depth, enum finding *ret, int *ret_fd)
{
	_cleanup_close_ int fd = fcntl(layer_fd, F_DUPFD_CLOEXEC, 3);
	bool opaque = fd >= 0 && is_opaque(fd);

	if (fd < 0)
		return -errno;
	for (size_t level = 0; *path; level++) {
		size_t length = strcspn(path, "/");
		char name[NAME_MAX + 1];
		struct stat st;
		int next_fd;

		if (length > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length + (path[length] == '/');
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			*ret = opaque ? FOUND_HIDDEN : FOUND_NOTHING;
			return errno == ENOENT ? 0 : -errno;
		}
		if (!S_ISDIR(st.st_mode)) {
			*ret = S_ISLNK(st.st_mode) && level >= *depth ? FOUND_LINK : FOUND_HIDDEN;
			return 0;
		}
		next_fd = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next_fd < 0)
			return -errno;
		close(fd);
		fd = next_fd;
		opaque = opaque || is_opaque(fd);
		if (*depth <= level)
			*depth = level + 1;
	}
	*ret = FOUND_DIRECTORY;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int find(const char *path, const int *lower_fds, size_t lower_count, enum finding *ret, int *ret_fd)
{
	size_t depth = 0;

	*ret = FOUND_NOTHING;
	for (size_t i = 0; i < lower_count && *ret == FOUND_NOTHING; i++) {
		int r = find_in_layer(lower_fds[i], path, &depth, ret, ret_fd);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- taking over ------------------------------------------------------------------------ */

static int copy_xattr(int from_fd, int to_fd, const char *name, char *value)
{
	ssize_t length = getxattr(path_of(from_fd).text, name, value, XATTR_VALUE_SIZE);

	/* It may be unreadable for this process, as it was when it was unpacked. */
	if (length < 0)
		return errno == EPERM || errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if (setxattr(path_of(to_fd).text, name, value, (size_t)length, 0) < 0 && errno != EPERM && errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

static int copy_xattrs(int from_fd, int to_fd)
{
	_cleanup_free_ char *names = memory_new(XATTR_NAMES_SIZE, 1), *value = memory_new(XATTR_VALUE_SIZE, 1);
	ssize_t length = listxattr(path_of(from_fd).text, names, XATTR_NAMES_SIZE);
	int r = 0;

	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = names; r >= 0 && name < names + length; name += strlen(name) + 1)
		if (!str_starts_with(name, "trusted.overlay.") && !str_starts_with(name, "user.overlay.") &&
		    !str_starts_with(name, "security.selinux"))
			r = copy_xattr(from_fd, to_fd, name, value);
	return r;
}

static int take_over(int from_fd, int to_fd)
{
	struct stat st;
	int r;

	if (fstat(from_fd, &st) < 0 || fchownat(to_fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0 ||
	    chmod(path_of(to_fd).text, st.st_mode & 07777) < 0)
		return -errno;
	r = copy_xattrs(from_fd, to_fd);
	if (r < 0)
		return r;
	return utimensat(AT_FDCWD, path_of(to_fd).text, (struct timespec[]){ st.st_atim, st.st_mtim }, 0) < 0 ? -errno : 0;
}

static int adopt(int directory_fd, const char *path, const int *lower_fds, size_t lower_count, struct error *err)
{
	_cleanup_close_ int from_fd = -EBADF, to_fd = -EBADF;
	enum finding finding;
	int r = find(path, lower_fds, lower_count, &finding, &from_fd);

	if (r >= 0 && finding == FOUND_LINK)
		return error_set(err, ERROR_INVALID, 0, "cannot unpack into '%s': it is a symbolic link in a layer below", path);
	if (r >= 0 && finding == FOUND_DIRECTORY)
		r = beneath_open(directory_fd, path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &to_fd);
	if (r >= 0 && to_fd >= 0)
		r = take_over(from_fd, to_fd);
	return r < 0 ? error_errno(err, -r, "cannot give '%s' the attributes it has in the layers below", path) : 0;
}

int layer_parents_adopt(int directory_fd, char *const *implied, const int *lower_fds, size_t lower_count, struct error *err)
{
	int r = 0;

	/* The innermost first: a mode may lock us out. */
	for (size_t i = strv_length(implied); r >= 0 && i-- > 0;)
		r = adopt(directory_fd, implied[i], lower_fds, lower_count, err);
	return r;
}
