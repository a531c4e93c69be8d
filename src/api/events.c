/* SPDX-License-Identifier: Apache-2.0 */
/* GET /events: a document for each thing that happens, as it happens. */
#include "api/routes.h"
#include "base/moment.h"
#include "engine/event_filter.h"
#include "engine/events.h"

#include <time.h>

#define SINCE_NO_OLD_MEMBERS 52 /* "status", "id" and "from" */
#define SINCE_CHOICE 52         /* of the form, by the header Accept */
#define SINCE_JSON_LINES 53

struct output {
	struct api_call *call;
	bool is_sequence; /* RFC 7464: each document begins with RS */
	struct error *err;
};

/* Docker's old name of a container has the slash that its answers had once. */
static struct spec_event word_event(struct arena *arena, const struct spec_event *event)
{
	struct spec_event worded = *event;

	if (!str_equal(event->action, "rename"))
		return worded;
	worded.attributes = arena_alloc(arena, event->attribute_count + 1, sizeof *worded.attributes);
	for (size_t i = 0; i < event->attribute_count; i++) {
		worded.attributes[i] = event->attributes[i];
		if (str_equal(event->attributes[i].key, "oldName"))
			worded.attributes[i].value = arena_printf(arena, "/%s", event->attributes[i].value);
	}
	return worded;
}

/* What containers and images had before there were other things. */
static void add_old_members(const struct spec_event *event, struct json_writer *w)
{
	bool is_container = str_equal(event->type, "container");

	if (!is_container && !str_equal(event->type, "image"))
		return;
	json_write_string(w, "status", event->action);
	json_write_string(w, "id", event->id);
	for (size_t i = 0; is_container && i < event->attribute_count; i++)
		if (str_equal(event->attributes[i].key, "image"))
			json_write_string(w, "from", event->attributes[i].value);
}

/* Written at once: somebody waits for it. */
static int tell(void *context, const struct spec_event *event)
{
	const struct output *output = context;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_event worded = word_event(arena, event);
	_cleanup_buf_ struct buf line = BUF_INIT, old = BUF_INIT;
	struct json_writer w = { .out = &old };

	if (output->is_sequence)
		buf_add_char(&line, '\x1e');
	if (output->call->target.minor < SINCE_NO_OLD_MEMBERS)
		add_old_members(&worded, &w);
	if (old.length) {
		_cleanup_buf_ struct buf document = BUF_INIT;

		spec_event_encode(&worded, &document);
		buf_printf(&line, "{%s,%s", old.data, document.data + 1);
	} else {
		spec_event_encode(&worded, &line);
	}
	return api_reply_add(output->call, line.data, line.length, output->err);
}

/* ---- the request -------------------------------------------------------------------------------- */

static int check_moment(const char *name, const char *text, struct error *err)
{
	struct timespec now, moment;

	clock_gettime(CLOCK_REALTIME, &now);
	if (text && moment_parse_limit(text, &now, &moment) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid value '%.100s' of the parameter '%s'", text, name);
	return 0;
}

/* What would be an error once the answer has begun. */
static int check(struct api_call *call, const struct events_request *request, struct error *err)
{
	struct event_filter filter = { NULL };
	int r = check_moment("since", request->since, err);

	if (r == 0)
		r = check_moment("until", request->until, err);
	for (char **text = request->filters; r == 0 && text && *text; text++)
		r = event_filter_add(&filter, call->arena, *text, err);
	return r;
}

static const char *choose_type(const struct api_call *call, bool *ret_is_sequence)
{
	const char *accept = api_call_header(call, "Accept");
	unsigned minor = call->target.minor;

	*ret_is_sequence = false;
	if (!accept || minor < SINCE_CHOICE)
		return "application/json";
	if (strstr(accept, "application/json-seq")) {
		*ret_is_sequence = true;
		return "application/json-seq";
	}
	if (minor >= SINCE_JSON_LINES && strstr(accept, "application/jsonl"))
		return "application/jsonl";
	return strstr(accept, "application/x-ndjson") ? "application/x-ndjson" : "application/json";
}

/* A value that is given. */
static const char *value(const struct api_call *call, const char *name)
{
	const char *text = api_target_value(&call->target, name);

	return str_is_empty(text) ? NULL : text;
}

int api_events(struct api_call *call, struct error *err)
{
	struct output output = { .call = call, .err = err };
	struct events_request request = { .directories = call->directories, .since = value(call, "since"), .until = value(call, "until"), .each = tell,
		.context = &output };
	const char *type = choose_type(call, &output.is_sequence);
	int r = api_target_filters(call->arena, &call->target, &request.filters, err);

	if (r == 0)
		r = check(call, &request, err);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0)
		r = api_reply_open(call, 200, type, err);
	return r < 0 ? r : events_follow(&request, err);
}
