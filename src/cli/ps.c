/* SPDX-License-Identifier: Apache-2.0 */
/* ps, container ls: the containers that are here. */
#include "cli/command.h"
#include "cli/container_text.h"
#include "cli/human.h"
#include "cli/listing.h"

#include <inttypes.h>

struct ps_request {
	bool all, whole, quiet, size, latest;
	int64_t last;
	char **filters;
	const char *format;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct ps_request, all), NULL, "all, not only those that run" },
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct ps_request, filters), "NAME=VALUE",
		"only containers that are so: ancestor, before, exited, expose, health, id, label, label!, name, network, publish, since, status, until, "
		"volume; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct ps_request, format), "FORMAT", "table, json, or a template for each container" },
	{ "last", 'n', OPTION_INT, 0, offsetof(struct ps_request, last), "N", "the N youngest, whatever they do", .minimum = -1, .maximum = INT32_MAX },
	{ "latest", 'l', OPTION_FLAG, 0, offsetof(struct ps_request, latest), NULL, "the youngest, whatever it does" },
	{ "no-trunc", 0, OPTION_FLAG, 0, offsetof(struct ps_request, whole), NULL, "show whole ids and commands" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct ps_request, quiet), NULL, "show only ids" },
	{ "size", 's', OPTION_FLAG, 0, offsetof(struct ps_request, size), NULL, "show what its files take" },
	{ 0 },
};

static const struct listing_field fields[] = {
	{ "Command", "COMMAND" }, { "CreatedAt", "CREATED AT" }, { "ExitCode", "EXIT CODE" }, { "ID", "CONTAINER ID" }, { "Image", "IMAGE" },
	{ "Labels", "LABELS" }, { "LocalVolumes", "LOCAL VOLUMES" }, { "Mounts", "MOUNTS" }, { "Names", "NAMES" }, { "Networks", "NETWORKS" },
	{ "Pid", "PID" }, { "Platform", "PLATFORM" }, { "Ports", "PORTS" }, { "RunningFor", "CREATED" }, { "Size", "SIZE" }, { "State", "STATE" },
	{ "Status", "STATUS" }, { NULL },
};

static size_t count_volumes(const struct spec_container *container)
{
	size_t count = 0;

	for (size_t i = 0; i < container->host.mount_count; i++)
		count += container->host.mounts[i].kind == SPEC_MOUNT_VOLUME;
	return count;
}

static const char *text_of_size(struct arena *arena, const struct container_entry *entry)
{
	_cleanup_free_ char *written = human_size(entry->size_rw, 3), *all = human_size(entry->size_root, 3);

	return entry->has_size ? arena_printf(arena, "%s (virtual %s)", written, all) : "0B";
}

/* The image as it was asked for; its id was shown whole to nobody. */
static const char *text_of_image(struct arena *arena, const struct spec_container *container, bool whole)
{
	if (!container->config.image)
		return container->host.rootfs_path ? container->host.rootfs_path : "";
	return str_starts_with(container->config.image, "sha256:") ? cli_short_id(arena, container->config.image, whole) : container->config.image;
}

static int add_row(struct listing *listing, struct arena *arena, const struct ps_request *request, const struct container_entry *entry, time_t now,
	struct error *err)
{
	const struct spec_container *container = entry->container;
	_cleanup_free_ char *at = human_time(entry->created_s), *since = human_since(entry->created_s, now);

	listing_set(listing, "Command", container_text_command(arena, container, request->whole));
	listing_set(listing, "CreatedAt", at);
	listing_set(listing, "ExitCode", arena_printf(arena, "%" PRId64, entry->state->exit_code));
	listing_set(listing, "ID", request->whole ? container->id : arena_strndup(arena, container->id, 12));
	listing_set(listing, "Image", text_of_image(arena, container, request->whole));
	listing_set(listing, "Labels", container_text_labels(arena, container));
	listing_set(listing, "LocalVolumes", arena_printf(arena, "%zu", count_volumes(container)));
	listing_set(listing, "Mounts", container_text_mounts(arena, container, request->whole));
	listing_set(listing, "Names", container->name);
	listing_set(listing, "Networks", container->host.network_mode ? container->host.network_mode : "");
	listing_set(listing, "Pid", arena_printf(arena, "%" PRId64, entry->state->pid));
	listing_set(listing, "Platform", container->image_platform ? container->image_platform : "");
	listing_set(listing, "Ports", container_text_ports(arena, container));
	listing_set(listing, "RunningFor", since);
	listing_set(listing, "Size", text_of_size(arena, entry));
	listing_set(listing, "State", spec_container_status_name(entry->state->status));
	listing_set(listing, "Status", container_text_status(arena, entry, now));
	return listing_add_row(listing, err);
}

static int print(const struct ps_request *request, struct arena *arena, const struct container_entry *containers, size_t count, struct buf *out,
	struct error *err)
{
	static const char usual[] = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
	static const char with_size[] = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}";
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	bool only_ids = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	time_t now = time(NULL);
	int r = listing_begin(&listing, fields, only_ids ? "{{.ID}}" : request->format, request->size ? with_size : usual, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, request, &containers[i], now, err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct ps_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_entry *containers = NULL;
	struct directories directories;
	struct container_list_request list = {
		.directories = &directories,
		.all = request->all,
		.last = request->latest ? 1 : request->last > 0 ? request->last : 0,
		.filters = request->filters,
		.size = request->size || (request->format && strstr(request->format, ".Size")),
	};
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_list(arena, &list, &containers, &count, err);
	return r < 0 ? r : print(request, arena, containers, count, out, err);
}

const struct command cli_ps = {
	.command = {
		.name = "ps",
		.summary = "list containers",
		.description = "Lists the containers that run, the youngest first, or all. Of one that has ended the list tells why: its exit code, the signal "
			"that ended it, or that it was out of memory, with its limit.\n\n"
			"Fields for --format: .ID, .Image, .Command, .CreatedAt, .RunningFor, .State, .Status, .ExitCode, .Pid, .Ports, .Names, .Labels, .Mounts, "
			".LocalVolumes, .Networks, .Platform and .Size.",
		.entries = entries,
	},
	.request_size = sizeof(struct ps_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
