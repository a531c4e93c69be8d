/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/files_source.h"

#include "base/str.h"
#include "store/layer_diff.h"

#include <fcntl.h>

static int check_there(int directory_fd, const struct files_path *path, const char *given, struct error *err)
{
	struct stat st;

	if (fstatat(directory_fd, path->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot read '%.400s'", given);
	if (path->is_directory && !S_ISDIR(st.st_mode))
		return error_errno(err, ENOTDIR, "cannot read '%.400s'", given);
	if (S_ISSOCK(st.st_mode))
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot copy '%.400s': it is a socket", given);
	return 0;
}

/* "x/.": for who expects what docker sends, which begins with a dot. */
static bool ends_with_dot(const char *path)
{
	size_t length = strlen(path);

	return length >= 2 && str_equal(path + length - 2, "/.");
}

int files_send(const struct files_side *side, const char *given, unsigned flags, struct sink sink, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct files_path path = files_path_split(arena, given), source;
	_cleanup_close_ int directory_fd = -EBADF;
	const char *followed = given;
	struct layer_diff_report report;
	int r = 0;

	if (flags & FILES_SEND_FOLLOW || path.is_directory)
		followed = files_side_follow(side, arena, given, &r);
	if (!followed)
		return error_errno(err, -r, "cannot read '%.400s'", given);
	source = files_path_split(arena, followed);
	source.is_directory = path.is_directory;
	r = files_side_open(side, source.directory, O_PATH | O_DIRECTORY, &directory_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%.400s'", given);
	if (!source.is_content) {
		r = check_there(directory_fd, &source, given, err);
		if (r < 0)
			return r;
	}
	if (flags & FILES_SEND_DOT && ends_with_dot(given))
		path.name = ".";
	return layer_diff_entry(directory_fd, source.is_content ? "." : source.name, path.name, sink, LAYER_DIFF_COPY, &report, err);
}
