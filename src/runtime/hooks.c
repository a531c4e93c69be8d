/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "host/seccomp.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

#define OUTPUT_LIMIT 512 /* bytes of a failing hook's standard error that are quoted */

static const char *const kind_names[HOOK_KIND_COUNT] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *hooks_kind_name(enum spec_hook_kind kind)
{
	return kind_names[kind];
}

/* The state as a memory file: a hook that never reads cannot block us, as a pipe would. */
static int make_input(const struct spec_oci_state *state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer writer = { .out = &text };
	_cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	spec_oci_state_write(&writer, NULL, state);
	r = fd_write_all(fd, text.data, text.length);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* How one hook is run. */
struct launch {
	const struct spec_hook *hook;
	const struct seccomp_program *filter; /* or NULL */
	int input, output, report;
};

static _noreturn_ void exec_hook(const struct launch *launch)
{
	const struct spec_hook *hook = launch->hook;
	char *args[] = { hook->path, NULL };
	sigset_t none;
	int code;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* ignored ones would stay so */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(launch->input, STDIN_FILENO) < 0 || dup2(launch->output, STDOUT_FILENO) < 0 || dup2(launch->output, STDERR_FILENO) < 0 ||
	    sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(126);
	if (launch->filter && seccomp_install(launch->filter, NULL) < 0)
		_exit(126);
	execve(hook->path, hook->args ? hook->args : args, hook->env ? hook->env : environ);
	code = errno;
	ignore_result(write(launch->report, &code, sizeof code)); /* the exit status tells it too */
	_exit(127);
}

/*
 * Collects up to OUTPUT_LIMIT bytes of OUTPUT until the hook ends. Returns 0,
 * or -ETIMEDOUT after DEADLINE_MS (0: never).
 */
static int wait_for_end(int pidfd, int output, int64_t deadline_ms, struct buf *text)
{
	struct pollfd polls[] = { { .fd = pidfd, .events = POLLIN }, { .fd = output, .events = POLLIN } };
	char block[OUTPUT_LIMIT];

	for (;;) {
		int64_t left = deadline_ms ? deadline_ms - clock_monotonic_ms() : -1;
		int n;

		if (deadline_ms && left <= 0)
			return -ETIMEDOUT;
		n = poll(polls, ARRAY_SIZE(polls), left > INT_MAX ? INT_MAX : (int)left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && polls[1].revents && (!polls[0].revents || text->length < OUTPUT_LIMIT)) {
			ssize_t got = read(output, block, sizeof block);

			if (got <= 0)
				polls[1].fd = -1;
			else if (text->length < OUTPUT_LIMIT)
				buf_add(text, block, (size_t)got);
			continue; /* what it wrote before its end comes first */
		}
		if (n > 0 && polls[0].revents)
			return 0;
	}
}

static int spawn_hook(const struct launch *launch, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct sys_clone_args args = { .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND, .pidfd = (uintptr_t)&pidfd, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	if (pid < 0)
		return -errno;
	if (pid == 0)
		exec_hook(launch);
	*ret_pidfd = pidfd;
	return 0;
}

/* Words for an unsuccessful end, or NULL. */
static char *failure_of(const siginfo_t *end)
{
	if (end->si_code == CLD_EXITED && end->si_status == 0)
		return NULL;
	if (end->si_code == CLD_EXITED)
		return str_printf("exit status %d", end->si_status);
	return str_printf("killed by signal %d", end->si_status);
}

static int run_hook(const struct spec_hook *hook, const struct spec_oci_state *state, const struct seccomp_program *filter, char **ret_failure)
{
	_cleanup_close_ int input = make_input(state), pidfd = -EBADF;
	_cleanup_close_ int output_read = -EBADF, output_write = -EBADF, report_read = -EBADF, report_write = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int pipes[2], r, code = 0;
	siginfo_t end = { 0 };
	char *failure;

	if (input < 0)
		return input;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	output_read = pipes[0], output_write = pipes[1];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	report_read = pipes[0], report_write = pipes[1];
	r = spawn_hook(&(struct launch){ hook, filter, input, output_write, report_write }, &pidfd);
	if (r < 0)
		return r;
	close_and_forget(&output_write);
	close_and_forget(&report_write);
	r = wait_for_end(pidfd, output_read, hook->has_timeout ? clock_monotonic_ms() + (int64_t)hook->timeout_s * 1000 : 0, &text);
	if (r < 0)
		ignore_result(sys_pidfd_send_signal(pidfd, SIGKILL)); /* gone already: just as well */
	while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &end, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	if (r == -ETIMEDOUT) {
		*ret_failure = str_printf("not done after %llu s", (unsigned long long)hook->timeout_s);
		return 0;
	}
	if (r < 0)
		return r;
	if (read(report_read, &code, sizeof code) == sizeof code && code > 0)
		return -code;
	failure = failure_of(&end);
	if (failure && text.length) {
		_cleanup_free_ char *short_one = failure;

		failure = str_printf("%s: %.*s", short_one, OUTPUT_LIMIT, str_trim_end(text.data));
	}
	*ret_failure = failure;
	return 0;
}

static int run_one(const struct spec_config *config, enum spec_hook_kind kind, size_t i, const struct spec_oci_state *state,
	const struct seccomp_program *filter, struct error *err)
{
	const struct spec_hook *hook = &config->hooks.hooks[kind][i];
	_cleanup_free_ char *failure = NULL;
	int r;

	log_debug("hooks: running %s hook '%s'", kind_names[kind], hook->path);
	r = run_hook(hook, state, filter, &failure);
	if (r < 0)
		return error_errno(err, -r, "cannot run hooks.%s[%zu] '%s'", kind_names[kind], i, hook->path);
	if (failure)
		return error_set(err, ERROR_UNAVAILABLE, 0, "hooks.%s[%zu] '%s' failed: %s", kind_names[kind], i, hook->path, failure);
	return 0;
}

int hooks_run(const struct spec_config *config, enum spec_hook_kind kind, const struct spec_oci_state *state,
	const struct seccomp_program *filter, struct error *err)
{
	for (size_t i = 0; i < config->hooks.count[kind]; i++) {
		int r = run_one(config, kind, i, state, filter, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void hooks_run_all(const struct spec_config *config, enum spec_hook_kind kind, const struct spec_oci_state *state)
{
	for (size_t i = 0; i < config->hooks.count[kind]; i++) {
		struct error err = ERROR_INIT;

		if (run_one(config, kind, i, state, NULL, &err) < 0)
			log_warning("%s, ignoring", err.message);
	}
}
