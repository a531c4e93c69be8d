/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors over a SOCK_SEQPACKET socket that does not wait. */
#ifndef BIVY_SUPERVISOR_PACKETS_H
#define BIVY_SUPERVISOR_PACKETS_H

#include "spec/supervision.h"

struct packet {
	struct arena *arena;          /* owns .message */
	struct spec_message *message;
	int fds[SPEC_SUPERVISION_FDS];
	size_t count;
};

void packet_done(struct packet *packet);
#define _cleanup_packet_ _cleanup_(packet_done)

/*
 * The next one. -EAGAIN: none is there; -EPIPE: none will come. ERROR_INVALID
 * (-EBADMSG) for one that cannot be understood, which is gone then.
 */
int packet_receive(int socket, struct packet *ret, struct error *err) _must_check_;

/* -EAGAIN if the other side does not read, -EMSGSIZE if it is too long. */
int packet_send(int socket, const struct spec_message *message) _must_check_;

#endif
