/* SPDX-License-Identifier: Apache-2.0 */
/* update: the limits and the restart policy of containers, while they run or not. */
#include "cli/command.h"
#include "cli/resource_options.h"
#include "engine/containers.h"

struct update_request {
	struct resource_request resources;
};

static const struct update_request defaults = { .resources = RESOURCE_DEFAULTS };

static const struct option_entry entries[] = {
	RESOURCE_ENTRIES(struct update_request, resources),
	{ 0 },
};

/* Whether anything was asked for. */
static bool is_empty(const struct update_request *request)
{
	return memcmp(request, &defaults, sizeof *request) == 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct update_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct spec_host_config changes;
	const char *warning = NULL;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && is_empty(request))
		r = error_set(err, ERROR_INVALID, 0, "'update' needs an option that says what to change");
	if (r == 0)
		r = resource_decode(arena, &request->resources, &changes, &warning, err);
	if (r == 0 && warning)
		fprintf(stderr, "%s: %s\n", CLI_NAME, warning);
	for (char **container = call->operands; r == 0 && *container; container++) {
		r = container_update(&(const struct container_update_request){ .directories = &directories, .container = *container, .changes = &changes,
			.has_memory_swap = request->resources.memory_swap != RESOURCE_NOT_GIVEN }, err);
		if (r == 0)
			buf_printf(out, "%s\n", *container);
	}
	return r;
}

const struct command cli_update = {
	.command = {
		.name = "update",
		.operands = "CONTAINER…",
		.summary = "change the limits of containers",
		.description = "Changes limits and the restart policy of containers, at once if they run. What is not said stays as it is.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct update_request),
	.defaults = &defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
