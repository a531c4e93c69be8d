/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program/report.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/program/program.h"

#include <fcntl.h>

/* Descriptors below may be handed in by callers; a higher one costs a larger table in the kernel. */
#define LOG_FD_FIRST 64

static struct {
	enum log_format format;
	enum log_level level;
} opened = { LOG_TEXT, LOG_LEVEL_WARNING };

static int parse_format(const char *text, enum log_format *ret, struct error *err)
{
	if (str_is_empty(text) || str_equal(text, "text"))
		*ret = LOG_TEXT;
	else if (str_equal(text, "json"))
		*ret = LOG_JSON;
	else
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --log-format: expected text or json", text);
	return 0;
}

int report_open(const struct report_request *request, struct error *err)
{
	_cleanup_close_ int file = -EBADF;
	int fd = STDERR_FILENO;
	int r = parse_format(request->log_format, &opened.format, err);

	if (r < 0)
		return r;
	opened.level = request->debug ? LOG_LEVEL_DEBUG : str_is_empty(request->log) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	if (!str_is_empty(request->log)) {
		file = open(request->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
		if (file < 0)
			return error_errno(err, errno, "cannot open the log file '%s'", request->log);
		fd = fcntl(file, F_DUPFD_CLOEXEC, LOG_FD_FIRST);
		if (fd < 0)
			return error_errno(err, errno, "cannot move the log file '%s' off the lower descriptors", request->log);
	}
	log_open(fd, opened.format, opened.level);
	return 0;
}

int report_make_room(int count, struct error *err)
{
	int old = log_fd(), fd;

	if (old <= STDERR_FILENO || old >= STDERR_FILENO + 1 + count)
		return 0;
	fd = fcntl(old, F_DUPFD_CLOEXEC, STDERR_FILENO + 1 + count);
	if (fd < 0)
		return error_errno(err, errno, "cannot move the log file off the first %d descriptors", count);
	close(old);
	log_open(fd, opened.format, opened.level);
	return 0;
}

void report_error(const struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool has_file = log_fd() > STDERR_FILENO;

	if (has_file || opened.format == LOG_JSON)
		log_error("%s", err->message);
	if (!has_file && opened.format == LOG_JSON && log_is_on(LOG_LEVEL_ERROR))
		return;
	buf_printf(&text, "%s: %s", PROGRAM_NAME, err->message);
	if (err->hint[0])
		buf_printf(&text, isatty(STDERR_FILENO) ? "\nhint: %s" : " (%s)", err->hint);
	buf_add_char(&text, '\n');
	ignore_result(fd_write_all(STDERR_FILENO, text.data, text.length)); /* nobody is left to tell */
}
