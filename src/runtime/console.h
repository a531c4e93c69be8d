/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a container's process: made in its devpts, the master handed to whoever asked for it. */
#ifndef BIVY_RUNTIME_CONSOLE_H
#define BIVY_RUNTIME_CONSOLE_H

#include "base/error.h"
#include "spec/config.h"

struct console {
	int socket; /* the child sends the master here; or -EBADF: no terminal */
	int relay;  /* the caller receives it here, to relay it itself; or -EBADF */
	bool plain_newlines; /* what is relayed goes to no terminal but a pipe or a file: lines end as the program writes them */
};

#define CONSOLE_NONE ((struct console){ .socket = -EBADF, .relay = -EBADF })

/*
 * Parent: connects to the console socket PATH or, without one, makes a pair to
 * receive the master ourselves, for our own standard output. Close with
 * console_done().
 */
int console_open(const char *path, struct console *ret, struct error *err) _must_check_;
void console_done(struct console *console);

/* Parent: takes the master from the relay; *ret stays as it is if there is none. Close it. */
int console_take(const struct console *console, int *ret_master, struct error *err) _must_check_;

/* Child: a terminal of the size PROCESS wants, from the devpts beneath ROOT_FD. Close both. */
int console_make(const struct spec_process *process, int root_fd, int *ret_master, int *ret_slave, struct error *err) _must_check_;

/*
 * Child, after setsid(2): hands the master over, of the size of the standard input if that is the terminal that it is relayed to; the slave
 * becomes the controlling terminal and the standard streams.
 */
int console_hand_over(const struct console *console, int master, int slave, struct error *err) _must_check_;

#endif
