/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_worker.h"
#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BLOCK (32u << 10)
#define TICK_MS 100

#define STATUS_TEXT 120

enum { WORKER_OUT, WORKER_ERR, WORKER_STATUS, WORKER_RESULT, WORKER_PIPES };

/* Crosses a pipe as it is, whole (pipe(7): what is no longer than PIPE_BUF). */
struct status {
	char text[STATUS_TEXT];
	uint64_t current, total;
	bool in_files;
};


struct worker {
	const struct build_step *step; /* NULL: this place is free */
	pid_t pid;
	int fds[WORKER_PIPES]; /* our ends; -EBADF: at its end */
	struct build_step_result result;
	size_t received; /* bytes of it */
};

/* That end us in good order while steps run; whoever sends a second one does not want to wait for that. */
static const int interrupts[] = { SIGHUP, SIGINT, SIGTERM };

struct build_workers {
	struct build *build;
	size_t limit, running;
	struct worker *list;
	struct sigaction old[ARRAY_SIZE(interrupts)];
};

/* ---- signals --------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupt; /* the signal that has come, or 0 */

static void note_interrupt(int number)
{
	interrupt = number;
}

/* What somebody had us ignore (nohup(1)) stays ignored. */
static void watch_interrupts(struct build_workers *workers)
{
	const struct sigaction action = { .sa_handler = note_interrupt, .sa_flags = (int)SA_RESETHAND };

	interrupt = 0;
	for (size_t i = 0; i < ARRAY_SIZE(interrupts); i++)
		if (sigaction(interrupts[i], NULL, &workers->old[i]) == 0 && workers->old[i].sa_handler != SIG_IGN)
			sigaction(interrupts[i], &action, NULL);
}

static void forget_interrupts(const struct build_workers *workers)
{
	for (size_t i = 0; i < ARRAY_SIZE(interrupts); i++)
		sigaction(interrupts[i], &workers->old[i], NULL);
}

static int end_interrupted(struct error *err)
{
	error_set(err, ERROR_CONFLICT, 0, "the build was interrupted");
	if (err)
		err->exit_status = 128 + interrupt;
	interrupt = 0;
	return -EINTR;
}

/* ---- life ------------------------------------------------------------------------------ */

struct build_workers *build_workers_new(struct build *build, size_t limit)
{
	struct build_workers *workers = memory_new(1, sizeof *workers);

	*workers = (struct build_workers){ .build = build, .limit = limit, .list = memory_new(limit, sizeof *workers->list) };
	watch_interrupts(workers);
	return workers;
}

bool build_workers_have_room(const struct build_workers *workers)
{
	return workers->running < workers->limit;
}

size_t build_workers_running(const struct build_workers *workers)
{
	return workers->running;
}

void build_worker_tell(int fd, const struct build_event *event)
{
	struct status status = { .current = event->current, .total = event->total, .in_files = event->in_files };

	if (event->kind != BUILD_STATUS)
		return;
	snprintf(status.text, sizeof status.text, "%s", event->text);
	ignore_result(write(fd, &status, sizeof status)); /* for people only; there will be others */
}

/* ---- starting -------------------------------------------------------------------------- */

/* Never returns. */
_noreturn_ static void be_worker(const struct build_step *step, const int theirs[WORKER_PIPES], pid_t parent)
{
	struct build_step_result result = { .err = ERROR_INIT };
	int null_fd;

	/* As a person's interrupt: what it runs is told, and all of it is cleared away. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	memory_ends_soon();
	step->build->status_fd = theirs[WORKER_STATUS];
	ignore_result(fcntl(theirs[WORKER_STATUS], F_SETFL, O_NONBLOCK)); /* else a step waits for who shows it */
	signal(SIGPIPE, SIG_IGN);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(theirs[WORKER_OUT], STDOUT_FILENO) < 0 || dup2(theirs[WORKER_ERR], STDERR_FILENO) < 0)
		result.r = error_errno(&result.err, errno, "cannot connect the output of a step");
	else
		build_step_do(step, &result);
	ignore_result(fd_write_all(theirs[WORKER_RESULT], &result, sizeof result)); /* our parent is gone */
	_exit(0);
}

static struct worker *find_place(struct build_workers *workers)
{
	struct worker *worker = workers->list;

	while (worker->step)
		worker++;
	return worker;
}

static void close_all(int *fds)
{
	for (size_t i = 0; i < WORKER_PIPES; i++)
		close_and_forget(&fds[i]);
}

static int open_pipes(int ours[WORKER_PIPES], int theirs[WORKER_PIPES])
{
	for (size_t i = 0; i < WORKER_PIPES; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return -errno;
		ours[i] = fds[0];
		theirs[i] = fds[1];
	}
	return 0;
}

int build_workers_start(struct build_workers *workers, const struct build_step *step, struct error *err)
{
	struct worker worker = { .step = step, .fds = { -EBADF, -EBADF, -EBADF, -EBADF } };
	int theirs[WORKER_PIPES] = { -EBADF, -EBADF, -EBADF, -EBADF }, r = open_pipes(worker.fds, theirs);
	pid_t parent = getpid();

	if (r == 0) {
		worker.pid = fork();
		r = worker.pid < 0 ? -errno : 0;
	}
	if (r == 0 && worker.pid == 0) {
		forget_interrupts(workers);
		be_worker(step, theirs, parent);
	}
	close_all(theirs);
	if (r < 0) {
		close_all(worker.fds);
		return error_errno(err, -r, "cannot start a process for a step");
	}
	*find_place(workers) = worker;
	workers->running++;
	return 0;
}

/* ---- listening ---------------------------------------------------------------------------- */

static void take_output(struct build_workers *workers, struct worker *worker, size_t which)
{
	char block[BLOCK];
	ssize_t n = read(worker->fds[which], block, sizeof block);
	struct build_event event = { .kind = BUILD_LOG, .vertex = worker->step->vertex, .text = block, .is_error_stream = which == WORKER_ERR };

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_and_forget(&worker->fds[which]);
		return;
	}
	event.length = (size_t)n;
	if (workers->build->request->tell)
		workers->build->request->tell(workers->build->request->tell_context, &event);
}

static void take_status(const struct build_workers *workers, struct worker *worker)
{
	struct status status;
	ssize_t n = read(worker->fds[WORKER_STATUS], &status, sizeof status);
	struct build_event event = { .kind = BUILD_STATUS, .vertex = worker->step->vertex, .text = status.text };

	if (n < 0 && errno == EINTR)
		return;
	if (n < (ssize_t)sizeof status) {
		close_and_forget(&worker->fds[WORKER_STATUS]);
		return;
	}
	status.text[STATUS_TEXT - 1] = '\0';
	event.current = status.current;
	event.total = status.total;
	event.in_files = status.in_files;
	build_tell_event(workers->build, &event);
}

static void take_result(struct worker *worker)
{
	char *to = (char *)&worker->result + worker->received;
	ssize_t n = worker->received < sizeof worker->result ? read(worker->fds[WORKER_RESULT], to, sizeof worker->result - worker->received) : 0;

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		worker->received += (size_t)n;
	if (n <= 0 || worker->received == sizeof worker->result)
		close_and_forget(&worker->fds[WORKER_RESULT]);
}

static bool is_over(const struct worker *worker)
{
	for (size_t i = 0; i < WORKER_PIPES; i++)
		if (worker->fds[i] >= 0)
			return false;
	return true;
}

/* Whoever shows how long it takes would like to know. */
static void tell_tick(const struct build_workers *workers)
{
	const struct build_event event = { .kind = BUILD_TICK, .vertex = (size_t)-1 };

	if (workers->build->request->tell)
		workers->build->request->tell(workers->build->request->tell_context, &event);
}

static void take(struct build_workers *workers, struct worker *worker, size_t which)
{
	if (which == WORKER_RESULT)
		take_result(worker);
	else if (which == WORKER_STATUS)
		take_status(workers, worker);
	else
		take_output(workers, worker, which);
}

static int poll_all(struct build_workers *workers)
{
	struct pollfd *polls = memory_new(workers->limit * WORKER_PIPES, sizeof *polls);
	int r = 0, ready;

	for (size_t i = 0; i < workers->limit * WORKER_PIPES; i++) {
		const struct worker *worker = &workers->list[i / WORKER_PIPES];

		polls[i] = (struct pollfd){ .fd = worker->step ? worker->fds[i % WORKER_PIPES] : -1, .events = POLLIN };
	}
	ready = poll(polls, workers->limit * WORKER_PIPES, TICK_MS);
	if (ready == 0)
		tell_tick(workers);
	if (ready < 0)
		r = errno == EINTR ? 0 : -errno;
	else
		for (size_t i = 0; i < workers->limit * WORKER_PIPES; i++)
			if (polls[i].revents)
				take(workers, &workers->list[i / WORKER_PIPES], i % WORKER_PIPES);
	free(polls);
	return r;
}

static void reap(struct build_workers *workers, struct worker *worker, struct build_step_result *ret)
{
	int status = 0;

	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret = worker->result;
	if (worker->received < sizeof worker->result)
		ret->r = error_set(&ret->err, ERROR_INTERNAL, 0, "the process of a step ended without a word%s", WIFSIGNALED(status) ? ", by a signal" : "");
	*worker = (struct worker){ .step = NULL };
	workers->running--;
}

static int wait_for_one(struct build_workers *workers, bool may_be_interrupted, const struct build_step **ret_step, struct build_step_result *ret,
	struct error *err)
{
	for (;;) {
		int r;

		/* First: it may be what a step has ended by as well. */
		if (interrupt && may_be_interrupted)
			return end_interrupted(err);
		for (size_t i = 0; i < workers->limit; i++)
			if (workers->list[i].step && is_over(&workers->list[i])) {
				*ret_step = workers->list[i].step;
				reap(workers, &workers->list[i], ret);
				return 0;
			}
		r = poll_all(workers);
		if (r < 0)
			return error_errno(err, -r, "cannot wait for a step");
	}
}

int build_workers_wait(struct build_workers *workers, const struct build_step **ret_step, struct build_step_result *ret, struct error *err)
{
	return wait_for_one(workers, true, ret_step, ret, err);
}

void build_workers_end(struct build_workers *workers)
{
	for (size_t i = 0; i < workers->limit; i++)
		if (workers->list[i].step)
			kill(workers->list[i].pid, SIGTERM);
	while (workers->running > 0) {
		const struct build_step *step;
		struct build_step_result result;

		if (wait_for_one(workers, false, &step, &result, NULL) < 0)
			break;
	}
	forget_interrupts(workers);
	free(workers->list);
	free(workers);
	/* Too late to be seen. */
	if (interrupt)
		raise(interrupt);
}
