/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/console.h"
#include "host/fdpass.h"
#include "host/pty.h"
#include "runtime/process.h"

#include <sys/socket.h>

int console_open(const char *path, struct console *ret, struct error *err)
{
	int ends[2], r;

	if (path) {
		r = fdpass_connect(path, &ret->socket);
		return r < 0 ? error_errno(err, -r, "cannot connect to console socket '%s'", path) : 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "cannot make a socket pair for the terminal");
	ret->relay = ends[0];
	ret->socket = ends[1];
	ret->plain_newlines = !isatty(STDOUT_FILENO);
	return 0;
}

void console_done(struct console *console)
{
	close_and_forget(&console->socket);
	close_and_forget(&console->relay);
}

int console_take(const struct console *console, int *ret_master, struct error *err)
{
	int r;

	if (console->relay < 0)
		return 0;
	r = fdpass_receive(console->relay, ret_master);
	return r < 0 ? error_errno(err, -r, "cannot take over the terminal of the container's process") : 0;
}

int console_make(const struct spec_process *process, int root_fd, int *ret_master, int *ret_slave, struct error *err)
{
	_cleanup_close_ int master = -EBADF, slave = -EBADF;
	int r = pty_open(root_fd, &master, &slave);

	if (r < 0)
		return error_errno(err, -r, "cannot open a terminal in the container's /dev/pts");
	if (process->console_width || process->console_height) {
		r = pty_set_size(master, process->console_width, process->console_height);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.consoleSize");
	}
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int console_hand_over(const struct console *console, int master, int slave, struct error *err)
{
	int r = 0;

	/* The caller follows changes, but comes to that only when the command may have asked already. */
	if (console->relay >= 0)
		pty_copy_size(STDIN_FILENO, master);
	if (console->plain_newlines)
		r = pty_keep_newlines(slave);
	if (r < 0)
		return error_errno(err, -r, "cannot set the terminal's mode");
	r = fdpass_send(console->socket, master, "/dev/ptmx", sizeof "/dev/ptmx");
	if (r < 0)
		return error_errno(err, -r, "cannot hand the terminal to the console socket");
	return process_take_terminal(slave, err);
}
