/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests: a supervisor at the other end of a socket pair, played by the test. */
#ifndef BIVY_ENGINE_SUPERVISOR_FAKE_TEST_H
#define BIVY_ENGINE_SUPERVISOR_FAKE_TEST_H

#include "base/memory.h"
#include "engine/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <poll.h>
#include <stdalign.h>
#include <sys/socket.h>

#define FAKE_PATIENCE_MS 20000

struct fake_request {
	struct arena *arena;
	struct spec_message *message;
	int fds[SPEC_SUPERVISION_FDS];
	size_t count;
};

static inline void fake_wait(int fd, short events)
{
	struct pollfd polled = { .fd = fd, .events = events };

	assert_int_equal(poll(&polled, 1, FAKE_PATIENCE_MS), 1);
}

/* The next request of the client, with its descriptors; .message stays NULL at the end. */
static inline void fake_receive(int socket, struct fake_request *ret)
{
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof ret->fds)];
	static char text[SPEC_SUPERVISION_PACKET];
	struct iovec part = { .iov_base = text, .iov_len = sizeof text };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *head;
	ssize_t n;

	fake_wait(socket, POLLIN);
	n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	assert_true(n >= 0);
	*ret = (struct fake_request){ .arena = arena_new() };
	head = CMSG_FIRSTHDR(&packet);
	if (head) {
		ret->count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(ret->fds, CMSG_DATA(head), ret->count * sizeof(int));
	}
	if (n > 0)
		assert_int_equal(spec_message_decode(ret->arena, text, (size_t)n, &ret->message, NULL), 0);
}

static inline void fake_done(struct fake_request *request)
{
	arena_free(request->arena);
	while (request->count > 0)
		close_and_forget(&request->fds[--request->count]);
}

static inline void fake_send(int socket, const struct spec_message *message)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_message_encode(message, &text);
	assert_int_equal(send(socket, text.data, text.length, MSG_NOSIGNAL), text.length);
}

static inline void fake_expect(int socket, enum spec_request request, int64_t signal)
{
	struct fake_request received;

	fake_receive(socket, &received);
	assert_non_null(received.message);
	assert_int_equal(received.message->type, SPEC_MESSAGE_REQUEST);
	assert_int_equal(received.message->request, request);
	assert_int_equal(received.message->signal, signal);
	fake_done(&received);
}

#endif
