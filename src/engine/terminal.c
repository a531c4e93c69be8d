/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/terminal.h"
#include "base/str.h"

#include <sys/ioctl.h>

/* Where none is told. */
#define USUAL_COLUMNS 80
#define USUAL_ROWS 24

bool terminal_size(int fd, unsigned *ret_columns, unsigned *ret_rows)
{
	const char *type = getenv("TERM");
	struct winsize size;

	if (!isatty(fd) || str_is_empty(type) || str_equal(type, "dumb") || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return false;
	*ret_columns = size.ws_col ? size.ws_col : USUAL_COLUMNS;
	*ret_rows = size.ws_row ? size.ws_row : USUAL_ROWS;
	return true;
}

bool terminal_is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		if (!str_is_empty(value))
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}
