/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup_reading.h"

#include <string.h>

#define FILE_LIMIT (4u << 20)

char *cgroup_reading_text(const struct cgroup_group *group, const char *file)
{
	char *text = NULL;

	if (!group || cgroup_read(group, file, FILE_LIMIT, &text) < 0)
		return NULL;
	return text;
}

uint64_t cgroup_reading_number(const struct cgroup_group *group, const char *file)
{
	uint64_t value = 0;

	if (group)
		ignore_result(cgroup_read_u64(group, file, &value)); /* 0 then: see the header */
	return value;
}

uint64_t cgroup_reading_keyed(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, length) == 0 && at[length] == ' ')
			return strtoull(at + length + 1, NULL, 10);
	}
	return 0;
}
