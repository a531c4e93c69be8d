/* SPDX-License-Identifier: Apache-2.0 */
/* commit: an image of a container. */
#include "engine/container_files.h"

#include "cli/command.h"

struct commit_request {
	const char *author, *message;
	char **changes;
	bool pause, squash, quiet;
};

static const struct option_entry entries[] = {
	{ "author", 'a', OPTION_STRING, 0, offsetof(struct commit_request, author), "TEXT", "who made it" },
	{ "change", 'c', OPTION_LIST, 0, offsetof(struct commit_request, changes), "INSTRUCTION", "how it is run, in a Dockerfile's words; may be repeated" },
	{ "message", 'm', OPTION_STRING, 0, offsetof(struct commit_request, message), "TEXT", "comment of its history" },
	{ "pause", 'p', OPTION_FLAG, 0, offsetof(struct commit_request, pause), NULL, "default: true; false: a running container goes on meanwhile" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct commit_request, quiet), NULL, "print only the image's id (nothing else is printed anyway)" },
	{ "squash", 's', OPTION_FLAG, 0, offsetof(struct commit_request, squash), NULL, "all files in one layer, in place of one more layer" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct commit_request *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	const struct container_commit_request request = { .directories = &directories, .container = call->operands[0], .name = call->operands[1],
		.author = options->author, .message = options->message, .changes = options->changes, .no_pause = !options->pause, .squash = options->squash };
	const char *id = NULL;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_commit(arena, &request, &id, err);
	if (r == 0)
		buf_printf(out, "%s\n", id);
	return r;
}

const struct command cli_commit = {
	.command = {
		.name = "commit",
		.operands = "CONTAINER [NAME[:TAG]]",
		.summary = "make an image of a container",
		.description = "Makes an image of the container's image and of what the container has changed, without what is mounted in it, to be run as the "
			"container was. Prints the image's id.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct commit_request),
	.defaults = &(const struct commit_request){ .pause = true },
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
