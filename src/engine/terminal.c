/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/terminal.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

/* Where none is told. */
#define USUAL_COLUMNS 80
#define USUAL_ROWS 24
#define LINE_LIMIT 4096

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

/* One line, byte by byte, as more may be meant for others. */
static int read_line(int fd, char **ret, struct error *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	ssize_t n;
	char c;

	while ((n = read(fd, &c, 1)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_errno(err, errno, "cannot read from the terminal");
		if (n < 0)
			continue;
		if (c == '\n')
			break;
		if (line.length == LINE_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "the line is too long");
		buf_add_char(&line, c);
	}
	if (n == 0 && line.length == 0)
		return error_set(err, ERROR_UNAVAILABLE, 0, "nothing was typed");
	*ret = buf_take(&line);
	return 0;
}

/* Until a line is there; ERROR_UNAVAILABLE for one of the signals ENDING, which stays pending. */
static int wait_for_line(int fd, const sigset_t *ending, struct error *err)
{
	_cleanup_close_ int signal_fd = signalfd(-1, ending, SFD_CLOEXEC);
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = signal_fd, .events = POLLIN } };

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for the terminal");
	return fds[1].revents ? error_set(err, ERROR_UNAVAILABLE, 0, "interrupted") : 0;
}

/* Signals that end the process do so when the terminal shows again what is typed. */
static int read_secret(int fd, char **ret, struct error *err)
{
	struct termios shown, hidden;
	sigset_t ending, old;
	int r;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGQUIT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGTSTP);
	if (tcgetattr(fd, &shown) < 0)
		return error_errno(err, errno, "cannot ask the terminal for its settings");
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	sigprocmask(SIG_BLOCK, &ending, &old);
	if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		return error_errno(err, errno, "cannot keep the terminal from showing what is typed");
	}
	r = wait_for_line(fd, &ending, err);
	if (r == 0)
		r = read_line(fd, ret, err);
	tcsetattr(fd, TCSAFLUSH, &shown);
	ignore_result(fd_write_all(fd, "\n", 1)); /* of no use to anybody but the eye */
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

int terminal_ask(const char *prompt, bool secret, char **ret_line, struct error *err)
{
	_cleanup_close_ int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_set(err, ERROR_UNAVAILABLE, 0, "there is no terminal to ask at");
	r = fd_write_all(fd, prompt, strlen(prompt));
	if (r < 0)
		return error_errno(err, -r, "cannot write to the terminal");
	return secret ? read_secret(fd, ret_line, err) : read_line(fd, ret_line, err);
}
