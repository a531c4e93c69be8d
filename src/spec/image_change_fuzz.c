/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, a line each: whatever they make of a configuration can be written and is read back as it was. */
#include "spec/image_change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* U+FFFD stands for bytes that are no UTF-8, which only then are written as something else. */
static void check_written(const struct spec_image_config *config)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_image_config *again = NULL;

	spec_image_config_encode(config, &first);
	/* Only names that become the same by that are refused. */
	if (spec_image_config_decode(arena, first.data, first.length, &again, NULL) < 0)
		return;
	spec_image_config_encode(again, &second);
	if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_image_config config = { .diff_ids = arena_alloc(arena, 1, sizeof(char *)) };
	char *text = arena_strndup(arena, (const char *)data, size), *line, *place = NULL;

	for (line = strtok_r(text, "\n", &place); line; line = strtok_r(NULL, "\n", &place)) {
		struct error err = ERROR_INIT;

		if (spec_image_change_apply(arena, line, &config.execution, &err) < 0 && (err.kind == ERROR_NONE || !err.message[0]))
			abort();
	}
	check_written(&config);
	return 0;
}
