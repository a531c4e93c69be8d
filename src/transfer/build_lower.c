/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_lower.h"

#include "host/beneath.h"
#include "transfer/build_path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

int build_lower_open(const struct store *store, struct arena *arena, const char *top, struct build_lower *ret, struct error *err)
{
	struct build_lower lower = { .count = 0 };
	char **chain_ids = NULL;
	size_t count = 0;
	int r = layer_stack(store, arena, top, &chain_ids, &count, err);

	lower.fds = arena_alloc(arena, count + 1, sizeof *lower.fds);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = layer_open(store, chain_ids[i], &lower.fds[i], err);
		lower.count += r == 0;
	}
	if (r < 0) {
		build_lower_close(&lower);
		return r;
	}
	*ret = lower;
	return 0;
}

void build_lower_close(struct build_lower *lower)
{
	for (size_t i = 0; i < lower->count; i++)
		close(lower->fds[i]);
	lower->count = 0;
}

static bool is_opaque(int fd, const char *path)
{
	_cleanup_close_ int directory_fd = -EBADF;
	char link[40], value = 0;

	if (beneath_open(fd, path, O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, &directory_fd) < 0)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", directory_fd);
	return (getxattr(link, "trusted.overlay.opaque", &value, 1) == 1 || getxattr(link, "user.overlay.opaque", &value, 1) == 1) && value == 'y';
}

enum answer {
	ANSWER_FOUND,
	ANSWER_NOTHING, /* and nothing below is seen either */
	ANSWER_BELOW,   /* it is for the layers below to say */
};

/* Of one layer; COPY is changed and put back. */
static int ask(int fd, char *copy, struct stat *ret, enum answer *answer)
{
	bool hides = false;

	for (char *at = copy;;) {
		char *slash = strchrnul(at, '/'), end = *slash;
		int r;

		*slash = '\0';
		r = fstatat(fd, copy, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
		hides = hides || (r == 0 && end && is_opaque(fd, copy));
		*slash = end;
		*answer = r == 0 ? ANSWER_FOUND : hides ? ANSWER_NOTHING : ANSWER_BELOW;
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		if (S_ISCHR(ret->st_mode) && ret->st_rdev == 0)
			*answer = ANSWER_NOTHING;
		else if (end && !S_ISDIR(ret->st_mode))
			*answer = ANSWER_NOTHING;
		if (!end || *answer == ANSWER_NOTHING)
			return 0;
		at = slash + 1;
	}
}

static int find_in(int fd, const char *path, struct stat *ret, enum answer *answer)
{
	_cleanup_free_ char *copy = str_dup(path);

	*answer = ANSWER_BELOW;
	return ask(fd, copy, ret, answer);
}

int build_lower_find(const struct build_lower *lower, const char *path, struct stat *ret)
{
	for (size_t i = 0; i < lower->count; i++) {
		enum answer answer;
		struct stat st;
		int r = find_in(lower->fds[i], path, &st, &answer);

		if (r < 0)
			return r;
		if (answer == ANSWER_FOUND)
			*ret = st;
		if (answer != ANSWER_BELOW)
			return answer == ANSWER_FOUND;
	}
	return 0;
}

struct stack {
	const struct build_lower *lower;
	int upper_fd;
};

static int read_link(const void *context, const char *path, char target[static PATH_MAX])
{
	const struct stack *stack = context;

	for (size_t i = 0; i <= stack->lower->count; i++) {
		int fd = i == 0 ? stack->upper_fd : stack->lower->fds[i - 1];
		enum answer answer;
		struct stat st;
		ssize_t n;
		int r = find_in(fd, path, &st, &answer);

		if (r < 0 || answer == ANSWER_NOTHING || (answer == ANSWER_FOUND && !S_ISLNK(st.st_mode)))
			return r;
		if (answer == ANSWER_BELOW)
			continue;
		n = readlinkat(fd, path, target, PATH_MAX - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		return 1;
	}
	return 0;
}

int build_lower_follow(const struct build_lower *lower, int upper_fd, const char *path, struct buf *ret)
{
	const struct stack stack = { lower, upper_fd };

	return build_path_follow_by(read_link, &stack, path, ret);
}
