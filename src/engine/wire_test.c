/* SPDX-License-Identifier: Apache-2.0 */
/* A child has the wire; the test is supervisor, process and client at once. */
#include "engine/wire.h"
#include "base/file.h"
#include "engine/backlog.h"
#include "engine/supervisor_fake_test.h"

#include <fcntl.h>
#include <sys/wait.h>

#define ERROR_STATUS 200
#define DETACHED_STATUS 201

struct scene {
	struct container_wire wire;
	bool terminal, is_ours, is_input_closed;
	pid_t pid;
	int supervisor; /* its end of the socket */
	int in, out, err; /* the process's ends of the pipes */
	int client;     /* the client's end of the wire */
};

static int run_wire(struct scene *scene, int socket, int client, int in, int out, int error)
{
	const struct container_attachment attachment = { .in = true, .out = true, .err = true, .wire = &scene->wire };
	struct session session = { .attachment = &attachment, .socket = socket, .terminal = scene->terminal, .in = in, .out = out, .err = error,
		.is_ours = scene->is_ours };
	struct container_start_report report = { .exit_code = 0 };
	struct error err = ERROR_INIT;

	scene->wire.in = scene->wire.out = client;
	fcntl(in, F_SETFL, O_NONBLOCK);
	fcntl(out, F_SETFL, O_NONBLOCK);
	if (error >= 0)
		fcntl(error, F_SETFL, O_NONBLOCK);
	if (wire_run(&session, &report, &err) < 0)
		return ERROR_STATUS;
	return report.detached ? DETACHED_STATUS : (int)report.exit_code;
}

static void begin(struct scene *scene)
{
	int sockets[2], clients[2], pipes[3][2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, clients), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
	fflush(NULL);
	scene->pid = fork();
	assert_true(scene->pid >= 0);
	if (scene->pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		close(sockets[0]);
		close(clients[0]);
		close(pipes[0][0]);
		close(pipes[1][1]);
		close(pipes[2][1]);
		_exit(run_wire(scene, sockets[1], clients[1], pipes[0][1], pipes[1][0], scene->terminal ? -EBADF : pipes[2][0]));
	}
	close(sockets[1]);
	close(clients[1]);
	close(pipes[0][1]);
	close(pipes[1][0]);
	close(pipes[2][0]);
	*scene = (struct scene){ .wire = scene->wire, .terminal = scene->terminal, .pid = scene->pid, .supervisor = sockets[0], .in = pipes[0][0],
		.out = pipes[1][1], .err = pipes[2][1], .client = clients[0] };
}

static void end_process(struct scene *scene, int64_t code)
{
	const struct spec_message message = { .type = SPEC_MESSAGE_EVENT_EXIT, .exit_code = code };

	close_and_forget(&scene->in);
	close_and_forget(&scene->out);
	close_and_forget(&scene->err);
	fake_send(scene->supervisor, &message);
}

/* The child's exit status. */
static int finish(struct scene *scene)
{
	int status;

	close_and_forget(&scene->client);
	assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
	close_and_forget(&scene->in);
	close_and_forget(&scene->out);
	close_and_forget(&scene->err);
	close_and_forget(&scene->supervisor);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(int fd, const void *bytes, size_t length)
{
	char block[256];
	size_t count = 0;

	assert_true(length <= sizeof block);
	while (count < length) {
		ssize_t n;

		fake_wait(fd, POLLIN);
		n = read(fd, block + count, length - count);
		assert_true(n > 0);
		count += (size_t)n;
	}
	assert_memory_equal(block, bytes, length);
}

static void expect_end(int fd)
{
	char byte;

	fake_wait(fd, POLLIN);
	assert_int_equal(read(fd, &byte, 1), 0);
}

#define EXPECT(fd, text) expect(fd, text, sizeof(text) - 1)
#define SAY(fd, text) assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1)

/* ---- what goes where ---------------------------------------------------------------------- */

static void test_frames(void **state _unused_)
{
	struct scene scene = { .wire = { .said = "first ", .said_length = 6 } };

	begin(&scene);
	SAY(scene.client, "then\n");
	EXPECT(scene.in, "first then\n");
	SAY(scene.out, "output");
	EXPECT(scene.client, "\1\0\0\0\0\0\0\6output");
	SAY(scene.err, "error");
	EXPECT(scene.client, "\2\0\0\0\0\0\0\5error");
	assert_int_equal(shutdown(scene.client, SHUT_WR), 0);
	expect_end(scene.in);
	SAY(scene.out, "last");
	end_process(&scene, 7);
	EXPECT(scene.client, "\1\0\0\0\0\0\0\4last");
	expect_end(scene.client);
	assert_int_equal(finish(&scene), 7);
}

static void test_bytes(void **state _unused_)
{
	struct scene scene = { .terminal = true }, unframed = { .wire = { .unframed = true } };

	begin(&scene);
	SAY(scene.out, "output");
	EXPECT(scene.client, "output");
	end_process(&scene, 0);
	expect_end(scene.client);
	assert_int_equal(finish(&scene), 0);

	begin(&unframed);
	SAY(unframed.err, "error");
	EXPECT(unframed.client, "error");
	end_process(&unframed, 3);
	expect_end(unframed.client);
	assert_int_equal(finish(&unframed), 3);
}

static void test_detach_keys(void **state _unused_)
{
	struct scene scene = { .terminal = true };

	begin(&scene);
	SAY(scene.client, "a\x10\x11");
	EXPECT(scene.in, "a");
	expect_end(scene.client);
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

static void test_client_goes(void **state _unused_)
{
	struct scene scene = { .terminal = false };

	begin(&scene);
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

static void test_supervisor_goes(void **state _unused_)
{
	struct scene scene = { .terminal = false };

	begin(&scene);
	close_and_forget(&scene.supervisor);
	close_and_forget(&scene.out);
	close_and_forget(&scene.err);
	expect_end(scene.client);
	assert_int_equal(finish(&scene), ERROR_STATUS);
}

/* A process of its own goes on without its client; what it writes is taken. */
static void test_own_process_goes_on(void **state _unused_)
{
	struct scene scene = { .is_ours = true };
	static const char block[100000];

	begin(&scene);
	close_and_forget(&scene.client);
	assert_int_equal(fd_write_all(scene.out, block, sizeof block), 0);
	end_process(&scene, 5);
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

/* ---- who does not read ------------------------------------------------------------------------ */

/* Writes numbered blocks until nobody takes them any more, or LIMIT bytes; how many bytes were taken. */
static size_t write_numbers(int fd, size_t limit)
{
	unsigned char block[1024];
	size_t count = 0;

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (count < limit) {
		struct pollfd ask = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		for (size_t i = 0; i < sizeof block; i++)
			block[i] = (unsigned char)((count + i) / 1000);
		if (poll(&ask, 1, 500) <= 0)
			break;
		n = write(fd, block, sizeof block);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			break;
		count += (size_t)n;
	}
	return count;
}

/* Reads frames up to the end: all of the output's are those numbers, and the last is the system's if ret_word gets it. */
static size_t read_numbers(int fd, char *word, size_t size)
{
	_cleanup_buf_ struct buf all = BUF_INIT;
	size_t count = 0, at = 0;
	char block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) > 0)
		buf_add(&all, block, (size_t)n);
	word[0] = '\0';
	while (at < all.length) {
		const unsigned char *head = (const unsigned char *)all.data + at;
		size_t length = (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];

		assert_true(at + 8 + length <= all.length);
		if (head[0] == 3)
			snprintf(word, size, "%.*s", (int)length, (const char *)head + 8);
		else
			for (size_t i = 0; i < length; i++, count++)
				assert_int_equal(head[8 + i], (unsigned char)(count / 1000));
		at += 8 + length;
	}
	return count;
}

/* An onlooker: the process writes on, the client is told at last, and has all that it was kept. */
static void test_slow_onlooker(void **state _unused_)
{
	struct scene scene = { .wire = { .backlog = "/var/tmp" } };
	char word[256];
	size_t count;

	begin(&scene);
	count = write_numbers(scene.out, 2 * BACKLOG_BYTES);
	assert_true(count < 2 * BACKLOG_BYTES); /* the supervisor's end is closed: it would be dropped */
	assert_true(errno == EPIPE);
	count = read_numbers(scene.client, word, sizeof word);
	assert_true(count >= BACKLOG_BYTES - 65536);
	assert_string_equal(word, "this client was too slow for the output of the container, which is in its log");
	assert_int_equal(finish(&scene), DETACHED_STATUS);
}

/* Who was there before the process is waited for, when there is no room any more; and loses nothing. */
static void test_slow_first(void **state _unused_)
{
	struct scene scene = { .wire = { .backlog = "/var/tmp", .was_first = true } };
	char word[256];
	size_t count, found;

	begin(&scene);
	count = write_numbers(scene.out, 2 * BACKLOG_BYTES);
	assert_true(count > BACKLOG_BYTES && count < 2 * BACKLOG_BYTES);
	end_process(&scene, 4);
	found = read_numbers(scene.client, word, sizeof word);
	assert_int_equal(found, count);
	assert_string_equal(word, "");
	assert_int_equal(finish(&scene), 4);
}

/* A process of the client's own has no more room than there is on the way. */
static void test_slow_owner(void **state _unused_)
{
	struct scene scene = { .wire = { .backlog = "/var/tmp" }, .is_ours = true };
	char word[256];
	size_t count;

	begin(&scene);
	count = write_numbers(scene.out, BACKLOG_BYTES);
	assert_true(count < BACKLOG_BYTES / 4);
	end_process(&scene, 0);
	assert_int_equal(read_numbers(scene.client, word, sizeof word), count);
	assert_int_equal(finish(&scene), 0);
}

/* With a terminal what is oldest goes, and it goes on. */
static void test_slow_terminal(void **state _unused_)
{
	struct scene scene = { .wire = { .backlog = "/var/tmp" }, .terminal = true };
	_cleanup_buf_ struct buf all = BUF_INIT;
	char block[4096];
	ssize_t n;

	begin(&scene);
	assert_int_equal(write_numbers(scene.out, 2 * BACKLOG_BYTES), 2 * BACKLOG_BYTES);
	SAY(scene.client, "typed");
	EXPECT(scene.in, "typed");
	assert_int_equal(fcntl(scene.out, F_SETFL, 0), 0);
	SAY(scene.out, "the end");
	end_process(&scene, 2);
	while ((n = read(scene.client, block, sizeof block)) > 0)
		buf_add(&all, block, (size_t)n);
	assert_true(all.length >= BACKLOG_BYTES && all.length < 2 * BACKLOG_BYTES);
	assert_memory_equal(all.data + all.length - 7, "the end", 7);
	assert_int_equal(finish(&scene), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_detach_keys),
		cmocka_unit_test(test_client_goes),
		cmocka_unit_test(test_supervisor_goes),
		cmocka_unit_test(test_own_process_goes_on),
		cmocka_unit_test(test_slow_onlooker),
		cmocka_unit_test(test_slow_first),
		cmocka_unit_test(test_slow_owner),
		cmocka_unit_test(test_slow_terminal),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
