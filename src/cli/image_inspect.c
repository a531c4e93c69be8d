/* SPDX-License-Identifier: Apache-2.0 */
/* image inspect: as inspect; or of an image in a registry, which stays there. */
#include "cli/inspect.h"
#include "cli/remote.h"

struct image_inspect_request {
	struct remote_inspect_request remote_request;
	const char *format;
	bool remote;
};

static const struct image_inspect_request defaults = { .remote_request.registry.verifies = true };

static const struct option_entry entries[] = {
	{ "config", 0, OPTION_FLAG, 0, offsetof(struct image_inspect_request, remote_request.config), NULL,
		"with --remote: the image's configuration as the registry has it" },
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct image_inspect_request, format), "FORMAT", "json, or a template for each image" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct image_inspect_request, remote_request.platform), "OS/ARCH",
		"with --remote: which of an image for several; default: this machine's" },
	{ "raw", 0, OPTION_FLAG, 0, offsetof(struct image_inspect_request, remote_request.raw), NULL,
		"with --remote: the manifest or index as the registry has it" },
	{ "remote", 0, OPTION_FLAG, 0, offsetof(struct image_inspect_request, remote), NULL, "of images in their registries" },
	REGISTRY_ENTRIES(struct image_inspect_request, remote_request.registry),
	{ 0 },
};

/* As it is: its bytes have a digest. */
static int print_raw(const struct command_call *call, const struct image_inspect_request *request, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = NULL;
	int r;

	if (call->operands[1] || request->format)
		return error_set(err, ERROR_INVALID, 0, "--raw and --config are for one image, and without --format");
	r = remote_inspect(call, &request->remote_request, call->operands[0], &text, arena, err);
	if (r == 0)
		buf_add_text(out, text);
	return r;
}

static int inspect_remote(const struct command_call *call, const struct image_inspect_request *request, struct buf *out, struct error *err)
{
	_cleanup_(inspect_done) struct inspection inspection = INSPECTION_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = inspect_begin(&inspection, request->format, err);

	for (char **name = call->operands; r == 0 && *name; name++) {
		const char *text = NULL;

		r = remote_inspect(call, &request->remote_request, *name, &text, arena, err);
		if (r == 0)
			r = inspect_add(&inspection, text, strlen(text), err);
	}
	if (r == 0)
		inspect_finish(&inspection, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct image_inspect_request *request = call->request;
	bool raw = request->remote_request.raw || request->remote_request.config;

	if (!request->remote && (raw || request->remote_request.platform))
		return error_set(err, ERROR_INVALID, 0, "--raw, --config and --platform are for --remote");
	if (!request->remote)
		return inspect_images(call, request->format, out, err);
	return raw ? print_raw(call, request, out, err) : inspect_remote(call, request, out, err);
}

const struct command cli_image_inspect = {
	.command = {
		.name = "image inspect",
		.operands = "IMAGE…",
		.summary = "tell all about images, here or in their registries",
		.description = "Prints all that is known of images as JSON, in docker's shape; with --remote of images in their registries, in skopeo's, "
			"without bringing them here.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct image_inspect_request),
	.defaults = &defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
