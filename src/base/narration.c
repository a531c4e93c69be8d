/* SPDX-License-Identifier: Apache-2.0 */
#include "base/narration.h"
#include "base/printable.h"
#include "base/role.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096

static int narration = -1;

void narration_open(int fd)
{
	narration = fd;
}

int narration_fd(void)
{
	return narration;
}

bool narration_is_on(void)
{
	return narration >= 0;
}

void narrate(const char *format, ...)
{
	char line[LINE_BYTES];
	int saved = errno, head, body;
	size_t length;
	va_list args;

	if (narration < 0)
		return;
	head = snprintf(line, sizeof line, "%-10s  ", role_name());
	va_start(args, format);
	body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
	va_end(args);
	length = (size_t)head + (size_t)(body > 0 ? body : 0);
	if (length > sizeof line - 2)
		length = sizeof line - 2;
	printable_replace(line, length, "", '?');
	line[length++] = '\n';
	ignore_result(write(narration, line, length)); /* see the header */
	errno = saved;
}

const char *narration_flags(uint64_t bits, const struct narration_flag *flags, size_t count, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!(bits & flags[i].bit))
			continue;
		bits &= ~flags[i].bit;
		if (used < size)
			used += (size_t)snprintf(ret + used, size - used, "%s%s", used ? "|" : "", flags[i].name);
	}
	if ((bits || !used) && used < size)
		snprintf(ret + used, size - used, used ? "|%#llx" : bits ? "%#llx" : "%llu", (unsigned long long)bits);
	return ret;
}
