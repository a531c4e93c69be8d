/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context, or a source of ADD, names that is elsewhere: a file of a web
 * server, or a git repository, with a reference and a directory in it.
 */
#ifndef BIVY_BUILD_REMOTE_H
#define BIVY_BUILD_REMOTE_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

enum remote_kind { REMOTE_FILE, REMOTE_GIT };

struct remote {
	enum remote_kind kind;
	const char *url;       /* without what is told below */
	/* Of a file. */
	const char *name;      /* the last of the URL's path, without escapes; "__unnamed__" if there is none */
	/* Of a repository. */
	const char *reference; /* a branch, a tag, "refs/…", or a commit; NULL: what HEAD is */
	const char *commit;    /* all, or the first digits, of the name that the reference must have; or NULL */
	const char *directory; /* relative, clean; NULL: all of it */
};

/* Whether TEXT is one: "http://", "https://", "git://", "ssh://", "git@HOST:". */
bool remote_is(const char *text);

/*
 * Takes TEXT apart: "URL#REFERENCE:DIRECTORY" or "URL?branch=…&tag=…&ref=…&
 * commit=…&subdir=…" of a repository, which an address with http is if its path
 * ends in ".git". Strings in the arena. ERROR_INVALID for a reference that is
 * none or given twice, a directory that leads out, a key that is unknown.
 */
int remote_parse(struct arena *arena, const char *text, struct remote *ret, struct error *err) _must_check_;

/* TEXT for people: without the user and password that an URL may have. In the arena, or TEXT itself. */
const char *remote_shown(struct arena *arena, const char *text);

/* As people may see it, with the whole name of the reference that was found, REFERENCE, or NULL: "URL#REFERENCE". In the arena. */
const char *remote_address(struct arena *arena, const struct remote *remote, const char *reference);

/* CONTENT with the algorithm that its digits are of: a commit's, as "sha1:…" or "sha256:…"; a file's digest as it is. */
const char *remote_digest(struct arena *arena, const struct remote *remote, const char *content);

/* Whether TEXT can only be the whole name of a commit. */
bool remote_is_commit(const char *text);

#endif
