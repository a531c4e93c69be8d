/* SPDX-License-Identifier: Apache-2.0 */
/* A container becomes an image: bivy-transfer does it, with record and directories handed to it open. */
#include "engine/container_event.h"
#include "engine/container_files.h"
#include "engine/container_root.h"
#include "engine/containers.h"
#include "engine/transfer.h"

#include <fcntl.h>

struct commit {
	struct arena *arena;
	const struct container_commit_request *request;
	struct container_record record;
	const char **arguments;
	size_t count;
	int fds[2]; /* of the record and the files */
	size_t fd_count;
};

static void commit_done(struct commit *commit)
{
	for (size_t i = 0; i < commit->fd_count; i++)
		close_and_forget(&commit->fds[i]);
	container_record_close(&commit->record);
}

static void add_argument(struct commit *commit, const char *argument)
{
	commit->arguments[commit->count++] = argument;
}

/* Takes FD. */
static void add_fd(struct commit *commit, const char *option, int fd)
{
	if (fd < 0)
		return;
	commit->fds[commit->fd_count++] = fd;
	add_argument(commit, arena_printf(commit->arena, "%s=%d", option, fd));
}

static int add_files(struct commit *commit, struct error *err)
{
	bool is_whole = commit->request->squash || !container_root_is_layered(commit->record.container);
	int fd = openat(commit->record.fd, "container.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s/container.json'", commit->record.path);
	add_fd(commit, "--record-fd", fd);
	fd = -EBADF;
	r = is_whole ? container_root_open_merged(&commit->record, &fd, err) : container_root_open_upper(&commit->record, &fd, err);
	if (r == 0)
		add_fd(commit, is_whole ? "--root-fd" : "--upper-fd", fd);
	return r;
}

static int add_arguments(struct commit *commit, struct error *err)
{
	const struct container_commit_request *request = commit->request;

	commit->arguments = arena_alloc(commit->arena, strv_length(request->changes) + 9 + CONTAINER_ROOT_OWNER_ARGUMENTS, sizeof *commit->arguments);
	add_argument(commit, "commit");
	if (request->author)
		add_argument(commit, arena_printf(commit->arena, "--author=%s", request->author));
	if (request->message)
		add_argument(commit, arena_printf(commit->arena, "--message=%s", request->message));
	for (char **change = request->changes; change && *change; change++)
		add_argument(commit, arena_printf(commit->arena, "--change=%s", *change));
	if (add_files(commit, err) < 0)
		return -EINVAL;
	commit->count = container_root_add_owners(&commit->record, commit->arguments, commit->count);
	if (request->name) {
		add_argument(commit, "--");
		add_argument(commit, request->name);
	}
	return 0;
}

static int make_image(struct commit *commit, const char **ret_id, struct error *err)
{
	struct spec_transfer_report report = { .images = NULL };
	int r = add_arguments(commit, err);

	if (r == 0)
		r = transfer_run_for_report(commit->arena, &(struct transfer_request){ .directories = commit->request->directories,
			.arguments = commit->arguments, .fds = commit->fds, .fd_count = commit->fd_count }, &report, err);
	if (r == 0 && !report.image.id)
		return error_set(err, ERROR_INTERNAL, 0, "bivy-transfer does not say which image it has made");
	if (r == 0)
		*ret_id = report.image.id;
	return r;
}

static void tell(const struct commit *commit, const char *id)
{
	const struct container_commit_request *request = commit->request;
	const struct spec_pair attributes[] = {
		{ (char *)"comment", (char *)(request->message ? request->message : "") },
		{ (char *)"imageID", (char *)id },
		{ (char *)"imageRef", (char *)(request->name ? request->name : "") },
	};

	container_event_add(request->directories, commit->record.container, "commit", attributes, ARRAY_SIZE(attributes));
}

/* What moves is made to stand still. *RET: whether it is to be set going again; what has ended or been paused meanwhile moves no more. */
static int pause_running(struct commit *commit, bool *ret, struct error *err)
{
	const struct container_commit_request *request = commit->request;
	const char *id = commit->record.container->id;
	struct error told = ERROR_INIT;

	*ret = false;
	if (request->no_pause || !container_root_is_live(&commit->record) || commit->record.state->status != SPEC_CONTAINER_RUNNING)
		return 0;
	*ret = container_pause(request->directories, id, &told) == 0;
	if (*ret)
		return 0;
	if (told.kind == ERROR_CONFLICT || told.kind == ERROR_UNAVAILABLE)
		return container_record_refresh(&commit->record, err);
	if (err)
		*err = told;
	return -EINVAL;
}

/* Its files must be of one moment: it stands still meanwhile, if it moves. */
int container_commit(struct arena *arena, const struct container_commit_request *request, const char **ret_id, struct error *err)
{
	_cleanup_(commit_done) struct commit commit = { .arena = arena, .request = request, .record = { .fd = -EBADF } };
	struct error later = ERROR_INIT;
	bool pauses = false;
	int r = container_record_open(arena, request->directories, request->container, &commit.record, err);

	if (r == 0)
		r = pause_running(&commit, &pauses, err);
	if (r < 0)
		return r;
	r = make_image(&commit, ret_id, err);
	if (r == 0)
		tell(&commit, *ret_id);
	if (!pauses || container_unpause(request->directories, commit.record.container->id, &later) == 0 || later.kind == ERROR_NOT_FOUND || r < 0)
		return r;
	if (err)
		*err = later;
	return error_wrap(err, "the image '%s' is made, but", *ret_id);
}
