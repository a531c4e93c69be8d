/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/directories.h"
#include "base/str.h"
#include "engine/home.h"

#include <inttypes.h>
#include <limits.h>

struct directories_caller directories_caller(void)
{
	return (struct directories_caller){
		.uid = home_user(),
		.home = getenv("HOME"),
		.data_home = getenv("XDG_DATA_HOME"),
		.runtime_directory = getenv("XDG_RUNTIME_DIR"),
	};
}

/* A relative path in one of the variables counts as none (XDG Base Directory Specification). */
static bool is_usable(const char *path)
{
	return path && path[0] == '/';
}

static int default_root(struct arena *arena, const struct directories_caller *caller, const char **ret, struct error *err)
{
	if (caller->uid == 0)
		*ret = "/var/lib/bivy";
	else if (is_usable(caller->data_home))
		*ret = arena_printf(arena, "%s/bivy", caller->data_home);
	else if (is_usable(caller->home))
		*ret = arena_printf(arena, "%s/.local/share/bivy", caller->home);
	else {
		error_set(err, ERROR_INVALID, 0, "cannot tell where to keep images: neither XDG_DATA_HOME nor HOME is set");
		error_hint(err, "--root says it");
		return -EINVAL;
	}
	return 0;
}

static const char *default_run_root(struct arena *arena, const struct directories_caller *caller)
{
	if (caller->uid == 0)
		return "/run/bivy";
	if (is_usable(caller->runtime_directory))
		return arena_printf(arena, "%s/bivy", caller->runtime_directory);
	return arena_printf(arena, "/tmp/bivy-%u", caller->uid);
}

/* PATH made absolute, its links resolved as far as it exists. */
static int resolve(struct arena *arena, const char *path, const char **ret, struct error *err)
{
	char *head = arena_strdup(arena, path);
	const char *tail = "";

	if (!*path)
		return error_set(err, ERROR_INVALID, 0, "the name of a directory is empty");
	while (true) {
		_cleanup_free_ char *real = realpath(*head ? head : "/", NULL);
		char *slash = strrchr(head, '/');

		if (real) {
			*ret = arena_printf(arena, "%s%s", str_equal(real, "/") && *tail ? "" : real, tail);
			return strlen(*ret) < PATH_MAX ? 0 : error_errno(err, ENAMETOOLONG, "cannot use the directory '%.100s…'", path);
		}
		if (errno != ENOENT)
			return error_errno(err, errno, "cannot use the directory '%s'", path);
		if (!slash) { /* relative: the working directory is left */
			tail = arena_printf(arena, "/%s%s", head, tail);
			head = arena_strdup(arena, ".");
		} else if (str_equal(slash + 1, "..")) {
			return error_errno(err, ENOENT, "cannot use the directory '%s'", path);
		} else {
			if (slash[1] && !str_equal(slash + 1, "."))
				tail = arena_printf(arena, "%s%s", slash, tail);
			*slash = '\0';
		}
	}
}

/* FNV-1a: names of directories, no secrets. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

int directories_decide(struct arena *arena, const struct directories_caller *caller, const char *root, const char *run_root,
	struct directories *ret, struct error *err)
{
	struct directories found = { .root = NULL };
	const char *usual = NULL;
	int r = default_root(arena, caller, &usual, root ? NULL : err);

	if (r == 0)
		r = resolve(arena, usual, &usual, root ? NULL : err);
	if (root)
		r = resolve(arena, root, &found.root, err);
	else
		found.root = usual;
	if (r < 0)
		return r;
	if (run_root)
		r = resolve(arena, run_root, &found.run_root, err);
	else if (str_equal(found.root, usual))
		found.run_root = default_run_root(arena, caller);
	else /* short: sockets will live there, whose paths are */
		found.run_root = arena_printf(arena, "%s-%016" PRIx64, default_run_root(arena, caller), hash_of(found.root));
	if (r < 0)
		return r;
	found.images = arena_printf(arena, "%s/images", str_equal(found.root, "/") ? "" : found.root);
	*ret = found;
	return 0;
}

bool directories_are_usual(const struct directories *directories)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories_caller caller = directories_caller();
	struct directories usual;

	return directories_decide(arena, &caller, NULL, NULL, &usual, NULL) == 0 && str_equal(usual.root, directories->root) &&
	       str_equal(usual.run_root, directories->run_root);
}
