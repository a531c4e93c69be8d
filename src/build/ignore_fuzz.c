/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as patterns, its last line as a path and as the pattern of a source.
 * What covers a directory must cover what is in it, and what is final must not
 * be taken back.
 */
#include "build/ignore.h"
#include "build/path_pattern.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_below(struct arena *arena, const struct ignore *ignore, const char *path)
{
	static const char *const names[] = { "a", "b/c", "x.md", "a/b/c/d" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *below = arena_printf(arena, "%s/%s", path, names[i]);

		if (ignore_is_final(ignore, path) && !ignore_matches(ignore, below))
			abort();
	}
}

/* A list of one pattern decides as that. */
static void check_list(struct arena *arena, const struct path_pattern *pattern, char *text, const char *path)
{
	char *list[] = { text, NULL };
	struct ignore *ignore = NULL;

	if (strpbrk(text, "!\n\t\v\f\r ") || !str_equal(path_pattern_clean(arena, text), text) || !*text)
		return;
	if (ignore_of_list(arena, list, &ignore, NULL) < 0 || ignore_matches(ignore, path) != path_pattern_covers(pattern, path))
		abort();
}

static void check_single(struct arena *arena, char *text, const char *path)
{
	struct path_pattern *pattern = path_pattern_compile(arena, text);

	if (!pattern)
		return;
	check_list(arena, pattern, text, path);
	if (path_pattern_fits(pattern, path) && !path_pattern_covers(pattern, path))
		abort();
	if (path_pattern_covers(pattern, path) && !path_pattern_covers(pattern, arena_printf(arena, "%s/x", path)))
		abort();
	if (!path_pattern_covers(pattern, path) && path_pattern_covers(pattern, arena_printf(arena, "%s/x", path)) && !path_pattern_may_fit_below(pattern, path))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size), *last = strrchr(text, '\n');
	const char *path = path_pattern_clean(arena, last ? last + 1 : "a/b.c");
	struct ignore *ignore = NULL;
	struct error err = ERROR_INIT;

	if (last)
		*last = '\0';
	if (!*path || str_starts_with(path, ".."))
		path = "a/b.c";
	check_single(arena, text, path);
	ignore_fits_source(text, path);
	if (ignore_parse(arena, "f", text, strlen(text), &ignore, &err) < 0) {
		if (err.kind != ERROR_INVALID || !str_starts_with(err.message, "f:"))
			abort();
		return 0;
	}
	check_below(arena, ignore, path);
	return 0;
}
