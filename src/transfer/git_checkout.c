/* SPDX-License-Identifier: Apache-2.0 */
/* git-checkout: the files of a commit, with those of its submodules. */
#include "build/remote.h"
#include "store/tree.h"
#include "transfer/authorization.h"
#include "transfer/confine.h"
#include "transfer/git.h"
#include "transfer/session.h"

#include <fcntl.h>
#include <sys/stat.h>

struct checkout_request {
	const char *reference;
	int64_t authorization;
	bool keeps_git;
};

static const struct option_entry entries[] = {
	AUTHORIZATION_ENTRY(struct checkout_request, authorization),
	{ "ref", 0, OPTION_STRING, 0, offsetof(struct checkout_request, reference), "NAME", "the whole name of what the commit was found by" },
	{ "keep-git-dir", 0, OPTION_FLAG, 0, offsetof(struct checkout_request, keeps_git), NULL, "leave .git there" },
	{ 0 },
};

struct checkout {
	struct arena *arena;
	const char *url, *commit, *reference, *directory;
};

static int git(const struct checkout *c, const char *const *arguments, struct error *err)
{
	return git_run(c->directory, arguments, NULL, err);
}

static int take_files(const struct checkout *c, struct error *err)
{
	return git(c, (const char *const[]){ "checkout", "-q", "--detach", c->commit, NULL }, err);
}

/* Whether no other way of asking would help. */
static bool is_out_of_reach(const struct error *err)
{
	static const char *const words[] = { "unable to access", "unable to connect", "Could not read from remote", "Could not resolve", "errno=" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(err->message, words[i]))
			return true;
	return false;
}

/* *FIRST gets the error of the first way that failed. */
static bool try_shallow(const struct checkout *c, const char *refspec, struct error *first)
{
	struct error err = ERROR_INIT;
	int r = git(c, (const char *const[]){ "fetch", "-q", "--depth=1", "--no-tags", "--update-head-ok", "origin", refspec, NULL }, &err);

	if (r == 0)
		r = take_files(c, &err);
	if (r < 0 && !first->message[0])
		*first = err;
	return r == 0;
}

/*
 * By the reference, with no history; if that has moved on, or there is none, by
 * the name of the commit; servers that do neither give all that they have.
 */
static int fetch(const struct checkout *c, struct error *err)
{
	const char *refspec = c->reference && str_starts_with(c->reference, "refs/") ? arena_printf(c->arena, "+%s:%s", c->reference, c->reference) :
		c->reference;
	struct error first = ERROR_INIT;
	int r;

	if ((refspec && try_shallow(c, refspec, &first)) || (!is_out_of_reach(&first) && try_shallow(c, c->commit, &first)))
		return 0;
	if (is_out_of_reach(&first)) {
		if (err)
			*err = first;
		return -EIO;
	}
	r = git(c, (const char *const[]){ "fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", NULL }, err);
	return r < 0 ? r : take_files(c, err);
}

static int take_submodules(const struct checkout *c, struct error *err)
{
	struct stat status;

	if (fstatat(AT_FDCWD, arena_printf(c->arena, "%s/.gitmodules", c->directory), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return git(c, (const char *const[]){ "submodule", "-q", "update", "--init", "--recursive", "--checkout", "--depth=1", NULL }, err);
}

static int check_out(const struct checkout *c, bool keeps_git, struct error *err)
{
	int r = git(c, (const char *const[]){ "init", "-q", NULL }, err);

	if (r == 0)
		r = git(c, (const char *const[]){ "remote", "add", "origin", c->url, NULL }, err);
	if (r == 0)
		r = fetch(c, err);
	if (r == 0)
		r = take_submodules(c, err);
	if (r < 0 || keeps_git)
		return r;
	r = tree_remove_at(AT_FDCWD, arena_printf(c->arena, "%s/.git", c->directory));
	return r < 0 ? error_errno(err, -r, "cannot remove '%s/.git'", c->directory) : 0;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct checkout_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf authorization = BUF_INIT;
	const struct checkout c = { .arena = arena, .url = call->operands[0], .commit = call->operands[1], .directory = call->operands[2],
		.reference = request->reference };
	int r;

	r = authorization_read(request->authorization, &authorization, err);
	if (r < 0)
		return r;
	git_prepare();
	git_authorize(c.url, authorization.data);
	confine(&(struct confinement){ .properties = CONFINE_NETWORK | CONFINE_PROGRAMS });
	r = check_out(&c, request->keeps_git, err);
	return r < 0 ? error_wrap(err, "cannot get '%.600s'", remote_shown(arena, c.url)) : 0;
}

const struct command transfer_git_checkout = {
	.command = {
		.name = "git-checkout",
		.operands = "URL COMMIT DIR",
		.summary = "get the files of a commit of a git repository",
		.description = "Makes the empty directory have what is in the commit, and in its submodules.",
		.entries = entries,
		.minimum_operands = 3,
		.maximum_operands = 3,
	},
	.request_size = sizeof(struct checkout_request),
	.run = run,
};
