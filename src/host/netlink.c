/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define REPLY_SIZE 32768 /* the most that the kernel puts into one datagram of a dump */

int netlink_open(int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	/* Only niceties: dumps are then filtered by what the request says, and errors come without the request. */
	ignore_result(setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on));
	ignore_result(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* ---- building -------------------------------------------------------------- */

void netlink_batch_done(struct netlink_batch *batch)
{
	buf_done(&batch->bytes);
	*batch = NETLINK_BATCH_INIT;
}

static struct nlmsghdr *last_message(struct netlink_batch *batch)
{
	return (struct nlmsghdr *)(batch->bytes.data + batch->message);
}

static void add_padded(struct netlink_batch *batch, const void *data, size_t length)
{
	static const char zeros[NLMSG_ALIGNTO];

	buf_add(&batch->bytes, data, length);
	buf_add(&batch->bytes, zeros, NLMSG_ALIGN(length) - length);
	if (batch->count)
		last_message(batch)->nlmsg_len = (uint32_t)(batch->bytes.length - batch->message);
}

void netlink_batch_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *body, size_t length)
{
	static uint32_t sequence;
	struct nlmsghdr header = {
		.nlmsg_len = sizeof header,
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++sequence,
	};

	if (batch->count == 0)
		batch->first_sequence = sequence;
	batch->message = batch->bytes.length;
	batch->count++;
	add_padded(batch, &header, sizeof header);
	add_padded(batch, body, length);
}

void netlink_batch_add(struct netlink_batch *batch, uint16_t type, const void *data, size_t length)
{
	struct rtattr attribute = { .rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(length) };

	add_padded(batch, &attribute, sizeof attribute);
	add_padded(batch, data, length);
}

void netlink_batch_add_text(struct netlink_batch *batch, uint16_t type, const char *text)
{
	netlink_batch_add(batch, type, text, strlen(text) + 1);
}

void netlink_batch_add_u8(struct netlink_batch *batch, uint16_t type, uint8_t value)
{
	netlink_batch_add(batch, type, &value, sizeof value);
}

void netlink_batch_add_u16(struct netlink_batch *batch, uint16_t type, uint16_t value)
{
	netlink_batch_add(batch, type, &value, sizeof value);
}

void netlink_batch_add_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_batch_add(batch, type, &value, sizeof value);
}

void netlink_batch_add_u64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	netlink_batch_add(batch, type, &value, sizeof value);
}

size_t netlink_batch_open(struct netlink_batch *batch, uint16_t type)
{
	size_t open = batch->bytes.length;

	netlink_batch_add(batch, type | NLA_F_NESTED, NULL, 0);
	return open;
}

void netlink_batch_close(struct netlink_batch *batch, size_t open)
{
	((struct rtattr *)(batch->bytes.data + open))->rta_len = (uint16_t)(batch->bytes.length - open);
}

/* ---- talking ----------------------------------------------------------------- */

static int send_all(const struct netlink_batch *batch, int fd)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	while (sendto(fd, batch->bytes.data, batch->bytes.length, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* One datagram of the kernel's: whoever rules a namespace may send to sockets in it, and what he sends is passed over. */
static int receive(int fd, char *data, size_t size, size_t *ret_length)
{
	struct sockaddr_nl sender;
	socklen_t sender_length;
	ssize_t length;

	do {
		sender_length = sizeof sender;
		length = recvfrom(fd, data, size, MSG_TRUNC, (struct sockaddr *)&sender, &sender_length);
		if (length < 0 && errno != EINTR)
			return -errno;
	} while (length < 0 || sender_length != sizeof sender || sender.nl_pid != 0);
	if ((size_t)length > size)
		return -EMSGSIZE;
	*ret_length = (size_t)length;
	return 0;
}

static int error_of(const struct nlmsghdr *message)
{
	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? ((const struct nlmsgerr *)NLMSG_DATA(message))->error : -EPROTO;
}

/* The message at *AT, which goes behind it; NULL at END, and where what is left is not a whole one. */
static const struct nlmsghdr *next_message(const char **at, const char *end)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)*at;
	size_t left = (size_t)(end - *at);

	if (left < sizeof *message || message->nlmsg_len < sizeof *message || message->nlmsg_len > left)
		return NULL;
	*at += NLMSG_ALIGN(message->nlmsg_len) < left ? NLMSG_ALIGN(message->nlmsg_len) : left;
	return message;
}

/* Numbers go round: differences are what counts. */
bool netlink_outcome_note(struct netlink_outcome *outcome, const char *data, size_t length)
{
	const char *end = data + length;
	const struct nlmsghdr *m;
	bool is_last = false;

	while ((m = next_message(&data, end))) {
		uint32_t place = m->nlmsg_seq - outcome->first;
		int r;

		if (m->nlmsg_type != NLMSG_ERROR || place > outcome->last - outcome->first)
			continue;
		r = error_of(m);
		if (r < 0 && outcome->result == 0) {
			outcome->result = r;
			outcome->failed = place;
		}
		is_last = is_last || m->nlmsg_seq == outcome->last;
	}
	return is_last;
}

int netlink_batch_send(struct netlink_batch *batch, int fd, size_t *ret_failed)
{
	struct netlink_outcome outcome = { .first = batch->first_sequence };
	char data[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t length = 0;
	int r;

	if (batch->count == 0)
		return 0;
	/* Failures are told without being asked for; the last one's answer says that all is done. */
	last_message(batch)->nlmsg_flags |= NLM_F_ACK;
	outcome.last = last_message(batch)->nlmsg_seq;
	r = send_all(batch, fd);
	do {
		if (r == 0)
			r = receive(fd, data, sizeof data, &length);
	} while (r == 0 && !netlink_outcome_note(&outcome, data, length));
	netlink_batch_done(batch);
	if (r == 0)
		r = outcome.result;
	if (r < 0 && ret_failed)
		*ret_failed = outcome.failed;
	return r;
}

/* A dump is read to its end in any case: a socket has one at a time. */
bool netlink_answer_read(struct netlink_answer *answer, const char *data, size_t length)
{
	const char *end = data + length;
	const struct nlmsghdr *m;

	while ((m = next_message(&data, end))) {
		bool is_end = m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE;
		int r = 0;

		if (m->nlmsg_seq != answer->sequence)
			continue;
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			r = -EINTR;
		else if (is_end)
			r = error_of(m);
		else if (answer->result == 0)
			r = answer->reader(answer->context, m);
		if (r < 0 && answer->result == 0)
			answer->result = r;
		if (is_end || !(m->nlmsg_flags & NLM_F_MULTI))
			return true;
	}
	return false;
}

int netlink_batch_ask(struct netlink_batch *batch, int fd, netlink_reader *reader, void *context)
{
	struct netlink_answer answer = { .sequence = batch->first_sequence, .reader = reader, .context = context };
	_cleanup_free_ char *data = memory_new(1, REPLY_SIZE);
	size_t length = 0;
	int r = send_all(batch, fd);

	netlink_batch_done(batch);
	do {
		if (r == 0)
			r = receive(fd, data, REPLY_SIZE, &length);
	} while (r == 0 && !netlink_answer_read(&answer, data, length));
	return r < 0 ? r : answer.result;
}
