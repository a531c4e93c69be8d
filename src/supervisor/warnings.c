/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/warnings.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/str.h"

#include <time.h>

static char *with_time(const char *text)
{
	struct buf line = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	moment_add(&now, &line);
	buf_printf(&line, " %.*s", WARNINGS_BYTES, text);
	return buf_take(&line);
}

static bool says(const char *line, const char *text)
{
	const char *blank = strchr(line, ' ');

	return blank && strncmp(blank + 1, text, WARNINGS_BYTES) == 0;
}

void warnings_add(struct warnings *warnings, const char *text)
{
	char **last = warnings->count ? &warnings->list[warnings->count - 1] : NULL;

	if (last && says(*last, text)) {
		free(*last);
		*last = with_time(text);
		return;
	}
	if (warnings->count == WARNINGS_KEPT) {
		free(warnings->list[0]);
		memmove(warnings->list, warnings->list + 1, (WARNINGS_KEPT - 1) * sizeof *warnings->list);
		warnings->count--;
	}
	warnings->list[warnings->count++] = with_time(text);
	warnings->has_news = true;
}

void warnings_done(struct warnings *warnings)
{
	while (warnings->count > 0) {
		free(warnings->list[--warnings->count]);
		warnings->list[warnings->count] = NULL;
	}
}

static void take(void *context, enum log_level level, const char *text)
{
	if (level <= LOG_LEVEL_WARNING)
		warnings_add(context, text);
}

void warnings_collect(struct warnings *warnings)
{
	log_copy(warnings ? take : NULL, warnings);
}
