/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/file.h"
#include "base/printable.h"

#include <stdarg.h>
#include <time.h>

static struct {
	int fd;
	enum log_format format;
	enum log_level level;
	void (*take)(void *context, enum log_level level, const char *text);
	void *context;
} sink = { .fd = -1 };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

void log_open(int fd, enum log_format format, enum log_level level)
{
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
}

void log_copy(void (*take)(void *context, enum log_level level, const char *text), void *context)
{
	sink.take = take;
	sink.context = context;
}

int log_fd(void)
{
	return sink.fd;
}

bool log_is_on(enum log_level level)
{
	return (sink.fd >= 0 && level <= sink.level) || (sink.take && level <= LOG_LEVEL_WARNING);
}

/* TEXT inside a quoted string: JSON's escapes, which logfmt readers take too. */
static void add_quoted(struct buf *line, const char *text)
{
	buf_add_char(line, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(line, "\\u%04x", c);
		else if (printable_control_length(text, 2) == 2)
			buf_printf(line, "\\u%04x", (unsigned char)*++text);
		else
			buf_add_char(line, (char)c);
	}
	buf_add_char(line, '"');
}

static void write_line(enum log_level level, const char *text)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	time_t now = time(NULL);
	char stamp[32] = "";
	struct tm utc;

	if (gmtime_r(&now, &utc))
		strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (sink.format == LOG_JSON) {
		buf_printf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		add_quoted(&line, text);
		buf_printf(&line, ",\"time\":\"%s\"}\n", stamp);
	} else {
		buf_printf(&line, "time=\"%s\" level=%s msg=", stamp, level_names[level]);
		add_quoted(&line, text);
		buf_add_char(&line, '\n');
	}
	ignore_result(fd_write_all(sink.fd, line.data, line.length)); /* a full log must not stop the work */
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[2048];
	va_list args;

	if (!log_is_on(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (sink.fd >= 0 && level <= sink.level)
		write_line(level, text);
	if (sink.take)
		sink.take(sink.context, level, text);
}
