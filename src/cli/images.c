/* SPDX-License-Identifier: Apache-2.0 */
/* images, image ls: the images that are here. */
#include "engine/images.h"
#include "cli/command.h"
#include "base/human.h"
#include "cli/listing.h"

#include <time.h>

#define NONE "<none>"

struct images_request {
	bool all; /* there are no intermediate images that could be hidden: as if it was always given */
	bool digests, whole, quiet;
	char **filters;
	const char *format;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct images_request, all), NULL, "show all images (there are no hidden ones)" },
	{ "digests", 0, OPTION_FLAG, 0, offsetof(struct images_request, digests), NULL, "show digests" },
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct images_request, filters), "NAME=VALUE",
		"only images that are so: dangling, reference, before, since, label, label!, until; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct images_request, format), "FORMAT", "table, json, or a template for each image" },
	{ "no-trunc", 0, OPTION_FLAG, 0, offsetof(struct images_request, whole), NULL, "show whole ids" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct images_request, quiet), NULL, "show only ids" },
	{ 0 },
};

static const struct listing_field fields[] = {
	{ "Containers", "CONTAINERS" }, { "CreatedAt", "CREATED AT" }, { "CreatedSince", "CREATED" }, { "Digest", "DIGEST" },
	{ "ID", "IMAGE ID" }, { "Platform", "PLATFORM" }, { "Repository", "REPOSITORY" }, { "SharedSize", "SHARED SIZE" }, { "Size", "SIZE" },
	{ "Tag", "TAG" }, { "UniqueSize", "UNIQUE SIZE" }, { NULL },
};

static int add_row(struct listing *listing, struct arena *arena, const struct images_request *request, const struct images_entry *entry, time_t now,
	struct error *err)
{
	_cleanup_free_ char *at = human_time(entry->created_s), *since = human_since(entry->created_s, now), *size = human_size(entry->size, 3);

	listing_set(listing, "Containers", arena_printf(arena, "%zu", entry->container_count));
	listing_set(listing, "CreatedAt", entry->created_s ? at : "N/A");
	listing_set(listing, "CreatedSince", since);
	listing_set(listing, "Digest", entry->target);
	listing_set(listing, "ID", cli_short_id(arena, entry->id, request->whole));
	listing_set(listing, "Platform", entry->platform ? entry->platform : "");
	listing_set(listing, "Repository", entry->repository ? entry->repository : NONE);
	listing_set(listing, "SharedSize", "N/A");
	listing_set(listing, "Size", size);
	listing_set(listing, "Tag", entry->tag ? entry->tag : NONE);
	listing_set(listing, "UniqueSize", "N/A");
	return listing_add_row(listing, err);
}

static int print(const struct images_request *request, struct arena *arena, const struct images_entry *images, size_t count, struct buf *out,
		 struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	bool only_ids = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	time_t now = time(NULL);
	int r = listing_begin(&listing, fields, only_ids ? "{{.ID}}" : request->format,
			      request->digests ? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
					       : "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
			      err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, request, &images[i], now, err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct images_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct images_entry *images = NULL;
	struct directories directories;
	/* No column of the usual table tells of containers. */
	const struct images_list_request list = { .directories = &directories, .filters = request->filters, .reference = call->operands[0],
		.counts_containers = !str_is_empty(request->format) };
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = images_list(arena, &list, &images, &count, err);
	return r < 0 ? r : print(request, arena, images, count, out, err);
}

const struct command cli_images = {
	.command = {
		.name = "images",
		.operands = "[REPOSITORY[:TAG]]",
		.summary = "list images",
		.description = "Lists the images that are here, the youngest first; only those called so, if a repository, a name or a pattern is given.\n\n"
			"Fields for --format: .ID, .Repository, .Tag, .Digest, .Platform, .CreatedSince, .CreatedAt, .Size and .Containers.",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct images_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
