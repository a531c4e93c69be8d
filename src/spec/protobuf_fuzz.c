/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a message, and what looks like one inside of it: no field reaches out of it, and reading ends. */
#include "spec/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct arena *arena, struct protobuf message, int depth)
{
	const unsigned char *end = message.at + message.length;
	struct protobuf_field field;
	char **list = NULL;
	struct spec_pair *map = NULL;
	size_t count = 0, pairs = 0;

	while (protobuf_next(&message, &field) > 0) {
		if (field.type != PROTOBUF_BYTES)
			continue;
		if (field.length > (size_t)(end - field.bytes))
			abort();
		if (protobuf_add_to_list(arena, &field, &list, &count) == 0 && (!list[count - 1] || list[count]))
			abort();
		if (protobuf_add_to_map(arena, &field, &map, &pairs) == 0 && (!map[pairs - 1].key || !map[pairs - 1].value))
			abort();
		if (depth < 4)
			walk(arena, protobuf_message(&field), depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	walk(arena, PROTOBUF(data, size), 0);
	return 0;
}
