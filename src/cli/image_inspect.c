/* SPDX-License-Identifier: Apache-2.0 */
/* image inspect: as inspect; or of an image in a registry, which stays there. */
#include "cli/command.h"
#include "cli/inspect.h"

struct image_inspect_request {
	const char *format;
};

static const struct option_entry entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct image_inspect_request, format), "FORMAT", "json, or a template for each image" },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct image_inspect_request *request = call->request;

	return inspect_images(call, request->format, out, err);
}

const struct command cli_image_inspect = {
	.command = {
		.name = "image inspect",
		.operands = "IMAGE…",
		.summary = "tell all about images",
		.description = "Prints all that is known of images as JSON, in docker's shape.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct image_inspect_request),
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
