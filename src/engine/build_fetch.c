/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_fetch.h"
#include "base/file.h"
#include "engine/build_archive.h"
#include "engine/build_download.h"
#include "engine/build_git.h"

#include <fcntl.h>

#define BLOCK (256u << 10)
#define CONTEXT_LIMIT ((uint64_t)1 << 40) /* bytes; an input without an end would fill the disk */

bool build_fetch_is_remote(const char *text)
{
	return str_equal(text, "-") || remote_is(text);
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

/* ---- elsewhere -------------------------------------------------------------------------------------- */

static int download(struct build *build, const struct remote *remote, size_t vertex, bool *ret_known, struct build_context *context, struct error *err)
{
	struct build_download request = { .url = remote->url, .name = BUILD_ARCHIVE_NAME, .vertex = vertex };
	const char *digest = NULL;
	int r = build_work_make(build, &request.directory, err);

	if (r == 0)
		r = build_download(build, &request, &digest, ret_known, err);
	if (r < 0)
		return r;
	context->address = remote_address(build->arena, remote, NULL);
	context->digest = digest;
	r = build_archive_take(build, request.directory, context, err);
	return r < 0 ? error_wrap(err, "cannot use the context '%s'", remote_shown(build->arena, remote->url)) : 0;
}

/* With this argument, as BuildKit has it, .git stays. */
static bool keeps_git(const struct build *build)
{
	const char *value = build_argument(build, "BUILDKIT_CONTEXT_KEEP_GIT_DIR");

	return str_equal(value, "1") || str_equal(value, "true");
}

static int check_out(struct build *build, const struct remote *remote, struct build_context *context, struct error *err)
{
	struct build_git_checkout checkout = { .remote = remote, .keeps_git = keeps_git(build) };
	int r = build_git_resolve(build, remote, NULL, &checkout.commit, &checkout.name, err);

	if (r < 0)
		return r;
	context->address = remote_address(build->arena, remote, checkout.name);
	context->digest = remote_digest(build->arena, remote, checkout.commit);
	return build_git_check_out(build, &checkout, &context->temporary, err);
}

static int get(struct build *build, const char *text, struct build_context *context, struct error *err)
{
	struct remote remote;
	bool is_known = false;
	const char *title = "[internal] load remote build context";
	size_t vertex;
	int r = remote_parse(build->arena, text, &remote, err);

	if (r < 0)
		return error_wrap(err, "cannot use the context '%s'", remote_shown(build->arena, text));
	if (context->name)
		title = arena_printf(build->arena, "[context %s] %s", context->name, remote_shown(build->arena, text));
	vertex = build_add_vertex(build, title, NULL, 0);
	build_tell(build, vertex, BUILD_STARTED);
	if (remote.kind == REMOTE_FILE)
		r = download(build, &remote, vertex, &is_known, context, err);
	else
		r = check_out(build, &remote, context, err);
	if (r < 0)
		build_tell_failure(build, vertex, err);
	else
		build_tell(build, vertex, is_known ? BUILD_CACHED : BUILD_DONE);
	return r;
}

/* ---- all ------------------------------------------------------------------------------------------ */

int build_fetch_context(struct build *build, const char *text, struct build_context *context, struct error *err)
{
	int r;

	if (!str_equal(text, "-"))
		return get(build, text, context, err);
	if (context->name)
		return error_set(err, ERROR_INVALID, 0, "only the main context can be the standard input, not '%s'", context->name);
	if (build->request->file && str_equal(build->request->file, "-"))
		return error_set(err, ERROR_INVALID, 0, "the standard input cannot be both the context and the Dockerfile");
	r = take_input(build, context, err);
	return r < 0 ? error_wrap(err, "cannot use the standard input as the context") : 0;
}
