/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors over unix sockets: unix(7), SCM_RIGHTS. */
#ifndef BIVY_HOST_FDPASS_H
#define BIVY_HOST_FDPASS_H

#include "base/cleanup.h"

#include <stddef.h>

/*
 * Connects to (or binds and listens on) the unix socket NAME in directory DIRFD, of TYPE
 * SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. A path longer than the 107 bytes
 * of a socket address goes through /proc/self/fd. Close *ret.
 */
int fdpass_connect_at(int dirfd, const char *name, int type, int *ret) _must_check_;
int fdpass_bind_at(int dirfd, const char *name, int type, int *ret) _must_check_;

/* fdpass_connect_at(AT_FDCWD, …, SOCK_STREAM). */
int fdpass_connect(const char *path, int *ret) _must_check_;

/* How many descriptors a message may have here. */
#define FDPASS_LIMIT 16

/* Sends COUNT descriptors (FDPASS_LIMIT at most; 0 is none) with LENGTH (at least 1) bytes of DATA; SIGPIPE is not raised. */
int fdpass_send_all(int socket, const int *fds, size_t count, const void *data, size_t length) _must_check_;

/*
 * Receives up to SIZE bytes and up to FDPASS_LIMIT descriptors (CLOEXEC) into
 * FDS. -EPIPE at the end, -EBADMSG if there was more of either: then none is left open.
 */
int fdpass_receive_all(int socket, void *data, size_t size, size_t *ret_length, int fds[static FDPASS_LIMIT], size_t *ret_count) _must_check_;

/* Sends FD with LENGTH (at least 1) bytes of DATA; SIGPIPE is not raised. */
int fdpass_send(int socket, int fd, const void *data, size_t length) _must_check_;

/*
 * Waits until the other end of a stream has read all that was written to it,
 * TIMEOUT_MS at most. Of a socket that is none of unix(7): until it has come there.
 */
void fdpass_wait_read(int socket, unsigned timeout_ms);

/* Receives one descriptor (CLOEXEC) and drops the data; -EPIPE at the end, -EBADMSG if none came along. */
int fdpass_receive(int socket, int *ret_fd) _must_check_;

/* The same with what came along: up to SIZE bytes of a packet (what is longer is cut off), or of a stream. */
int fdpass_receive_data(int socket, void *data, size_t size, size_t *ret_length, int *ret_fd) _must_check_;

#endif
