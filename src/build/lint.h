/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is right in a Dockerfile and yet probably a mistake, under the names that
 * docker's build checks gave it: `bivy build --check`, and warnings of builds.
 * The rules: https://docs.docker.com/reference/build-checks/.
 */
#ifndef BIVY_BUILD_LINT_H
#define BIVY_BUILD_LINT_H

#include "build/ignore.h"
#include "build/outline.h"

struct lint_rule {
	const char *name;        /* "StageNameCasing" */
	const char *description; /* a sentence without full stop */
	const char *url;
	bool experimental;       /* only if the directive or option asks for it */
};

/* All of them by name; the last has no name. */
extern const struct lint_rule lint_rules[];

/* What "skip=A,B;error=true;experimental=C" (or "skip=all") says. */
struct lint_settings {
	char **skipped, **experimental; /* NULL-terminated, or NULL */
	bool skips_all, all_experimental, is_error;
	const struct ignore *ignore;    /* not of the text: what is left out of the context, for CopyIgnoredFile; or NULL */
};

/* TEXT NULL: nothing. ERROR_INVALID: an option that is none, with the nearest one as hint. */
int lint_settings_parse(struct arena *arena, const char *text, struct lint_settings *ret, struct error *err) _must_check_;

/*
 * All warnings, those of the Dockerfile and EXTRA (of plans) included, in the
 * order of lines; those are left out that SETTINGS skip, or a comment above the
 * instruction ("# check=skip=A").
 */
void lint(struct arena *arena, const struct outline *outline, const struct dockerfile_warning *extra, size_t extra_count,
	const struct lint_settings *settings, struct dockerfile_warning **ret, size_t *ret_count);

/* The rule of that name, or NULL. */
const struct lint_rule *lint_rule_find(const char *name);

#endif
