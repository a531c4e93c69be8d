/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/program.h"
#include "base/str.h"

/* In a build directory, and where they are installed. */
const struct program program_init = {
	.name = "bivy-init",
	.variable = "BIVY_INIT",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "is the first process of a container with --init",
};

const struct program program_home = {
	.name = "bivy-home",
	.variable = "BIVY_HOME",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "holds the namespaces of an ordinary user",
};

const struct program program_transfer = {
	.name = "bivy-transfer",
	.variable = "BIVY_TRANSFER",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "does the work with archives and registries",
};

const struct program program_builder = {
	.name = "bivy-builder",
	.variable = "BIVY_BUILDER",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "makes the files of images for `bivy build`",
};

const struct program program_runtime = {
	.name = "bivy-runtime",
	.variable = "BIVY_RUNTIME",
	.places = (const char *const[]){ "", "/../bin", "/../sbin", NULL },
	.purpose = "runs containers",
};

/* Room is left for a place and a name behind it. */
#define OWN_LIMIT (PATH_MAX - 64)

int program_find(const struct program *program, char ret[static PATH_MAX], struct error *err)
{
	const char *named = getenv(program->variable);
	char own[OWN_LIMIT];
	ssize_t length;

	if (!str_is_empty(named)) {
		snprintf(ret, PATH_MAX, "%s", named);
		return 0;
	}
	length = readlink("/proc/self/exe", own, sizeof own - 1);
	if (length < 0)
		return error_errno(err, errno, "cannot read '/proc/self/exe'");
	own[length] = '\0';
	*strrchr(own, '/') = '\0';
	for (size_t i = 0; program->places[i]; i++) {
		snprintf(ret, PATH_MAX, "%s%s/%s", own, program->places[i], program->name);
		if (access(ret, X_OK) == 0)
			return 0;
	}
	error_set(err, ERROR_UNSUPPORTED, 0, "cannot find %s, which %s", program->name, program->purpose);
	error_hint(err, "it is installed with bivy, in %s beside its directory", program->places[1] + 1);
	return -EOPNOTSUPP;
}
