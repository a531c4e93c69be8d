/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/learner.h"
#include "base/file.h"
#include "base/log.h"
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "spec/supervision.h"
#include "supervisor/learning.h"
#include "supervisor/warnings.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define REPORT_BYTES 512

/* ---- the child ----------------------------------------------------------------------- */

/* Only the three are left, as 3, 4 and 5: no client waits for the end of a stream that we have, and the lock is not ours. */
static int keep_only(int null_fd, int fds[3])
{
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 6);
		if (fds[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(null_fd, i) < 0 || dup3(fds[i], 3 + i, O_CLOEXEC) < 0)
			return -errno;
	for (int i = 0; i < 3; i++)
		fds[i] = 3 + i;
	return sys_close_range(6, ~0U, 0) < 0 ? -errno : 0;
}

static _noreturn_ void run(const struct learner_request *request, int fds[3])
{
	struct error err = ERROR_INIT;
	int r;

	warnings_collect(NULL);
	log_open(-1, LOG_TEXT, LOG_LEVEL_ERROR);
	prctl(PR_SET_NAME, "bivy-learner");
	r = keep_only(request->null_fd, fds);
	if (r < 0)
		error_errno(&err, -r, "cannot keep descriptors");
	else
		r = learning_run(&(struct learning_request){ .profile = request->profile, .listen_fd = fds[0], .control_fd = fds[1] }, &err);
	if (r < 0)
		ignore_result(fd_write_all(fds[2], err.message, strlen(err.message))); /* nobody else to tell */
	_exit(r < 0);
}

/* ---- its parent -------------------------------------------------------------------------- */

static void close_pipes(struct learner *learner)
{
	close_and_forget(&learner->control);
	close_and_forget(&learner->report);
}

static int open_socket(int bundle_fd, int *ret)
{
	if (unlinkat(bundle_fd, SPEC_SUPERVISION_LEARNER, 0) < 0 && errno != ENOENT)
		return -errno;
	return fdpass_bind_at(bundle_fd, SPEC_SUPERVISION_LEARNER, SOCK_STREAM, ret);
}

/* Both ends of a pipe, in two variables. */
static int make_pipe(int flags, int *ret_in, int *ret_out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | flags) < 0)
		return -errno;
	*ret_in = ends[0];
	*ret_out = ends[1];
	return 0;
}

int learner_start(const struct learner_request *request, struct learner *ret, struct error *err)
{
	_cleanup_close_ int listen_fd = -EBADF, control_in = -EBADF, control = -EBADF, report = -EBADF, report_out = -EBADF;
	pid_t pid = 0;
	int r;

	if (!request->profile)
		return 0;
	r = open_socket(request->bundle_fd, &listen_fd);
	if (r == 0)
		r = make_pipe(0, &control_in, &control);
	if (r == 0)
		r = make_pipe(O_NONBLOCK, &report, &report_out);
	if (r == 0 && (pid = fork()) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot start the process that learns what the container uses");
	if (pid == 0)
		run(request, (int[]){ listen_fd, control_in, report_out });
	*ret = (struct learner){ .pid = pid, .control = TAKE_FD(control), .report = TAKE_FD(report) };
	return 0;
}

static void tell_problem(const struct learner *learner, int status)
{
	char text[REPORT_BYTES];
	ssize_t n = read(learner->report, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	if (n > 0)
		log_warning("%s", text);
	else if (status != 0)
		log_warning("what the container uses is not recorded: the process that learned it was killed");
}

bool learner_take_end(struct learner *learner, pid_t pid, int status)
{
	if (!pid || pid != learner->pid)
		return false;
	tell_problem(learner, status);
	close_pipes(learner);
	learner->pid = 0;
	return true;
}

void learner_end(struct learner *learner)
{
	int status = 0;
	pid_t pid;

	if (!learner->pid)
		return;
	close_and_forget(&learner->control);
	do
		pid = waitpid(learner->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid > 0)
		tell_problem(learner, status);
	close_pipes(learner);
	learner->pid = 0;
}

void learner_drop(struct learner *learner)
{
	if (learner->pid)
		ignore_result(fd_write_all(learner->control, "", 1)); /* it may be gone */
	close_pipes(learner);
	learner->pid = 0;
}
