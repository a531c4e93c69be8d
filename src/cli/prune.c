/* SPDX-License-Identifier: Apache-2.0 */
/* image prune and system prune: what nobody needs goes. */
#include "engine/image_removal.h"
#include "cli/command.h"
#include "cli/human.h"

struct prune_request {
	bool all, force;
	char **filters;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct prune_request, all), NULL, "also images that have names" },
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only images that are so: until, label, label!; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ 0 },
};

static void print(const struct image_removal_report *report, struct buf *out)
{
	_cleanup_free_ char *freed = human_size(report->freed_bytes, 4);

	if (report->untagged[0] || report->deleted[0])
		buf_add_text(out, "Deleted Images:\n");
	for (const char **name = report->untagged; *name; name++)
		buf_printf(out, "untagged: %s\n", *name);
	for (const char **digest = report->deleted; *digest; digest++)
		buf_printf(out, "deleted: %s\n", *digest);
	if (report->untagged[0] || report->deleted[0])
		buf_add_char(out, '\n');
	buf_printf(out, "Total reclaimed space: %s\n", freed);
}

static int prune(const struct command_call *call, bool debris, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image_removal_report report;
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = image_removal_prune(arena, &(struct image_prune_request){ &directories, request->filters, request->all, debris }, &report, err);
	if (r == 0)
		print(&report, out);
	return r;
}

static int run_image_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	int r = 0;

	if (!request->force)
		r = cli_confirm(request->all ? "WARNING! This will remove all images, whether they have names or not."
					     : "WARNING! This will remove all dangling images.",
				"the removal of images", err);
	return r < 0 ? r : prune(call, false, out, err);
}

const struct command cli_image_prune = {
	.command = {
		.name = "image prune",
		.summary = "remove images that have no name",
		.description = "Removes images that have lost their name to another, or all images. Asks first.",
		.entries = entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_image_prune,
	.exit_status = CLI_EXIT_FAILURE,
};

static int run_system_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	int r = 0;

	if (!request->force)
		r = cli_confirm(request->all ? "WARNING! This will remove:\n  - all images\n  - all unfinished downloads\n"
					     : "WARNING! This will remove:\n  - all dangling images\n  - all unfinished downloads\n",
				"the removal of unused data", err);
	return r < 0 ? r : prune(call, true, out, err);
}

const struct command cli_system_prune = {
	.command = {
		.name = "system prune",
		.summary = "remove all that nobody needs",
		.description = "Removes images that have lost their name to another, or all images, and downloads that broke off. Asks first.",
		.entries = entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_system_prune,
	.exit_status = CLI_EXIT_FAILURE,
};
