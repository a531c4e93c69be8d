/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_fetch.h"
#include "base/file.h"
#include "engine/build_archive.h"

#include <fcntl.h>

#define BLOCK (256u << 10)
#define CONTEXT_LIMIT ((uint64_t)1 << 40) /* bytes; an input without an end would fill the disk */

static const char *const schemes[] = { "http://", "https://", "git://", "ssh://", "git@" };

bool build_fetch_is_remote(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (str_starts_with(text, schemes[i]))
			return true;
	return str_equal(text, "-");
}

/* ---- the standard input ------------------------------------------------------------------------ */

/* To the end of the standard input. */
static int keep_input(int fd, struct error *err)
{
	_cleanup_free_ char *block = memory_new(BLOCK, 1);
	uint64_t total = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, block, BLOCK);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? error_errno(err, errno, "cannot read it") : 0;
		total += (uint64_t)n;
		if (total > CONTEXT_LIMIT)
			return error_set(err, ERROR_INVALID, EFBIG, "it does not end");
		r = fd_write_all(fd, block, (size_t)n);
		if (r < 0)
			return error_errno(err, -r, "cannot keep it");
	}
}

static int take_input(struct build *build, struct build_context *context, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const char *directory = NULL;
	int r;

	if (isatty(STDIN_FILENO)) {
		error_set(err, ERROR_INVALID, 0, "it is a terminal");
		error_hint(err, "redirect it from an archive or a Dockerfile, or name a directory");
		return -EINVAL;
	}
	r = build_work_make(build, &directory, err);
	if (r < 0)
		return r;
	fd = open(arena_printf(build->arena, "%s/%s", directory, BUILD_ARCHIVE_NAME), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a file in '%s'", directory);
	r = keep_input(fd, err);
	return r < 0 ? r : build_archive_take(build, directory, context, err);
}

/* ---- all ------------------------------------------------------------------------------------------ */

int build_fetch_context(struct build *build, const char *text, struct build_context *context, struct error *err)
{
	int r = build->work_fd < 0 ? build_open_work(build, err) : 0;

	if (r < 0)
		return r;
	if (!str_equal(text, "-"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot use the context '%s': only directories are supported", text);
	if (context->name)
		return error_set(err, ERROR_INVALID, 0, "only the main context can be the standard input, not '%s'", context->name);
	if (build->request->file && str_equal(build->request->file, "-"))
		return error_set(err, ERROR_INVALID, 0, "the standard input cannot be both the context and the Dockerfile");
	r = take_input(build, context, err);
	return r < 0 ? error_wrap(err, "cannot use the standard input as the context") : 0;
}
