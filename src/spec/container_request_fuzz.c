/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted can be written as a record, and read again. */
#include "spec/container_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_container container, *again = NULL;
	struct spec_host_config changes;
	struct error err = ERROR_INIT;

	ignore_result(spec_container_changes_decode(arena, (const char *)data, size, &changes, NULL));
	if (spec_container_request_decode(arena, (const char *)data, size, &container, &err) < 0) {
		if (err.kind == ERROR_NONE || !err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < container.host.mount_count; i++)
		if (container.host.mounts[i].target[0] != '/')
			abort();
	spec_container_encode(&container, &text);
	if (spec_container_decode(arena, text.data, text.length, &again, NULL) < 0 && !container.host.endpoint_count)
		abort();
	return 0;
}
