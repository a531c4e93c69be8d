/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/transfer_event.h"
#include "base/printable.h"
#include "spec/decode.h"

static const char *const kind_words[SPEC_TRANSFER_KINDS] = {
	[SPEC_TRANSFER_STATUS] = "status",
	[SPEC_TRANSFER_WARNING] = "warning",
	[SPEC_TRANSFER_ITEM] = "item",
	[SPEC_TRANSFER_ERROR] = "error",
	[SPEC_TRANSFER_REPORT] = "report",
};

static const char *const phase_words[SPEC_TRANSFER_PHASES] = {
	[SPEC_TRANSFER_WAITING] = "waiting",
	[SPEC_TRANSFER_DOWNLOADING] = "downloading",
	[SPEC_TRANSFER_EXTRACTING] = "extracting",
	[SPEC_TRANSFER_READING] = "reading",
	[SPEC_TRANSFER_WRITING] = "writing",
	[SPEC_TRANSFER_UPLOADING] = "uploading",
	[SPEC_TRANSFER_EXISTS] = "exists",
	[SPEC_TRANSFER_COMPLETE] = "complete",
	[SPEC_TRANSFER_MOUNTED] = "mounted",
	[SPEC_TRANSFER_SKIPPED] = "skipped",
};

bool spec_transfer_phase_is_final(enum spec_transfer_phase phase)
{
	return phase >= SPEC_TRANSFER_EXISTS;
}

const char *spec_transfer_phase_word(enum spec_transfer_phase phase)
{
	return phase < SPEC_TRANSFER_PHASES ? phase_words[phase] : NULL;
}

/* ---- encoding ----------------------------------------------------------------------- */

static void encode_item(struct json_writer *w, const struct spec_transfer_event *event)
{
	json_write_string(w, "item", event->item);
	json_write_string(w, "phase", phase_words[event->phase]);
	json_write_uint(w, "current", event->current);
	json_write_uint(w, "total", event->total);
	if (event->detail)
		json_write_string(w, "detail", event->detail);
}

static void encode_error(struct json_writer *w, const struct error *error)
{
	json_write_string(w, "code", error_kind_word(error->kind));
	json_write_int(w, "errno", error->code);
	json_write_string(w, "message", error->message);
	if (error->hint[0])
		json_write_string(w, "hint", error->hint);
}

void spec_transfer_event_encode(const struct spec_transfer_event *event, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "kind", kind_words[event->kind]);
	if (event->text)
		json_write_string(&w, "text", event->text);
	if (event->kind == SPEC_TRANSFER_ITEM)
		encode_item(&w, event);
	if (event->kind == SPEC_TRANSFER_ERROR)
		encode_error(&w, &event->error);
	if (event->kind == SPEC_TRANSFER_REPORT)
		json_write_value(&w, "report", event->report);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* ---- decoding ----------------------------------------------------------------------- */

/* As it stands in the document. */
struct document {
	char *kind, *text, *item, *phase, *detail, *code, *message, *hint;
	uint64_t current, total;
	int32_t number;
	const struct json *report;
};

static const struct field document_fields[] = {
	FIELD_MUST(STRING, struct document, kind, "kind"),
	FIELD(STRING, struct document, text, "text"),
	FIELD(STRING, struct document, item, "item"),
	FIELD(STRING, struct document, phase, "phase"),
	FIELD(U64, struct document, current, "current"),
	FIELD(U64, struct document, total, "total"),
	FIELD(STRING, struct document, detail, "detail"),
	FIELD(STRING, struct document, code, "code"),
	FIELD(I32, struct document, number, "errno"),
	FIELD(STRING, struct document, message, "message"),
	FIELD(STRING, struct document, hint, "hint"),
	FIELD_BY(0, "report", 0),
};

static int decode_report(const struct decoder *d _unused_, const struct json *value, void *object, unsigned id _unused_)
{
	((struct document *)object)->report = value;
	return 0;
}

/* Who sends events has read what strangers sent. */
static char *make_printable(char *text)
{
	if (text)
		printable_replace(text, strlen(text), "", '?');
	return text;
}

/* The number of TEXT among WORDS, or COUNT. */
static size_t find_word(const char *const *words, size_t count, const char *text)
{
	size_t i = 0;

	while (i < count && !str_equal(words[i], text))
		i++;
	return i;
}

static int take_item(const struct decoder *d, const struct document *document, struct spec_transfer_event *event)
{
	size_t phase = find_word(phase_words, SPEC_TRANSFER_PHASES, document->phase);

	if (!document->item)
		return decode_fail_missing(d, d->root, "item");
	if (phase == SPEC_TRANSFER_PHASES)
		return decode_fail_member(d, d->root, "phase", "unknown phase '%.100s'", document->phase ? document->phase : "");
	event->item = make_printable(document->item);
	event->phase = (enum spec_transfer_phase)phase;
	event->current = document->current;
	event->total = document->total;
	event->detail = make_printable(document->detail);
	return 0;
}

static int take_error(const struct decoder *d, const struct document *document, struct spec_transfer_event *event)
{
	if (!document->message)
		return decode_fail_missing(d, d->root, "message");
	error_restore(&event->error, document->code, document->number, document->message, document->hint);
	return 0;
}

static int take_document(const struct decoder *d, const struct document *document, struct spec_transfer_event *event)
{
	size_t kind = find_word(kind_words, SPEC_TRANSFER_KINDS, document->kind);

	if (kind == SPEC_TRANSFER_KINDS)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "unknown kind of event '%.100s'", document->kind ? document->kind : "");
	event->kind = (enum spec_transfer_event_kind)kind;
	event->text = make_printable(document->text);
	if (kind == SPEC_TRANSFER_ITEM)
		return take_item(d, document, event);
	if (kind == SPEC_TRANSFER_ERROR)
		return take_error(d, document, event);
	if (kind != SPEC_TRANSFER_REPORT)
		return event->text ? 0 : decode_fail_missing(d, d->root, "text");
	event->report = document->report;
	return event->report ? 0 : decode_fail_missing(d, d->root, "report");
}

int spec_transfer_event_decode(struct arena *arena, const char *text, size_t length, struct spec_transfer_event *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "event", .prefix = "", .err = err };
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_STATUS };
	struct document document = { 0 };
	int r;

	if (length > SPEC_TRANSFER_EVENT_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "event");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, document_fields, ARRAY_SIZE(document_fields), &document, decode_report);
	if (r == 0)
		r = take_document(&d, &document, &event);
	if (r == 0)
		*ret = event;
	return r;
}

/* ---- lines ---------------------------------------------------------------------------- */

int spec_transfer_events_add(struct spec_transfer_events *events, const void *bytes, size_t length, struct error *err)
{
	size_t left = events->pending.length - events->start;

	if (left + length > SPEC_TRANSFER_EVENT_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "event");
	if (events->start) {
		memmove(events->pending.data, events->pending.data + events->start, left);
		events->pending.length = left;
		events->start = 0;
	}
	buf_add(&events->pending, bytes, length);
	return 0;
}

int spec_transfer_events_next(struct spec_transfer_events *events, struct arena *arena, struct spec_transfer_event *ret, struct error *err)
{
	const char *line = events->pending.data ? events->pending.data + events->start : NULL;
	const char *end = line ? memchr(line, '\n', events->pending.length - events->start) : NULL;
	int r;

	if (!end)
		return 0;
	events->start += (size_t)(end + 1 - line);
	r = spec_transfer_event_decode(arena, line, (size_t)(end - line), ret, err);
	return r < 0 ? r : 1;
}

void spec_transfer_events_done(struct spec_transfer_events *events)
{
	buf_done(&events->pending);
	events->start = 0;
}
