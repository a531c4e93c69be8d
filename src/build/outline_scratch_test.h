/* SPDX-License-Identifier: Apache-2.0 */
/* A Dockerfile's text as an outline, for unit tests of what is made of it. */
#ifndef BIVY_BUILD_OUTLINE_SCRATCH_TEST_H
#define BIVY_BUILD_OUTLINE_SCRATCH_TEST_H

#include "build/outline.h"
#include "base/str.h"

/* ARGUMENTS, "NAME=VALUE", are NULL-terminated or NULL. */
struct scratch {
	struct outline_request request;
	struct dockerfile_mark mark;
	struct error err;
};

static inline void scratch_begin(struct arena *arena, struct scratch *scratch, const char *const *arguments)
{
	struct spec_platform build = { .os = (char *)"linux", .architecture = (char *)"amd64" };
	struct spec_platform target = { .os = (char *)"linux", .architecture = (char *)"arm64" };
	size_t count = 0;

	*scratch = (struct scratch){ .request = { .build_platform = build, .target_platform = target }, .err = ERROR_INIT };
	scratch->request.arguments = arena_alloc(arena, 32, sizeof *scratch->request.arguments);
	for (; arguments && arguments[count]; count++) {
		const char *equals = strchr(arguments[count], '=');
		size_t length = equals ? (size_t)(equals - arguments[count]) : strlen(arguments[count]);

		scratch->request.arguments[count] = (struct outline_argument){
			.name = arena_strndup(arena, arguments[count], length), .value = equals ? equals + 1 : NULL,
		};
	}
	scratch->request.argument_count = count;
}

/* What .request has besides is what the test has put there. NULL with .err and .mark. */
static inline struct outline *scratch_outline(struct arena *arena, struct scratch *scratch, const char *text)
{
	struct dockerfile *dockerfile = NULL;
	struct outline *outline = NULL;

	if (dockerfile_parse(arena, "Dockerfile", text, strlen(text), &dockerfile, &scratch->mark, &scratch->err) < 0)
		return NULL;
	scratch->request.dockerfile = dockerfile;
	if (outline_make(arena, &scratch->request, &outline, &scratch->mark, &scratch->err) < 0)
		return NULL;
	return outline;
}

#endif
