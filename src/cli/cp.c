/* SPDX-License-Identifier: Apache-2.0 */
/* cp: files between a container and the host, or another container. */
#include "engine/container_files.h"

#include "cli/command.h"
#include "base/human.h"

struct cp_request {
	bool archive, follow, overwrite, quiet;
};

static const struct option_entry entries[] = {
	{ "archive", 'a', OPTION_FLAG, 0, offsetof(struct cp_request, archive), NULL, "keep owners and all that goes with them" },
	{ "follow-link", 'L', OPTION_FLAG, 0, offsetof(struct cp_request, follow), NULL, "of a symbolic link, copy what it names" },
	{ "overwrite", 0, OPTION_FLAG, 0, offsetof(struct cp_request, overwrite), NULL, "a directory may take the place of a file, and the other way round" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct cp_request, quiet), NULL, "do not tell how much was copied" },
	{ 0 },
};

struct operand {
	const char *container; /* NULL: of the host */
	const char *path;
};

/* "CONTAINER:PATH"; a path of the host that has a colon begins with '/' or '.'. */
static struct operand parse(struct arena *arena, const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || text[0] == '/' || text[0] == '.')
		return (struct operand){ NULL, text };
	return (struct operand){ arena_strndup(arena, text, (size_t)(colon - text)), colon[1] ? colon + 1 : "/" };
}

static int check(const struct operand *from, const struct operand *to, struct error *err)
{
	if (!from->container && !to->container) {
		error_set(err, ERROR_INVALID, 0, "neither '%.200s' nor '%.200s' is in a container", from->path, to->path);
		error_hint(err, "one of them is to be CONTAINER:PATH");
		return -EINVAL;
	}
	if (!to->container && str_equal(to->path, "-") && isatty(STDOUT_FILENO))
		return error_set(err, ERROR_INVALID, 0, "the archive would be written to a terminal");
	return 0;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct cp_request *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct operand from = parse(arena, call->operands[0]), to = parse(arena, call->operands[1]);
	const struct operand *inside = from.container ? &from : &to, *outside = from.container ? &to : &from;
	struct directories directories;
	uint64_t bytes = 0;
	const struct container_copy_request request = { .directories = &directories, .container = inside->container, .path = inside->path,
		.local = outside->path, .other = outside->container, .to_container = !from.container, .archive = options->archive, .follow = options->follow,
		.overwrite_other_kind = options->overwrite, .ret_bytes = &bytes };
	_cleanup_free_ char *size = NULL;
	int r = check(&from, &to, err);

	if (r == 0)
		r = cli_directories(call, arena, &directories, err);
	if (r == 0)
		r = container_copy(&request, err);
	if (r < 0 || options->quiet || str_equal(outside->path, "-"))
		return r;
	size = human_size(bytes, 3);
	fprintf(stderr, "Successfully copied %s to %s\n", size, call->operands[1]);
	return 0;
}

const struct command cli_cp = {
	.command = {
		.name = "cp",
		.operands = "CONTAINER:PATH|LOCAL|- LOCAL|-|CONTAINER:PATH",
		.summary = "copy files between a container and the host, or another one",
		.description = "Copies a file or directory into or out of a container, or from one to another, running or not. Into a directory that is there it goes with its name; "
			"else it gets the name given, whose directory must be there. What ends in '/.' is what is in the directory. -: an archive on the "
			"standard input or output.\n\n"
			"What is copied belongs to the container's root, or to who copies it, unless owners are kept.",
		.entries = entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct cp_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
