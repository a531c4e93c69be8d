/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include "base/file.h"
#include "engine/terminal.h"

bool screen_begin(void)
{
	unsigned columns, rows;

	if (!terminal_size(STDOUT_FILENO, &columns, &rows))
		return false;
	ignore_result(fd_write_all(STDOUT_FILENO, "\x1b[H\x1b[J", 6)); /* the first round will tell */
	return true;
}

unsigned screen_columns(bool is_redrawn)
{
	unsigned columns, rows;

	return is_redrawn && terminal_size(STDOUT_FILENO, &columns, &rows) ? columns : 0;
}

/* Cut at the terminal's width, and its height: what wraps, or scrolls, cannot be drawn over. */
static void cut_to_terminal(const struct buf *text, unsigned columns, unsigned rows, struct buf *out)
{
	const char *line = text->data ? text->data : "";

	for (unsigned row = 0; *line && row + 1 < rows; row++) {
		size_t length = strcspn(line, "\n"), end = 0;

		for (unsigned width = 0; end < length; end++) {
			width += ((unsigned char)line[end] & 0xc0) != 0x80;
			if (width > columns)
				break;
		}
		buf_add(out, line, end);
		buf_add_text(out, "\x1b[K\n");
		line += length + (line[length] == '\n');
	}
}

int screen_write(bool is_redrawn, const struct buf *text, struct error *err)
{
	_cleanup_buf_ struct buf screen = BUF_INIT;
	unsigned columns, rows;
	int r;

	if (is_redrawn && terminal_size(STDOUT_FILENO, &columns, &rows)) {
		buf_add_text(&screen, "\x1b[H");
		cut_to_terminal(text, columns, rows, &screen);
		buf_add_text(&screen, "\x1b[J");
		text = &screen;
	}
	r = fd_write_all(STDOUT_FILENO, text->data, text->length);
	return r < 0 ? error_errno(err, -r, "cannot write to the standard output") : 0;
}
