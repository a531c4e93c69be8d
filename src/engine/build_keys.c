/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_keys.h"
#include "base/clock.h"
#include "base/file.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SOCKET "agent" /* in a directory of the build's own */
#define START_MS 10000
#define STEP_MS 2
#define WORDS_LIMIT 4096 /* bytes of what ssh-add says */

/* ---- the programs -------------------------------------------------------------------------- */

struct execution {
	const char *directory;         /* where it runs */
	const char *const *arguments;
	int input, words;              /* its standard input, and both outputs; -EBADF: nothing */
	bool has_agent;                /* $SSH_AUTH_SOCK is SOCKET */
};

/* In the child. Nobody is asked for a passphrase: a terminal is the build's view's. */
_noreturn_ static void execute(const struct execution *execution, pid_t parent)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int input = execution->input >= 0 ? execution->input : null_fd, words = execution->words >= 0 ? execution->words : null_fd;

	/* Debian's ssh-agent has a group of its own, which would make the kernel forget that it is to end with us (prctl(2)). */
	if (null_fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(126);
	setsid();
	input = fcntl(input, F_DUPFD_CLOEXEC, 10);
	words = fcntl(words, F_DUPFD_CLOEXEC, 10);
	if (input < 0 || words < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(words, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0)
		_exit(126);
	if (sys_close_range(3, ~0U, 0) < 0 || chdir(execution->directory) < 0)
		_exit(126);
	unsetenv("DISPLAY");
	setenv("SSH_ASKPASS_REQUIRE", "never", 1);
	if (execution->has_agent)
		setenv("SSH_AUTH_SOCK", SOCKET, 1);
	execvp(execution->arguments[0], (char *const *)execution->arguments);
	_exit(errno == ENOENT ? 127 : 126);
}

static int start(const struct execution *execution, pid_t *ret, struct error *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return error_errno(err, errno, "cannot make a process");
	if (pid == 0)
		execute(execution, parent);
	*ret = pid;
	return 0;
}

static int refuse_program(const char *id, const char *name, struct error *err)
{
	error_set(err, ERROR_UNAVAILABLE, 0, "--ssh %s: there is no '%s', which a file of a key takes", id, name);
	error_hint(err, "Debian has it in openssh-client; or give the socket of an agent");
	return -ENOENT;
}

/* ---- the agent -------------------------------------------------------------------------------- */

/* Whether the child has ended; then it is nobody's number any more. */
static bool has_ended(pid_t *pid, int *ret_status)
{
	if (waitpid(*pid, ret_status, WNOHANG) != *pid)
		return false;
	*pid = 0;
	return true;
}

/* It answers. */
static int wait_for_agent(const char *id, const char *socket, pid_t *pid, struct error *err)
{
	int64_t end_ms = clock_monotonic_ms() + START_MS;

	while (clock_monotonic_ms() < end_ms) {
		int fd, status = 0;

		if (fdpass_connect(socket, &fd) == 0) {
			close(fd);
			return 0;
		}
		if (has_ended(pid, &status))
			return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? refuse_program(id, "ssh-agent", err)
				: error_set(err, ERROR_INTERNAL, 0, "--ssh %s: ssh-agent ended at once", id);
		poll(NULL, 0, STEP_MS);
	}
	return error_set(err, ERROR_INTERNAL, 0, "--ssh %s: ssh-agent does not answer", id);
}

static int start_agent(struct build *build, const char *id, const char *directory, const char *socket, struct error *err)
{
	static const char *const arguments[] = { "ssh-agent", "-D", "-a", SOCKET, NULL };
	const struct execution execution = { .directory = directory, .arguments = arguments, .input = -EBADF, .words = -EBADF };
	pid_t *pid = &build->agent_pids[build->agent_count];
	int r = start(&execution, pid, err);

	if (r < 0)
		return r;
	build->agent_count++;
	return wait_for_agent(id, socket, pid, err);
}

/* ---- keys ----------------------------------------------------------------------------------------- */

/* The first line of what it says, for the end of a message. */
static const char *first_line(struct buf *words)
{
	char *text = words->data ? words->data : (char *)"";

	text[strcspn(text, "\r\n")] = '\0';
	return text;
}

static int judge_key(const char *id, const char *path, int status, struct buf *words, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return refuse_program(id, "ssh-add", err);
	error_set(err, ERROR_INVALID, 0, "--ssh %s: '%s' is neither the socket of an agent nor a key without passphrase%s%s", id, path,
		  words->length ? ": " : "", first_line(words));
	error_hint(err, "'ssh-add %s' gives a key with one to the agent of $SSH_AUTH_SOCK, '--ssh %s' that agent to steps", path, id);
	return -EINVAL;
}

/* It is read here, with our rights and no questions about its mode, and comes to ssh-add as its input. */
static int add_key(const char *id, const char *directory, const char *path, struct error *err)
{
	static const char *const arguments[] = { "ssh-add", "-q", "-", NULL };
	_cleanup_close_ int key = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), words = -EBADF, theirs = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int ends[2], status = 0, r;
	pid_t pid = 0;

	if (key < 0)
		return error_errno(err, errno, "--ssh %s: cannot read '%s'", id, path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "--ssh %s: cannot make a pipe", id);
	words = ends[0];
	theirs = ends[1];
	r = start(&(struct execution){ .directory = directory, .arguments = arguments, .input = key, .words = theirs, .has_agent = true }, &pid, err);
	if (r < 0)
		return r;
	close_and_forget(&theirs);
	ignore_result(fd_read_all(words, WORDS_LIMIT, &text)); /* the status says what counts */
	close_and_forget(&words);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "--ssh %s: cannot wait for ssh-add", id);
	return judge_key(id, path, status, &text, err);
}

static int open_agent(struct build *build, const struct build_secret *ssh, const char **ret_socket, struct error *err)
{
	const char *directory;
	char *socket;
	int r = build_work_make(build, &directory, err);

	if (r < 0)
		return r;
	/* Root talks to it, and whoever builds. */
	if (chmod(directory, 0700) < 0)
		return error_errno(err, errno, "cannot close '%s'", directory);
	socket = arena_printf(build->arena, "%s/" SOCKET, directory);
	r = start_agent(build, ssh->id, directory, socket, err);
	if (r == 0)
		r = add_key(ssh->id, directory, ssh->path, err);
	for (char **key = ssh->more; r == 0 && key && *key; key++)
		r = add_key(ssh->id, directory, *key, err);
	if (r == 0)
		*ret_socket = socket;
	return r;
}

/* A file, or several of whatever kind. */
static bool has_keys(const struct build_secret *ssh)
{
	struct stat st;

	return ssh->more || (ssh->path && stat(ssh->path, &st) == 0 && S_ISREG(st.st_mode));
}

int build_keys_open(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	int r = 0;

	build->agents = arena_alloc(build->arena, request->ssh_count + 1, sizeof *build->agents);
	build->agent_pids = arena_alloc(build->arena, request->ssh_count + 1, sizeof *build->agent_pids);
	for (size_t i = 0; r == 0 && i < request->ssh_count; i++) {
		build->agents[i] = request->ssh[i].path;
		if (has_keys(&request->ssh[i]))
			r = open_agent(build, &request->ssh[i], &build->agents[i], err);
	}
	return r;
}

void build_keys_close(struct build *build)
{
	for (size_t i = 0; i < build->agent_count; i++) {
		if (build->agent_pids[i] <= 0)
			continue;
		kill(build->agent_pids[i], SIGTERM);
		while (waitpid(build->agent_pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	build->agent_count = 0;
}
