/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of this network namespace that wait for clients (sock_diag(7)). All return 0 or -errno. */
#ifndef BIVY_HOST_SOCK_DIAG_H
#define BIVY_HOST_SOCK_DIAG_H

#include "base/cleanup.h"
#include "host/netlink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_diag_socket {
	int family;          /* AF_INET, AF_INET6 */
	uint8_t address[16]; /* 4 or 16 bytes; all 0: any */
	uint16_t port;
	bool is_v6_only;     /* one of AF_INET6 that takes nothing of IP version 4 */
	uint64_t inode;      /* "socket:[INODE]" in /proc/PID/fd; 0: nobody's any more */
};

/*
 * Those of PROTOCOL (IPPROTO_*) that listen, or, of UDP, are bound but not connected; free() the array. None for a protocol that
 * the kernel does not have.
 */
int sock_diag_read(uint8_t protocol, struct sock_diag_socket **ret, size_t *ret_count) _must_check_;

/* Whether MESSAGE tells of a socket, and which. Pure. */
bool sock_diag_read_socket(const struct nlmsghdr *message, struct sock_diag_socket *ret);

/* A process that has the socket INODE open, and its name (16 bytes with NUL). -ENOENT: none that can be seen. */
int sock_diag_find_process(uint64_t inode, int *ret_pid, char *ret_name) _must_check_;

#endif
