/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_text.h"
#include "base/memory.h"
#include "spec/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

void log_text_add_timestamp(struct buf *out, int64_t time_ns)
{
	time_t seconds = time_ns / NS_PER_S;
	char text[32];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
	buf_printf(out, "%s.%09lldZ ", text, (long long)(time_ns % NS_PER_S));
}

/* As in a URL's query: neither ',' nor '=' nor a blank is left as it is. */
static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			buf_add_char(out, *text);
		else if (*text == ' ')
			buf_add_char(out, '+');
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct spec_pair *)a)->key, ((const struct spec_pair *)b)->key);
}

void log_text_add_details(struct buf *out, const struct spec_log_record *record)
{
	_cleanup_free_ struct spec_pair *pairs = memory_new(record->attribute_count + 1, sizeof *pairs);

	if (record->attribute_count)
		memcpy(pairs, record->attributes, record->attribute_count * sizeof *pairs);
	qsort(pairs, record->attribute_count, sizeof *pairs, compare_keys);
	for (size_t i = 0; i < record->attribute_count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_escaped(out, pairs[i].key);
		buf_add_char(out, '=');
		add_escaped(out, pairs[i].value);
	}
	buf_add_char(out, ' ');
}
