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

enum inspect_type { INSPECT_ANY, INSPECT_CONTAINER, INSPECT_IMAGE, INSPECT_NETWORK, INSPECT_VOLUME };

/* The objects that the operands of CALL name, with the SIZE of containers; of any type: a container, else an image, a network, a volume. */
int inspect_objects(const struct command_call *call, enum inspect_type type, bool size, const char *format, struct buf *out, struct error *err)
	_must_check_;

/* The images among them. */
int inspect_images(const struct command_call *call, const char *format, struct buf *out, struct error *err) _must_check_;

#endif
