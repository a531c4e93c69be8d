/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of templates, as a table. */
#ifndef BIVY_BASE_TEMPLATE_FUNCTIONS_H
#define BIVY_BASE_TEMPLATE_FUNCTIONS_H

#include "base/error.h"
#include "base/json.h"

#define TEMPLATE_ARGUMENT_LIMIT 32

struct template_call {
	struct arena *arena; /* for the result */
	const struct json *const *arguments;
	size_t count; /* as many as the function takes */
	struct error *err;
};

struct template_function {
	const char *name;
	size_t minimum, maximum; /* arguments */
	/* The result into *RET; NULL for "and" and "or", which do not look at all their arguments. */
	int (*call)(const struct template_call *call, const struct json **ret);
};

/* NULL, with *err filled, if there is none. */
const struct template_function *template_function_find(const char *name, struct error *err);

#endif
