/* SPDX-License-Identifier: Apache-2.0 */
/* git-resolve: which commit a reference of a repository is. */
#include "build/remote.h"
#include "spec/repository.h"
#include "transfer/authorization.h"
#include "transfer/confine.h"
#include "transfer/git.h"
#include "transfer/session.h"

struct resolve_request {
	const char *reference;
	int64_t authorization;
};

static const struct option_entry entries[] = {
	AUTHORIZATION_ENTRY(struct resolve_request, authorization),
	{ "ref", 0, OPTION_STRING, 0, offsetof(struct resolve_request, reference), "NAME", "a branch, a tag, or \"refs/…\"; default: HEAD" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct resolve_request *request = call->request;
	const char *url = call->operands[0], *reference = request->reference ? request->reference : "HEAD";
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT, authorization = BUF_INIT;
	/* A pattern fits the end of names, and "^{}" is part of one. */
	const char *arguments[] = { "ls-remote", "--quiet", "--", url, reference, arena_printf(arena, "%s^{}", reference), NULL };
	struct git_reference found = { .commit = NULL };
	int r;

	r = authorization_read(request->authorization, &authorization, err);
	if (r < 0)
		return r;
	git_prepare();
	git_authorize(url, authorization.data);
	confine(&(struct confinement){ .properties = CONFINE_NETWORK | CONFINE_PROGRAMS });
	r = git_run(NULL, arguments, &text, err);
	if (r < 0)
		return error_wrap(err, "cannot look into '%.600s'", remote_shown(arena, url));
	if (!git_find_reference(arena, text.data, reference, &found)) {
		error_set(err, ERROR_NOT_FOUND, 0, "there is no branch or tag '%s' in '%.600s'", reference, remote_shown(arena, url));
		if (strspn(reference, "0123456789abcdef") == strlen(reference))
			error_hint(err, "a commit must be given with all of its digits");
		return -ENOENT;
	}
	spec_repository_encode(&(struct spec_repository){ (char *)found.commit, (char *)found.name }, out);
	return 0;
}

const struct command transfer_git_resolve = {
	.command = {
		.name = "git-resolve",
		.operands = "URL",
		.summary = "tell which commit a reference of a git repository is",
		.description = "Asks the repository and prints the commit and the whole name of the reference as JSON.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct resolve_request),
	.run = run,
};
