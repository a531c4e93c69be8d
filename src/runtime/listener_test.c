/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a listener out of a process that may call next to nothing any more. */
#include "runtime/listener.h"

#include "base/json.h"
#include "host/caps.h"
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "runtime/seccomp_plan.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SUCCESS 42
#define FAILURE 43
#define PATIENCE_MS 20000

static char directory[] = "/tmp/bivy-listener-XXXXXX";
static char path[64];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/agent", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

/* ---- profiles ---------------------------------------------------------------- */

static char *asked[] = { (char *)"getppid", NULL };
static char *needed[] = { (char *)"exit_group", NULL };
/* What a process that hands a descriptor on, waits or writes down could want to call. */
static char *much[] = { (char *)"getppid", (char *)"sendmsg", (char *)"sendto", (char *)"recvmsg", (char *)"recvfrom", (char *)"read", (char *)"writev",
	(char *)"close", (char *)"futex", (char *)"nanosleep", (char *)"clock_nanosleep", (char *)"sched_yield", (char *)"mmap", (char *)"munmap",
	(char *)"mprotect", (char *)"madvise", (char *)"exit", (char *)"rt_sigprocmask", (char *)"rt_sigaction", (char *)"clone", (char *)"clone3",
	(char *)"prctl", (char *)"socket", (char *)"connect", (char *)"poll", (char *)"ppoll", (char *)"set_robust_list", (char *)"rseq", NULL };

static struct spec_seccomp_rule rules[] = {
	{ .names = needed, .action = SECCOMP_ACT_ALLOW },
	{ .names = asked, .action = SECCOMP_ACT_NOTIFY },
};
static struct spec_seccomp_rule many_rules[] = {
	{ .names = needed, .action = SECCOMP_ACT_ALLOW },
	{ .names = much, .action = SECCOMP_ACT_NOTIFY },
};

/* All but the end of the process is deadly, or asks. */
static struct spec_seccomp deadly(void)
{
	return (struct spec_seccomp){
		.default_action = SECCOMP_ACT_KILL_PROCESS,
		.listener_path = path,
		.rules = rules,
		.rule_count = ARRAY_SIZE(rules),
	};
}

static struct spec_oci_state some_state(void)
{
	static const struct spec_pair annotations[] = { { (char *)"a.key", (char *)"value \"quoted\"" } };

	return (struct spec_oci_state){
		.id = "box",
		.status = "creating",
		.bundle = "/some/bundle",
		.annotations = annotations,
		.annotation_count = 1,
	};
}

/* ---- the two sides ----------------------------------------------------------------- */

/* The container's process: the filter and then, at once, what an exec would be. Nothing in it may call what the filter has. */
static _noreturn_ void be_child(const struct listener *listener, const struct seccomp_program *program, int go, long call)
{
	char byte;
	int r = 0;

	if (read(go, &byte, 1) != 1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(1);
	r = listener_load(listener, program, NULL);
	if (r == 0 && call >= 0)
		r = syscall(call) == 4711 ? 0 : -1;
	syscall(SYS_exit_group, r == 0 ? SUCCESS : FAILURE);
	_exit(2);
}

struct run {
	struct seccomp_program program;
	struct listener listener;
	int listening, connection;
	pid_t pid;
};

/* Connects, forks and sends the child on its way, in the order of the runtime. */
static void start(struct run *run, const struct spec_seccomp *seccomp, const struct spec_oci_state *state, long call)
{
	struct error err = ERROR_INIT;
	int go[2];

	*run = (struct run){ .listener = LISTENER_NONE };
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &run->listening), 0);
	assert_int_equal(seccomp_plan_make(seccomp, &run->program, &err), 0);
	assert_true(run->program.has_notify);
	assert_int_equal(listener_connect(seccomp, &run->program, state, &run->listener, &err), 0);
	run->connection = accept4(run->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(run->connection >= 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	run->pid = fork();
	assert_true(run->pid >= 0);
	if (run->pid == 0) {
		close(run->connection);
		be_child(&run->listener, &run->program, go[0], call);
	}
	listener_set_pid(&run->listener, run->pid);
	assert_int_equal(write(go[1], "g", 1), 1);
	close(go[0]);
	close(go[1]);
}

/* How the child ended, as a shell has it. */
static int finish(struct run *run)
{
	int status;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	listener_done(&run->listener);
	seccomp_program_done(&run->program);
	close(run->connection);
	close(run->listening);
	assert_int_equal(unlink(path), 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reads to the end of the child's side; *ret_fd is the one descriptor that came. */
static void receive(struct run *run, struct buf *text, int *ret_fd)
{
	unsigned descriptors = 0;

	/* Ours is the other end of the connection: the child's copy alone keeps it open. */
	close_and_forget(&run->listener.socket);
	for (;;) {
		union {
			char bytes[CMSG_SPACE(4 * sizeof(int))];
			struct cmsghdr align;
		} control;
		char block[4096];
		struct iovec part = { .iov_base = block, .iov_len = sizeof block };
		struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(run->connection, &packet, MSG_CMSG_CLOEXEC);

		assert_true(n >= 0);
		for (struct cmsghdr *head = CMSG_FIRSTHDR(&packet); head; head = CMSG_NXTHDR(&packet, head)) {
			assert_int_equal(head->cmsg_len, CMSG_LEN(sizeof(int)));
			memcpy(ret_fd, CMSG_DATA(head), sizeof *ret_fd);
			descriptors++;
		}
		if (n == 0)
			break;
		buf_add(text, block, (size_t)n);
	}
	assert_int_equal(descriptors, 1);
}

/* As receive(), but only what one recvmsg(2) brings: for a child that lives on. */
static int receive_first(const struct run *run)
{
	struct pollfd wait = { .fd = run->connection, .events = POLLIN };
	int fd = -EBADF;

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	assert_int_equal(fdpass_receive(run->connection, &fd), 0);
	return fd;
}

/* ---- tests ------------------------------------------------------------------------- */

static void assert_member(const struct json *object, const char *name, const char *text)
{
	const struct json *member = json_member(object, name);

	assert_non_null(member);
	assert_int_equal(member->type, JSON_STRING);
	assert_string_equal(member->text, text);
}

/* A filter that kills for any call: the listener comes nevertheless, with all that the specification wants told. */
static void test_deadly_filter(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct json *message;
	const struct json *fds, *inner;
	struct run run;
	pid_t pid;

	(void)state;
	seccomp.listener_metadata = (char *)"for \"you\"";
	start(&run, &seccomp, &container, -1);
	pid = run.pid;
	receive(&run, &text, &fd);
	assert_int_equal(finish(&run), SUCCESS);
	assert_int_equal(json_parse(arena, text.data, text.length, &message, NULL), 0);
	assert_member(message, "ociVersion", SPEC_OCI_VERSION);
	assert_member(message, "metadata", "for \"you\"");
	assert_int_equal(json_member(message, "pid")->unsigned_integer, pid);
	fds = json_member(message, "fds");
	assert_int_equal(fds->length, 1);
	assert_string_equal(fds->first->text, "seccompFd");
	inner = json_member(message, "state");
	assert_member(inner, "ociVersion", SPEC_OCI_VERSION);
	assert_member(inner, "id", "box");
	assert_member(inner, "status", "creating");
	assert_member(inner, "bundle", "/some/bundle");
	assert_int_equal(json_member(inner, "pid")->unsigned_integer, pid);
	assert_member(json_member(inner, "annotations"), "a.key", "value \"quoted\"");
}

static void test_no_metadata(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct json *message;
	struct run run;

	(void)state;
	start(&run, &seccomp, &container, -1);
	receive(&run, &text, &fd);
	assert_int_equal(finish(&run), SUCCESS);
	assert_int_equal(json_parse(arena, text.data, text.length, &message, NULL), 0);
	assert_null(json_member(message, "metadata"));
}

/* Answers one call of PID, which must be getppid, with 4711. */
static void answer(int fd, pid_t pid)
{
	struct seccomp_notif request = { 0 };
	struct seccomp_notif_resp response = { 0 };
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	assert_int_equal(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.pid, pid);
	assert_int_equal(request.data.nr, SYS_getppid);
	response.id = request.id;
	response.val = 4711;
	assert_int_equal(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

/* Whatever asks, the first question is the program's: nothing of ours waits for an answer before the listener has its descriptor. */
static void test_asking_for_much(void **state)
{
	_cleanup_close_ int fd = -EBADF;
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct run run;

	(void)state;
	seccomp.rules = many_rules;
	seccomp.rule_count = ARRAY_SIZE(many_rules);
	start(&run, &seccomp, &container, SYS_getppid);
	fd = receive_first(&run);
	answer(fd, run.pid);
	assert_int_equal(finish(&run), SUCCESS);
}

/* The flags that a listener and other threads get in each other's way with. */
static void test_flags(void **state)
{
	_cleanup_close_ int fd = -EBADF;
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct run run;

	(void)state;
	seccomp.flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG;
	if (seccomp_has_flag(1u << 5))
		seccomp.flags |= 1u << 5; /* WAIT_KILLABLE_RECV */
	start(&run, &seccomp, &container, SYS_getppid);
	fd = receive_first(&run);
	answer(fd, run.pid);
	assert_int_equal(finish(&run), SUCCESS);
}

/* A message beyond what a socket holds at once; the descriptor comes once, with its beginning. */
static void test_long_message(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *value = memory_new((1u << 20) + 1, 1);
	struct spec_pair annotation = { (char *)"long", value };
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct run run;

	(void)state;
	memset(value, 'v', 1u << 20);
	container.annotations = &annotation;
	start(&run, &seccomp, &container, -1);
	receive(&run, &text, &fd);
	assert_int_equal(finish(&run), SUCCESS);
	assert_true(text.length > 1u << 20);
	assert_non_null(strstr(text.data, value));
}

/* A listener that is gone by then: the program is not run. */
static void test_gone(void **state)
{
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct listener listener = LISTENER_NONE;
	struct seccomp_program program;
	struct error err = ERROR_INIT;
	int listening, status;
	pid_t pid;

	(void)state;
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &listening), 0);
	assert_int_equal(seccomp_plan_make(&seccomp, &program, &err), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &container, &listener, &err), 0);
	close(listening);
	listener_set_pid(&listener, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? 0 : listener_load(&listener, &program, NULL);

		syscall(SYS_exit_group, r == -EPIPE || r == -ECONNRESET ? SUCCESS : FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SUCCESS);
	listener_done(&listener);
	seccomp_program_done(&program);
	assert_int_equal(unlink(path), 0);
}

/* Neither privilege nor no_new_privs: the filter is refused, and the process is as it was, with one thread. */
static void test_refused_filter(void **state)
{
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct listener listener = LISTENER_NONE;
	struct seccomp_program program;
	int listening, status;
	pid_t pid;

	(void)state;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		skip();
	assert_int_equal(fdpass_bind_at(AT_FDCWD, path, SOCK_STREAM, &listening), 0);
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &container, &listener, NULL), 0);
	listener_set_pid(&listener, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error err = ERROR_INIT;
		int r = caps_set(0, 0, 0);

		if (r == 0)
			r = listener_load(&listener, &program, &err);
		_exit(r == -EACCES && strstr(err.message, "cannot load the seccomp filter") && getppid() > 0 ? SUCCESS : FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SUCCESS);
	listener_done(&listener);
	seccomp_program_done(&program);
	close(listening);
	assert_int_equal(unlink(path), 0);
}

/* Nothing to ask: no connection is made, even if there is a path. */
static void test_nothing_to_ask(void **state)
{
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct listener listener = { .socket = 77 };
	struct seccomp_program program;

	(void)state;
	seccomp.rule_count = 1;
	assert_int_equal(seccomp_plan_make(&seccomp, &program, NULL), 0);
	assert_false(program.has_notify);
	assert_int_equal(listener_connect(&seccomp, &program, &container, &listener, NULL), 0);
	assert_int_equal(listener.socket, -EBADF);
	listener_done(&listener);
	seccomp_program_done(&program);
}

static void test_nobody_there(void **state)
{
	struct spec_seccomp seccomp = deadly();
	struct spec_oci_state container = some_state();
	struct listener listener = LISTENER_NONE;
	struct seccomp_program program;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(seccomp_plan_make(&seccomp, &program, &err), 0);
	assert_int_equal(listener_connect(&seccomp, &program, &container, &listener, &err), -ENOENT);
	assert_non_null(strstr(err.message, "linux.seccomp.listenerPath: cannot connect to '"));
	assert_non_null(strstr(err.message, path));
	seccomp.listener_path = NULL;
	err = ERROR_INIT;
	assert_int_equal(listener_connect(&seccomp, &program, &container, &listener, &err), -EINVAL);
	assert_string_equal(err.message, "linux.seccomp.listenerPath: missing, although there is SCMP_ACT_NOTIFY");
	assert_int_equal(listener.socket, -EBADF);
	seccomp_program_done(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadly_filter),
		cmocka_unit_test(test_no_metadata),
		cmocka_unit_test(test_asking_for_much),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_refused_filter),
		cmocka_unit_test(test_nothing_to_ask),
		cmocka_unit_test(test_nobody_there),
	};

	if (!seccomp_has_action(SECCOMP_RET_USER_NOTIF)) {
		printf("1..0 # SKIP missing: seccomp\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
