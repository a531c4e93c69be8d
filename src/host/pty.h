/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo terminals: pty(7). */
#ifndef BIVY_HOST_PTY_H
#define BIVY_HOST_PTY_H

#include "base/cleanup.h"

#include <stdint.h>
#include <termios.h>

/* A pair of the devpts that is mounted on dev/pts beneath ROOT_FD; resolved inside that root, links and all. */
int pty_open(int root_fd, int *ret_master, int *ret_slave) _must_check_;

/* The other end of MASTER (CLOEXEC), which does not become our controlling terminal; or -errno. */
int pty_open_peer(int master) _must_check_;

int pty_set_size(int master, uint32_t columns, uint32_t rows) _must_check_;

/* Gives MASTER the size of the terminal FROM, if that is one. */
void pty_copy_size(int from, int master);

/* Lets newlines that are written to the terminal SLAVE through as they are, without a carriage return. */
int pty_keep_newlines(int slave) _must_check_;

/* Raw mode for our own terminal while it is relayed; -ENOTTY if FD is none. Undo: tcsetattr with *ret_old. */
int pty_make_raw(int fd, struct termios *ret_old) _must_check_;

#endif
