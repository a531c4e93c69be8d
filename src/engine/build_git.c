/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_git.h"
#include "engine/build_secrets.h"
#include "engine/transfer.h"
#include "host/beneath.h"
#include "spec/repository.h"

#include <fcntl.h>
#include <limits.h>

static int check_commit(struct arena *arena, const struct remote *remote, const char *commit, const char *wanted, struct error *err)
{
	if (!wanted || str_starts_with(commit, wanted))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "'%s' of '%s' is the commit %s, not %s", remote->reference ? remote->reference : "HEAD",
		remote_shown(arena, remote->url), commit, wanted);
}

/* What both commands of bivy-transfer are asked with. */
struct call {
	const char *arguments[14];
	size_t count;
	int authorization_fd;
};

static void add(struct call *call, const char *argument)
{
	call->arguments[call->count++] = argument;
}

static int begin(const struct build *build, const struct remote *remote, const char *command, const char *reference, struct call *call, struct error *err)
{
	int r = build_secret_authorize(build, remote, &call->authorization_fd, err);

	add(call, command);
	if (reference) {
		add(call, "--ref");
		add(call, reference);
	}
	if (call->authorization_fd >= 0) {
		add(call, "--authorization-fd");
		add(call, arena_printf(build->arena, "%d", call->authorization_fd));
	}
	return r;
}

static int run(const struct build *build, struct call *call, const char **ret_text, struct error *err)
{
	const struct transfer_request transfer = { .directories = build->directories, .arguments = call->arguments, .fds = &call->authorization_fd,
		.fd_count = call->authorization_fd >= 0 };
	int r = transfer_run(build->arena, &transfer, ret_text, err);

	close_and_forget(&call->authorization_fd);
	return r;
}

static int ask(struct build *build, const struct remote *remote, const char **ret_commit, const char **ret_name, struct error *err)
{
	struct call call = { .authorization_fd = -EBADF };
	const char *text = NULL;
	struct spec_repository repository = { .commit = NULL };
	int r = begin(build, remote, "git-resolve", remote->reference, &call, err);

	add(&call, "--");
	add(&call, remote->url);
	if (r == 0)
		r = run(build, &call, &text, err);
	if (r == 0)
		r = spec_repository_decode(build->arena, text, strlen(text), &repository, err);
	*ret_commit = repository.commit;
	*ret_name = repository.reference;
	return r;
}

int build_git_resolve(struct build *build, const struct remote *remote, const char *checksum, const char **ret_commit, const char **ret_name,
	struct error *err)
{
	const char *named = remote->reference ? remote->reference : remote->commit ? remote->commit : checksum;
	int r = 0;

	*ret_name = NULL;
	if (named && remote_is_commit(named))
		*ret_commit = named;
	else
		r = ask(build, remote, ret_commit, ret_name, err);
	if (r == 0)
		r = check_commit(build->arena, remote, *ret_commit, remote->commit, err);
	return r < 0 ? r : check_commit(build->arena, remote, *ret_commit, checksum, err);
}

/* Links of the repository lead nowhere else. */
static int find_directory(struct build *build, const char *checkout, const char *inside, const char **ret_path, struct error *err)
{
	_cleanup_close_ int root_fd = open(checkout, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	char link[64], path[PATH_MAX];
	ssize_t length;
	int r = root_fd < 0 ? -errno : beneath_open(root_fd, inside, O_PATH | O_DIRECTORY, 0, &fd);

	if (r < 0)
		return error_errno(err, -r, "cannot open the directory '%s' of the repository", inside);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof path);
	if (length <= 0 || (size_t)length >= sizeof path)
		return error_errno(err, length < 0 ? errno : ENAMETOOLONG, "cannot find the directory '%s' of the repository", inside);
	*ret_path = arena_strndup(build->arena, path, (size_t)length);
	return 0;
}

int build_git_check_out(struct build *build, const struct build_git_checkout *request, const char **ret_path, struct error *err)
{
	const struct remote *remote = request->remote;
	struct call call = { .authorization_fd = -EBADF };
	const char *text = NULL, *directory = NULL;
	int r = build_work_make(build, &directory, err);

	if (r == 0)
		r = begin(build, remote, "git-checkout", request->name, &call, err);
	if (r < 0)
		return r;
	if (request->keeps_git)
		add(&call, "--keep-git-dir");
	add(&call, "--");
	add(&call, remote->url);
	add(&call, request->commit);
	add(&call, directory);
	r = run(build, &call, &text, err);
	*ret_path = directory;
	return r == 0 && remote->directory ? find_directory(build, directory, remote->directory, ret_path, err) : r;
}
