/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's git, for strangers' repositories: with nothing of the user's
 * settings (but of ssh's, and the proxies), without hooks, filters, helpers,
 * questions, and over the network only. This changes the environment of the
 * process, and its umask.
 */
#ifndef BIVY_TRANSFER_GIT_H
#define BIVY_TRANSFER_GIT_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#define GIT_ARGUMENT_LIMIT 16

/* Once, before anything else. */
void git_prepare(void);

/* Shows the server of URL, and no other, AUTHORIZATION, the value of that header; "": nothing. */
void git_authorize(const char *url, const char *authorization);

/* Runs git with ARGUMENTS (NULL-terminated, GIT_ARGUMENT_LIMIT at most) in DIRECTORY, NULL: here; what it prints is added to OUT, if that is not NULL. */
int git_run(const char *directory, const char *const *arguments, struct buf *out, struct error *err) _must_check_;

struct git_reference {
	const char *commit, *name;
};

/*
 * What REFERENCE is in TEXT, as `git ls-remote` prints it: a tag before a branch,
 * both by their short names, too; a tag is the commit that it is for. False: there is none.
 */
bool git_find_reference(struct arena *arena, const char *text, const char *reference, struct git_reference *ret);

#endif
