/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process_info.h"

#include "base/printable.h"
#include "host/procfs.h"

#include <inttypes.h>
#include <sys/sysmacros.h>

#define TICKS_PER_SECOND 100 /* USER_HZ, on every architecture we know */
/* Majors of devices.txt. */
#define MAJOR_TTY 4
#define MAJOR_PTS_FIRST 136
#define MAJOR_PTS_LAST 143
#define PTS_PER_MAJOR 256
#define TTY_SERIAL 64 /* minors of serial lines, ttyS0 and on */

/* What has no look, or another than it says, becomes '?'. Bytes of UTF-8 stay. */
static void show_controls(char *text)
{
	printable_replace(text, strlen(text), "", '?');
}

/* Words parted by NULs, as they were typed but for quotes; "[NAME]" for a process without any. */
static const char *command_of(struct arena *arena, const char *name, size_t name_length, const char *cmdline, size_t length)
{
	char *text;

	while (length && cmdline[length - 1] == '\0')
		length--;
	if (length == 0) {
		text = arena_printf(arena, "[%.*s]", (int)name_length, name);
	} else {
		text = arena_alloc(arena, length + 1, 1);
		for (size_t i = 0; i < length; i++)
			text[i] = cmdline[i] ? cmdline[i] : ' ';
	}
	show_controls(text);
	return text;
}

/* "Uid:	real	effective	…" */
static int parse_uid(const char *status, uint32_t *ret)
{
	const char *line = procfs_status_field(status, "Uid");

	return line && sscanf(line, "%*u %" SCNu32, ret) == 1 ? 0 : -EBADMSG;
}

int process_info_parse(struct arena *arena, const char *stat, const char *status, const char *cmdline, size_t length, struct process_info *ret)
{
	/* The name may have anything in it, ')' too. */
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	struct process_info info = { 0 };
	uint64_t user, kernel;

	if (!open || !close || close < open || sscanf(stat, "%" SCNd64, &info.pid) != 1)
		return -EBADMSG;
	/* Fields 4 (parent), 7 (terminal), 14 and 15 (times), 22 (start); the first here is 3. */
	if (sscanf(close + 1, " %*c %" SCNd64 " %*d %*d %" SCNd64 " %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64,
		&info.parent, &info.terminal, &user, &kernel, &info.start_ticks) != 5)
		return -EBADMSG;
	if (parse_uid(status, &info.uid) < 0)
		return -EBADMSG;
	info.cpu_ticks = user + kernel;
	info.command = command_of(arena, open + 1, (size_t)(close - open - 1), cmdline, length);
	*ret = info;
	return 0;
}

const char *process_info_terminal(struct arena *arena, int64_t terminal)
{
	unsigned number = (unsigned)terminal, device = major(number), minor_ = minor(number);

	if (device >= MAJOR_PTS_FIRST && device <= MAJOR_PTS_LAST)
		return arena_printf(arena, "pts/%u", (device - MAJOR_PTS_FIRST) * PTS_PER_MAJOR + minor_);
	if (device == MAJOR_TTY)
		return minor_ < TTY_SERIAL ? arena_printf(arena, "tty%u", minor_) : arena_printf(arena, "ttyS%u", minor_ - TTY_SERIAL);
	return "?";
}

const char *process_info_time(struct arena *arena, uint64_t ticks)
{
	uint64_t seconds = ticks / TICKS_PER_SECOND;

	return arena_printf(arena, "%02" PRIu64 ":%02u:%02u", seconds / 3600, (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

const char *process_info_start(struct arena *arena, time_t started, time_t now)
{
	struct tm then, today;
	char text[32] = "?";

	if (!localtime_r(&started, &then) || !localtime_r(&now, &today))
		return "?";
	if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday)
		strftime(text, sizeof text, "%H:%M", &then);
	else if (then.tm_year == today.tm_year)
		strftime(text, sizeof text, "%b%d", &then);
	else
		strftime(text, sizeof text, "%Y", &then);
	return arena_strdup(arena, text);
}
