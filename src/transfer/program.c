/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/program.h"

#include "base/str.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define LINE_LIMIT 1000
#define EXIT_NO_PROGRAM 127

/* ---- the child -------------------------------------------------------------------- */

/* Never returns. Between fork and exec: only what may be called there. */
static void run_child(const struct program *program, int null_fd, int error_fd, pid_t parent)
{
	int output_fd = program->output_fd >= 0 ? program->output_fd : null_fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 || dup2(error_fd, STDERR_FILENO) < 0)
		_exit(EXIT_FAILURE);
	if (program->directory && chdir(program->directory) < 0)
		_exit(EXIT_FAILURE);
	setenv("LC_ALL", "C.UTF-8", 1);
	execvp(program->arguments[0], (char *const *)program->arguments);
	_exit(errno == ENOENT ? EXIT_NO_PROGRAM : EXIT_FAILURE);
}

/* ---- what it says --------------------------------------------------------------------- */

struct words {
	const struct program *program;
	struct buf line;
	char last[LINE_LIMIT + 1];
	bool is_marked; /* .last is one that it calls an error */
};

static void end_line(struct words *words)
{
	char *line = words->line.data;
	bool is_marked;

	if (!words->line.length)
		return;
	line = str_trim_end(line);
	is_marked = str_starts_with(line, "E: ");
	if (is_marked || (*line && !words->is_marked))
		snprintf(words->last, sizeof words->last, "%s", is_marked ? line + strlen("E: ") : line);
	words->is_marked |= is_marked;
	if (words->program->told && *line)
		words->program->told(words->program->context, line);
	words->line.length = 0;
}

/* Until nobody has the other end any more. */
static void read_words(int fd, struct words *words)
{
	char block[4096];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		for (ssize_t i = 0; i < n; i++) {
			if (block[i] == '\n' || block[i] == '\r')
				end_line(words);
			else if (words->line.length < LINE_LIMIT)
				buf_add_char(&words->line, block[i]);
		}
	}
	end_line(words);
}

/* ------------------------------------------------------------------------------------------ */

static int judge(const struct program *program, int status, const struct words *words, struct error *err)
{
	const char *name = program->arguments[0];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM && !words->last[0])
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "cannot run '%s'", name);
	if (words->last[0])
		return error_set(err, ERROR_UNAVAILABLE, 0, "%s: %s", name, words->last);
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_UNAVAILABLE, 0, "%s: ended by signal %d", name, WTERMSIG(status));
	return error_set(err, ERROR_UNAVAILABLE, 0, "%s: exit status %d", name, WEXITSTATUS(status));
}

int program_run(const struct program *program, struct error *err)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), read_fd = -EBADF, write_fd = -EBADF;
	struct words words = { .program = program };
	pid_t parent = getpid(), pid;
	int fds[2], status = 0;

	if (null_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot run '%s'", program->arguments[0]);
	read_fd = fds[0];
	write_fd = fds[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot run '%s'", program->arguments[0]);
	if (pid == 0)
		run_child(program, null_fd, write_fd, parent);
	close_and_forget(&write_fd);
	read_words(read_fd, &words);
	buf_done(&words.line);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for '%s'", program->arguments[0]);
	return judge(program, status, &words, err);
}
