/* SPDX-License-Identifier: Apache-2.0 */
/* A child has the session, with standard streams that the test holds the other ends of; the test is supervisor and person. */
#include "engine/session.h"
#include "base/file.h"
#include "engine/supervisor_fake_test.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define ERROR_STATUS 200    /* of the child: session_run() failed */
#define DETACHED_STATUS 201

struct scene {
	struct container_attachment attachment;
	bool terminal, is_attached; /* the latter: it was running before */
	int64_t number;
	pid_t pid;
	int socket;          /* the supervisor's */
	int in, out, err;    /* the person's ends; with a terminal its master in .in */
	struct fake_request streams; /* the supervisor's ends */
};

static int run_session(const struct scene *scene, int socket)
{
	struct session session = SESSION_INIT;
	struct container_start_report report = { .exit_code = 0 };
	struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_ATTACH };
	struct error err = ERROR_INIT;
	int theirs[3], r;
	size_t count = 0;

	session.attachment = &scene->attachment;
	session.socket = socket;
	session.terminal = scene->terminal;
	session.number = scene->number;
	session.is_ours = !scene->is_attached;
	r = session_open(&session, theirs, &count, &err);
	if (r == 0)
		r = session_send(&session, &message, theirs, count, &err);
	while (count > 0)
		close(theirs[--count]);
	if (r == 0)
		r = session_run(&session, &report, &err);
	session_close(&session);
	if (r < 0)
		fprintf(stderr, "%s\n", err.message);
	return r < 0 ? ERROR_STATUS : report.detached ? DETACHED_STATUS : (int)report.exit_code;
}

_noreturn_ static void become_session(const struct scene *scene, const int streams[3], int socket)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup2(streams[fd], fd) < 0)
			_exit(99);
	if (scene->terminal && (setsid() < 0 || ioctl(0, TIOCSCTTY, 0) < 0))
		_exit(99);
	/* Whoever else has an end of a pipe would keep it open. */
	for (int fd = 3; fd < 256; fd++)
		if (fd != socket)
			close(fd);
	_exit(run_session(scene, socket));
}

static void begin(struct scene *scene)
{
	int sockets[2], pipes[3][2], master = -EBADF, slave = -EBADF;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
	if (scene->terminal) {
		struct winsize size = { .ws_col = 100, .ws_row = 30 };
		char name[64];

		master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof name) == 0);
		slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
		assert_true(slave >= 0);
		assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	}
	fflush(NULL);
	scene->pid = fork();
	assert_true(scene->pid >= 0);
	if (scene->pid == 0)
		become_session(scene, scene->terminal ? (const int[]){ slave, slave, slave } : (const int[]){ pipes[0][0], pipes[1][1], pipes[2][1] },
			       sockets[1]);
	close(sockets[1]);
	close(pipes[0][0]);
	close(pipes[1][1]);
	close(pipes[2][1]);
	scene->socket = sockets[0];
	scene->in = pipes[0][1];
	scene->out = pipes[1][0];
	scene->err = pipes[2][0];
	if (scene->terminal) {
		close(scene->in);
		scene->in = master;
		close(slave);
	}
	fake_receive(scene->socket, &scene->streams);
	assert_non_null(scene->streams.message);
}

static void end_streams(struct scene *scene)
{
	fake_done(&scene->streams);
	scene->streams.arena = arena_new();
}

static void send_exit(struct scene *scene, int64_t code)
{
	const struct spec_message message = { .type = scene->number ? SPEC_MESSAGE_EVENT_SESSION_EXIT : SPEC_MESSAGE_EVENT_EXIT,
					      .session = scene->number, .exit_code = code };

	fake_send(scene->socket, &message);
}

/* The child's exit status; 1000 + N for a signal. */
static int finish(struct scene *scene)
{
	int status;

	assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
	fake_done(&scene->streams);
	close(scene->socket);
	close_and_forget(&scene->in);
	close_and_forget(&scene->out);
	close_and_forget(&scene->err);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define ALL_STREAMS { .in = true, .out = true, .err = true }

/* ---- pipes --------------------------------------------------------------------------------- */

#define MUCH (3u << 20)

/* Writes MUCH of a pattern in a process of its own, which ends then. */
static void write_much(int fd)
{
	fflush(NULL);
	if (fork() == 0) {
		unsigned char *bytes = memory_new(MUCH, 1);

		for (unsigned i = 0; i < MUCH; i++)
			bytes[i] = (unsigned char)(i * 2654435761u >> 13);
		_exit(fd_write_all(fd, bytes, MUCH) < 0);
	}
}

static void read_much(int fd)
{
	_cleanup_buf_ struct buf got = BUF_INIT;

	assert_int_equal(fd_read_all(fd, 2 * MUCH, &got), 0);
	assert_int_equal(got.length, MUCH);
	for (unsigned i = 0; i < MUCH; i++)
		if ((unsigned char)got.data[i] != (unsigned char)(i * 2654435761u >> 13))
			fail_msg("byte %u is another", i);
}

static void test_bytes_go_both_ways(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS };

	begin(&scene);
	assert_int_equal(scene.streams.count, 3);
	assert_true(scene.streams.message->in && scene.streams.message->out && scene.streams.message->err);
	assert_int_equal(scene.streams.message->width, 0);
	write_much(scene.in);
	close_and_forget(&scene.in);
	read_much(scene.streams.fds[0]); /* to its end: the input is half-closed, and the output goes on */
	write_much(scene.streams.fds[1]);
	assert_int_equal(fd_write_all(scene.streams.fds[2], "oops\n", 5), 0);
	end_streams(&scene);
	send_exit(&scene, 7);
	read_much(scene.out);
	{
		_cleanup_buf_ struct buf text = BUF_INIT;

		assert_int_equal(fd_read_all(scene.err, 100, &text), 0);
		assert_string_equal(text.data, "oops\n");
	}
	assert_int_equal(finish(&scene), 7);
}

static void test_output_to_a_file_that_is_appended_to(void **state _unused_)
{
	struct scene scene = { .attachment = { .out = true } };
	char name[] = "/tmp/session-test-XXXXXX", text[16] = "";
	int file = mkstemp(name);

	assert_true(file >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(fcntl(file, F_SETFL, O_APPEND), 0);
	assert_int_equal(write(file, "one ", 4), 4);
	fflush(NULL);
	scene.pid = fork();
	if (scene.pid == 0) {
		int ends[2], theirs = -EBADF;

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0 || dup2(file, STDOUT_FILENO) < 0)
			_exit(99);
		if (fork() == 0) {
			const struct spec_message message = { .type = SPEC_MESSAGE_EVENT_EXIT };
			struct fake_request request;

			close(ends[1]);
			fake_receive(ends[0], &request);
			theirs = request.fds[0];
			if (write(theirs, "two", 3) == 3)
				fake_send(ends[0], &message);
			_exit(0);
		}
		close(ends[0]);
		_exit(run_session(&scene, ends[1]));
	}
	assert_int_equal(waitpid(scene.pid, &(int){ 0 }, 0), scene.pid);
	assert_int_equal(pread(file, text, sizeof text, 0), 7);
	assert_string_equal(text, "one two");
	close(file);
}

static void test_input_that_nobody_reads_stays(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS };
	char byte = 0;

	begin(&scene);
	close_and_forget(&scene.streams.fds[0]);
	scene.streams.fds[0] = scene.streams.fds[--scene.streams.count]; /* the error stream is closed with the rest */
	/* It has to have noticed before something is written, or it could have been read already. */
	for (int i = 0; i < 200; i++) {
		assert_int_equal(fd_write_all(scene.streams.fds[1], "x", 1), 0);
		fake_wait(scene.out, POLLIN);
		assert_int_equal(read(scene.out, &byte, 1), 1);
	}
	assert_int_equal(fd_write_all(scene.in, "later", 5), 0);
	assert_int_equal(fd_write_all(scene.streams.fds[1], "y", 1), 0);
	assert_int_equal(read(scene.out, &byte, 1), 1);
	{
		struct pollfd polled = { .fd = scene.in, .events = POLLOUT };
		int unread = 0;

		assert_int_equal(poll(&polled, 1, 0), 1);
		assert_int_equal(ioctl(scene.in, FIONREAD, &unread), 0);
		assert_int_equal(unread, 5);
	}
	end_streams(&scene);
	send_exit(&scene, 0);
	assert_int_equal(finish(&scene), 0);
}

static void test_broken_pipe(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS, .number = 4 };

	begin(&scene);
	close_and_forget(&scene.out);
	assert_int_equal(fd_write_all(scene.streams.fds[1], "x", 1), 0);
	fake_expect(scene.socket, SPEC_REQUEST_KILL, SIGPIPE);
	end_streams(&scene);
	send_exit(&scene, 128 + SIGPIPE);
	assert_int_equal(finish(&scene), 128 + SIGPIPE);

	scene = (struct scene){ .attachment = ALL_STREAMS, .is_attached = true };
	begin(&scene);
	close_and_forget(&scene.out);
	assert_int_equal(fd_write_all(scene.streams.fds[1], "x", 1), 0);
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

/* ---- the process's end ---------------------------------------------------------------------- */

static void test_ends(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS };
	struct spec_message event = { .type = SPEC_MESSAGE_EVENT_EXIT, .exit_code = 3, .will_restart = true };
	_cleanup_buf_ struct buf text = BUF_INIT;

	/* Other executions are others' affair; replies are passed over; one that is restarted has ended all the same. */
	begin(&scene);
	fake_send(scene.socket, &(const struct spec_message){ .type = SPEC_MESSAGE_EVENT_SESSION_EXIT, .session = 2, .exit_code = 9 });
	fake_send(scene.socket, &(const struct spec_message){ .type = SPEC_MESSAGE_REPLY });
	fake_send(scene.socket, &event);
	end_streams(&scene);
	assert_int_equal(finish(&scene), 3);

	/* It could not be executed. */
	scene = (struct scene){ .attachment = ALL_STREAMS, .number = 1 };
	begin(&scene);
	event = (struct spec_message){ .type = SPEC_MESSAGE_EVENT_SESSION_EXIT, .session = 1, .exit_code = 127 };
	error_set(&event.error, ERROR_NOT_FOUND, 0, "cannot find 'x'");
	fake_send(scene.socket, &event);
	end_streams(&scene);
	assert_int_equal(fd_read_all(scene.err, 200, &text), 0);
	assert_string_equal(text.data, "cannot find 'x'\n");
	assert_int_equal(finish(&scene), ERROR_STATUS);

	/* The supervisor is gone. */
	scene = (struct scene){ .attachment = ALL_STREAMS };
	begin(&scene);
	assert_int_equal(fd_write_all(scene.streams.fds[1], "rest", 4), 0);
	end_streams(&scene);
	assert_int_equal(shutdown(scene.socket, SHUT_RDWR), 0);
	buf_done(&text);
	assert_int_equal(fd_read_all(scene.out, 100, &text), 0);
	assert_string_equal(text.data, "rest");
	assert_int_equal(finish(&scene), ERROR_STATUS);
}

static void test_signals(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS };

	begin(&scene);
	assert_int_equal(kill(scene.pid, SIGTERM), 0);
	fake_expect(scene.socket, SPEC_REQUEST_KILL, SIGTERM);
	assert_int_equal(kill(scene.pid, SIGURG), 0);
	assert_int_equal(kill(scene.pid, SIGRTMIN + 3), 0);
	fake_expect(scene.socket, SPEC_REQUEST_KILL, SIGRTMIN + 3);
	end_streams(&scene);
	send_exit(&scene, 143);
	assert_int_equal(finish(&scene), 143);

	scene = (struct scene){ .attachment = { .out = true, .no_signal_proxy = true } };
	begin(&scene);
	assert_int_equal(kill(scene.pid, SIGINT), 0);
	assert_int_equal(finish(&scene), 1000 + SIGINT);
}

/* ---- terminals --------------------------------------------------------------------------------- */

/* Waits until the terminal is raw, or not. */
static void wait_raw(int master, bool raw)
{
	struct termios mode;

	for (int i = 0; i < FAKE_PATIENCE_MS; i++) {
		assert_int_equal(tcgetattr(master, &mode), 0);
		if (!(mode.c_lflag & ICANON) == raw)
			return;
		usleep(1000);
	}
	fail_msg("the terminal is %sraw", raw ? "not " : "");
}

static void test_terminal(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS, .terminal = true };
	struct winsize size = { .ws_col = 120, .ws_row = 40 };
	struct fake_request request;
	char text[16] = "";

	begin(&scene);
	assert_int_equal(scene.streams.count, 2);
	assert_int_equal(scene.streams.message->width, 100);
	assert_int_equal(scene.streams.message->height, 30);
	wait_raw(scene.in, true);
	/* A ^C is for the process, a held-back key comes with the next. */
	assert_int_equal(fd_write_all(scene.in, "\x03\x10z", 3), 0);
	for (size_t got = 0; got < 3;) {
		ssize_t n = read(scene.streams.fds[0], text + got, sizeof text - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_string_equal(text, "\x03\x10z");
	assert_int_equal(ioctl(scene.in, TIOCSWINSZ, &size), 0);
	fake_receive(scene.socket, &request);
	assert_int_equal(request.message->request, SPEC_REQUEST_RESIZE);
	assert_int_equal(request.message->width, 120);
	assert_int_equal(request.message->height, 40);
	fake_done(&request);
	assert_int_equal(fd_write_all(scene.streams.fds[1], "a\nb", 3), 0);
	memset(text, 0, sizeof text);
	for (size_t got = 0; got < 3;) {
		ssize_t n = read(scene.in, text + got, sizeof text - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_string_equal(text, "a\nb"); /* raw: no carriage return */
	assert_int_equal(fd_write_all(scene.in, "x\x10\x11", 3), 0);
	wait_raw(scene.in, false);
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

static void test_terminal_is_restored_by_a_signal(void **state _unused_)
{
	struct scene scene = { .attachment = ALL_STREAMS, .terminal = true };

	begin(&scene);
	wait_raw(scene.in, true);
	assert_int_equal(kill(scene.pid, SIGTERM), 0);
	wait_raw(scene.in, false);
	assert_int_equal(finish(&scene), 1000 + SIGTERM);
}

static void test_check(void **state _unused_)
{
	const struct container_attachment keys = { .detach_keys = "nonsense" }, in = { .in = true };
	struct error err = ERROR_INIT;
	int saved = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(session_check(&keys, false, &err), -EINVAL);
	assert_true(null >= 0 && dup2(null, STDIN_FILENO) == 0);
	assert_int_equal(session_check(&in, false, &err), 0);
	assert_int_equal(session_check(&in, true, &err), -EINVAL);
	assert_string_equal(err.message, "the input device is not a TTY");
	assert_int_equal(err.exit_status, 1);
	assert_true(saved < 0 || dup2(saved, STDIN_FILENO) == 0);
	close(saved);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_go_both_ways),
		cmocka_unit_test(test_output_to_a_file_that_is_appended_to),
		cmocka_unit_test(test_input_that_nobody_reads_stays),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_terminal_is_restored_by_a_signal),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
