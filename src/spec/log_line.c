/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/log_line.h"
#include "base/json.h"
#include "base/moment.h"
#include "spec/config.h"
#include "spec/decode.h"

#define NS_PER_S INT64_C(1000000000)
#define STDOUT_NAME "stdout"
#define STDERR_NAME "stderr"

/* journald's PRIORITY, syslog(3). */
#define PRIORITY_OF_STDERR "3"

/* ---- json-file ------------------------------------------------------------------------- */

void spec_log_line_encode(const struct spec_log_record *record, const char *attributes, struct buf *out)
{
	const struct timespec moment = { .tv_sec = record->time_ns / NS_PER_S, .tv_nsec = record->time_ns % NS_PER_S };
	struct json_writer w = { .out = out };
	_cleanup_buf_ struct buf text = BUF_INIT, time = BUF_INIT;

	buf_add(&text, record->text, record->length);
	if (!record->partial)
		buf_add_char(&text, '\n');
	moment_add(&moment, &time);
	json_write_open(&w, NULL, '{');
	json_write_bytes(&w, "log", text.data, text.length);
	json_write_string(&w, "stream", record->stream == 2 ? STDERR_NAME : STDOUT_NAME);
	if (attributes)
		buf_printf(out, ",\"attrs\":%s", attributes);
	json_write_string(&w, "time", time.data);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

struct line {
	char *stream, *time;
	const struct json *text;
	struct spec_pair *attributes;
	size_t attribute_count;
};

static int decode_text(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	((struct line *)object)->text = value;
	return decode_expect(d, value, JSON_STRING);
}

static int decode_time(const struct decoder *d, const char *text, int64_t *ret)
{
	struct timespec moment;

	/* Go writes 1677 to 2262: what 64 bits of nanoseconds reach. */
	if (moment_parse(text, &moment) < 0 || __builtin_mul_overflow((int64_t)moment.tv_sec, NS_PER_S, ret) ||
	    __builtin_add_overflow(*ret, (int64_t)moment.tv_nsec, ret))
		return decode_fail_member(d, d->root, "time", "'%s' is no time", text);
	return 0;
}

int spec_log_line_decode(struct arena *arena, const char *line, size_t length, struct spec_log_record *ret, struct error *err)
{
	static const struct field fields[] = {
		FIELD_BY(0, "log", FIELD_REQUIRED),
		FIELD_MUST(STRING, struct line, stream, "stream"),
		FIELD_MUST(STRING, struct line, time, "time"),
		FIELD_LIST(PAIRS, struct line, attributes, attribute_count, "attrs"),
	};
	struct decoder d = { .arena = arena, .name = "line of a log", .prefix = "", .err = err };
	struct spec_log_record record = { 0 };
	struct line members = { 0 };
	int r = decode_open(&d, line, length);

	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &members, decode_text);
	if (r == 0)
		r = decode_time(&d, members.time ? members.time : "", &record.time_ns);
	if (r < 0)
		return r;
	record.attributes = members.attributes;
	record.attribute_count = members.attribute_count;
	record.stream = str_equal(members.stream, STDERR_NAME) ? 2 : 1;
	record.text = members.text->text;
	record.length = members.text->length;
	record.partial = record.length == 0 || record.text[record.length - 1] != '\n';
	if (!record.partial)
		record.length--;
	*ret = record;
	return 0;
}

/* ---- journald ---------------------------------------------------------------------------- */

struct entry {
	char *priority, *time_us, *time_ns;
	const struct json *message;
};

/* A string; or an array of its bytes, when they are no UTF-8 or not to be printed. */
static int decode_message(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	((struct entry *)object)->message = value;
	if (value->type == JSON_STRING)
		return 0;
	return decode_expect(d, value, JSON_ARRAY);
}

static int take_bytes(const struct decoder *d, const struct json *list, struct spec_log_record *record)
{
	char *bytes = arena_alloc(d->arena, list->length + 1, 1);

	for (const struct json *byte = list->first; byte; byte = byte->next) {
		uint64_t value;
		int r = decode_uint(d, byte, UINT8_MAX, &value);

		if (r < 0)
			return r;
		bytes[record->length++] = (char)value;
	}
	record->text = bytes;
	return 0;
}

static int take_message(const struct decoder *d, const struct json *message, struct spec_log_record *record)
{
	/* Nothing, in journalctl's words. */
	if (!message)
		record->text = "";
	else if (message->type == JSON_ARRAY)
		return take_bytes(d, message, record);
	else
		record->text = message->text, record->length = message->length;
	return 0;
}

/* What is the journal's own, or the driver's of every line. */
static bool is_attribute(const struct json *member)
{
	static const char *const own[] = { "_", "MESSAGE", "PRIORITY", "SYSLOG_", "CONTAINER_", "IMAGE_NAME" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (str_starts_with(member->key, own[i]))
			return false;
	return member->type == JSON_STRING;
}

static void take_attributes(const struct decoder *d, struct spec_log_record *record)
{
	struct spec_pair *attributes = arena_alloc(d->arena, d->root->length + 1, sizeof *attributes);

	for (const struct json *member = d->root->first; member; member = member->next)
		if (is_attribute(member))
			attributes[record->attribute_count++] = (struct spec_pair){ (char *)member->key, (char *)member->text };
	record->attributes = attributes;
}

static int take_entry_time(const struct decoder *d, const struct entry *entry, int64_t *ret)
{
	if (entry->time_ns && str_to_i64(entry->time_ns, 10, ret) == 0)
		return 0;
	if (!entry->time_us || str_to_i64(entry->time_us, 10, ret) < 0 || __builtin_mul_overflow(*ret, INT64_C(1000), ret))
		return decode_fail_member(d, d->root, "__REALTIME_TIMESTAMP", "is no time");
	return 0;
}

int spec_log_line_decode_journal(struct arena *arena, const char *line, size_t length, struct spec_log_record *ret, struct error *err)
{
	static const struct field fields[] = {
		FIELD_BY(0, "MESSAGE", 0),
		FIELD(STRING, struct entry, priority, "PRIORITY"),
		FIELD(STRING, struct entry, time_us, "__REALTIME_TIMESTAMP"),
		FIELD(STRING, struct entry, time_ns, "CONTAINER_TIME_NS"),
	};
	struct decoder d = { .arena = arena, .name = "entry of the journal", .prefix = "", .err = err };
	struct spec_log_record record = { 0 };
	struct entry entry = { 0 };
	const struct json *partial;
	int r = decode_open(&d, line, length);

	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &entry, decode_message);
	if (r == 0)
		r = take_entry_time(&d, &entry, &record.time_ns);
	if (r == 0)
		r = take_message(&d, entry.message, &record);
	if (r < 0)
		return r;
	record.stream = str_equal(entry.priority, PRIORITY_OF_STDERR) ? 2 : 1;
	take_attributes(&d, &record);
	/* Too long a name for the table. */
	partial = json_member(d.root, "CONTAINER_PARTIAL_MESSAGE");
	record.partial = partial && partial->type == JSON_STRING && str_equal(partial->text, "true");
	*ret = record;
	return 0;
}

/* ---- files -------------------------------------------------------------------------------- */

#define SUFFIX "-json.log"
#define COMPRESSED ".gz"

void spec_log_line_name(const char *id, int64_t age, bool is_compressed, char ret[static NAME_MAX + 1])
{
	if (age == 0)
		snprintf(ret, NAME_MAX + 1, "%s" SUFFIX, id);
	else
		snprintf(ret, NAME_MAX + 1, "%s" SUFFIX ".%lld%s", id, (long long)age, is_compressed ? COMPRESSED : "");
}

int64_t spec_log_line_age(const char *id, const char *name, bool *ret_is_compressed)
{
	char again[NAME_MAX + 1];
	const char *rest;
	int64_t age = 0;

	*ret_is_compressed = false;
	if (!str_starts_with(name, id) || !str_starts_with(name + strlen(id), SUFFIX))
		return -1;
	rest = name + strlen(id) + strlen(SUFFIX);
	if (*rest == '.')
		age = strtoll(rest + 1, NULL, 10);
	if (age < 0)
		return -1;
	*ret_is_compressed = strlen(rest) > strlen(COMPRESSED) && str_equal(rest + strlen(rest) - strlen(COMPRESSED), COMPRESSED);
	/* Whatever else stands there, the name would be another. */
	spec_log_line_name(id, age, *ret_is_compressed, again);
	return str_equal(again, name) ? age : -1;
}
