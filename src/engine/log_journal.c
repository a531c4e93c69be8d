/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_journal.h"
#include "base/file.h"
#include "spec/log_line.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define PROGRAM "journalctl"
#define SOCKET "/run/systemd/journal/socket"
#define NS_PER_US INT64_C(1000)
#define US_PER_S INT64_C(1000000)
/* How often it is looked whether the container has ended, and how long its last lines may take through the journal. */
#define POLL_MS 200
#define BLOCK (64u << 10)

struct journal {
	const struct logs_request *request;
	struct container_record *record;
	int64_t since_ns, until_ns;
	pid_t child;
	int pipe_fd;
	struct buf lines;
	bool is_over;
	int result; /* of .each, if it was not 0 */
};

/* ---- journalctl ------------------------------------------------------------------------------ */

/* A point in time as journalctl has it, rounded down. */
static char *time_option(struct arena *arena, const char *name, int64_t ns)
{
	int64_t us = ns / NS_PER_US;

	return arena_printf(arena, "--%s=@%" PRId64 ".%06" PRId64, name, us / US_PER_S, us % US_PER_S);
}

static const char **make_arguments(struct arena *arena, const struct journal *journal)
{
	const char **arguments = arena_alloc(arena, 16, sizeof *arguments);
	size_t n = 0;

	arguments[n++] = PROGRAM;
	arguments[n++] = "--output=json";
	arguments[n++] = "--all";
	arguments[n++] = "--quiet";
	arguments[n++] = "--no-pager";
	if (journal->since_ns != INT64_MIN)
		arguments[n++] = time_option(arena, "since", journal->since_ns);
	if (journal->until_ns != INT64_MAX && !journal->request->follow)
		arguments[n++] = time_option(arena, "until", journal->until_ns + NS_PER_US);
	if (journal->request->follow)
		arguments[n++] = "--follow";
	arguments[n++] = journal->request->tail < 0 ? "--lines=all" : arena_printf(arena, "--lines=%" PRId64, journal->request->tail);
	arguments[n++] = arena_printf(arena, "CONTAINER_ID_FULL=%s", journal->record->container->id);
	if (!journal->request->out)
		arguments[n++] = "PRIORITY=3";
	if (!journal->request->err)
		arguments[n++] = "PRIORITY=6";
	return arguments;
}

static int start(struct journal *journal, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char **arguments = make_arguments(arena, journal);
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	journal->pipe_fd = fds[0];
	journal->child = fork();
	if (journal->child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && dup2(fds[1], STDOUT_FILENO) >= 0)
			execvp(PROGRAM, (char *const *)arguments);
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(fds[1]);
	return journal->child < 0 ? error_errno(err, errno, "cannot start " PROGRAM) : 0;
}

/* IS_COMPLETE: it has come to its end by itself, and its status counts. */
static int end(struct journal *journal, bool is_complete, struct error *err)
{
	int status = 0;

	close_and_forget(&journal->pipe_fd);
	buf_done(&journal->lines);
	if (journal->child <= 0)
		return 0;
	if (!is_complete)
		kill(journal->child, SIGKILL);
	while (waitpid(journal->child, &status, 0) < 0 && errno == EINTR)
		;
	if (!is_complete || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_errno(err, ENOENT, "cannot read the journal: cannot execute " PROGRAM);
	return error_set(err, ERROR_UNAVAILABLE, EIO, "cannot read the log of container '%s' from the journal", journal->record->container->name);
}

/* ---- its lines ---------------------------------------------------------------------------------- */

/* A line that is no entry of ours is passed over. */
static void take_line(struct journal *journal, const char *line, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_log_record record;

	if (spec_log_line_decode_journal(arena, line, length, &record, NULL) < 0)
		return;
	if (record.time_ns > journal->until_ns)
		journal->is_over = true;
	if (record.time_ns < journal->since_ns || record.time_ns > journal->until_ns)
		return;
	journal->result = journal->request->each(journal->request->context, &record);
	journal->is_over = journal->result != 0;
}

static void take_lines(struct journal *journal)
{
	struct buf *lines = &journal->lines;
	size_t start_of_line = 0;
	const char *newline;

	while (!journal->is_over && (newline = memchr(lines->data + start_of_line, '\n', lines->length - start_of_line))) {
		size_t length = (size_t)(newline - lines->data) - start_of_line;

		take_line(journal, lines->data + start_of_line, length);
		start_of_line += length + 1;
	}
	lines->length -= start_of_line;
	memmove(lines->data, lines->data + start_of_line, lines->length);
	/* One that long is no entry of ours. */
	if (lines->length > 4 * SPEC_LOG_LINE_LIMIT)
		lines->length = 0;
}

/* 1 if there was something, 0 if nothing comes any more. */
static int read_lines(struct journal *journal, struct error *err)
{
	char block[BLOCK];
	ssize_t n;

	do
		n = read(journal->pipe_fd, block, sizeof block);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? error_errno(err, errno, "cannot read what " PROGRAM " prints") : 0;
	buf_add(&journal->lines, block, (size_t)n);
	take_lines(journal);
	return 1;
}

static bool is_past_limit(const struct journal *journal)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return journal->until_ns != INT64_MAX && now.tv_sec > journal->until_ns / (US_PER_S * NS_PER_US);
}

/* Until nothing came for a while, and there is nobody left from whom something could. */
static int follow(struct journal *journal, struct error *err)
{
	struct pollfd polled = { .fd = journal->pipe_fd, .events = POLLIN };
	bool is_last = false;
	int r = 0;

	while (r >= 0 && !journal->is_over) {
		int n = poll(&polled, 1, POLL_MS);

		if (n < 0 && errno != EINTR)
			return error_errno(err, errno, "cannot wait for " PROGRAM);
		if (n > 0) {
			r = read_lines(journal, err);
			if (r <= 0)
				return r;
			continue;
		}
		if (is_last)
			return 1;
		r = container_record_refresh(journal->record, err);
		is_last = !journal->record->is_supervised || is_past_limit(journal);
	}
	return r < 0 ? r : 1;
}

int log_journal_check(struct error *err)
{
	int r;

	if (access(SOCKET, F_OK) == 0)
		return 0;
	r = error_set(err, ERROR_UNAVAILABLE, errno, "cannot log to the journal '" SOCKET "'");
	error_hint(err, "without journald, use the log driver local");
	return r;
}

int log_journal_read(const struct logs_request *request, struct container_record *record, int64_t since_ns, int64_t until_ns, struct error *err)
{
	struct journal journal = { .request = request, .record = record, .since_ns = since_ns, .until_ns = until_ns, .pipe_fd = -EBADF };
	int ended, r = start(&journal, err);

	if (r == 0 && request->follow)
		r = follow(&journal, err);
	else if (r == 0)
		while (!journal.is_over && (r = read_lines(&journal, err)) > 0)
			;
	ended = end(&journal, r == 0 && !journal.is_over, err);
	if (r >= 0)
		r = ended;
	return r < 0 ? r : journal.result;
}
