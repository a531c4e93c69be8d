/* SPDX-License-Identifier: Apache-2.0 */
/* ps, container ls: the containers that are here. */
#include "cli/command.h"
#include "engine/container_text.h"
#include "base/human.h"
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

/* A container that is shown; its texts live as long as it. */
struct row {
	struct arena *arena;
	const struct container_entry *entry;
	bool whole;
	time_t now;
};

#define TEXT_OF(name) static const char *text_of_##name(const void *context)
#define ROW const struct row *row = context

TEXT_OF(command)
{
	ROW;

	return container_text_command(row->arena, row->entry->container, row->whole);
}

TEXT_OF(created_at)
{
	ROW;
	_cleanup_free_ char *text = human_time(row->entry->created_s);

	return arena_strdup(row->arena, text);
}

TEXT_OF(exit_code)
{
	ROW;

	return arena_printf(row->arena, "%" PRId64, row->entry->state->exit_code);
}

TEXT_OF(id)
{
	ROW;
	const char *id = row->entry->container->id;

	return row->whole ? id : arena_strndup(row->arena, id, 12);
}

/* As it was asked for; its id was shown whole to nobody. */
TEXT_OF(image)
{
	ROW;
	const struct spec_container *container = row->entry->container;

	if (!container->config.image)
		return container->host.rootfs_path ? container->host.rootfs_path : "";
	return str_starts_with(container->config.image, "sha256:") ? cli_short_id(row->arena, container->config.image, row->whole) : container->config.image;
}

TEXT_OF(labels)
{
	ROW;

	return container_text_labels(row->arena, row->entry->container);
}

TEXT_OF(local_volumes)
{
	ROW;
	const struct spec_host_config *host = &row->entry->container->host;
	size_t count = 0;

	for (size_t i = 0; i < host->mount_count; i++)
		count += host->mounts[i].kind == SPEC_MOUNT_VOLUME;
	return arena_printf(row->arena, "%zu", count);
}

TEXT_OF(mounts)
{
	ROW;

	return container_text_mounts(row->arena, row->entry->container, row->whole);
}

TEXT_OF(name)
{
	ROW;

	return row->entry->container->name;
}

TEXT_OF(networks)
{
	ROW;
	const struct spec_host_config *host = &row->entry->container->host;
	const char *text = host->endpoint_count ? host->endpoints[0].network : host->network_mode;

	for (size_t i = 1; i < host->endpoint_count; i++)
		text = arena_printf(row->arena, "%s,%s", text, host->endpoints[i].network);
	return text ? text : "";
}

TEXT_OF(pid)
{
	ROW;

	return arena_printf(row->arena, "%" PRId64, row->entry->state->pid);
}

TEXT_OF(platform)
{
	ROW;
	const char *platform = row->entry->container->image_platform;

	return platform ? platform : "";
}

TEXT_OF(ports)
{
	ROW;

	return container_text_ports(row->arena, row->entry);
}

TEXT_OF(running_for)
{
	ROW;
	_cleanup_free_ char *text = human_since(row->entry->created_s, row->now);

	return arena_strdup(row->arena, text);
}

TEXT_OF(size)
{
	ROW;
	_cleanup_free_ char *written = human_size(row->entry->size_rw, 3), *all = human_size(row->entry->size_root, 3);

	return row->entry->has_size ? arena_printf(row->arena, "%s (virtual %s)", written, all) : "0B";
}

TEXT_OF(state)
{
	ROW;

	return spec_container_status_name(row->entry->state->status);
}

TEXT_OF(status)
{
	ROW;

	return container_text_status(row->arena, row->entry, row->now);
}

static const struct listing_field fields[] = {
	{ "Command", "COMMAND", text_of_command },
	{ "CreatedAt", "CREATED AT", text_of_created_at },
	{ "ExitCode", "EXIT CODE", text_of_exit_code },
	{ "ID", "CONTAINER ID", text_of_id },
	{ "Image", "IMAGE", text_of_image },
	{ "Labels", "LABELS", text_of_labels },
	{ "LocalVolumes", "LOCAL VOLUMES", text_of_local_volumes },
	{ "Mounts", "MOUNTS", text_of_mounts },
	{ "Names", "NAMES", text_of_name },
	{ "Networks", "NETWORKS", text_of_networks },
	{ "Pid", "PID", text_of_pid },
	{ "Platform", "PLATFORM", text_of_platform },
	{ "Ports", "PORTS", text_of_ports },
	{ "RunningFor", "CREATED", text_of_running_for },
	{ "Size", "SIZE", text_of_size },
	{ "State", "STATE", text_of_state },
	{ "Status", "STATUS", text_of_status },
	{ NULL },
};

struct output {
	const struct ps_request *request;
	struct listing listing;
	time_t now;
};

static int show(void *context, const struct container_entry *entry, const char **ret, struct error *err)
{
	struct output *output = context;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct row row = { arena, entry, output->request->whole, output->now };

	listing_fill(&output->listing, &row);
	return listing_render_row(&output->listing, ret, err);
}

static int list(const struct command_call *call, struct arena *arena, struct output *output, struct error *err)
{
	const struct ps_request *request = output->request;
	struct directories directories;
	const struct container_list_request list = {
		.directories = &directories,
		.all = request->all,
		.last = request->latest ? 1 : request->last > 0 ? request->last : 0,
		.filters = request->filters,
		.size = request->size || (request->format && strstr(request->format, ".Size")),
		.show = show,
		.context = output,
	};
	const char **rows = NULL;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_list(arena, &list, &rows, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		listing_add_rendered(&output->listing, rows[i]);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	static const char usual[] = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
	static const char with_size[] = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}";
	const struct ps_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct output output = { .request = request, .listing = LISTING_INIT, .now = time(NULL) };
	bool only_ids = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	int r = listing_begin(&output.listing, fields, only_ids ? "{{.ID}}" : request->format, request->size ? with_size : usual, err);

	cli_tell_left_out();
	if (r == 0)
		r = list(call, arena, &output, err);
	if (r == 0)
		listing_finish(&output.listing, out);
	listing_done(&output.listing);
	return r;
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
