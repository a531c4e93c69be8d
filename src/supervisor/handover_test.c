/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/handover.h"
#include "host/fdpass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct supervisor_request nothing(void)
{
	return (struct supervisor_request){ .socket = -EBADF, .root_fd = -EBADF, .user_fd = -EBADF, .network_fd = -EBADF };
}

static int take(const char *text, size_t count, struct supervisor_request *ret)
{
	const int fds[] = { 10, 11, 12, 13, 14, 15 };

	*ret = nothing();
	return handover_take(text, strlen(text), fds, count, ret);
}

static void test_take(void **state _unused_)
{
	struct supervisor_request request;

	assert_int_equal(take("b", 0, &request), 0);
	assert_true(request.root_fd < 0 && request.user_fd < 0 && request.network_fd < 0 && !request.has_groups);
	assert_int_equal(take("brhhung", 5, &request), 0);
	assert_int_equal(request.root_fd, 10);
	assert_int_equal(request.user_fd, 13);
	assert_int_equal(request.network_fd, 14);
	assert_true(request.has_groups);
}

static void test_refused(void **state _unused_)
{
	const struct {
		const char *text;
		size_t count;
	} bad[] = {
		{ "", 0 }, { "r", 1 }, { "br", 0 }, { "br", 2 }, { "brr", 2 }, { "bu", 1 }, { "bn", 1 }, { "bx", 1 }, { "bx", 0 }, { "brhuun", 5 }, { "bb", 0 },
	};
	struct supervisor_request request;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(take(bad[i].text, bad[i].count, &request), -EINVAL);
		assert_true(request.root_fd < 0 && request.user_fd < 0 && request.network_fd < 0);
	}
}

static void test_receive(void **state _unused_)
{
	struct supervisor_request request = nothing();
	struct error err = ERROR_INIT;
	int sockets[2], fd = dup(0);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	request.socket = sockets[1];
	assert_int_equal(fdpass_send_all(sockets[0], &fd, 1, "bh", 2), 0);
	assert_int_equal(handover_receive(&request, &err), 1);
	assert_int_equal(fdpass_send_all(sockets[0], &fd, 1, "what is this", 12), 0);
	assert_int_equal(handover_receive(&request, &err), -EINVAL);
	close(sockets[0]);
	assert_int_equal(handover_receive(&request, &err), 0);
	close(sockets[1]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_receive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
