/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_git.h"
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

static int ask(struct build *build, const struct remote *remote, const char **ret_commit, const char **ret_name, struct error *err)
{
	const char *text = NULL, *arguments[] = { "git-resolve", "--", remote->url, NULL, NULL, NULL };
	struct transfer_request transfer = { .directories = build->directories, .arguments = arguments };
	struct spec_repository repository = { .commit = NULL };
	int r;

	if (remote->reference) {
		arguments[1] = "--ref";
		arguments[2] = remote->reference;
		arguments[3] = "--";
		arguments[4] = remote->url;
	}
	r = transfer_run(build->arena, &transfer, &text, err);
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
	const char *text = NULL, *directory = NULL, *arguments[9];
	struct transfer_request transfer = { .directories = build->directories, .arguments = arguments };
	size_t n = 0;
	int r = build_work_make(build, &directory, err);

	arguments[n++] = "git-checkout";
	if (request->name) {
		arguments[n++] = "--ref";
		arguments[n++] = request->name;
	}
	if (request->keeps_git)
		arguments[n++] = "--keep-git-dir";
	arguments[n++] = "--";
	arguments[n++] = remote->url;
	arguments[n++] = request->commit;
	arguments[n++] = directory;
	arguments[n] = NULL;
	if (r == 0)
		r = transfer_run(build->arena, &transfer, &text, err);
	*ret_path = directory;
	return r == 0 && remote->directory ? find_directory(build, directory, remote->directory, ret_path, err) : r;
}
