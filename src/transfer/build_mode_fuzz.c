/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a mode, for a file and a directory: what is one for one is one for the other, and nothing but a mode comes out. */
#include "transfer/build_mode.h"

#include "base/str.h"

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = str_printf("%.*s", (int)size, (const char *)data);
	mode_t of_file = 0, of_directory = 0;
	int r = build_mode_apply(text, S_IFREG | 0640, &of_file, NULL);

	if (build_mode_apply(text, S_IFDIR | 0750, &of_directory, NULL) != r || (of_file | of_directory) & ~(mode_t)07777)
		abort();
	return 0;
}
