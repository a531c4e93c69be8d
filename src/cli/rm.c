/* SPDX-License-Identifier: Apache-2.0 */
/* rm, container cleanup: containers go. */
#include "cli/each.h"
#include "engine/containers.h"
#include "engine/pool.h"

struct rm_request {
	bool force, volumes, link, image;
};

static const struct option_entry entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct rm_request, force), NULL, "kill it if it runs, or if its record is damaged; a container that is not there is no error" },
	{ "link", 'l', OPTION_FLAG, OPTION_HIDDEN, offsetof(struct rm_request, link), NULL, "remove a link: there are none" },
	{ "rmi", 0, OPTION_FLAG, 0, offsetof(struct rm_request, image), NULL, "remove its image, too, unless somebody else needs it" },
	{ "volumes", 'v', OPTION_FLAG, 0, offsetof(struct rm_request, volumes), NULL, "remove its anonymous volumes, too" },
	{ 0 },
};

static int remove_one(const struct command_call *call, const struct directories *directories, const char *container, struct buf *out, struct error *err)
{
	const struct rm_request *request = call->request;
	unsigned flags = (request->force ? CONTAINER_REMOVE_FORCE : 0) | (request->volumes ? CONTAINER_REMOVE_VOLUMES : 0) |
			 (request->image ? CONTAINER_REMOVE_IMAGE : 0);
	int r = container_remove(directories, container, flags, err);

	if (r == 0)
		buf_printf(out, "%s\n", container);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	if (((const struct rm_request *)call->request)->link)
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot remove a link: containers have no links here");
	return cli_each(call, remove_one, out, err);
}

const struct command cli_rm = {
	.command = {
		.name = "rm",
		.operands = "CONTAINER…",
		.summary = "remove containers",
		.description = "Removes containers that do not run, with all that they wrote into their root file system, and their logs. Volumes stay.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct rm_request),
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};

static int run_cleanup(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_remove(&directories, call->operands[0], CONTAINER_REMOVE_AUTO | CONTAINER_REMOVE_VOLUMES, err);
	if (r == 0 && call->operands[1])
		pool_execute(&directories, &call->operands[1]);
	return r;
}

/* What a supervisor executes as its last act; COMMAND is what it would have become then. */
const struct command cli_container_cleanup = {
	.command = {
		.name = "container cleanup",
		.operands = "CONTAINER [COMMAND…]",
		.summary = "remove a container that is to be removed at its end",
		.properties = OPTIONS_HIDDEN | OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.run = run_cleanup,
	.exit_status = CLI_EXIT_FAILURE,
};
