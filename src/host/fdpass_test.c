/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fdpass.h"

#include "base/memory.h"
#include "base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/bivy-fdpass-XXXXXX";
static int directory_fd;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(directory_fd);
	return rmdir(directory);
}

static bool is_same_file(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* A descriptor goes from a connection to what was bound, and is the same open file, closed on exec. */
static void send_across(int listening, int connection)
{
	_cleanup_close_ int peer = accept4(listening, NULL, NULL, SOCK_CLOEXEC), received = -EBADF;
	_cleanup_close_ int sent = open(directory, O_PATH | O_CLOEXEC);

	assert_true(peer >= 0);
	assert_int_equal(fdpass_send(connection, sent, "x", 1), 0);
	assert_int_equal(fdpass_receive(peer, &received), 0);
	assert_true(is_same_file(sent, received));
	assert_int_equal(fcntl(received, F_GETFD), FD_CLOEXEC);
}

static void test_by_directory(void **state)
{
	_cleanup_close_ int listening = -EBADF, connection = -EBADF;

	(void)state;
	assert_int_equal(fdpass_bind_at(directory_fd, "socket", SOCK_SEQPACKET, &listening), 0);
	assert_int_equal(fdpass_connect_at(directory_fd, "socket", SOCK_SEQPACKET, &connection), 0);
	send_across(listening, connection);
	assert_int_equal(unlinkat(directory_fd, "socket", 0), 0);
}

/* A path of any length: the name alone has to fit an address. */
static void test_long_path(void **state)
{
	_cleanup_close_ int listening = -EBADF, connection = -EBADF;
	_cleanup_free_ char *deep = memory_new(201, 1), *path = NULL, *parent = NULL;

	(void)state;
	memset(deep, 'd', 200);
	parent = str_printf("%s/%s", directory, deep);
	path = str_printf("%s/socket", parent);
	assert_int_equal(mkdir(parent, 0700), 0);
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &listening), 0);
	assert_int_equal(fdpass_connect(path, &connection), 0);
	send_across(listening, connection);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(parent), 0);
}

/* The longest path that fits, and the first that does not, reach the same kind of socket. */
static void test_longest_address(void **state)
{
	(void)state;
	for (size_t length = 105; length <= 110; length++) {
		_cleanup_close_ int listening = -EBADF, connection = -EBADF;
		char path[128];

		memset(path, 's', sizeof path);
		memcpy(path, directory, strlen(directory));
		path[strlen(directory)] = '/';
		path[length] = '\0';
		assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &listening), 0);
		assert_int_equal(access(path, F_OK), 0);
		assert_int_equal(fdpass_connect(path, &connection), 0);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_nobody_there(void **state)
{
	_cleanup_close_ int listening = -EBADF;
	int fd = -77;

	(void)state;
	assert_int_equal(fdpass_connect_at(directory_fd, "nothing", SOCK_STREAM, &fd), -ENOENT);
	assert_int_equal(fdpass_connect("/nonexistent-directory/socket", &fd), -ENOENT);
	assert_int_equal(fdpass_bind_at(directory_fd, "dead", SOCK_STREAM, &listening), 0);
	close_and_forget(&listening);
	assert_int_equal(fdpass_connect_at(directory_fd, "dead", SOCK_STREAM, &fd), -ECONNREFUSED);
	assert_int_equal(fd, -77);
	assert_int_equal(unlinkat(directory_fd, "dead", 0), 0);
}

static void test_name_too_long(void **state)
{
	char name[200];
	int fd = -77;

	(void)state;
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_int_equal(fdpass_bind_at(directory_fd, name, SOCK_STREAM, &fd), -ENAMETOOLONG);
	assert_int_equal(fd, -77);
}

static void test_what_is_no_descriptor(void **state)
{
	int ends[2], fd = -77;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(write(ends[0], "text", 4), 4);
	assert_int_equal(fdpass_receive(ends[1], &fd), -EBADMSG);
	close(ends[0]);
	assert_int_equal(fdpass_receive(ends[1], &fd), -EPIPE);
	/* No SIGPIPE: the test would end here. */
	assert_int_equal(fdpass_send(ends[1], ends[1], "x", 1), -EPIPE);
	assert_int_equal(fd, -77);
	close(ends[1]);
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A peer that sends more than was asked for does not fill our table. */
static void test_more_than_one(void **state)
{
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	int ends[2], fd = -77;
	struct iovec part = { .iov_base = (void *)"x", .iov_len = 1 };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	size_t before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(3 * sizeof(int)) };
	memcpy(CMSG_DATA(&control.align), (int[]){ ends[0], ends[0], ends[0] }, 3 * sizeof(int));
	assert_int_equal(sendmsg(ends[0], &packet, 0), 1);
	before = open_descriptors();
	assert_int_equal(fdpass_receive(ends[1], &fd), 0);
	close(fd);
	assert_int_equal(open_descriptors(), before);
	close(ends[0]);
	close(ends[1]);
}

static void test_wait_read(void **state)
{
	int ends[2];
	char text[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(write(ends[0], "head", 4), 4);
	if (fork() == 0) {
		usleep(20000);
		_exit(read(ends[1], text, sizeof text) == 4 ? 0 : 1);
	}
	fdpass_wait_read(ends[0], 60000);
	assert_int_equal(recv(ends[1], text, sizeof text, MSG_DONTWAIT), -1); /* it has been read */
	wait(NULL);
	assert_int_equal(write(ends[0], "head", 4), 4);
	fdpass_wait_read(ends[0], 10); /* nobody reads */
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_directory),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_longest_address),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_name_too_long),
		cmocka_unit_test(test_what_is_no_descriptor),
		cmocka_unit_test(test_more_than_one),
		cmocka_unit_test(test_wait_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
