/* SPDX-License-Identifier: Apache-2.0 */
/* pull: images from a registry. */
#include "cli/timing.h"
#include "cli/transfer.h"
#include "spec/reference.h"

struct pull_request {
	struct registry_request registry;
	bool all_tags, all_platforms, quiet;
	const char *platform;
	struct timing_option timing;
};

static const struct pull_request defaults = { .registry.verifies = true };

static const struct option_entry entries[] = {
	{ "all-platforms", 0, OPTION_FLAG, 0, offsetof(struct pull_request, all_platforms), NULL, "keep the image for all platforms" },
	{ "all-tags", 'a', OPTION_FLAG, 0, offsetof(struct pull_request, all_tags), NULL, "pull all tags of the repository" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct pull_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct pull_request, quiet), NULL, "print only the image's name" },
	REGISTRY_ENTRIES(struct pull_request, registry),
	TIMING_ENTRY(offsetof(struct pull_request, timing)),
	{ 0 },
};

/* In docker's words, as scripts look for them. */
static void print(struct arena *arena, const struct pull_request *request, const struct spec_transfer_report *report, struct buf *out)
{
	for (size_t i = 0; i < report->image_count; i++) {
		const struct spec_transfer_image *image = &report->images[i];
		struct spec_reference name;

		if (!image->name || spec_reference_parse(arena, image->name, &name, NULL) < 0)
			continue;
		if (!request->quiet) {
			buf_printf(out, "Digest: %s\n", image->digest);
			buf_printf(out, image->is_new ? "Status: Downloaded newer image for %s\n" : "Status: Image is up to date for %s\n",
				   spec_reference_familiar(arena, &name));
		}
		buf_printf(out, "%s\n", image->name);
	}
}

/* What docker says at once, before anything is asked. */
static void tell_tag(struct arena *arena, const struct pull_request *request, const char *operand)
{
	struct spec_reference name;

	if (!request->quiet && !request->all_tags && spec_reference_parse(arena, operand, &name, NULL) == 0 && !name.tag && !name.digest) {
		printf("Using default tag: " SPEC_DEFAULT_TAG "\n");
		fflush(stdout);
	}
}

static int pull(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct pull_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "pull", PROGRESS_PULL);
	struct spec_transfer_report report;
	int r;

	transfer.quiet = request->quiet;
	cli_transfer_add_flag(&transfer, "--all-platforms", request->all_platforms);
	cli_transfer_add_flag(&transfer, "--all-tags", request->all_tags);
	cli_transfer_add_option(&transfer, "--platform", request->platform);
	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add_operands(&transfer, call);
	tell_tag(arena, request, call->operands[0]);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r == 0)
		print(arena, request, &report, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct pull_request *request = call->request;
	int r;

	cli_timing_begin(&request->timing);
	r = pull(call, out, err);
	cli_timing_end(&request->timing);
	return r;
}

const struct command cli_pull = {
	.command = {
		.name = "pull",
		.operands = "NAME[:TAG|@DIGEST]",
		.summary = "pull an image from a registry",
		.description = "Brings an image from its registry, for this machine's platform or for others. Layers that are here already are not "
			"fetched again, and a download that broke off goes on where it did.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct pull_request),
	.defaults = &defaults,
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
