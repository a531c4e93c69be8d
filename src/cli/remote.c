/* SPDX-License-Identifier: Apache-2.0 */
/* image tags, image referrers: what registries have, told without bringing it here. */
#include "cli/remote.h"
#include "cli/listing.h"

/* ---- tags ------------------------------------------------------------------------------ */

struct tags_request {
	struct registry_request registry;
	const char *format;
};

static const struct tags_request tags_defaults = { .registry.verifies = true };

static const struct option_entry tags_entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct tags_request, format), "FORMAT", "table, json, or a template for each tag" },
	REGISTRY_ENTRIES(struct tags_request, registry),
	{ 0 },
};

static const struct listing_field tags_fields[] = { { "Name", "NAME" }, { "Tag", "TAG" }, { NULL } };

static int run_tags(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct tags_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	struct cli_transfer transfer = cli_transfer_begin(arena, "tags", PROGRESS_PULL);
	struct spec_transfer_report report = { .tags = NULL };
	int r;

	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add_operands(&transfer, call);
	r = listing_begin(&listing, tags_fields, str_is_empty(request->format) ? "{{.Tag}}" : request->format, "{{.Name}}\t{{.Tag}}", err);
	if (r == 0)
		r = cli_transfer_report(call, &transfer, &report, err);
	for (char **tag = report.tags; r == 0 && tag && *tag; tag++) {
		listing_set(&listing, "Name", call->operands[0]);
		listing_set(&listing, "Tag", *tag);
		r = listing_add_row(&listing, err);
	}
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

const struct command cli_image_tags = {
	.command = {
		.name = "image tags",
		.operands = "REPOSITORY",
		.summary = "list the tags of a repository in its registry",
		.description = "Lists the tags that a registry has in a repository.\n\nFields for --format: .Name and .Tag.",
		.entries = tags_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct tags_request),
	.defaults = &tags_defaults,
	.run = run_tags,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- referrers ---------------------------------------------------------------------------- */

struct referrers_request {
	struct registry_request registry;
	const char *artifact_type;
};

static const struct referrers_request referrers_defaults = { .registry.verifies = true };

static const struct option_entry referrers_entries[] = {
	{ "artifact-type", 0, OPTION_STRING, 0, offsetof(struct referrers_request, artifact_type), "TYPE", "those of this type alone" },
	REGISTRY_ENTRIES(struct referrers_request, registry),
	{ 0 },
};

static int run_referrers(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct referrers_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "referrers", PROGRESS_PULL);
	const char *text = NULL;
	int r;

	cli_transfer_add_option(&transfer, "--artifact-type", request->artifact_type);
	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_run(call, &transfer, &text, err);
	if (r == 0)
		buf_add_text(out, text);
	return r;
}

const struct command cli_image_referrers = {
	.command = {
		.name = "image referrers",
		.operands = "IMAGE",
		.summary = "list what in its registry is about an image",
		.description = "Prints the index of what in the registry has the image as its subject: signatures, lists of contents and the like.",
		.entries = referrers_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct referrers_request),
	.defaults = &referrers_defaults,
	.run = run_referrers,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- for the commands that are about images here, too -------------------------------------- */

int remote_inspect(const struct command_call *call, const struct remote_inspect_request *request, const char *name, const char **ret_text,
	struct arena *arena, struct error *err)
{
	struct cli_transfer transfer = cli_transfer_begin(arena, "remote-inspect", PROGRESS_PULL);

	cli_transfer_add_flag(&transfer, "--raw", request->raw);
	cli_transfer_add_flag(&transfer, "--config", request->config);
	cli_transfer_add_option(&transfer, "--platform", request->platform);
	cli_transfer_add_registry(&transfer, &request->registry);
	cli_transfer_add(&transfer, "--");
	cli_transfer_add(&transfer, name);
	return cli_transfer_run(call, &transfer, ret_text, err);
}

int remote_delete(const struct command_call *call, const struct registry_request *registry, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "remote-delete", PROGRESS_PULL);
	struct spec_transfer_report report;

	transfer.quiet = true;
	cli_transfer_add_registry(&transfer, registry);
	cli_transfer_add(&transfer, "--");
	cli_transfer_add(&transfer, name);
	return cli_transfer_report(call, &transfer, &report, err);
}
