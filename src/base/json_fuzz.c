/* SPDX-License-Identifier: Apache-2.0 */
/* The reader takes any bytes; what it accepts, the writer must give back as JSON that reads and writes the same. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_tree(const struct json *tree, int indent)
{
	struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out, .indent = indent };

	json_write_value(&w, NULL, tree);
	return buf_take(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *first = NULL, *second = NULL;
	struct error err = ERROR_INIT;
	struct json *tree = NULL;

	if (json_parse(arena, (const char *)data, size, &tree, &err) < 0) {
		if (tree || err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return 0;
	}
	first = write_tree(tree, size & 1);
	if (json_parse(arena, first, strlen(first), &tree, &err) < 0)
		abort();
	second = write_tree(tree, size & 1);
	if (strcmp(first, second) != 0)
		abort();
	return 0;
}
