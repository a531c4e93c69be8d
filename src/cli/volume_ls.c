/* SPDX-License-Identifier: Apache-2.0 */
/* volume ls, volume inspect: the volumes that are here. */
#include "cli/command.h"
#include "cli/inspect.h"
#include "cli/listing.h"
#include "engine/volumes.h"
#include "spec/config.h"

struct ls_request {
	char **filters;
	const char *format;
	bool quiet;
};

static const struct option_entry ls_entries[] = {
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct ls_request, filters), "NAME=VALUE",
		"only volumes that are so: dangling, driver, label, label!, name, opt, scope, until; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct ls_request, format), "FORMAT", "table, json, or a template for each volume" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct ls_request, quiet), NULL, "show only names" },
	{ 0 },
};

static const struct listing_field fields[] = {
	{ "Availability", "AVAILABILITY" }, { "CreatedAt", "CREATED AT" }, { "Driver", "DRIVER" }, { "Group", "GROUP" }, { "Labels", "LABELS" },
	{ "Links", "LINKS" }, { "Mountpoint", "MOUNTPOINT" }, { "Name", "VOLUME NAME" }, { "Scope", "SCOPE" }, { "Size", "SIZE" },
	{ "Status", "STATUS" }, { NULL },
};

static const char *join_labels(struct arena *arena, const struct spec_volume *volume)
{
	const char *text = "";

	for (size_t i = 0; i < volume->label_count; i++)
		text = arena_printf(arena, "%s%s%s=%s", text, *text ? "," : "", volume->labels[i].key, volume->labels[i].value);
	return text;
}

/* What docker does not know of a volume either is "N/A". */
static int add_row(struct listing *listing, struct arena *arena, const struct volume_entry *entry, struct error *err)
{
	static const char *const unknown[] = { "Availability", "Group", "Links", "Size", "Status" };
	const struct spec_volume *volume = entry->volume;

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		listing_set(listing, unknown[i], "N/A");
	listing_set(listing, "CreatedAt", volume->created ? volume->created : "");
	listing_set(listing, "Driver", volume->driver ? volume->driver : "local");
	listing_set(listing, "Labels", join_labels(arena, volume));
	listing_set(listing, "Mountpoint", entry->mount_point);
	listing_set(listing, "Name", volume->name);
	listing_set(listing, "Scope", "local");
	return listing_add_row(listing, err);
}

static int run_ls(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct ls_request *request = call->request;
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	bool only_names = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	struct volume_entry *volumes = NULL;
	struct directories directories;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	cli_tell_left_out();
	if (r == 0)
		r = volume_list(arena, &directories, request->filters, &volumes, &count, err);
	if (r == 0)
		r = listing_begin(&listing, fields, only_names ? "{{.Name}}" : request->format, "{{.Driver}}\t{{.Name}}", err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, &volumes[i], err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

const struct command cli_volume_ls = {
	.command = {
		.name = "volume ls",
		.summary = "list volumes",
		.description = "Lists the volumes that are here, by name. --filter dangling=true: those that no container has.\n\n"
			"Fields for --format: .Name, .Driver, .Scope, .Mountpoint, .Labels and .CreatedAt.",
		.entries = ls_entries,
	},
	.request_size = sizeof(struct ls_request),
	.run = run_ls,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- inspect ------------------------------------------------------------------------------ */

struct inspect_request {
	const char *format;
};

static const struct option_entry inspect_entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct inspect_request, format), "FORMAT", "json, or a template for each volume" },
	{ 0 },
};

static int run_inspect(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct inspect_request *request = call->request;

	return inspect_objects(call, INSPECT_VOLUME, false, request->format, out, err);
}

const struct command cli_volume_inspect = {
	.command = {
		.name = "volume inspect",
		.operands = "VOLUME…",
		.summary = "tell all about volumes",
		.description = "Prints all that is known of volumes as JSON, in docker's shape; besides, how large one may be, what keeps it from being larger, "
			"whether it is a snapshot, and of what.",
		.entries = inspect_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct inspect_request),
	.run = run_inspect,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
