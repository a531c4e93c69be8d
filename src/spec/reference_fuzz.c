/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a name of an image and as a platform. What is accepted must come
 * back the same from each of its written forms.
 */
#include "spec/image_digest.h"
#include "spec/platform.h"
#include "spec/reference.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reread(struct arena *arena, const struct spec_reference *reference, const char *text)
{
	struct spec_reference again = { 0 };

	if (spec_reference_parse(arena, text, &again, NULL) < 0)
		abort();
	if (!spec_reference_same_repository(reference, &again) || !str_equal(reference->tag, again.tag) ||
	    !str_equal(reference->digest, again.digest))
		abort();
}

static void check_reference(struct arena *arena, const char *text)
{
	struct spec_reference reference = { 0 };
	struct error err = ERROR_INIT;

	if (spec_reference_parse(arena, text, &reference, &err) < 0) {
		if (reference.path || err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return;
	}
	if (strstr(reference.path, "..") || reference.path[0] == '/' || strlen(reference.path) > SPEC_REFERENCE_NAME_LIMIT)
		abort();
	if (reference.digest && (strchr(reference.digest, '/') || !spec_digest_is_valid(reference.digest)))
		abort();
	reread(arena, &reference, spec_reference_text(arena, &reference));
	reread(arena, &reference, spec_reference_familiar(arena, &reference));
	spec_reference_add_default_tag(&reference);
	reread(arena, &reference, spec_reference_text(arena, &reference));
}

static void check_platform(struct arena *arena, const char *text)
{
	struct spec_platform host = spec_platform_of_machine(arena, "x86_64"), platform = { 0 }, again = { 0 };

	if (spec_platform_parse(arena, text, &host, &platform, NULL) < 0)
		return;
	if (spec_platform_parse(arena, spec_platform_text(arena, &platform), &host, &again, NULL) < 0)
		abort();
	if (spec_platform_rank(&platform, &again) != 0)
		abort();
	/* Of two that suit each other neither is the lesser one. */
	if (spec_platform_rank(&host, &platform) != SPEC_PLATFORM_NO_MATCH && spec_platform_rank(&platform, &host) != SPEC_PLATFORM_NO_MATCH &&
	    spec_platform_rank(&host, &platform) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);

	check_reference(arena, text);
	check_platform(arena, text);
	return 0;
}
