/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of a record of a log beside its text, in docker's form. Pure. */
#ifndef BIVY_ENGINE_LOG_TEXT_H
#define BIVY_ENGINE_LOG_TEXT_H

#include "spec/log_record.h"

/* "2024-05-07T12:34:56.000000000Z ": always with nine digits, so that columns stay. */
void log_text_add_timestamp(struct buf *out, int64_t time_ns);

/* "a=1,b=2 ": the attributes, sorted, as in a URL's query. */
void log_text_add_details(struct buf *out, const struct spec_log_record *record);

#endif
