/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ps_program.h"

#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define PS_OUTPUT_LIMIT (64u << 20)

extern char **environ;

/* Starts ps(1) from $PATH with its output and errors to FD. Returns its process id or -errno. */
static pid_t start_ps(char **argv, int fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? -r : pid;
}

static int wait_for_ps(pid_t pid, const struct buf *output, struct error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for ps");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "ps failed: %.*s", (int)strcspn(output->length ? output->data : "", "\n"), output->length ? output->data : "");
}

static int read_ps(char **argv, struct buf *output, struct error *err)
{
	_cleanup_close_ int reader = -EBADF, writer = -EBADF;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe for ps");
	reader = ends[0];
	writer = ends[1];
	pid = start_ps(argv, writer);
	if (pid < 0)
		return error_errno(err, -pid, "cannot execute '%s'", argv[0]);
	close_and_forget(&writer);
	r = fd_read_all(reader, PS_OUTPUT_LIMIT, output);
	close_and_forget(&reader); /* if we stopped early, so does ps */
	if (wait_for_ps(pid, output, err) < 0)
		return -EINVAL;
	return r < 0 ? error_errno(err, -r, "cannot read the output of ps") : 0;
}

/* Field number INDEX, from 0, of a line of fields parted by blanks; its length at *RET_LENGTH, 0 if there is none. */
static const char *find_field(const char *line, size_t index, size_t *ret_length)
{
	line += strspn(line, " \t");
	for (; index; index--) {
		line += strcspn(line, " \t\n");
		line += strspn(line, " \t");
	}
	*ret_length = strcspn(line, " \t\n");
	return line;
}

static int find_pid_column(const char *title, size_t *ret, struct error *err)
{
	size_t length;

	for (size_t i = 0;; i++) {
		const char *field = find_field(title, i, &length);

		if (length == 0)
			return error_set(err, ERROR_INVALID, 0, "there is no column PID in the output of ps");
		if (length == 3 && memcmp(field, "PID", 3) == 0) {
			*ret = i;
			return 0;
		}
	}
}

static bool is_listed(const char *field, const pid_t *pids, size_t count)
{
	long pid = strtol(field, NULL, 10);

	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Adds the title and the lines of TEXT whose process is one of PIDS. */
static int add_table(struct buf *out, const char *text, const pid_t *pids, size_t count, struct error *err)
{
	size_t column = 0, length;
	int r = find_pid_column(text, &column, err);
	bool is_title = true;

	if (r < 0)
		return r;
	while (*text) {
		size_t line = strcspn(text, "\n");
		const char *field = find_field(text, column, &length);

		if (is_title || (length && field < text + line && is_listed(field, pids, count))) {
			buf_add(out, text, line);
			buf_add_char(out, '\n');
		}
		is_title = false;
		text += line + (text[line] == '\n');
	}
	return 0;
}

int ps_program_run(char *const *args, const pid_t *pids, size_t count, struct buf *out, struct error *err)
{
	static char name[] = "ps", all[] = "-ef";
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t length = strv_length(args);
	_cleanup_free_ char **argv = memory_new(length + 3, sizeof *argv);
	int r;

	argv[0] = name;
	memcpy(argv + 1, args, length * sizeof *argv);
	if (length == 0)
		argv[1] = all;
	r = read_ps(argv, &text, err);
	return r < 0 ? r : add_table(out, text.data ? text.data : "", pids, count, err);
}
