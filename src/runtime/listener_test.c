/* SPDX-License-Identifier: Apache-2.0 */
/* A process under a filter that denies all but ending hands its listener to this one. */
#include "runtime/listener.h"

#include "base/json.h"
#include "base/memory.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[64];
static char path[128];

static int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/bivy-listener-test.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/socket", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

/* getppid asks; exit_group is allowed; everything else, whatever waiting or sending takes, is deadly. */
static struct seccomp_program make_program(void)
{
	static char *const asking[] = { (char *)"getppid", NULL }, *const ending[] = { (char *)"exit_group", NULL };
	static const struct seccomp_rule rules[] = {
		{ .names = asking, .action = SECCOMP_RET_USER_NOTIF },
		{ .names = ending, .action = SECCOMP_RET_ALLOW },
	};
	static const struct seccomp_policy policy = { .default_action = SECCOMP_RET_KILL_PROCESS, .rules = rules, .rule_count = 2, .flags = SECCOMP_FILTER_FLAG_TSYNC };
	struct seccomp_program program = { 0 };

	assert_int_equal(seccomp_compile(&policy, &program), 0);
	return program;
}

static struct spec_seccomp make_description(void)
{
	return (struct spec_seccomp){ .listener_path = path, .listener_metadata = (char *)"for \"you\"" };
}

/* Loads and, if ASKS, calls getppid; ends with 0, or with the error. */
static _noreturn_ void be_container(const struct listener *listener, const struct seccomp_program *program, bool asks)
{
	struct error err = ERROR_INIT;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(100);
	r = listener_load(listener, program, &err);
	if (r < 0)
		syscall(SYS_exit_group, -r);
	if (asks)
		r = syscall(SYS_getppid) == 4711 ? 0 : 101;
	syscall(SYS_exit_group, r);
	__builtin_unreachable();
}

static int wait_for(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One part of the message; *RET_FD if a descriptor came along. 0 at the end. */
static size_t receive_part(int connection, struct buf *text, int *ret_fd)
{
	char block[8192];
	union {
		char bytes[CMSG_SPACE(sizeof *ret_fd)];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = block, .iov_len = sizeof block };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	ssize_t n = recvmsg(connection, &packet, MSG_CMSG_CLOEXEC);

	assert_true(n >= 0);
	if (n > 0 && CMSG_FIRSTHDR(&packet)) {
		assert_int_equal(*ret_fd, -EBADF); /* only once */
		memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&packet)), sizeof *ret_fd);
	}
	buf_add(text, block, (size_t)n);
	return (size_t)n;
}

static void answer(int listener, uint64_t value)
{
	struct pollfd readable = { .fd = listener, .events = POLLIN };
	struct seccomp_notif request = { 0 };
	struct seccomp_notif_resp response = { 0 };

	assert_int_equal(poll(&readable, 1, 10000), 1);
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_getppid);
	response.id = request.id;
	response.val = (int64_t)value;
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static void check_message(const struct buf *text, pid_t pid, const struct spec_oci_state *state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json *inner, *fds;
	struct json *message;

	assert_int_equal(json_parse(arena, text->data, text->length, &message, NULL), 0);
	assert_string_equal(json_member(message, "ociVersion")->text, SPEC_OCI_VERSION);
	fds = json_member(message, "fds");
	assert_int_equal(fds->length, 1);
	assert_string_equal(fds->first->text, "seccompFd");
	assert_int_equal(json_member(message, "pid")->unsigned_integer, pid);
	assert_string_equal(json_member(message, "metadata")->text, "for \"you\"");
	inner = json_member(message, "state");
	assert_string_equal(json_member(inner, "id")->text, state->id);
	assert_string_equal(json_member(inner, "status")->text, state->status);
	assert_int_equal(json_member(inner, "pid")->unsigned_integer, pid);
	assert_int_equal(json_member(inner, "annotations")->length, state->annotation_count);
}

/* The whole way, with ANNOTATION in the message. */
static void hand_on(const struct spec_pair *annotation)
{
	struct spec_oci_state oci = { .id = "web", .status = "creating", .bundle = "/b", .annotations = annotation, .annotation_count = 1 };
	struct spec_seccomp seccomp = make_description();
	struct seccomp_program program = make_program();
	struct listener listener = LISTENER_NONE;
	_cleanup_close_ int server = -EBADF, connection = -EBADF, fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int go[2];
	pid_t child, agent;

	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &server), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &oci, &listener, NULL), 0);
	assert_true(listener.socket >= 0);
	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char byte;

		/* The pid is told after the fork, as it is known only then. */
		if (read(go[0], &byte, 1) != 1)
			_exit(102);
		be_container(&listener, &program, true);
	}
	listener_set_pid(&listener, child);
	assert_int_equal(write(go[1], "", 1), 1);
	listener_done(&listener);
	connection = accept(server, NULL, NULL);
	assert_true(connection >= 0);
	assert_true(receive_part(connection, &text, &fd) > 0);
	assert_true(fd >= 0);
	/* The child closes its end when it ends, which it does when it is answered: by another process, meanwhile. */
	agent = fork();
	if (agent == 0) {
		answer(fd, 4711);
		_exit(0);
	}
	while (receive_part(connection, &text, &fd) > 0)
		;
	assert_int_equal(wait_for(agent), 0);
	assert_int_equal(wait_for(child), 0);
	check_message(&text, child, &oci);
	close(go[0]);
	close(go[1]);
	unlink(path);
	seccomp_program_done(&program);
}

static void test_hand_on(void **state)
{
	static const struct spec_pair annotation = { (char *)"key", (char *)"value" };

	(void)state;
	for (int i = 0; i < 20; i++)
		hand_on(&annotation);
}

/* More than the socket's buffer: it takes several parts. */
static void test_long_message(void **state)
{
	struct spec_pair annotation = { (char *)"key", memory_new((1u << 20) + 1, 1) };

	(void)state;
	memset(annotation.value, 'v', 1u << 20);
	hand_on(&annotation);
	free(annotation.value);
}

static void test_nobody_takes_it(void **state)
{
	struct spec_oci_state oci = { .id = "web", .status = "creating", .bundle = "/b" };
	struct spec_seccomp seccomp = make_description();
	struct seccomp_program program = make_program();
	struct listener listener = LISTENER_NONE;
	struct error err = ERROR_INIT;
	int server = -EBADF;
	pid_t child;

	(void)state;
	assert_true(listener_connect(&seccomp, &program, &oci, &listener, &err) < 0);
	assert_non_null(strstr(err.message, path));
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &server), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &oci, &listener, NULL), 0);
	close(server); /* resets the connection that it had not accepted */
	child = fork();
	if (child == 0) {
		listener_set_pid(&listener, getpid());
		be_container(&listener, &program, false);
	}
	assert_int_equal(wait_for(child), EPIPE);
	listener_done(&listener);
	unlink(path);
	seccomp_program_done(&program);
}

/* A filter that cannot be loaded does not leave the courier waiting. */
static void test_no_filter(void **state)
{
	struct spec_oci_state oci = { .id = "web", .status = "creating", .bundle = "/b" };
	struct spec_seccomp seccomp = make_description();
	struct seccomp_program program = make_program();
	struct listener listener = LISTENER_NONE;
	int server = -EBADF;
	pid_t child;

	(void)state;
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &server), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &oci, &listener, NULL), 0);
	child = fork();
	if (child == 0) {
		listener_set_pid(&listener, getpid());
		program.filter[0].code = 0xffff;
		be_container(&listener, &program, false);
	}
	assert_int_equal(wait_for(child), EINVAL);
	close(server);
	listener_done(&listener);
	unlink(path);
	seccomp_program_done(&program);
}

static void test_nothing_to_ask(void **state)
{
	struct spec_seccomp seccomp = make_description();
	struct seccomp_program program = { .has_notify = false };
	struct listener listener = { .socket = 4711 };

	(void)state;
	assert_int_equal(listener_connect(&seccomp, &program, &(struct spec_oci_state){ .id = "web" }, &listener, NULL), 0);
	assert_true(listener.socket < 0);
	assert_null(listener.memory);
	listener_done(&listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hand_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_message, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_takes_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_filter, set_up, tear_down),
		cmocka_unit_test(test_nothing_to_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
