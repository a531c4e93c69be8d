/* SPDX-License-Identifier: Apache-2.0 */
/* push, image copy: images to a registry. */
#include "cli/transfer.h"

#include <inttypes.h>

static void print_image(const struct spec_transfer_image *image, const char *called, struct buf *out)
{
	buf_printf(out, "%s: digest: %s size: %" PRIu64 "\n", called, image->digest, image->size);
}

/* ---- push -------------------------------------------------------------------------- */

struct push_request {
	struct registry_request registry;
	bool all_tags, quiet;
};

static const struct push_request push_defaults = { .registry.verifies = true };

static const struct option_entry push_entries[] = {
	{ "all-tags", 'a', OPTION_FLAG, 0, offsetof(struct push_request, all_tags), NULL, "push all tags of the repository that are here" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct push_request, quiet), NULL, "print only the image's name" },
	REGISTRY_ENTRIES(struct push_request, registry),
	{ 0 },
};

static int run_push(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct push_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "push", PROGRESS_PUSH);
	struct spec_transfer_report report;
	int r;

	transfer.quiet = request->quiet;
	cli_transfer_add_flag(&transfer, "--all-tags", request->all_tags);
	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_report(call, &transfer, &report, err);
	for (size_t i = 0; r == 0 && i < report.image_count; i++) {
		if (request->quiet)
			buf_printf(out, "%s\n", report.images[i].name);
		else
			print_image(&report.images[i], report.images[i].tag, out);
	}
	return r;
}

const struct command cli_push = {
	.command = {
		.name = "push",
		.operands = "IMAGE",
		.summary = "push an image to a registry",
		.description = "Sends an image to the registry that its name says. What the registry has already, in whatever repository, is not sent.",
		.entries = push_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct push_request),
	.defaults = &push_defaults,
	.run = run_push,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- copy --------------------------------------------------------------------------- */

struct copy_request {
	struct registry_request registry;
	bool all_platforms, quiet;
	const char *platform;
};

static const struct copy_request copy_defaults = { .registry.verifies = true };

static const struct option_entry copy_entries[] = {
	{ "all-platforms", 0, OPTION_FLAG, 0, offsetof(struct copy_request, all_platforms), NULL, "copy the image for all platforms" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct copy_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct copy_request, quiet), NULL, "print only the new name" },
	REGISTRY_ENTRIES(struct copy_request, registry),
	{ 0 },
};

static int run_copy(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct copy_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "copy", PROGRESS_PUSH);
	struct spec_transfer_report report;
	int r;

	transfer.quiet = request->quiet;
	cli_transfer_add_flag(&transfer, "--all-platforms", request->all_platforms);
	cli_transfer_add_option(&transfer, "--platform", request->platform);
	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r == 0 && request->quiet)
		buf_printf(out, "%s\n", report.image.name);
	else if (r == 0)
		print_image(&report.image, report.image.name, out);
	return r;
}

const struct command cli_image_copy = {
	.command = {
		.name = "image copy",
		.operands = "SOURCE DESTINATION",
		.summary = "copy an image from registry to registry",
		.description = "Copies an image between two registries, or two names of one, without bringing it here.",
		.entries = copy_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct copy_request),
	.defaults = &copy_defaults,
	.run = run_copy,
	.exit_status = CLI_EXIT_FAILURE,
};
