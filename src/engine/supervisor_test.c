/* SPDX-License-Identifier: Apache-2.0 */
/* A script stands for bivy-runtime; the test is the supervisor at the other end of a connection. */
#include "engine/supervisor.h"
#include "base/file.h"
#include "engine/supervisor_fake_test.h"
#include "host/fdpass.h"
#include "store/shell_test.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct spec_container container = { .name = "web" };

static int setup(void **state)
{
	container.host = (struct spec_host_config){ .preserve_fds = 0 };
	return shell_begin(state);
}

static struct container_record record_here(void)
{
	return (struct container_record){ .run_path = shell_scratch, .container = &container, .fd = -EBADF };
}

/* What the script, which is executed in place of bivy-runtime, writes to "told"; it ends by closing its socket. */
static void start_script(const char *script, struct buf *told)
{
	_cleanup_free_ char *command = str_printf("cat >runtime <<'END'\n#!/bin/sh\nexec >%s/told\n%s\nEND\nchmod +x runtime", shell_scratch, script);
	_cleanup_free_ char *path = str_printf("%s/runtime", shell_scratch), *file = str_printf("%s/told", shell_scratch);
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct container_record record = record_here();
	struct spec_message *message = NULL;
	struct error err = ERROR_INIT;
	int socket = -EBADF;

	shell_run(command);
	assert_int_equal(setenv("BIVY_RUNTIME", path, 1), 0);
	assert_int_equal(supervisor_start(&record, -EBADF, &socket, &err), 0);
	assert_int_equal(supervisor_receive(arena, socket, FAKE_PATIENCE_MS, &message, &err), 0);
	assert_null(message);
	close(socket);
	assert_int_equal(file_read_at(AT_FDCWD, file, 4096, told), 0);
}

static void test_start(void **state _unused_)
{
	_cleanup_buf_ struct buf told = BUF_INIT;
	int inherited = open("/dev/full", O_RDONLY); /* without CLOEXEC: must not get there */
	_cleanup_free_ char *expected = NULL;

	start_script("echo $1 $2 $3 $4\n"
		     "for fd in 0 2 $5; do readlink /proc/$$/fd/$fd | sed 's/:.*//'; done\n"
		     "ls -l /proc/$$/fd | grep -c /dev/full\n"
		     "pwd; umask; ps -o pid=,sid= $$ | { read a b; [ $a = $b ] && echo session; }",
		     &told);
	expected = str_printf("supervise --bundle %s --socket\n"
			      "/dev/null\n/dev/null\nsocket\n0\n/\n0022\nsession\n", shell_scratch);
	assert_string_equal(told.data, expected);
	close(inherited);
}

static void test_hand_over(void **state _unused_)
{
	const struct bundle bundle = { .root_fd = open("/", O_PATH | O_CLOEXEC), .id_range_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC), .mapping_fd = -EBADF,
		.user_fd = open("/dev/full", O_RDONLY | O_CLOEXEC), .network_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .has_groups = true };
	struct error err = ERROR_INIT;
	char text[16];
	int sockets[2], fds[FDPASS_LIMIT];
	size_t length = 0, count = 0;
	struct stat status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(supervisor_hand_over(sockets[0], &bundle, &err), 0);
	assert_int_equal(fdpass_receive_all(sockets[1], text, sizeof text, &length, fds, &count), 0);
	assert_int_equal(length, 6);
	assert_memory_equal(text, "brhung", 6);
	assert_int_equal(count, 4);
	assert_int_equal(fstat(fds[0], &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	/* One that could not be executed says why. */
	close(sockets[1]);
	assert_int_equal(supervisor_hand_over(sockets[0], &bundle, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	close(sockets[0]);
	close(bundle.root_fd);
	close(bundle.id_range_fd);
	close(bundle.user_fd);
	close(bundle.network_fd);
}

static void test_preserved_descriptors(void **state _unused_)
{
	_cleanup_buf_ struct buf told = BUF_INIT;
	const struct container_record record = record_here();
	char *more[] = { (char[]){ "7" }, NULL };
	struct error err = ERROR_INIT;
	int socket = -EBADF, full;

	/* Whoever has started this may have left some open. */
	close(3);
	close(7);
	full = open("/dev/full", O_RDONLY | O_CLOEXEC);
	container.host.preserve_fds = 1;
	container.host.preserve_fd = more;
	assert_int_equal(supervisor_start(&record, -EBADF, &socket, &err), -EINVAL);
	assert_string_equal(err.message, "cannot pass on descriptor 3: it is not open");
	assert_true(full == 3 || dup2(full, 3) == 3);
	assert_int_equal(fcntl(3, F_SETFD, 0), 0);
	assert_int_equal(supervisor_start(&record, -EBADF, &socket, &err), -EINVAL);
	assert_string_equal(err.message, "cannot pass on descriptor 7: it is not open");
	assert_int_equal(dup2(3, 7), 7);
	start_script("echo ${*#*bundle}\nfor fd in 3 4 5 6 7; do readlink /proc/$$/fd/$fd; done", &told);
	assert_non_null(strstr(told.data, " --preserve-fds 5\n/dev/full\n/dev/null\n/dev/null\n/dev/null\n/dev/full\n"));
	close(3);
	close(7);
	if (full != 3)
		close(full);
}

static void test_start_fails(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct container_record record = record_here();
	struct spec_message *message = NULL;
	struct error err = ERROR_INIT;
	int socket = -EBADF;

	assert_int_equal(setenv("BIVY_RUNTIME", "/nowhere/bivy-runtime", 1), 0);
	assert_int_equal(supervisor_start(&record, -EBADF, &socket, &err), 0);
	assert_int_equal(supervisor_receive_reply(arena, socket, &message, &err), -ENOENT);
	assert_string_equal(err.message, "cannot execute '/nowhere/bivy-runtime': no such file or directory");
	close(socket);
}

static void test_connect(void **state _unused_)
{
	const struct container_record record = record_here();
	_cleanup_free_ char *path = str_printf("%s/" SPEC_SUPERVISION_SOCKET, shell_scratch);
	struct error err = ERROR_INIT;
	int listener = -EBADF, socket = -EBADF;

	assert_int_equal(supervisor_connect(&record, &socket, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_string_equal(err.message, "container 'web' is not running");
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_SEQPACKET, &listener), 0);
	assert_int_equal(supervisor_connect(&record, &socket, &err), 0);
	close(socket);
	/* What one that was killed leaves. */
	close(listener);
	assert_int_equal(supervisor_connect(&record, &socket, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void test_ask(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_ATTACH, .in = true, .out = true };
	struct spec_message told = { .type = SPEC_MESSAGE_ERROR }, *message = NULL;
	struct fake_request received;
	struct error err = ERROR_INIT;
	int ends[2], pipes[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(supervisor_send(ends[0], &request, pipes, 2, &err), 0);
	fake_receive(ends[1], &received);
	assert_int_equal(received.count, 2);
	assert_true(received.message->in && received.message->out && !received.message->err);
	assert_int_equal(write(received.fds[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], (char[1]){ 0 }, 1), 1);
	fake_done(&received);

	/* Events before the reply are passed over; an error is ours. */
	fake_send(ends[1], &(const struct spec_message){ .type = SPEC_MESSAGE_EVENT_SESSION_EXIT, .session = 2 });
	fake_send(ends[1], &(const struct spec_message){ .type = SPEC_MESSAGE_REPLY, .pid = 42 });
	request = (struct spec_message){ .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_WAIT };
	assert_int_equal(supervisor_ask(arena, ends[0], &request, &message, &err), 0);
	assert_int_equal(message->pid, 42);
	error_set(&told.error, ERROR_CONFLICT, EBUSY, "cannot pause 'web'");
	error_hint(&told.error, "wait");
	told.error.exit_status = 126;
	fake_send(ends[1], &told);
	assert_int_equal(supervisor_ask(arena, ends[0], &request, &message, &err), -EBUSY);
	assert_string_equal(err.message, told.error.message);
	assert_string_equal(err.hint, "wait");
	assert_int_equal(err.exit_status, 126);
	assert_int_equal(err.kind, ERROR_CONFLICT);

	assert_int_equal(supervisor_receive(arena, ends[0], 1, &message, &err), -ETIMEDOUT);
	assert_string_equal(err.message, "cannot hear the supervisor: connection timed out");
	close(ends[1]);
	assert_int_equal(supervisor_ask(arena, ends[0], &request, &message, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	close(ends[0]);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_what_is_too_long_is_not_sent(void **state _unused_)
{
	char *text = memory_new(SPEC_SUPERVISION_PACKET + 1, 1);
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_RENAME, .name = text };
	struct error err = ERROR_INIT;

	memset(text, 'x', SPEC_SUPERVISION_PACKET);
	assert_int_equal(supervisor_send(-EBADF, &request, NULL, 0, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_non_null(strstr(err.message, "is too long"));
	free(text);
}

static void test_what_json_cannot_hold_is_not_sent(void **state _unused_)
{
	struct spec_exec_process process = { .args = (char *[]){ (char *)"rm", (char *)"\xe9t\xe9", NULL } };
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_EXEC, .process = &process };
	struct error err = ERROR_INIT;

	assert_int_equal(supervisor_send(-EBADF, &request, NULL, 0, &err), -EILSEQ);
	assert_string_equal(err.message, "'?t?' is no UTF-8, which is all that the description of a container can hold");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start, setup, shell_end),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test_setup_teardown(test_preserved_descriptors, setup, shell_end),
		cmocka_unit_test_setup_teardown(test_start_fails, setup, shell_end),
		cmocka_unit_test_setup_teardown(test_connect, setup, shell_end),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_what_is_too_long_is_not_sent),
		cmocka_unit_test(test_what_json_cannot_hold_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
