/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a mode, for a file and a directory: what is one for one is one for the other, and nothing but a mode comes out.
 * And as a passwd file, whose first line is a name that is looked for in it: what is found is an id that chown(2) takes.
 */
#include "transfer/build_mode.h"
#include "transfer/build_owner.h"

#include "base/str.h"

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_owner(const char *text)
{
	_cleanup_free_ char *name = str_printf("%.*s", (int)strcspn(text, "\n"), text);
	uint32_t id = 0, second = 0;
	struct error err = ERROR_INIT;

	if (!build_owner_find_line(text, name, &id, &second)) {
		if (build_owner_fail(text, "user", name, "etc/passwd", &err) != -ENOENT)
			abort();
	} else if (id == UINT32_MAX || second == UINT32_MAX) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = str_printf("%.*s", (int)size, (const char *)data);
	mode_t of_file = 0, of_directory = 0;
	int r = build_mode_apply(text, S_IFREG | 0640, &of_file, NULL);

	if (build_mode_apply(text, S_IFDIR | 0750, &of_directory, NULL) != r || (of_file | of_directory) & ~(mode_t)07777)
		abort();
	try_owner(text);
	return 0;
}
