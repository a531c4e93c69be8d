/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transfer.h"
#include "base/file.h"
#include "engine/image_event.h"
#include "engine/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

#define PROGRAM "bivy-transfer"
#define BLOCK (64u << 10)

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

struct transfer {
	const struct transfer_request *request;
	char program[PATH_MAX];
	pid_t pid;
	struct pipe_ends events, output;
	struct spec_transfer_events lines;
	struct buf text;     /* what it printed, or the report of an event */
	bool failed;
	struct error error;  /* as it told of it */
	struct error *err;
};

static void done(struct transfer *transfer)
{
	close_pipe(&transfer->events);
	close_pipe(&transfer->output);
	spec_transfer_events_done(&transfer->lines);
	buf_done(&transfer->text);
}

/* The command line: "bivy-transfer --root DIR --events FD" and the request's; free() it. */
static const char **make_arguments(const struct transfer *transfer, const char *events)
{
	const char *const *more = transfer->request->arguments;
	size_t count = strv_length((char *const *)more);
	const char **arguments = memory_new(count + 6, sizeof *arguments);
	const char *const first[] = { PROGRAM, "--root", transfer->request->directories->root, "--events", events };

	memcpy(arguments, first, sizeof first);
	memcpy(arguments + ARRAY_SIZE(first), more, count * sizeof *more);
	return arguments;
}

/* In the child: becomes the program, or tells of the error as that would and ends. */
_noreturn_ static void execute(const struct transfer *transfer, pid_t parent)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ERROR };
	_cleanup_buf_ struct buf line = BUF_INIT;
	char events[16];

	snprintf(events, sizeof events, "%d", transfer->events.write_fd);
	/* It ends with us, whatever ends us. We may have gone before this takes effect. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(127);
	for (size_t i = 0; i < transfer->request->fd_count; i++)
		ignore_result(fcntl(transfer->request->fds[i], F_SETFD, 0)); /* it would find it closed, and say so */
	if (fcntl(transfer->events.write_fd, F_SETFD, 0) == 0 &&
	    (transfer->output.write_fd < 0 || dup2(transfer->output.write_fd, STDOUT_FILENO) >= 0))
		execv(transfer->program, (char *const *)make_arguments(transfer, events));
	error_errno(&event.error, errno, "cannot execute '%s'", transfer->program);
	spec_transfer_event_encode(&event, &line);
	ignore_result(fd_write_all(transfer->events.write_fd, line.data, line.length)); /* there is nobody else to tell */
	_exit(127);
}

static int start(struct transfer *transfer)
{
	pid_t parent = getpid();
	int r = program_find(&program_transfer, transfer->program, transfer->err);

	if (r == 0)
		r = open_pipe(&transfer->events, transfer->err);
	if (r == 0 && !transfer->request->gives_output)
		r = open_pipe(&transfer->output, transfer->err);
	if (r < 0)
		return r;
	transfer->pid = fork();
	if (transfer->pid < 0)
		return error_errno(transfer->err, errno, "cannot start '%s'", transfer->program);
	if (transfer->pid == 0)
		execute(transfer, parent);
	close_and_forget(&transfer->events.write_fd);
	close_and_forget(&transfer->output.write_fd);
	return 0;
}

/* ---- listening ---------------------------------------------------------------------------- */

static void take_event(struct transfer *transfer, const struct spec_transfer_event *event)
{
	struct json_writer w = { .out = &transfer->text };

	switch (event->kind) {
	case SPEC_TRANSFER_ERROR:
		transfer->failed = true;
		transfer->error = event->error;
		break;
	case SPEC_TRANSFER_REPORT:
		buf_done(&transfer->text);
		json_write_value(&w, NULL, event->report);
		break;
	case SPEC_TRANSFER_STATUS:
	case SPEC_TRANSFER_WARNING:
	case SPEC_TRANSFER_ITEM:
		if (transfer->request->tell)
			transfer->request->tell(transfer->request->context, event);
		break;
	case SPEC_TRANSFER_KINDS:
		break;
	}
}

static int take_events(struct transfer *transfer)
{
	int r = 1;

	while (r > 0) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_transfer_event event;
		struct error err = ERROR_INIT;

		r = spec_transfer_events_next(&transfer->lines, arena, &event, &err);
		if (r > 0)
			take_event(transfer, &event);
		else if (r < 0 && err.kind == ERROR_UNSUPPORTED)
			r = 1; /* of a later version: whoever needs it is newer, too */
		else if (r < 0 && transfer->err)
			*transfer->err = err;
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

static int read_events(struct transfer *transfer, char *block)
{
	ssize_t n = read_block(&transfer->events.read_fd, block);
	int r;

	if (n < 0)
		return n == -EINTR ? 0 : error_errno(transfer->err, (int)-n, "cannot read what " PROGRAM " tells");
	r = spec_transfer_events_add(&transfer->lines, block, (size_t)n, transfer->err);
	return r < 0 ? r : take_events(transfer);
}

static int read_output(struct transfer *transfer, char *block)
{
	ssize_t n = read_block(&transfer->output.read_fd, block);

	if (n < 0)
		return n == -EINTR ? 0 : error_errno(transfer->err, (int)-n, "cannot read what " PROGRAM " prints");
	buf_add(&transfer->text, block, (size_t)n);
	if (transfer->text.length > SPEC_TRANSFER_REPORT_LIMIT)
		return error_set(transfer->err, ERROR_INVALID, 0, PROGRAM " prints too much");
	return 0;
}

/* Until it has closed everything, which is when it ends. */
static int listen_to(struct transfer *transfer)
{
	_cleanup_free_ char *block = memory_new(BLOCK, 1);
	int r = 0;

	while (r == 0 && (transfer->events.read_fd >= 0 || transfer->output.read_fd >= 0)) {
		struct pollfd fds[] = {
			{ .fd = transfer->events.read_fd, .events = POLLIN },
			{ .fd = transfer->output.read_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno != EINTR)
				r = error_errno(transfer->err, errno, "cannot wait for " PROGRAM);
			continue;
		}
		if (fds[0].revents)
			r = read_events(transfer, block);
		if (r == 0 && fds[1].revents)
			r = read_output(transfer, block);
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
static int judge(struct transfer *transfer, int status)
{
	if (transfer->failed) {
		if (transfer->err)
			*transfer->err = transfer->error;
		return transfer->error.code ? -transfer->error.code : -EINVAL;
	}
	if (WIFSIGNALED(status))
		return error_set(transfer->err, ERROR_INTERNAL, 0, PROGRAM " was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(transfer->err, ERROR_INTERNAL, 0, PROGRAM " ended with status %d", WEXITSTATUS(status));
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

int transfer_run(struct arena *arena, const struct transfer_request *request, const char **ret_text, struct error *err)
{
	_cleanup_(done) struct transfer transfer = { .request = request, .events = PIPE_ENDS_INIT, .output = PIPE_ENDS_INIT,
						     .lines = SPEC_TRANSFER_EVENTS_INIT, .err = err };
	struct interrupt interrupt;
	int status, r = start(&transfer);

	if (r < 0)
		return r;
	hold_interrupt(&interrupt);
	r = listen_to(&transfer);
	if (r < 0)
		kill(transfer.pid, SIGTERM);
	status = wait_for(transfer.pid);
	pass_interrupt(&interrupt, status);
	if (r == 0)
		r = judge(&transfer, status);
	if (r == 0)
		*ret_text = arena_strndup(arena, transfer.text.data ? transfer.text.data : "", transfer.text.length);
	return r;
}

int transfer_run_for_report(struct arena *arena, const struct transfer_request *request, struct spec_transfer_report *ret, struct error *err)
{
	const char *text = NULL;
	int r = transfer_run(arena, request, &text, err);

	if (r < 0)
		return r;
	r = spec_transfer_report_decode(arena, text, strlen(text), ret, err);
	if (r < 0)
		return error_wrap(err, "cannot understand what " PROGRAM " prints");
	image_event_add_report(request->directories, request->arguments[0], ret);
	return 0;
}
