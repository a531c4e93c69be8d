/* SPDX-License-Identifier: Apache-2.0 */
/* ns: the namespaces of the host, and those that are kept. */
#include "cli/command.h"
#include "cli/listing.h"
#include "engine/namespaces.h"
#include "primitive/pin.h"

#include <inttypes.h>

struct ns_request {
	const char *type, *container, *format;
	char **release;
	bool others, quiet;
};

static const struct option_entry entries[] = {
	{ "container", 'c', OPTION_STRING, 0, offsetof(struct ns_request, container), "CONTAINER", "only those that a running container is in" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct ns_request, format), "FORMAT", "table, json, or a template for each namespace" },
	{ "others", 0, OPTION_FLAG, 0, offsetof(struct ns_request, others), NULL, "leave out the host's own" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct ns_request, quiet), NULL, "show only types and numbers" },
	{ "release", 0, OPTION_LIST, 0, offsetof(struct ns_request, release), "NAME", "lists none: lets go of the namespaces that `" CLI_NAME " unshare --keep NAME` has kept; may be repeated" },
	{ "type", 't', OPTION_STRING, 0, offsetof(struct ns_request, type), "cgroup|ipc|mnt|net|pid|time|user|uts", "only namespaces of that type" },
	{ 0 },
};

static const struct listing_field fields[] = {
	{ "Command", "COMMAND" }, { "Containers", "CONTAINERS" }, { "Host", "HOST" }, { "Number", "NAMESPACE" }, { "Owner", "OWNER" },
	{ "Parent", "PARENT" }, { "Pid", "PID" }, { "Pins", "KEPT BY" }, { "Processes", "PROCESSES" }, { "Type", "TYPE" }, { NULL },
};

static const char *number_or_none(struct arena *arena, uint64_t number)
{
	return number ? arena_printf(arena, "%" PRIu64, number) : "-";
}

static const char *text_or_none(const char *text)
{
	return *text ? text : "-";
}

static int add_row(struct listing *listing, struct arena *arena, const struct namespace_row *row, struct error *err)
{
	listing_set(listing, "Command", text_or_none(row->command));
	listing_set(listing, "Containers", row->is_host ? arena_printf(arena, "the host%s%s", *row->containers ? "," : "", row->containers)
						       : text_or_none(row->containers));
	listing_set(listing, "Host", row->is_host ? "true" : "false");
	listing_set(listing, "Number", arena_printf(arena, "%" PRIu64, row->number));
	listing_set(listing, "Owner", number_or_none(arena, row->owner));
	listing_set(listing, "Parent", number_or_none(arena, row->parent));
	listing_set(listing, "Pid", number_or_none(arena, (uint64_t)row->pid));
	listing_set(listing, "Pins", text_or_none(row->pins));
	listing_set(listing, "Processes", arena_printf(arena, "%zu", row->processes));
	listing_set(listing, "Type", row->type);
	return listing_add_row(listing, err);
}

static int release(const struct directories *directories, char *const *names, struct buf *out, struct error *err)
{
	int r = 0;

	for (; r == 0 && *names; names++) {
		r = pin_release(directories, *names, err);
		if (r == 0)
			buf_printf(out, "%s\n", *names);
	}
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct ns_request *request = call->request;
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	bool only_numbers = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	struct directories directories;
	const struct namespaces_request engine_request = { .directories = &directories, .type = request->type, .container = request->container,
		.only_others = request->others };
	struct namespace_row *rows = NULL;
	size_t count = 0, hidden = 0;
	int r = cli_directories_outside(call, arena, &directories, err);

	if (r == 0 && request->release)
		return release(&directories, request->release, out, err);
	if (r == 0)
		r = namespaces_list(arena, &engine_request, &rows, &count, &hidden, err);
	if (r == 0)
		r = listing_begin(&listing, fields, only_numbers ? "{{.Type}}:[{{.Number}}]" : request->format,
			"{{.Type}}\t{{.Number}}\t{{.Owner}}\t{{.Processes}}\t{{.Pid}}\t{{.Command}}\t{{.Containers}}\t{{.Pins}}", err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, &rows[i], err);
	if (r < 0)
		return r;
	listing_finish(&listing, out);
	if (hidden)
		cli_warn(NULL, arena_printf(arena, "the namespaces of %zu process%s of others cannot be seen", hidden, hidden == 1 ? "" : "es"));
	return 0;
}

const struct command cli_ns = {
	.command = {
		.name = "ns",
		.summary = "list the namespaces of the host",
		.description = "Lists every namespace that a process is in, or that a mount or an open descriptor keeps: its type and number, the user namespace "
			"that owns it, how many processes are in it and which is the first, the containers that are in it, and what keeps it besides. The "
			"numbers are those that 'ls -l /proc/PID/ns' shows; two processes with the same number share the namespace.\n\n"
			"With --release it lets go of what `" CLI_NAME " unshare --keep` has kept: such namespaces end with the last process that is in them.\n\n"
			"An ordinary user sees those of his own processes.\n\n"
			"Fields for --format: .Type, .Number, .Owner, .Parent (of pid and user namespaces), .Processes, .Pid, .Command, .Containers, .Host and .Pins.",
		.entries = entries,
	},
	.request_size = sizeof(struct ns_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
