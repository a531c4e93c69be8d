/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/tally.h"
#include "spec/decode.h"

#define FORMAT 1

const uint32_t spec_tally_bounds_ms[SPEC_TALLY_BOUNDS] = { 100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000 };

void spec_tally_times_add(struct spec_tally_times *times, int64_t took_ns)
{
	uint64_t ns = took_ns > 0 ? (uint64_t)took_ns : 0;
	size_t i = 0;

	while (i < SPEC_TALLY_BOUNDS && ns > (uint64_t)spec_tally_bounds_ms[i] * 1000000)
		i++;
	times->buckets[i]++;
	times->sum_ns += ns;
}

/* ---- the document: what was done by its names, with its times ------------------------ */

enum tally_field { TALLY_PULLS, TALLY_FAILED_PULLS, TALLY_BUILDS, TALLY_FAILED_BUILDS };

static const char *const times_names[] = {
	[TALLY_PULLS] = "Pulls",
	[TALLY_FAILED_PULLS] = "FailedPulls",
	[TALLY_BUILDS] = "Builds",
	[TALLY_FAILED_BUILDS] = "FailedBuilds",
};

struct document {
	uint64_t format;
	struct spec_tally tally;
};

static const struct field fields[] = {
	FIELD_MUST(U64, struct document, format, "Format"),
	FIELD_MUST(I64, struct document, tally.since_ns, "Since"),
	FIELD_BY(TALLY_PULLS, "Pulls", 0),
	FIELD_BY(TALLY_FAILED_PULLS, "FailedPulls", 0),
	FIELD_BY(TALLY_BUILDS, "Builds", 0),
	FIELD_BY(TALLY_FAILED_BUILDS, "FailedBuilds", 0),
	FIELD(U64, struct document, tally.pulled_bytes, "PulledBytes"),
	FIELD(U64, struct document, tally.steps_run, "StepsRun"),
	FIELD(U64, struct document, tally.steps_cached, "StepsCached"),
};

static const struct field times_fields[] = {
	FIELD(U64, struct spec_tally_times, sum_ns, "Nanoseconds"),
	FIELD_BY(0, "Buckets", 0),
};

static struct spec_tally_times *times_of(struct spec_tally *tally, unsigned id)
{
	switch ((enum tally_field)id) {
	case TALLY_PULLS:
		return &tally->pulls[SPEC_TALLY_SUCCESS];
	case TALLY_FAILED_PULLS:
		return &tally->pulls[SPEC_TALLY_FAILURE];
	case TALLY_BUILDS:
		return &tally->builds[SPEC_TALLY_SUCCESS];
	case TALLY_FAILED_BUILDS:
		return &tally->builds[SPEC_TALLY_FAILURE];
	}
	return NULL;
}

static int decode_buckets(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_tally_times *times = object;
	const struct json *element;
	size_t i = 0;
	int r = decode_expect(d, value, JSON_ARRAY);

	if (r == 0 && value->length != ARRAY_SIZE(times->buckets))
		r = decode_fail(d, value, "expected %zu numbers", ARRAY_SIZE(times->buckets));
	if (r < 0)
		return r;
	for (element = value->first; r == 0 && element; element = element->next)
		r = decode_uint(d, element, UINT64_MAX, &times->buckets[i++]);
	return r;
}

static int decode_times(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_tally_times *times = times_of(&((struct document *)object)->tally, id);

	return decode_fields(d, value, times_fields, ARRAY_SIZE(times_fields), times, decode_buckets);
}

int spec_tally_decode(const char *text, size_t length, struct spec_tally *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct decoder d = { .arena = arena, .name = "tally.json", .prefix = "", .err = err };
	struct document document = { .format = 0 };
	int r = length > SPEC_TALLY_LIMIT ? error_set(err, ERROR_INVALID, EFBIG, "tally.json: more than %d bytes", SPEC_TALLY_LIMIT) : 0;

	if (r == 0)
		r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &document, decode_times);
	if (r == 0 && document.format != FORMAT)
		r = decode_fail_member(&d, d.root, "Format", "expected %d", FORMAT);
	if (r == 0)
		*ret = document.tally;
	return r;
}

static void write_times(struct json_writer *w, const char *key, const struct spec_tally_times *times)
{
	json_write_open(w, key, '{');
	json_write_uint(w, "Nanoseconds", times->sum_ns);
	json_write_open(w, "Buckets", '[');
	for (size_t i = 0; i < ARRAY_SIZE(times->buckets); i++)
		json_write_uint(w, NULL, times->buckets[i]);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

void spec_tally_encode(const struct spec_tally *tally, struct buf *out)
{
	struct document document = { .format = FORMAT, .tally = *tally };
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_fields(&w, fields, ARRAY_SIZE(fields), &document);
	for (unsigned i = 0; i < ARRAY_SIZE(times_names); i++)
		write_times(&w, times_names[i], times_of(&document.tally, i));
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
