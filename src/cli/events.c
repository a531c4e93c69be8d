/* SPDX-License-Identifier: Apache-2.0 */
/* events: what happens, as it happens. */
#include "engine/events.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/listing.h"

#include <time.h>

struct events_cli_request {
	char **filters;
	const char *since, *until, *format;
};

static const struct option_entry entries[] = {
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct events_cli_request, filters), "NAME=VALUE",
		"only events that are so: container, event, image, label, type and others; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct events_cli_request, format), "FORMAT", "json, or a template for each event" },
	{ "since", 0, OPTION_STRING, 0, offsetof(struct events_cli_request, since), "TIME", "also those since then: a time, or an age such as 10m" },
	{ "until", 0, OPTION_STRING, 0, offsetof(struct events_cli_request, until), "TIME", "end then; default: never" },
	{ 0 },
};

struct output {
	struct arena *arena;
	struct template *template; /* or NULL */
	bool json;
	struct error *err;
};

/* "2024-05-07T12:34:56.123456789+02:00": in the local zone, as docker. */
static void add_time(int64_t time_ns, struct buf *line)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[64] = "", zone[16] = "";
	struct tm date;

	if (!localtime_r(&seconds, &date))
		return;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &date);
	strftime(zone, sizeof zone, "%z", &date);
	buf_printf(line, "%s.%09lld%.3s:%s", text, (long long)(time_ns % 1000000000), zone, strlen(zone) > 3 ? zone + 3 : "00");
}

/* What containers told of themselves goes to a terminal. */
static void add_printable(struct buf *line, const char *text)
{
	printable_add(line, text, strlen(text));
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct spec_pair *)a)->key, ((const struct spec_pair *)b)->key);
}

static void add_text(const struct spec_event *event, struct buf *line)
{
	add_time(event->time_ns, line);
	buf_add_char(line, ' ');
	add_printable(line, event->type);
	buf_add_char(line, ' ');
	add_printable(line, event->action);
	buf_add_char(line, ' ');
	add_printable(line, event->id);
	if (event->attribute_count)
		qsort(event->attributes, event->attribute_count, sizeof *event->attributes, compare_keys);
	for (size_t i = 0; i < event->attribute_count; i++) {
		buf_add_text(line, i ? ", " : " (");
		add_printable(line, event->attributes[i].key);
		buf_add_char(line, '=');
		add_printable(line, event->attributes[i].value);
	}
	buf_add_text(line, event->attribute_count ? ")\n" : "\n");
}

static int add_by_template(const struct output *output, const struct spec_event *event, struct buf *line)
{
	static const char *const maps[] = { "Attributes", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json *tree = NULL;
	int r;

	spec_event_encode(event, &document);
	r = json_parse(arena, document.data, document.length, &tree, output->err);
	if (r == 0)
		r = template_run(output->template, tree, maps, line, output->err);
	buf_add_char(line, '\n');
	return r;
}

/* Written at once: somebody waits for it. */
static int tell(void *context, const struct spec_event *event)
{
	const struct output *output = context;
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = 0;

	if (output->template)
		r = add_by_template(output, event, &line);
	else if (output->json)
		spec_event_encode(event, &line);
	else
		add_text(event, &line);
	if (r < 0)
		return r;
	r = fd_write_all(STDOUT_FILENO, line.data, line.length);
	return r < 0 ? error_errno(output->err, -r, "cannot write to the standard output") : 0;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct events_cli_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct output output = { .arena = arena, .json = str_equal(request->format, "json"), .err = err };
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && !str_is_empty(request->format) && !output.json)
		r = template_parse(arena, listing_unescape(arena, request->format), &output.template, err);
	if (r < 0)
		return r;
	return events_follow(&(struct events_request){ .directories = &directories, .filters = request->filters, .since = request->since,
						      .until = request->until, .each = tell, .context = &output }, err);
}

const struct command cli_events = {
	.command = {
		.name = "events",
		.summary = "tell what happens, as it happens",
		.description = "Prints a line for each thing that happens to containers and images from now on, and those since an earlier time if one is "
			"given, until it is interrupted.\n\nMembers for --format: .Type, .Action, .Actor.ID, .Actor.Attributes, .time and .timeNano.",
		.entries = entries,
	},
	.request_size = sizeof(struct events_cli_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
