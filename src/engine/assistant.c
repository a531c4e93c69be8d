/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/assistant.h"
#include "base/file.h"
#include "base/timing.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

#define BLOCK (64u << 10)
#define OUTPUT_LIMIT (64u << 20) /* bytes that it may print */
#define OUT_OF_MEMORY 125        /* its status then, and only then (base/memory.h) */

/* ---- the process ------------------------------------------------------------------------ */

/* A pipe from the child; an end that is not open is -EBADF. */
struct pipe_ends {
	int read_fd, write_fd;
};

#define PIPE_ENDS_INIT ((struct pipe_ends){ -EBADF, -EBADF })

static int open_pipe(struct pipe_ends *ret, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	*ret = (struct pipe_ends){ fds[0], fds[1] };
	return 0;
}

static void close_pipe(struct pipe_ends *ends)
{
	close_and_forget(&ends->read_fd);
	close_and_forget(&ends->write_fd);
}

struct assistant {
	const struct assistant_request *request;
	char path[PATH_MAX];
	char events_text[16], timing_text[16];
	const char **arguments;
	pid_t pid;
	struct pipe_ends events, output;
	struct spec_transfer_events lines;
	struct buf text;     /* what it printed, or the report of an event */
	bool failed;
	struct error error;  /* as it told of it */
	struct error *err;
};

static void done(struct assistant *assistant)
{
	close_pipe(&assistant->events);
	close_pipe(&assistant->output);
	spec_transfer_events_done(&assistant->lines);
	buf_done(&assistant->text);
	free(assistant->arguments);
}

/* The command line: "PROGRAM --root DIR --events FD", "--timing-fd FD" if there is a table, and the request's. */
static void make_arguments(struct assistant *assistant)
{
	const char *const *more = assistant->request->arguments;
	size_t count = strv_length((char *const *)more);
	const char *const first[] = { assistant->request->program->name, "--root", assistant->request->directories->root, "--events",
		assistant->events_text, "--timing-fd", assistant->timing_text };
	size_t first_count = ARRAY_SIZE(first) - (timing_fd() < 0 ? 2 : 0);

	snprintf(assistant->events_text, sizeof assistant->events_text, "%d", assistant->events.write_fd);
	snprintf(assistant->timing_text, sizeof assistant->timing_text, "%d", timing_fd());
	assistant->arguments = memory_new(count + first_count + 1, sizeof *assistant->arguments);
	memcpy(assistant->arguments, first, first_count * sizeof *first);
	memcpy(assistant->arguments + first_count, more, count * sizeof *more);
}

/* In the child: becomes the program, or tells of the error as that would and ends. */
_noreturn_ static void execute(const struct assistant *assistant, pid_t parent)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ERROR };
	struct buf line = BUF_INIT;

	/* It ends with us, whatever ends us. We may have gone before this takes effect. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(127);
	for (size_t i = 0; i < assistant->request->fd_count; i++)
		ignore_result(fcntl(assistant->request->fds[i], F_SETFD, 0)); /* it would find it closed, and say so */
	if (timing_fd() >= 0)
		ignore_result(fcntl(timing_fd(), F_SETFD, 0)); /* likewise */
	if (fcntl(assistant->events.write_fd, F_SETFD, 0) == 0 &&
	    (assistant->output.write_fd < 0 || dup2(assistant->output.write_fd, STDOUT_FILENO) >= 0))
		execv(assistant->path, (char *const *)assistant->arguments);
	error_errno(&event.error, errno, "cannot execute '%s'", assistant->path);
	spec_transfer_event_encode(&event, &line);
	ignore_result(fd_write_all(assistant->events.write_fd, line.data, line.length)); /* there is nobody else to tell */
	buf_done(&line);
	_exit(127);
}

/*
 * The child has our memory, and we wait, until it has executed the program or
 * ended: no page is copied. It leaves that as it was.
 */
__attribute__((noinline)) static pid_t spawn(const struct assistant *assistant)
{
	pid_t parent = getpid(), pid = vfork();

	if (pid == 0)
		execute(assistant, parent);
	return pid;
}

static int start(struct assistant *assistant)
{
	int r = program_find(assistant->request->program, assistant->path, assistant->err);

	if (r == 0)
		r = open_pipe(&assistant->events, assistant->err);
	if (r == 0 && !assistant->request->gives_output)
		r = open_pipe(&assistant->output, assistant->err);
	if (r < 0)
		return r;
	make_arguments(assistant);
	assistant->pid = spawn(assistant);
	if (assistant->pid < 0)
		return error_errno(assistant->err, errno, "cannot start '%s'", assistant->path);
	close_and_forget(&assistant->events.write_fd);
	close_and_forget(&assistant->output.write_fd);
	return 0;
}

/* ---- listening ---------------------------------------------------------------------------- */

static void take_event(struct assistant *assistant, const struct spec_transfer_event *event)
{
	struct json_writer w = { .out = &assistant->text };

	switch (event->kind) {
	case SPEC_TRANSFER_ERROR:
		assistant->failed = true;
		assistant->error = event->error;
		break;
	case SPEC_TRANSFER_REPORT:
		buf_done(&assistant->text);
		json_write_value(&w, NULL, event->report);
		break;
	case SPEC_TRANSFER_STATUS:
	case SPEC_TRANSFER_WARNING:
	case SPEC_TRANSFER_ITEM:
		if (assistant->request->tell)
			assistant->request->tell(assistant->request->context, event);
		break;
	case SPEC_TRANSFER_KINDS:
		break;
	}
}

static int take_events(struct assistant *assistant)
{
	int r = 1;

	while (r > 0) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_transfer_event event;
		struct error err = ERROR_INIT;

		r = spec_transfer_events_next(&assistant->lines, arena, &event, &err);
		if (r > 0)
			take_event(assistant, &event);
		else if (r < 0 && err.kind == ERROR_UNSUPPORTED)
			r = 1; /* of a later version: whoever needs it is newer, too */
		else if (r < 0 && assistant->err)
			*assistant->err = err;
	}
	return r;
}

/* Reads a block of what FD has; closes it at its end. */
static ssize_t read_block(int *fd, char *block)
{
	ssize_t n = read(*fd, block, BLOCK);

	if (n == 0)
		close_and_forget(fd);
	return n < 0 ? -errno : n;
}

static int read_events(struct assistant *assistant, char *block)
{
	ssize_t n = read_block(&assistant->events.read_fd, block);
	int r;

	if (n < 0)
		return n == -EINTR ? 0 : error_errno(assistant->err, (int)-n, "cannot read what %s tells", assistant->request->program->name);
	r = spec_transfer_events_add(&assistant->lines, block, (size_t)n, assistant->err);
	return r < 0 ? r : take_events(assistant);
}

static int read_output(struct assistant *assistant, char *block)
{
	ssize_t n = read_block(&assistant->output.read_fd, block);

	if (n < 0)
		return n == -EINTR ? 0 : error_errno(assistant->err, (int)-n, "cannot read what %s prints", assistant->request->program->name);
	buf_add(&assistant->text, block, (size_t)n);
	if (assistant->text.length > OUTPUT_LIMIT)
		return error_set(assistant->err, ERROR_INVALID, 0, "%s prints too much", assistant->request->program->name);
	return 0;
}

/* Until it has closed everything, which is when it ends. */
static int listen_to(struct assistant *assistant)
{
	_cleanup_free_ char *block = memory_new(BLOCK, 1);
	int r = 0;

	while (r == 0 && (assistant->events.read_fd >= 0 || assistant->output.read_fd >= 0)) {
		struct pollfd fds[] = {
			{ .fd = assistant->events.read_fd, .events = POLLIN },
			{ .fd = assistant->output.read_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno != EINTR)
				r = error_errno(assistant->err, errno, "cannot wait for %s", assistant->request->program->name);
			continue;
		}
		if (fds[0].revents)
			r = read_events(assistant, block);
		if (r == 0 && fds[1].revents)
			r = read_output(assistant, block);
	}
	return r;
}

/* ---- its end ----------------------------------------------------------------------------------- */

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return status;
}

/* What the wait status says, if it has not told of an error itself. */
static int judge(struct assistant *assistant, int status)
{
	if (assistant->failed) {
		if (assistant->err)
			*assistant->err = assistant->error;
		return assistant->error.code ? -assistant->error.code : -EINVAL;
	}
	if (WIFSIGNALED(status))
		return error_set(assistant->err, ERROR_INTERNAL, 0, "%s was ended by signal %d", assistant->request->program->name, WTERMSIG(status));
	if (WEXITSTATUS(status) == OUT_OF_MEMORY)
		return error_set(assistant->err, ERROR_INTERNAL, 0, "%s: out of memory", assistant->request->program->name);
	if (WEXITSTATUS(status) != 0)
		return error_set(assistant->err, ERROR_INTERNAL, 0, "%s ended with status %d", assistant->request->program->name, WEXITSTATUS(status));
	return 0;
}

/*
 * The terminal sends the interrupt to both of us; what it interrupts is the
 * child's work, which may have been asking for a password.
 */
struct interrupt {
	struct sigaction old_action;
	bool has_terminal;
	struct termios terminal;
};

static void hold_interrupt(struct interrupt *interrupt)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	interrupt->has_terminal = tcgetattr(STDIN_FILENO, &interrupt->terminal) == 0;
	sigaction(SIGINT, &ignore, &interrupt->old_action);
}

static void pass_interrupt(const struct interrupt *interrupt, int status)
{
	if (WIFSIGNALED(status) && interrupt->has_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &interrupt->terminal);
	sigaction(SIGINT, &interrupt->old_action, NULL);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		raise(SIGINT);
}

int assistant_run(struct arena *arena, const struct assistant_request *request, const char **ret_text, struct error *err)
{
	_cleanup_(done) struct assistant assistant = { .request = request, .events = PIPE_ENDS_INIT, .output = PIPE_ENDS_INIT,
						     .lines = SPEC_TRANSFER_EVENTS_INIT, .err = err };
	struct interrupt interrupt;
	int status, r = start(&assistant);

	if (r < 0)
		return r;
	hold_interrupt(&interrupt);
	r = listen_to(&assistant);
	if (r < 0)
		kill(assistant.pid, SIGTERM);
	status = wait_for(assistant.pid);
	pass_interrupt(&interrupt, status);
	if (r == 0)
		r = judge(&assistant, status);
	if (r == 0)
		*ret_text = arena_strndup(arena, assistant.text.data ? assistant.text.data : "", assistant.text.length);
	return r;
}
