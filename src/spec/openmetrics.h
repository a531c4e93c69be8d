/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as Prometheus and its like read them: OpenMetrics 1.0.0 (the
 * specification at openmetrics.io), or the text format 0.0.4 that was before it.
 *
 * Families follow each other, each with all its samples. One without a sample
 * leaves no trace. Whoever writes sees to it that no two samples of a family
 * have the same labels.
 */
#ifndef BIVY_SPEC_OPENMETRICS_H
#define BIVY_SPEC_OPENMETRICS_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum openmetrics_form {
	OPENMETRICS_TEXT, /* 0.0.4: no units, no times of creation, no mark at the end */
	OPENMETRICS_1,
};

/* What a reply in FORM says it is. */
const char *openmetrics_content_type(enum openmetrics_form form);

enum openmetrics_type { OPENMETRICS_GAUGE, OPENMETRICS_COUNTER, OPENMETRICS_HISTOGRAM, OPENMETRICS_INFO };

struct openmetrics_family {
	const char *name; /* "bivy_pulled_bytes": without "_total", "_info" */
	enum openmetrics_type type;
	const char *unit; /* "seconds", "bytes", which the name ends with; or NULL */
	const char *help; /* one line */
};

/* A list of them ends with a NULL name. Names are ours; values may be any text. */
struct openmetrics_label {
	const char *name, *value;
};

#define OPENMETRICS_VALUE_LIMIT 512 /* bytes of a label's value: the rest is left out */

struct openmetrics {
	struct buf *out;
	enum openmetrics_form form;
	const struct openmetrics_family *family; /* that samples are of */
	bool has_begun;     /* its lines of description are there */
	int64_t created_ns; /* since 1970: when the counters that are added began; 0: unknown. Stays until it is changed */
};

#define OPENMETRICS_INIT(out_, form_) ((struct openmetrics){ .out = (out_), .form = (form_) })

/* What is added belongs to FAMILY, which is borrowed until the next. */
void openmetrics_begin(struct openmetrics *m, const struct openmetrics_family *family);

/* One sample: a number; nanoseconds, which come out as seconds; something with a sign. LABELS may be NULL. Of INFO the value is 1. */
void openmetrics_add(struct openmetrics *m, const struct openmetrics_label *labels, uint64_t value);
void openmetrics_add_ns(struct openmetrics *m, const struct openmetrics_label *labels, uint64_t value_ns);
void openmetrics_add_signed(struct openmetrics *m, const struct openmetrics_label *labels, int64_t value);

/* How often something took how long. */
struct openmetrics_histogram {
	const uint32_t *bounds_ms; /* rising: up to how long each bucket is */
	const uint64_t *buckets;   /* what is in each, not in those before; one more than there are bounds, for what took longer */
	size_t bound_count;
	uint64_t sum_ns;
};

void openmetrics_add_histogram(struct openmetrics *m, const struct openmetrics_label *labels, const struct openmetrics_histogram *histogram);

/* Nothing may follow. */
void openmetrics_end(struct openmetrics *m);

#endif
