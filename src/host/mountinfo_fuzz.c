/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: refused, or every entry has all its strings. */
#include "host/mountinfo.h"

#include "base/memory.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	_cleanup_free_ char *text = memory_new(size + 1, 1);
	size_t length = 0;

	if (size)
		memcpy(text, data, size);
	if (mountinfo_parse(text, &table) < 0)
		return 0;
	for (size_t i = 0; i < table.count; i++)
		length += strlen(table.entries[i].root) + strlen(table.entries[i].mount_point) + strlen(table.entries[i].options) +
			  strlen(table.entries[i].type) + strlen(table.entries[i].source);
	if (length > size)
		abort();
	return 0;
}
