/* SPDX-License-Identifier: Apache-2.0 */
/* What a build begins with: directories, the Dockerfile, and what is not for the build. */
#include "base/file.h"
#include "engine/build_cache.h"
#include "engine/build_client.h"
#include "engine/build_fetch.h"
#include "engine/build_layout.h"
#include "engine/build_state.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static const char *const dockerfile_names[] = { "Dockerfile", "Containerfile", "dockerfile" };
static const char *const ignore_names[] = { ".dockerignore", ".containerignore" };

/* ---- contexts ------------------------------------------------------------------------------ */

/* Its digests are remembered under its path. */
static int name_index(struct build *build, struct build_context *context, struct error *err)
{
	const char *directory = arena_printf(build->arena, "%s/build/index", build->directories->root);
	char id[BUILD_CACHE_ID_LENGTH + 1];
	int r = file_make_directories(directory, 0700);

	build_cache_id(context->path, id);
	context->index = arena_printf(build->arena, "%s/%s", directory, id);
	ignore_result(utimensat(AT_FDCWD, context->index, NULL, AT_SYMLINK_NOFOLLOW)); /* when it was last of use; it may not be there yet */
	return r < 0 ? error_errno(err, -r, "cannot make the directory '%s'", directory) : 0;
}

static int open_directory(struct build *build, struct build_context *context, const char *path, struct error *err)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return error_errno(err, errno, "cannot use the context '%s'", path);
	context->path = arena_strdup(build->arena, real);
	context->fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (context->fd < 0)
		return error_errno(err, errno, "cannot use the context '%s'", path);
	return context->temporary ? 0 : name_index(build, context, err);
}

static int open_context(struct build *build, struct build_context *context, const char *text, struct error *err)
{
	int r;

	if (build_client_has(build, text))
		r = build_client_fetch(build, text, context, err);
	else if (build_fetch_is_remote(text))
		r = build_fetch_context(build, text, context, err);
	else
		return open_directory(build, context, text, err);
	return r < 0 ? r : open_directory(build, context, context->temporary, err);
}

/* "docker-image://" and "target:" name no files of their own. */
static bool has_files(const char *text)
{
	return !str_starts_with(text, "docker-image://") && !str_starts_with(text, "target:");
}

static int open_contexts(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	int r;

	build->contexts = arena_alloc(build->arena, request->context_count + 1, sizeof *build->contexts);
	build->contexts[0].fd = -EBADF;
	build->context_count = 1;
	r = build_layouts_load(build, err);
	/* What is not to be sent is known before the rest is. */
	if (r == 0 && request->dockerfile_directory)
		r = build_client_read_dockerfile(build, &build->contexts[0], err);
	if (r < 0)
		return r;
	r = open_context(build, &build->contexts[0], request->context, err);
	for (size_t i = 0; r == 0 && i < request->context_count; i++) {
		struct build_context *context = &build->contexts[build->context_count];

		if (!has_files(build->named[i].value))
			continue;
		*context = (struct build_context){ .name = request->contexts[i].key, .fd = -EBADF };
		build->context_count++;
		r = open_context(build, context, request->contexts[i].value, err);
	}
	return r;
}

struct build_context *build_origin_context(struct build *build, const struct origin *origin)
{
	if (origin->kind == ORIGIN_CONTEXT)
		return &build->contexts[0];
	for (size_t i = 1; i < build->context_count; i++)
		if (origin->kind == ORIGIN_NAMED && str_equal(build->contexts[i].name, origin->name))
			return &build->contexts[i];
	return NULL;
}

/* ---- the Dockerfile ------------------------------------------------------------------------------ */

struct source {
	const char *name;      /* for messages */
	int directory_fd;      /* of the ignore file that is its own; AT_FDCWD */
	const char *path;      /* in that; NULL: it is in no directory */
};

/* In a context, links lead nowhere else. */
static int read_text(int directory_fd, const char *path, size_t limit, struct buf *ret)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	int r;

	if (directory_fd == AT_FDCWD)
		return file_read_regular_at(directory_fd, path, limit, ret);
	r = beneath_open(directory_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, &fd);
	if (r < 0)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? fd_read_all(fd, limit, ret) : S_ISDIR(status.st_mode) ? -EISDIR : -ENXIO;
}

/* For messages: its directory, or what was given if that is one of our own. */
static const char *shown_context(const struct build *build)
{
	const struct build_context *context = &build->contexts[0];

	if (build->request->session)
		return "the client's context";
	return !context->temporary ? context->path : str_equal(build->request->context, "-") ? "the standard input" : build->request->context;
}

/* Without -f. */
static int read_default(struct build *build, struct source *source, struct buf *text, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(dockerfile_names); i++) {
		int r = read_text(build->contexts[0].fd, dockerfile_names[i], DOCKERFILE_LIMIT, text);

		*source = (struct source){ dockerfile_names[i], build->contexts[0].fd, dockerfile_names[i] };
		if (r == 0)
			return 0;
		if (r != -ENOENT)
			return error_errno(err, -r, "cannot read '%s' of '%s'", dockerfile_names[i], shown_context(build));
	}
	error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no Dockerfile in '%s'", shown_context(build));
	error_hint(err, "-f names another");
	return -ENOENT;
}

/* Of -f: as seen from here, else in the context. */
static int read_named(struct build *build, const char *path, struct source *source, struct buf *text, struct error *err)
{
	int r = -ENOENT, context_fd = build->contexts[0].fd;

	*source = (struct source){ path, AT_FDCWD, path };
	if (!build->contexts[0].temporary)
		r = read_text(AT_FDCWD, path, DOCKERFILE_LIMIT, text);
	if (r == -ENOENT && path[0] != '/') {
		source->directory_fd = context_fd;
		r = read_text(context_fd, path, DOCKERFILE_LIMIT, text);
	}
	return r < 0 ? error_errno(err, -r, "cannot read the Dockerfile '%s'", path) : 0;
}

/* That came in place of the context. */
static int take_dockerfile(const struct build *build, struct source *source, struct buf *text, struct error *err)
{
	if (build->request->file && !build->request->dockerfile_directory) {
		error_set(err, ERROR_INVALID, 0, "there are two Dockerfiles: '%s' is one, and the context is one, no archive", build->request->file);
		error_hint(err, "leave out -f, or send an archive that has it");
		return -EINVAL;
	}
	*source = (struct source){ build->request->file ? build->request->file : "Dockerfile", AT_FDCWD, NULL };
	buf_add(text, build->contexts[0].dockerfile, build->contexts[0].dockerfile_length);
	return 0;
}

static int read_dockerfile(struct build *build, struct source *source, struct buf *text, struct error *err)
{
	const char *file = build->request->file;
	int r;

	if (build->contexts[0].dockerfile)
		return take_dockerfile(build, source, text, err);
	if (!file)
		return read_default(build, source, text, err);
	if (!str_equal(file, "-"))
		return read_named(build, file, source, text, err);
	*source = (struct source){ "Dockerfile", AT_FDCWD, NULL };
	r = fd_read_all(STDIN_FILENO, DOCKERFILE_LIMIT, text);
	return r < 0 ? error_errno(err, -r, "cannot read the Dockerfile from the standard input") : 0;
}

/* ---- what is not for the build ----------------------------------------------------------------------- */

/* 1: it was there. */
static int read_ignore(struct build *build, int directory_fd, const char *path, struct error *err)
{
	struct build_context *context = &build->contexts[0];
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_text(directory_fd, path, IGNORE_FILE_LIMIT, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	context->ignore = arena_strndup(build->arena, text.data ? text.data : "", text.length);
	context->ignore_name = arena_strdup(build->arena, path);
	r = ignore_parse(build->arena, path, context->ignore, text.length, &context->patterns, err);
	return r < 0 ? r : 1;
}

static int find_ignore(struct build *build, const struct source *source, struct error *err)
{
	int r = 0;

	if (build->contexts[0].ignore)
		return 0;
	if (build->request->ignore_file) {
		r = read_ignore(build, AT_FDCWD, build->request->ignore_file, err);
		return r == 0 ? error_set(err, ERROR_NOT_FOUND, ENOENT, "cannot read '%s'", build->request->ignore_file) : r;
	}
	if (source->path)
		r = read_ignore(build, source->directory_fd, arena_printf(build->arena, "%s.dockerignore", source->path), err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(ignore_names); i++)
		r = read_ignore(build, build->contexts[0].fd, ignore_names[i], err);
	return r;
}

/* Other languages are programs in images, which nothing runs here. */
static int check_syntax(struct build *build, struct error *err)
{
	const struct dockerfile *dockerfile = build->dockerfile;
	int r;

	if (!dockerfile->syntax || dockerfile_syntax_is_stock(dockerfile->syntax))
		return 0;
	build->report->mark = dockerfile->syntax_mark;
	r = error_set(err, ERROR_UNSUPPORTED, 0, "%s:%u: the language '%s' is not built in", dockerfile->name, dockerfile->syntax_mark.line, dockerfile->syntax);
	error_hint(err, "docker/dockerfile is; without the line that is what the file is read as");
	return r;
}

int build_open_source(struct build *build, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct dockerfile *dockerfile = NULL;
	struct source source = { .path = NULL };
	int r = open_contexts(build, err);

	if (r == 0)
		r = read_dockerfile(build, &source, &text, err);
	if (r == 0)
		r = dockerfile_parse(build->arena, source.name, text.data ? text.data : "", text.length, &dockerfile, &build->report->mark, err);
	/* What was read serves to show where it went wrong. */
	build->dockerfile = build->report->dockerfile = dockerfile;
	if (r == 0)
		r = check_syntax(build, err);
	if (r == 0)
		r = find_ignore(build, &source, err);
	return r < 0 ? r : 0;
}

void build_close_source(struct build *build)
{
	for (size_t i = 0; i < build->context_count; i++)
		close_and_forget(&build->contexts[i].fd);
}
