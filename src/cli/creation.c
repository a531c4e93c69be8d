/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/creation.h"
#include "base/file.h"
#include "cli/progress.h"
#include "engine/containers.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

extern char **environ;

int creation_decode(struct arena *arena, const struct command_call *call, struct creation *ret, struct error *err)
{
	const struct create_request *request = call->request;
	struct create_place place = { .environment = environ };
	char directory[PATH_MAX];
	const char *warning = NULL;
	int r = cli_directories(call, arena, &ret->directories, err);

	if (r < 0)
		return r;
	ret->seat = NULL;
	place.directory = getcwd(directory, sizeof directory);
	if (!place.directory)
		return error_errno(err, errno, "cannot tell the working directory");
	r = create_decode(arena, request, call->operands, &place, &ret->asked, &warning, err);
	if (r == 0 && warning)
		cli_warn(NULL, warning);
	return r;
}

/* ---- the image's progress, which is rare -------------------------------------------------- */

struct transfer_view {
	struct progress progress;
	bool has_begun, is_quiet;
};

static void tell_transfer(void *context, const struct spec_transfer_event *event)
{
	struct transfer_view *view = context;

	if (view->is_quiet) {
		if (event->kind == SPEC_TRANSFER_WARNING)
			cli_warn(NULL, event->text);
		return;
	}
	if (!view->has_begun)
		progress_begin(&view->progress, STDERR_FILENO, PROGRESS_PULL);
	view->has_begun = true;
	progress_tell(&view->progress, event);
}

static int create(struct arena *arena, const struct create_request *request, struct creation *creation, struct error *err)
{
	struct transfer_view view = { .is_quiet = request->quiet };
	const struct container_create_request engine_request = {
		.directories = &creation->directories,
		.asked = &creation->asked,
		.pull = request->pull,
		.platform = request->platform,
		.replace = request->replace,
		.quiet_pull = request->quiet,
		.seat = creation->seat,
		.tell_transfer = tell_transfer,
		.warn = cli_warn,
		.context = &view,
	};
	int r = container_create(arena, &engine_request, &creation->id, err);

	if (view.has_begun)
		progress_end(&view.progress);
	return r;
}

/* ---- the file with the id -------------------------------------------------------------------- */

/* Reserves the file, so that a container is never made whose id could not be written. */
static int open_id_file(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 && errno == EEXIST) {
		error_set(err, ERROR_CONFLICT, 0, "cannot write the container's id to '%s': it exists", path);
		error_hint(err, "it may be of a container that runs: remove it if not");
		return -EEXIST;
	}
	if (fd < 0)
		return error_errno(err, errno, "cannot write the container's id to '%s'", path);
	*ret_fd = fd;
	return 0;
}

int creation_make(struct arena *arena, const struct create_request *request, struct creation *creation, struct error *err)
{
	const char *path = creation->asked.host.id_file;
	_cleanup_close_ int fd = -EBADF;
	int r = path ? open_id_file(path, &fd, err) : 0;

	if (r < 0)
		return r;
	r = create(arena, request, creation, err);
	if (!path)
		return r;
	if (r < 0) {
		unlink(path);
		return r;
	}
	r = fd_write_all(fd, creation->id, strlen(creation->id));
	return r < 0 ? error_errno(err, -r, "the container %.12s is made, but cannot write its id to '%s'", creation->id, path) : 0;
}
