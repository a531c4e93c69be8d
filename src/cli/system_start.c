/* SPDX-License-Identifier: Apache-2.0 */
/* system start: what should run does, after a boot. */
#include "cli/command.h"
#include "engine/containers.h"

#include <inttypes.h>

static void warn(void *context _unused_, const char *text)
{
	fprintf(stderr, "%s: %s\n", CLI_NAME, text);
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int64_t failed = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_start_all(&directories, warn, NULL, &failed, err);
	if (r == 0 && failed)
		r = error_set(err, ERROR_INTERNAL, 0, "%" PRId64 " containers could not be started", failed);
	return r;
}

const struct command cli_system_start = {
	.command = {
		.name = "system start",
		.summary = "start what should run, after a boot",
		.description = "Starts the containers that their restart policy brings back, those that others require first, and removes what the end of the host "
			"left of others. bivy.service does it at each boot; what runs already is left alone.",
	},
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
