/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/learner.h"
#include "base/file.h"
#include "base/log.h"
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "supervisor/keeper.h"
#include "supervisor/learning.h"
#include "supervisor/life.h"

#include <fcntl.h>
#include <signal.h>
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

static _noreturn_ void run(const char *profile, int null_fd, int fds[3])
{
	struct error err = ERROR_INIT;
	int r;

	warnings_collect(NULL);
	log_open(-1, LOG_TEXT, LOG_LEVEL_ERROR);
	prctl(PR_SET_NAME, "bivy-learner");
	r = keep_only(null_fd, fds);
	if (r < 0)
		error_errno(&err, -r, "cannot keep descriptors");
	else
		r = learning_run(&(struct learning_request){ .profile = profile, .listen_fd = fds[0], .control_fd = fds[1] }, &err);
	if (r < 0)
		ignore_result(fd_write_all(fds[2], err.message, strlen(err.message))); /* nobody else to tell */
	_exit(r < 0);
}

/* ---- the supervisor -------------------------------------------------------------------- */

static int open_socket(const struct keeper *keeper, int *ret)
{
	if (unlinkat(keeper->bundle_fd, SPEC_SUPERVISION_LEARNER, 0) < 0 && errno != ENOENT)
		return -errno;
	return fdpass_bind_at(keeper->bundle_fd, SPEC_SUPERVISION_LEARNER, SOCK_STREAM, ret);
}

int learner_start(struct keeper *keeper, struct error *err)
{
	_cleanup_close_ int listen_fd = -EBADF, control_theirs = -EBADF, control = -EBADF, report_theirs = -EBADF, report = -EBADF;
	int control_ends[2], report_ends[2], r;
	pid_t pid;

	if (!keeper->what->learn)
		return 0;
	r = open_socket(keeper, &listen_fd);
	if (r == 0 && pipe2(control_ends, O_CLOEXEC) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot learn what the container uses");
	control_theirs = control_ends[0];
	control = control_ends[1];
	if (pipe2(report_ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	report = report_ends[0];
	report_theirs = report_ends[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot start the process that learns what the container uses");
	if (pid == 0)
		run(keeper->what->learn, keeper->null_fd, (int[]){ listen_fd, control_theirs, report_theirs });
	learner_done(keeper);
	keeper->learner = (struct learner){ .pid = pid, .control = TAKE_FD(control), .report = TAKE_FD(report) };
	return 0;
}

void learner_finish(struct keeper *keeper)
{
	close_and_forget(&keeper->learner.control);
}

void learner_drop(struct keeper *keeper)
{
	if (keeper->learner.control >= 0)
		ignore_result(fd_write_all(keeper->learner.control, "", 1)); /* it may be gone */
	learner_finish(keeper);
}

bool learner_is_busy(const struct keeper *keeper)
{
	return keeper->learner.pid != 0;
}

static void tell_problem(struct keeper *keeper, int status)
{
	char text[REPORT_BYTES];
	ssize_t n = read(keeper->learner.report, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	if (n > 0)
		log_warning("%s", text);
	else if (status != 0)
		log_warning("what container '%s' uses was not recorded: the process that learned it was killed", keeper_name(keeper));
}

bool learner_take_end(struct keeper *keeper, pid_t pid, int status)
{
	struct error err = ERROR_INIT;

	if (!pid || pid != keeper->learner.pid)
		return false;
	keeper->learner.pid = 0;
	tell_problem(keeper, status);
	learner_done(keeper);
	/* Nobody answers its calls any more: all of them fail. */
	if (keeper_is_running(keeper) && life_signal(keeper, SIGKILL, &err) < 0)
		log_warning("%s, ignoring", err.message);
	return true;
}

void learner_done(struct keeper *keeper)
{
	close_and_forget(&keeper->learner.control);
	close_and_forget(&keeper->learner.report);
}
