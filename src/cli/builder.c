/* SPDX-License-Identifier: Apache-2.0 */
/* builder du and builder prune: what builds have left. */
#include "cli/command.h"
#include "base/human.h"
#include "cli/listing.h"
#include "cli/value_limit.h"
#include "engine/build.h"

#include <time.h>

const struct command cli_builder = {
	.command = {
		.name = "builder",
		.operands = "COMMAND",
		.summary = "look after what builds leave",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

/* What docker's plug-in is called by. */
const struct command cli_buildx = {
	.command = {
		.name = "buildx",
		.operands = "COMMAND",
		.summary = "the same as builder",
		.properties = OPTIONS_STOP_AT_OPERAND | OPTIONS_HIDDEN,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

static void print_total(const char *title, uint64_t bytes, struct buf *out)
{
	_cleanup_free_ char *size = human_size(bytes, 4);

	buf_printf(out, "%s\t%s\n", title, size);
}

/* ---- du ------------------------------------------------------------------------------ */

struct du_request {
	char **filters;
	const char *format;
	bool verbose;
};

static const struct option_entry du_entries[] = {
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct du_request, filters), "NAME=VALUE",
		"only what is so: description, id, immutable, inuse, mutable, private, shared, type, until; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct du_request, format), "FORMAT", "table, json, or a template for each line" },
	{ "verbose", 0, OPTION_FLAG, 0, offsetof(struct du_request, verbose), NULL, "all that is known of each" },
	{ 0 },
};

static const struct listing_field du_fields[] = {
	{ "CreatedSince", "CREATED" }, { "Description", "DESCRIPTION" }, { "ID", "ID" }, { "InUse", "IN USE" }, { "LastUsedSince", "LAST ACCESSED" },
	{ "Reclaimable", "RECLAIMABLE" }, { "Shared", "SHARED" }, { "Size", "SIZE" }, { "Type", "TYPE" }, { NULL },
};

static int add_row(struct listing *listing, const struct build_cache_entry *entry, time_t now, struct error *err)
{
	_cleanup_free_ char *size = human_size(entry->size, 4), *used = human_since(entry->used_s, now);
	_cleanup_free_ char *created = entry->created_s ? human_since(entry->created_s, now) : str_dup("");

	listing_set(listing, "CreatedSince", created);
	listing_set(listing, "Description", entry->description);
	listing_set(listing, "ID", entry->id);
	listing_set(listing, "InUse", entry->in_use ? "true" : "false");
	listing_set(listing, "LastUsedSince", used);
	listing_set(listing, "Reclaimable", entry->in_use ? "false" : "true");
	listing_set(listing, "Shared", entry->shared ? "true" : "false");
	listing_set(listing, "Size", size);
	listing_set(listing, "Type", entry->kind);
	return listing_add_row(listing, err);
}

struct du_total {
	uint64_t all, reclaimable, shared;
};

static struct du_total add_up(const struct build_cache_entry *entries, size_t count)
{
	struct du_total total = { .all = 0 };

	for (size_t i = 0; i < count; i++) {
		total.all += entries[i].size;
		total.reclaimable += entries[i].in_use ? 0 : entries[i].size;
		total.shared += entries[i].shared ? entries[i].size : 0;
	}
	return total;
}

static void print_totals(const struct du_total *total, struct buf *out)
{
	if (total->shared) {
		print_total("Shared:", total->shared, out);
		print_total("Private:", total->all - total->shared, out);
	}
	print_total("Reclaimable:", total->reclaimable, out);
	print_total("Total:", total->all, out);
}

static int print_table(const struct du_request *request, const struct build_cache_entry *entries, size_t count, struct buf *out, struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	int r = listing_begin(&listing, du_fields, request->format, "{{.ID}}\t{{.Reclaimable}}\t{{.Size}}\t{{.LastUsedSince}}\t{{.Description}}", err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, &entries[i], time(NULL), err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

static void print_entry(const struct build_cache_entry *entry, struct buf *out)
{
	_cleanup_free_ char *size = human_size(entry->size, 4), *created = human_time(entry->created_s), *used = human_time(entry->used_s);

	buf_printf(out, "ID:\t\t%s\n", entry->id);
	if (entry->created_s)
		buf_printf(out, "Created at:\t%s\n", created);
	buf_printf(out, "Mutable:\t%s\nReclaimable:\t%s\nShared:\t\t%s\nSize:\t\t%s\nDescription:\t%s\nLast used:\t%s\nType:\t\t%s\n\n",
		entry->is_mutable ? "true" : "false", entry->in_use ? "false" : "true", entry->shared ? "true" : "false", size, entry->description, used,
		entry->kind);
}

static int run_du(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct du_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct build_cache_entry *entries = NULL;
	struct directories directories;
	struct du_total total;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && request->verbose && request->format)
		r = error_set(err, ERROR_INVALID, 0, "--verbose and --format are two forms of the same");
	if (r == 0)
		r = build_cache_list(arena, &directories, request->filters, &entries, &count, err);
	if (r == 0 && !request->verbose)
		r = print_table(request, entries, count, out, err);
	for (size_t i = 0; r == 0 && request->verbose && i < count; i++)
		print_entry(&entries[i], out);
	if (r < 0 || request->format)
		return r;
	total = add_up(entries, count);
	print_totals(&total, out);
	return 0;
}

const struct command cli_builder_du = {
	.command = {
		.name = "builder du",
		.summary = "what builds have left on the disk",
		.description = "Lists the steps that need not be done again, the directories of cache mounts, files of web servers, and digests of contexts' "
			"files, with what each takes, in the order in which they would go.",
		.entries = du_entries,
	},
	.request_size = sizeof(struct du_request),
	.run = run_du,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- prune ------------------------------------------------------------------------------ */

struct prune_request {
	bool all, force, verbose;
	char **filters;
	int64_t keep, reserved, maximum, minimum_free; /* bytes */
};

static const struct option_entry prune_entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct prune_request, all), NULL, "also steps whose layers images have" },
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only what is so: description, id, immutable, mutable, private, shared, type, until; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ "keep-storage", 0, OPTION_CALLBACK, OPTION_HIDDEN, offsetof(struct prune_request, keep), "SIZE", "as --reserved-space", .parse = value_memory_parse },
	{ "max-used-space", 0, OPTION_CALLBACK, 0, offsetof(struct prune_request, maximum), "SIZE",
		"so much may stay: those go first that were not used for longest", .parse = value_memory_parse },
	{ "min-free-space", 0, OPTION_CALLBACK, 0, offsetof(struct prune_request, minimum_free), "SIZE",
		"as much goes as it takes until so much of the disk is free", .parse = value_memory_parse },
	{ "reserved-space", 0, OPTION_CALLBACK, 0, offsetof(struct prune_request, reserved), "SIZE",
		"so much may stay, whatever the other two say", .parse = value_memory_parse },
	{ "verbose", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct prune_request, verbose), NULL, "accepted" },
	{ 0 },
};

static int run_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct build_cache_prune_request request = { .directories = &directories, .all = options->all, .filters = options->filters,
		.max_used_bytes = (uint64_t)options->maximum, .min_free_bytes = (uint64_t)options->minimum_free,
		.reserved_bytes = (uint64_t)(options->reserved ? options->reserved : options->keep) };
	struct build_cache_prune_report report = { .ids = NULL };
	int r = 0;

	if (!options->force)
		r = cli_confirm(options->all ? "WARNING! This will remove all of the build cache." :
			"WARNING! This will remove all of the build cache that no image shares.", "the removal of the build cache", err);
	if (r == 0)
		r = cli_directories(call, arena, &directories, err);
	if (r == 0)
		r = build_cache_prune(arena, &request, &report, err);
	if (r < 0)
		return r;
	for (char **id = report.ids; *id; id++)
		buf_printf(out, "%s\n", *id);
	print_total("Total:", report.freed_bytes, out);
	return 0;
}

const struct command cli_builder_prune = {
	.command = {
		.name = "builder prune",
		.summary = "remove what builds have left",
		.description = "Removes steps that need not be done again, but those whose layers images have; directories of cache mounts that no step "
			"has mounted; files of web servers; and digests of contexts' files: all of them, or as many as it takes for the sizes that are given. "
			"What a build that runs needs stays. Images stay as they are; the next build does more. Asks first.\n\n"
			"Builds do so by themselves, with what is too old or too much: see bivy-build.json(5).",
		.entries = prune_entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_prune,
	.exit_status = CLI_EXIT_FAILURE,
};
