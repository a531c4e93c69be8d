/* SPDX-License-Identifier: Apache-2.0 */
/* Documents about objects, as one JSON array or by a template for each. */
#ifndef BIVY_CLI_INSPECT_H
#define BIVY_CLI_INSPECT_H

#include "base/commands.h"
#include "base/template.h"

struct inspection {
	struct arena *arena;
	struct template *template; /* or NULL: JSON */
	bool compact;
	struct json_writer w;
	struct buf text;
};

#define INSPECTION_INIT ((struct inspection){ .arena = NULL })

/* FORMAT is "json", a template, or NULL for JSON in lines. Not to be moved between these calls. */
int inspect_begin(struct inspection *inspection, const char *format, struct error *err) _must_check_;
int inspect_add(struct inspection *inspection, const char *document, size_t length, struct error *err) _must_check_;
void inspect_finish(struct inspection *inspection, struct buf *out);
void inspect_done(struct inspection *inspection);

/* The images that the operands of CALL name. */
int inspect_images(const struct command_call *call, const char *format, struct buf *out, struct error *err) _must_check_;

#endif
