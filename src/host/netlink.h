/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink(7), raw: sockets, messages and answers. What the messages are about
 * is in netlink_link.h, netlink_address.h, netlink_route.h and netlink_qdisc.h.
 * A socket works on the network namespace in which it was opened, wherever its
 * user goes later. All return 0 or -errno.
 */
#ifndef BIVY_HOST_NETLINK_H
#define BIVY_HOST_NETLINK_H

#include "base/str.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A rtnetlink(7) socket in the caller's network namespace. */
int netlink_open(int *ret_fd) _must_check_;

/*
 * Messages under construction. They are sent together and carried out in their
 * order; one that fails does not keep the kernel from the rest.
 */
struct netlink_batch {
	struct buf bytes;
	size_t message; /* where the last one begins */
	uint32_t count;
	uint32_t first_sequence;
};
#define NETLINK_BATCH_INIT ((struct netlink_batch){ 0 })

void netlink_batch_done(struct netlink_batch *batch);
#define _cleanup_netlink_batch_ _cleanup_(netlink_batch_done)

/* Begins a message with the fixed part BODY; FLAGS besides NLM_F_REQUEST and NLM_F_ACK. */
void netlink_batch_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *body, size_t length);

/* Attributes of the message begun last. */
void netlink_batch_add(struct netlink_batch *batch, uint16_t type, const void *data, size_t length);
void netlink_batch_add_text(struct netlink_batch *batch, uint16_t type, const char *text); /* with its NUL */
void netlink_batch_add_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_batch_add_u16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_batch_add_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_batch_add_u64(struct netlink_batch *batch, uint16_t type, uint64_t value);

/* One that holds those added until it is closed; returns what to close. */
size_t netlink_batch_open(struct netlink_batch *batch, uint16_t type);
void netlink_batch_close(struct netlink_batch *batch, size_t open);

/*
 * Sends all messages and waits until they are carried out: the failure of the
 * first that failed, whose place among them, from 0, is in *RET_FAILED (which may be NULL). The
 * batch is empty afterwards.
 */
int netlink_batch_send(struct netlink_batch *batch, int fd, size_t *ret_failed) _must_check_;

/*
 * Sends the one message of BATCH and calls READER with each message of the
 * answer, until that returns a negative number, which is returned then. With
 * NLM_F_DUMP among its flags -EINTR if what was asked about changed meanwhile:
 * ask again.
 */
typedef int netlink_reader(void *context, const struct nlmsghdr *message);
int netlink_batch_ask(struct netlink_batch *batch, int fd, netlink_reader *reader, void *context) _must_check_;

/* Both halves of reading are pure, for tests with any bytes. DATA is aligned as a message is (NLMSG_ALIGNTO). */

/* What came of a batch so far. */
struct netlink_outcome {
	uint32_t first, last; /* sequence numbers of its messages */
	int result;           /* the failure of the first that failed, or 0 */
	size_t failed;        /* its place among them */
};
/* One datagram of the kernel's; whether the last message is answered. */
bool netlink_outcome_note(struct netlink_outcome *outcome, const char *data, size_t length);

/* What came of a question so far. */
struct netlink_answer {
	uint32_t sequence;
	netlink_reader *reader;
	void *context;
	int result;
};
/* One datagram of the kernel's; whether it was the last. */
bool netlink_answer_read(struct netlink_answer *answer, const char *data, size_t length);

#endif
