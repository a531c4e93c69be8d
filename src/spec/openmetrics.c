/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/openmetrics.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S 1000000000u
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static const struct {
	const char *word, *suffix; /* of samples */
	const char *text_word;     /* as 0.0.4 has it, where samples and their family have one name */
} types[] = {
	[OPENMETRICS_GAUGE] = { "gauge", "", "gauge" },
	[OPENMETRICS_COUNTER] = { "counter", "_total", "counter" },
	[OPENMETRICS_HISTOGRAM] = { "histogram", "", "histogram" },
	[OPENMETRICS_INFO] = { "info", "_info", "gauge" },
};

const char *openmetrics_content_type(enum openmetrics_form form)
{
	return form == OPENMETRICS_1 ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- families --------------------------------------------------------------------- */

void openmetrics_begin(struct openmetrics *m, const struct openmetrics_family *family)
{
	m->family = family;
	m->has_begun = false;
}

static void describe(struct openmetrics *m)
{
	const struct openmetrics_family *family = m->family;
	bool is_text = m->form == OPENMETRICS_TEXT;
	const char *suffix = is_text ? types[family->type].suffix : "";

	if (m->has_begun)
		return;
	m->has_begun = true;
	buf_printf(m->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name, suffix, family->help, family->name, suffix,
		   is_text ? types[family->type].text_word : types[family->type].word);
	if (!is_text && family->unit)
		buf_printf(m->out, "# UNIT %s %s\n", family->name, family->unit);
}

/* ---- labels ------------------------------------------------------------------------- */

/* How many bytes the character at TEXT takes; 0 if it is no UTF-8 (RFC 3629). */
static size_t character_length(const char *text)
{
	const unsigned char *b = (const unsigned char *)text;
	size_t length = b[0] < 0x80 ? 1 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2 : b[0] >= 0xe0 && b[0] < 0xf0 ? 3 : b[0] >= 0xf0 && b[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, surrogates, beyond U+10FFFF. */
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] >= 0xa0) || (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] >= 0x90))
		return 0;
	return length;
}

static void add_character(struct buf *out, const char *at, size_t length)
{
	if (length == 0)
		buf_add_text(out, REPLACEMENT);
	else if (*at == '\n')
		buf_add_text(out, "\\n");
	else if (*at == '\\' || *at == '"') {
		buf_add_char(out, '\\');
		buf_add_char(out, *at);
	} else
		buf_add(out, at, length);
}

static void add_value(struct buf *out, const char *value)
{
	const char *at = value;

	while (*at) {
		size_t length = character_length(at), step = length ? length : 1;

		if ((size_t)(at - value) + step > OPENMETRICS_VALUE_LIMIT)
			return;
		add_character(out, at, length);
		at += step;
	}
}

static void add_label(struct buf *out, bool *any, const struct openmetrics_label *label)
{
	buf_add_char(out, *any ? ',' : '{');
	*any = true;
	buf_printf(out, "%s=\"", label->name);
	add_value(out, label->value ? label->value : "");
	buf_add_char(out, '"');
}

/* A sample up to its value. EXTRA: one more label, or NULL. */
static void begin_sample(struct openmetrics *m, const char *suffix, const struct openmetrics_label *labels, const struct openmetrics_label *extra)
{
	bool any = false;

	describe(m);
	buf_add_text(m->out, m->family->name);
	buf_add_text(m->out, suffix);
	for (; labels && labels->name; labels++)
		add_label(m->out, &any, labels);
	if (extra)
		add_label(m->out, &any, extra);
	buf_add_text(m->out, any ? "} " : " ");
}

/* ---- samples -------------------------------------------------------------------------- */

/* Seconds with as many digits as it takes, three at a time. */
static void add_seconds(struct buf *out, uint64_t ns)
{
	uint64_t rest = ns % NS_PER_S;

	buf_printf(out, "%" PRIu64, ns / NS_PER_S);
	if (rest == 0)
		return;
	if (rest % 1000000 == 0)
		buf_printf(out, ".%03" PRIu64, rest / 1000000);
	else if (rest % 1000 == 0)
		buf_printf(out, ".%06" PRIu64, rest / 1000);
	else
		buf_printf(out, ".%09" PRIu64, rest);
}

static void add_created(struct openmetrics *m, const struct openmetrics_label *labels)
{
	if (m->form == OPENMETRICS_TEXT || m->created_ns <= 0)
		return;
	begin_sample(m, "_created", labels, NULL);
	add_seconds(m->out, (uint64_t)m->created_ns);
	buf_add_char(m->out, '\n');
}

static void end_sample(struct openmetrics *m, const struct openmetrics_label *labels)
{
	buf_add_char(m->out, '\n');
	if (m->family->type == OPENMETRICS_COUNTER)
		add_created(m, labels);
}

void openmetrics_add(struct openmetrics *m, const struct openmetrics_label *labels, uint64_t value)
{
	begin_sample(m, types[m->family->type].suffix, labels, NULL);
	buf_printf(m->out, "%" PRIu64, value);
	end_sample(m, labels);
}

void openmetrics_add_ns(struct openmetrics *m, const struct openmetrics_label *labels, uint64_t value_ns)
{
	begin_sample(m, types[m->family->type].suffix, labels, NULL);
	add_seconds(m->out, value_ns);
	end_sample(m, labels);
}

void openmetrics_add_signed(struct openmetrics *m, const struct openmetrics_label *labels, int64_t value)
{
	begin_sample(m, types[m->family->type].suffix, labels, NULL);
	buf_printf(m->out, "%" PRId64, value);
	end_sample(m, labels);
}

/* A bound as both formats have it in their canonical form: OpenMetrics wants a floating point number. */
static void format_bound(const struct openmetrics *m, uint32_t ms, char ret[static 24])
{
	snprintf(ret, 24, "%g%s", ms / 1000.0, m->form == OPENMETRICS_1 && ms % 1000 == 0 ? ".0" : "");
}

static void add_bucket(struct openmetrics *m, const struct openmetrics_label *labels, const char *bound, uint64_t count)
{
	begin_sample(m, "_bucket", labels, &(struct openmetrics_label){ "le", bound });
	buf_printf(m->out, "%" PRIu64 "\n", count);
}

void openmetrics_add_histogram(struct openmetrics *m, const struct openmetrics_label *labels, const struct openmetrics_histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i < histogram->bound_count; i++) {
		char bound[24];

		format_bound(m, histogram->bounds_ms[i], bound);
		count += histogram->buckets[i];
		add_bucket(m, labels, bound, count);
	}
	count += histogram->buckets[histogram->bound_count];
	add_bucket(m, labels, "+Inf", count);
	begin_sample(m, "_count", labels, NULL);
	buf_printf(m->out, "%" PRIu64 "\n", count);
	begin_sample(m, "_sum", labels, NULL);
	add_seconds(m->out, histogram->sum_ns);
	buf_add_char(m->out, '\n');
	add_created(m, labels);
}

void openmetrics_end(struct openmetrics *m)
{
	if (m->form == OPENMETRICS_1)
		buf_add_text(m->out, "# EOF\n");
}
