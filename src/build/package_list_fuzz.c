/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each of the databases; the first says which. What is listed has a name and a version. */
#include "build/package_list.h"
#include "base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct package_list list = { .arena = arena };
	struct error err = ERROR_INIT;

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		package_list_take_dpkg(&list, arena_strndup(arena, (const char *)data + 1, size - 1));
		break;
	case 1:
		package_list_take_apk(&list, arena_strndup(arena, (const char *)data + 1, size - 1));
		break;
	case 2:
		ignore_result(package_list_take_rpm_sqlite(&list, data + 1, size - 1, &err));
		break;
	case 3:
		ignore_result(package_list_take_rpm_ndb(&list, data + 1, size - 1, &err));
		break;
	}
	package_list_sort(&list);
	for (size_t i = 0; i < list.count; i++)
		if (!list.list[i].name || !list.list[i].version)
			abort();
	return 0;
}
