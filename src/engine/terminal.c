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
