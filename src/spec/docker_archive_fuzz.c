/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted has names that lead nowhere but down, and is written as something that is accepted and written the same. */
#include "spec/docker_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	if (!*name || *name == '/' || strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0 || strstr(name, "/../"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_docker_archive archive = { .images = NULL }, again = { .images = NULL };
	struct error err = ERROR_INIT;

	if (spec_docker_archive_decode(arena, (const char *)data, size, &archive, &err) < 0) {
		if (archive.images || err.kind == ERROR_NONE || !err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < archive.image_count; i++) {
		check_name(archive.images[i].config);
		for (size_t n = 0; n < archive.images[i].layer_count; n++)
			check_name(archive.images[i].layers[n]);
	}
	spec_docker_archive_encode(&archive, &first);
	if (spec_docker_archive_decode(arena, first.data, first.length, &again, NULL) < 0)
		abort();
	spec_docker_archive_encode(&again, &second);
	if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
		abort();
	return 0;
}
