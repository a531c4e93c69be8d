/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup: control groups by name, without containers. */
#include "cli/cgroup_options.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/screen.h"
#include "cli/stats_view.h"
#include "engine/terminal.h"
#include "primitive/group.h"
#include "primitive/group_usage.h"

#include <inttypes.h>

const struct command cli_cgroup = {
	.command = {
		.name = "cgroup",
		.operands = "COMMAND",
		.summary = "work with control groups, without containers",
		.description = "A group NAME is one group in every hierarchy of the host, version 1 and 2 alike, below a group bivy-groups of ours: those of "
			"others are never touched. Names with \"/\" are groups in groups. There are two models: a maximum (--cpus, --memory, --pids, --device-…) "
			"holds on an idle host, too; a weight (--cpu-weight, --io-weight) only counts among those that want the same at the same time.\n\n"
			"An ordinary user has what was delegated to him.",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

/* ---- create, set ------------------------------------------------------------------ */

static int create(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct group_limits limits;
	int r = cgroup_options_decode(arena, call->request, call->operands + 1, &limits, err);

	if (r == 0)
		r = group_create(call->operands[0], &limits, err);
	if (r == 0)
		buf_printf(out, "%s\n", call->operands[0]);
	return r;
}

const struct command cli_cgroup_create = {
	.command = {
		.name = "cgroup create",
		.operands = "NAME [FILE=VALUE…]",
		.summary = "make a control group",
		.description = "Makes a group and sets its limits; FILE=VALUE, such as memory.high=32m, writes one of the kernel's files as it is. On failure "
			"nothing is left.",
		.entries = cgroup_option_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct cgroup_request),
	.run = create,
	.exit_status = CLI_EXIT_FAILURE,
};

static int set(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct group_limits limits;
	int r = cgroup_options_decode(arena, call->request, call->operands + 1, &limits, err);

	if (r == 0 && group_limits_are_none(&limits))
		r = error_set(err, ERROR_INVALID, 0, "there is nothing to set: expected options, or FILE=VALUE");
	return r < 0 ? r : group_set(call->operands[0], &limits, err);
}

const struct command cli_cgroup_set = {
	.command = {
		.name = "cgroup set",
		.operands = "NAME [FILE=VALUE…]",
		.summary = "change the limits of a control group",
		.description = "Changes what is named and nothing else, at once for all processes in the group; FILE=VALUE, such as memory.high=32m, writes one of "
			"the kernel's files as it is.",
		.entries = cgroup_option_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct cgroup_request),
	.run = set,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- get, ls ------------------------------------------------------------------------ */

struct format_request {
	const char *format;
};

static const struct option_entry format_entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct format_request, format), "FORMAT", "table, json, or a template for each line" },
	{ 0 },
};

static int add_settings(const char *name, const char *format, struct buf *out, struct error *err)
{
	static const struct listing_field fields[] = { { "Setting", "SETTING" }, { "Value", "VALUE" }, { "Usage", "USAGE" }, { "File", "FILE" }, { NULL } };
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct group_setting *settings;
	size_t count = 0;
	int r = listing_begin(&listing, fields, format, "{{.Setting}}\t{{.Value}}\t{{.Usage}}\t{{.File}}", err);

	if (r == 0)
		r = group_usage_read(arena, name, &settings, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		listing_set(&listing, "Setting", settings[i].name);
		listing_set(&listing, "Value", settings[i].value ? settings[i].value : "");
		listing_set(&listing, "Usage", settings[i].usage ? settings[i].usage : "");
		listing_set(&listing, "File", settings[i].file);
		r = listing_add_row(&listing, err);
	}
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

static int get(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct format_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	char **files = call->operands + 1;

	if (!*files)
		return add_settings(call->operands[0], request->format, out, err);
	if (request->format)
		return error_set(err, ERROR_INVALID, 0, "--format and FILE exclude each other: files are shown as they are");
	for (; *files; files++) {
		const char *text;
		int r = group_read_file(arena, call->operands[0], *files, &text, err);

		if (r < 0)
			return r;
		buf_printf(out, "%s\n", text);
	}
	return 0;
}

const struct command cli_cgroup_get = {
	.command = {
		.name = "cgroup get",
		.operands = "NAME [FILE…]",
		.summary = "show the limits of a control group and what it uses",
		.description = "Shows what is limited, how much of it is used, and the kernel's file that holds the limit; or the files named, as they are.\n\n"
			"Fields for --format: .Setting, .Value, .Usage and .File.",
		.entries = format_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct format_request),
	.run = get,
	.exit_status = CLI_EXIT_FAILURE,
};

static const char *hierarchies_text(struct arena *arena, const struct group_entry *entry)
{
	if (entry->v1 && entry->v2)
		return arena_printf(arena, "%u of v1, v2", entry->v1);
	return entry->v2 ? "v2" : arena_printf(arena, "%u of v1", entry->v1);
}

static int ls(const struct command_call *call, struct buf *out, struct error *err)
{
	static const struct listing_field fields[] = { { "Name", "NAME" }, { "Processes", "PROCESSES" }, { "Hierarchies", "HIERARCHIES" }, { NULL } };
	const struct format_request *request = call->request;
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct group_entry *entries;
	size_t count = 0;
	int r = listing_begin(&listing, fields, request->format, "{{.Name}}\t{{.Processes}}\t{{.Hierarchies}}", err);

	if (r == 0)
		r = group_list(arena, &entries, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		listing_set(&listing, "Name", entries[i].name);
		listing_set(&listing, "Processes", arena_printf(arena, "%zu", entries[i].processes));
		listing_set(&listing, "Hierarchies", hierarchies_text(arena, &entries[i]));
		r = listing_add_row(&listing, err);
	}
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

const struct command cli_cgroup_ls = {
	.command = {
		.name = "cgroup ls",
		.summary = "list control groups",
		.description = "Fields for --format: .Name, .Processes (in it and in groups below) and .Hierarchies.",
		.entries = format_entries,
	},
	.request_size = sizeof(struct format_request),
	.run = ls,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- exec, rm ------------------------------------------------------------------------ */

static int exec(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	return group_execute(call->operands[0], call->operands + 1, err);
}

const struct command cli_cgroup_exec = {
	.command = {
		.name = "cgroup exec",
		.operands = "NAME COMMAND [ARGUMENT…]",
		.summary = "execute a command in a control group",
		.description = "Becomes the command, in the group; 126 if it cannot be executed, 127 if there is none. All that it starts is in the group, too.",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 2,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.run = exec,
	.exit_status = CLI_EXIT_ERROR,
};

struct rm_request {
	bool force;
};

static const struct option_entry rm_entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct rm_request, force), NULL, "kill what runs in it, and remove groups below it, too" },
	{ 0 },
};

static int rm(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct rm_request *request = call->request;

	for (char **name = call->operands; *name; name++) {
		int r = group_remove(*name, request->force, err);

		if (r < 0)
			return r;
		buf_printf(out, "%s\n", *name);
	}
	return 0;
}

const struct command cli_cgroup_rm = {
	.command = {
		.name = "cgroup rm",
		.operands = "NAME…",
		.summary = "remove control groups",
		.description = "Removes groups in which nothing runs.",
		.entries = rm_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct rm_request),
	.run = rm,
	.exit_status = CLI_EXIT_FAILURE,
	.properties = COMMAND_KEEPS_OUTPUT,
};

/* ---- watch ----------------------------------------------------------------------------- */

struct watch_request {
	const char *format;
	int64_t interval_s, count;
};

static const struct watch_request watch_defaults = { .interval_s = 1 };

static const struct option_entry watch_entries[] = {
	{ "count", 'n', OPTION_INT, 0, offsetof(struct watch_request, count), "N", "so many rounds; default: until it is interrupted", .minimum = 1, .maximum = INT32_MAX },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct watch_request, format), "FORMAT", "table, json, or a template for each group" },
	{ "interval", 'i', OPTION_INT, 0, offsetof(struct watch_request, interval_s), "SECONDS", "how long a round is; default: 1", .minimum = 1, .maximum = 86400 },
	{ 0 },
};

#define WATCH_TABLE \
	"table {{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemHistory}}\t{{.PIDs}}\t{{.Throttled}}\t{{.Pressure}}\t{{.OOMKills}}"
#define WATCH_LINE \
	"{{.Name}}: cpu {{.CPUPerc}}, memory {{.MemUsage}}, pids {{.PIDs}}, throttled {{.Throttled}}, pressure {{.Pressure}}, oom kills {{.OOMKills}}"

struct watching {
	struct stats_view view;
	bool is_redrawn;
	struct error *err;
};

static int take_round(void *context, const struct stats_sample *samples, size_t count)
{
	struct watching *watching = context;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = stats_view_add(&watching->view, samples, count, &text, watching->err);

	return r < 0 ? r : screen_write(watching->is_redrawn, &text, watching->err);
}

static int watch(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct watch_request *request = call->request;
	struct watching watching = { .view = { .whole_ids = true, .utf8 = terminal_is_utf8() }, .err = err };
	int r;

	watching.is_redrawn = screen_begin();
	watching.view.format = request->format ? request->format : watching.is_redrawn ? WATCH_TABLE : WATCH_LINE;
	r = group_usage_watch(&(struct group_watch_request){ .names = call->operands, .interval_ms = (unsigned)request->interval_s * 1000,
		.rounds = (uint64_t)request->count, .each = take_round, .context = &watching }, err);
	stats_view_done(&watching.view);
	return r;
}

const struct command cli_cgroup_watch = {
	.command = {
		.name = "cgroup watch",
		.operands = "[NAME…]",
		.summary = "show what control groups use, again and again",
		.description = "Shows CPU, memory, processes, the part of periods in which --cpus held the group up, and for how much of the time it waited for CPU, "
			"memory and disk; of the groups named, or of all. On a terminal it is drawn anew each second, else it is a line for each group and round.\n\n"
			"Fields for --format are those of `" CLI_NAME " stats`.",
		.entries = watch_entries,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct watch_request),
	.defaults = &watch_defaults,
	.run = watch,
	.exit_status = CLI_EXIT_FAILURE,
};
