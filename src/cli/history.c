/* SPDX-License-Identifier: Apache-2.0 */
/* history: how an image came about. */
#include "engine/images.h"
#include "base/moment.h"
#include "cli/command.h"
#include "base/human.h"
#include "cli/listing.h"

#include <time.h>

#define COMMAND_LIMIT 45 /* characters of a step's command, if not all are asked for */

struct history_request {
	bool human, whole, quiet;
	const char *format;
};

static const struct history_request defaults = { .human = true };

static const struct option_entry entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct history_request, format), "FORMAT", "table, json, or a template for each step" },
	{ "human", 'H', OPTION_FLAG, 0, offsetof(struct history_request, human), NULL, "sizes and times for people; default: true" },
	{ "no-trunc", 0, OPTION_FLAG, 0, offsetof(struct history_request, whole), NULL, "show whole ids and commands" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct history_request, quiet), NULL, "show only ids" },
	{ 0 },
};

static const struct listing_field fields[] = {
	{ "Comment", "COMMENT" }, { "CreatedAt", "CREATED AT" }, { "CreatedBy", "CREATED BY" }, { "CreatedSince", "CREATED" },
	{ "ID", "IMAGE" }, { "Size", "SIZE" }, { NULL },
};

/* The command in one line, cut as docker does. */
static char *command_of(struct arena *arena, const struct history_request *request, const struct images_step *step)
{
	char *text = arena_strdup(arena, step->history->created_by ? step->history->created_by : ""), *c = text;
	size_t characters = 0;

	for (; *c; c++) {
		if (*c == '\t' || *c == '\n')
			*c = ' ';
		characters += ((unsigned char)*c & 0xc0) != 0x80;
		if (!request->whole && characters > COMMAND_LIMIT)
			break;
	}
	if (!*c)
		return text;
	/* One character less, for the dots. */
	do
		*c-- = '\0';
	while (((unsigned char)*c & 0xc0) == 0x80);
	*c = '\0';
	return arena_printf(arena, "%s…", text);
}

static int add_row(struct listing *listing, struct arena *arena, const struct history_request *request, const struct images_step *step, time_t now,
	struct error *err)
{
	_cleanup_free_ char *since = human_since(step->created_s, now), *size = human_size(step->size, 3);
	_cleanup_buf_ struct buf at = BUF_INIT;

	moment_add(&(struct timespec){ .tv_sec = step->created_s }, &at);
	listing_set(listing, "Comment", step->history->comment ? step->history->comment : "");
	listing_set(listing, "CreatedAt", step->created_s ? at.data : "N/A");
	listing_set(listing, "CreatedBy", command_of(arena, request, step));
	listing_set(listing, "CreatedSince", request->human || !step->created_s ? since : at.data);
	listing_set(listing, "ID", step->id ? cli_short_id(arena, step->id, request->whole) : "<missing>");
	listing_set(listing, "Size", request->human ? size : arena_printf(arena, "%llu", (unsigned long long)step->size));
	return listing_add_row(listing, err);
}

static int print(const struct history_request *request, struct arena *arena, const struct images_step *steps, size_t count, struct buf *out,
		 struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	bool only_ids = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	time_t now = time(NULL);
	int r = listing_begin(&listing, fields, only_ids ? "{{.ID}}" : request->format,
			      request->human ? "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
					     : "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
			      err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, request, &steps[i], now, err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct images_step *steps = NULL;
	struct directories directories;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = images_history(arena, &directories, call->operands[0], &steps, &count, err);
	return r < 0 ? r : print(call->request, arena, steps, count, out, err);
}

const struct command cli_history = {
	.command = {
		.name = "history",
		.operands = "IMAGE",
		.summary = "show how an image came about",
		.description = "Shows the steps by which an image was made, the last one first, and how much each added.\n\n"
			"Fields for --format: .ID, .CreatedSince, .CreatedAt, .CreatedBy, .Size and .Comment.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct history_request),
	.defaults = &defaults,
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
