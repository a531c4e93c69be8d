/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/deed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cmocka.h>

static int make_pair(void **state)
{
	static int ends[2];

	*state = ends;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int close_pair(void **state)
{
	int *ends = *state;

	close_and_forget(&ends[0]);
	close_and_forget(&ends[1]);
	return 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_deeds(void **state)
{
	static const struct deed sent = { .type = DEED_ADD_EVENT, .numbers = { -7, INT32_MAX } };
	int *ends = *state, pipes[2];
	struct deed_packet packet = DEED_PACKET_INIT;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(deed_send(ends[0], &sent, &(struct deed_luggage){ .text = "a\0b", .length = 3, .fds = pipes, .count = 2 }), 0);
	assert_int_equal(deed_receive(ends[1], &packet), 0);
	assert_memory_equal(&packet.deed, &sent, sizeof sent);
	assert_int_equal(packet.length, 3);
	assert_memory_equal(packet.text, "a\0b", 4);
	assert_int_equal(packet.count, 2);
	assert_true(fcntl(packet.fds[1], F_GETFD) == FD_CLOEXEC && packet.fds[1] != pipes[1]);
	assert_int_equal(write(packet.fds[1], "x", 1), 1);
	int fd = packet.fds[0];

	deed_packet_done(&packet);
	assert_false(is_open(fd));
	close(pipes[0]);
	close(pipes[1]);
	/* Without anything. */
	assert_int_equal(deed_send(ends[0], &(struct deed){ .type = DEED_FORGET }, NULL), 0);
	assert_int_equal(deed_receive(ends[1], &packet), 0);
	assert_true(packet.length == 0 && packet.count == 0 && packet.text[0] == '\0');
	deed_packet_done(&packet);
}

/* More text than a packet holds comes in several. */
static void test_long_texts(void **state)
{
	static const size_t lengths[] = { DEED_PIECE - 1, DEED_PIECE, DEED_PIECE + 1, 3 * DEED_PIECE, 1000001 };
	int *ends = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_free_ char *text = memory_new(lengths[i], 1);
		struct deed_packet packet = DEED_PACKET_INIT;
		pid_t pid;
		int status;

		memset(text, 'x', lengths[i]);
		text[lengths[i] - 1] = 'y';
		pid = fork();
		if (pid == 0)
			_exit(deed_send(ends[0], &(struct deed){ .type = DEED_WRITE_STATE }, &(struct deed_luggage){ .text = text, .length = lengths[i] }) != 0);
		assert_int_equal(deed_receive(ends[1], &packet), 0);
		assert_int_equal(packet.deed.type, DEED_WRITE_STATE);
		assert_int_equal(packet.length, lengths[i]);
		assert_memory_equal(packet.text, text, lengths[i]);
		deed_packet_done(&packet);
		assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	}
	assert_int_equal(deed_send(ends[0], &(struct deed){ .type = DEED_EXEC }, &(struct deed_luggage){ .text = "", .length = DEED_TEXT_LIMIT + 1 }), -EMSGSIZE);
	assert_int_equal(deed_send(ends[0], &(struct deed){ .type = DEED_EXEC }, &(struct deed_luggage){ .fds = ends, .count = DEED_FDS + 1 }), -EMSGSIZE);
}

static void test_what_is_none(void **state)
{
	static const struct deed unknown = { .type = DEED_TYPES };
	int *ends = *state;
	struct deed_packet packet = DEED_PACKET_INIT;
	struct deed_answer answer;
	struct deed_notice notice;
	_cleanup_free_ char *long_text = memory_new(2 * DEED_PIECE, 1);

	/* Too short, of no type, too long. */
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_int_equal(deed_receive(ends[1], &packet), -EBADMSG);
	assert_int_equal(send(ends[0], &unknown, sizeof unknown, 0), (ssize_t)sizeof unknown);
	assert_int_equal(deed_receive(ends[1], &packet), -EBADMSG);
	assert_int_equal(send(ends[0], long_text, 2 * DEED_PIECE, 0), 2 * DEED_PIECE);
	assert_int_equal(deed_receive(ends[1], &packet), -EBADMSG);
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_int_equal(deed_answer_receive(ends[1], &answer), -EBADMSG);
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_int_equal(deed_notice_receive(ends[1], &notice), -EBADMSG);
	assert_int_equal(deed_notice_receive(ends[1], &notice), -EAGAIN);
	/* Nobody. */
	close_and_forget(&ends[0]);
	assert_int_equal(deed_receive(ends[1], &packet), -EPIPE);
	assert_int_equal(deed_answer_receive(ends[1], &answer), -EPIPE);
	assert_int_equal(deed_notice_receive(ends[1], &notice), -EPIPE);
	assert_int_equal(deed_send(ends[1], &unknown, NULL), -EPIPE);
	assert_int_equal(deed_notice_send(ends[1], &(struct deed_notice){ .type = DEED_ENDED }), -EPIPE);
}

/* Text without end is not kept without end. */
static void test_endless_text(void **state)
{
	int *ends = *state;
	struct deed_packet packet = DEED_PACKET_INIT;
	pid_t pid = fork();

	if (pid == 0) {
		_cleanup_free_ char *text = memory_new(DEED_PIECE, 1);
		const struct deed more = { .type = DEED_MORE };
		struct iovec parts[] = { { (void *)&more, sizeof more }, { text, DEED_PIECE } };

		close(ends[1]);
		while (writev(ends[0], parts, 2) > 0)
			;
		_exit(0);
	}
	assert_int_equal(deed_receive(ends[1], &packet), -EBADMSG);
	close_and_forget(&ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_answers(void **state)
{
	struct deed_answer sent = { .number = 4711, .fds = { 0, 1, 2 }, .count = 3 }, answer;
	int *ends = *state;

	assert_int_equal(deed_answer_send(ends[0], &sent), 0);
	assert_int_equal(deed_answer_receive(ends[1], &answer), 0);
	assert_true(answer.result == 0 && answer.number == 4711 && answer.count == 3 && is_open(answer.fds[2]));
	for (size_t i = 0; i < answer.count; i++)
		close(answer.fds[i]);
	sent = (struct deed_answer){ .count = 0 };
	sent.result = error_errno(&sent.error, EPERM, "cannot do it");
	error_hint(&sent.error, "wait");
	assert_int_equal(deed_answer_send(ends[0], &sent), 0);
	assert_int_equal(deed_answer_receive(ends[1], &answer), 0);
	assert_true(answer.result == -EPERM && answer.count == 0 && answer.error.kind == ERROR_DENIED);
	assert_string_equal(answer.error.message, "cannot do it: operation not permitted");
	assert_string_equal(answer.error.hint, "wait");
	for (uint32_t type = 0; type < DEED_TYPES; type++)
		assert_int_equal(deed_is_answered(type), type <= DEED_CLOSE);
}

/* Who tells does not wait for who does not listen. */
static void test_notices(void **state)
{
	struct deed_notice notice = { .type = DEED_ENDED, .pid = 12, .status = 256, .oom_killed = 1, .oom_limit = INT64_C(1) << 40 }, heard;
	int *ends = *state, sent = 0, r;

	while ((r = deed_notice_send(ends[0], &notice)) == 0)
		sent++;
	assert_int_equal(r, -EAGAIN);
	assert_true(sent > 3);
	while (sent-- > 0) {
		assert_int_equal(deed_notice_receive(ends[1], &heard), 0);
		assert_memory_equal(&heard, &notice, sizeof notice);
	}
	assert_int_equal(deed_notice_receive(ends[1], &heard), -EAGAIN);
	notice.type = DEED_WARNING;
	memset(notice.text, 'x', sizeof notice.text);
	assert_int_equal(deed_notice_send(ends[0], &notice), 0);
	assert_int_equal(deed_notice_receive(ends[1], &heard), 0);
	assert_int_equal(strlen(heard.text), sizeof heard.text - 1);
}

#define with_pair(body) cmocka_unit_test_setup_teardown(body, make_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pair(test_deeds),
		with_pair(test_long_texts),
		with_pair(test_what_is_none),
		with_pair(test_endless_text),
		with_pair(test_answers),
		with_pair(test_notices),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
