/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/root.h"
#include "host/user_namespace.h"
#include "runtime/program/program.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static int choose_rootless(const char *text, bool *ret, struct error *err)
{
	if (str_equal(text, "auto")) {
		*ret = geteuid() != 0 || !user_namespace_is_first();
		return 0;
	}
	if (!str_equal(text, "true") && !str_equal(text, "false"))
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --rootless: expected true, false or auto", text);
	*ret = str_equal(text, "true");
	return 0;
}

/*
 * The XDG directory may be swept of what nobody touched for six hours, unless
 * it has the sticky bit (XDG Base Directory Specification).
 */
static int use_private_root(const char *path, struct error *err)
{
	struct stat status;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make the state directory '%s'", path);
	if (stat(path, &status) == 0 && !(status.st_mode & S_ISVTX) && chmod(path, (status.st_mode & 07777) | S_ISVTX) < 0)
		return error_errno(err, errno, "cannot set the sticky bit of '%s'", path);
	return 0;
}

/* What we allocate stays until the program ends. */
static char *owned_root;

static int choose_default(const char **ret, struct error *err)
{
	const char *runtime_directory = getenv("XDG_RUNTIME_DIR");
	int r;

	if (str_is_empty(runtime_directory) || runtime_directory[0] != '/' || (geteuid() == 0 && user_namespace_is_first())) {
		*ret = "/run/" PROGRAM_NAME;
		return 0;
	}
	owned_root = str_printf("%s/%s", runtime_directory, PROGRAM_NAME);
	r = use_private_root(owned_root, err);
	if (r == 0)
		*ret = owned_root;
	return r;
}

static int make_absolute(const char *path, const char **ret, struct error *err)
{
	char directory[PATH_MAX];

	if (path[0] == '/' && path[strspn(path, "/")] == '\0')
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --root: it cannot be the root directory", path);
	if (path[0] == '\0')
		return error_set(err, ERROR_INVALID, 0, "invalid value '' for --root: expected a directory");
	if (path[0] == '/') {
		*ret = path;
		return 0;
	}
	if (!getcwd(directory, sizeof directory))
		return error_errno(err, errno, "cannot find the working directory, to which --root '%s' is relative", path);
	*ret = owned_root = str_printf("%s/%s", directory, path);
	return 0;
}

int root_choose(const char *root, const char *rootless, struct runtime *ret, struct error *err)
{
	struct runtime chosen = { 0 };
	int r = choose_rootless(rootless, &chosen.rootless, err);

	if (r == 0)
		r = root ? make_absolute(root, &chosen.root, err) : choose_default(&chosen.root, err);
	if (r == 0)
		*ret = chosen;
	return r;
}
