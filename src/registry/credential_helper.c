/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper runs as we do, with our environment and terminal (it may ask for
 * a password there): it is the user's own choice in the user's own file. What
 * it answers is bounded all the same. The request is given as a file in memory,
 * so that a helper which does not read it neither blocks nor kills us.
 */
#include "registry/credential_helper.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern char **environ;

struct helper_call {
	const char *name, *verb;
	const char *input;
	size_t input_length;
};

void credential_helper_login_done(struct credential_helper_login *login)
{
	free(login->username);
	free(login->secret);
	*login = (struct credential_helper_login){ 0 };
}

/* ---- running ------------------------------------------------------------------ */

/* The name comes from a file and becomes a part of a program's name: no path may come of it. */
static bool is_helper_name(const char *name)
{
	return *name && strlen(name) <= 128 && !strchr(name, '/');
}

static int open_input(const struct helper_call *call)
{
	_cleanup_close_ int fd = memfd_create("request", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, call->input, call->input_length);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* It gets three descriptors, whatever we have been given open, and dies of a closed pipe as programs do. */
static int spawn_helper(const char *program, const struct helper_call *call, int input, int output, pid_t *ret_pid)
{
	char *const argv[] = { (char *)program, (char *)call->verb, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (r == 0)
		r = posix_spawnp(ret_pid, program, &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -r;
}

/* Starts `docker-credential-NAME VERB`; *RET_OUTPUT is the reading end of its output. */
static int start_helper(const struct helper_call *call, pid_t *ret_pid, int *ret_output)
{
	_cleanup_free_ char *program = str_printf("docker-credential-%s", call->name);
	_cleanup_close_ int input = open_input(call), reader = -EBADF, writer = -EBADF;
	int ends[2], r;

	if (input < 0)
		return input;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = fd_above_stdio(ends[0]);
	writer = fd_above_stdio(ends[1]);
	input = fd_above_stdio(input);
	if (reader < 0 || writer < 0 || input < 0)
		return reader < 0 ? reader : writer < 0 ? writer : input;
	r = spawn_helper(program, call, input, writer, ret_pid);
	if (r == 0)
		*ret_output = TAKE_FD(reader);
	return r;
}

/* Reads to the end: -ETIME when it does not come in time, -EFBIG when too much does. */
static int read_answer(int fd, struct buf *out)
{
	int64_t deadline = clock_monotonic_ms() + CREDENTIAL_HELPER_TIMEOUT_MS, left;
	char block[4096];
	ssize_t n;

	for (;;) {
		struct pollfd waiting = { .fd = fd, .events = POLLIN };

		left = deadline - clock_monotonic_ms();
		if (left <= 0)
			return -ETIME;
		if (poll(&waiting, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (!waiting.revents)
			continue;
		n = read(fd, block, sizeof block);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			buf_add(out, block, (size_t)n);
		if (out->length > CREDENTIAL_HELPER_BYTES_LIMIT)
			return -EFBIG;
	}
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs it to its end. *RET_STATUS is its exit status; *OUT gets its answer, white space at the end removed. */
static int run_helper(const struct helper_call *call, struct buf *out, int *ret_status, struct error *err)
{
	_cleanup_close_ int output = -EBADF;
	pid_t pid = -1;
	int r;

	if (!is_helper_name(call->name))
		return error_set(err, ERROR_INVALID, 0, "the credential helper '%s' is not a name", call->name);
	r = start_helper(call, &pid, &output);
	if (r == -ENOENT) {
		error_set(err, ERROR_NOT_FOUND, ENOENT, "cannot execute the credential helper 'docker-credential-%s'", call->name);
		error_hint(err, "install it, or remove it from \"credsStore\" and \"credHelpers\" in the login file");
		return -ENOENT;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot execute the credential helper 'docker-credential-%s'", call->name);
	r = read_answer(output, out);
	if (r < 0)
		kill(pid, SIGKILL); /* not reaped yet: the number is still its own */
	*ret_status = reap(pid);
	if (r < 0)
		return error_errno(err, -r, "cannot read the answer of the credential helper '%s'", call->name);
	while (out->length && strchr(" \t\r\n", out->data[out->length - 1]))
		out->data[--out->length] = '\0';
	buf_add(out, "", 0);
	return 0;
}

/* The sentence that all helpers share for "there is no login". */
static bool says_not_found(const struct buf *out)
{
	return strstr(out->data, "credentials not found in native keychain") != NULL;
}

static int fail_status(const struct helper_call *call, const struct buf *out, int status, struct error *err)
{
	if (out->length)
		return error_set(err, ERROR_UNAVAILABLE, 0, "the credential helper '%s' cannot %s a login: %.300s", call->name, call->verb, out->data);
	return error_set(err, ERROR_UNAVAILABLE, 0, "the credential helper '%s' cannot %s a login: it ended with status %d", call->name, call->verb,
			 status);
}

/* ---- the three verbs ------------------------------------------------------------ */

int credential_helper_decode(const char *text, size_t length, struct credential_helper_login *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct json *username, *secret;
	struct json *root = NULL;
	int r = json_parse(arena, text, length, &root, err);

	if (r < 0)
		return r;
	username = json_member(root, "Username");
	secret = json_member(root, "Secret");
	if (!username || username->type != JSON_STRING || !secret || secret->type != JSON_STRING)
		return error_set(err, ERROR_INVALID, 0, "\"Username\" and \"Secret\" are not there");
	ret->username = str_dup(username->text);
	ret->secret = str_dup(secret->text);
	return 0;
}

int credential_helper_get(const char *name, const char *server, struct credential_helper_login *ret, struct error *err)
{
	struct helper_call call = { .name = name, .verb = "get", .input = server, .input_length = strlen(server) };
	_cleanup_buf_ struct buf out = BUF_INIT;
	int status = 0, r = run_helper(&call, &out, &status, err);

	if (r < 0)
		return r;
	if (status && says_not_found(&out)) {
		*ret = (struct credential_helper_login){ 0 };
		return 0;
	}
	if (status)
		return fail_status(&call, &out, status, err);
	r = credential_helper_decode(out.data, out.length, ret, err);
	if (r < 0)
		return error_wrap(err, "the credential helper '%s' answers nonsense", name);
	return 0;
}

int credential_helper_store(const char *name, const char *server, const char *username, const char *secret, struct error *err)
{
	_cleanup_buf_ struct buf input = BUF_INIT, out = BUF_INIT;
	struct json_writer w = { .out = &input };
	struct helper_call call = { .name = name, .verb = "store" };
	int status = 0, r;

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ServerURL", server);
	json_write_string(&w, "Username", username);
	json_write_string(&w, "Secret", secret);
	json_write_close(&w, '}');
	call.input = input.data;
	call.input_length = input.length;
	r = run_helper(&call, &out, &status, err);
	if (r < 0)
		return r;
	return status ? fail_status(&call, &out, status, err) : 0;
}

int credential_helper_erase(const char *name, const char *server, struct error *err)
{
	struct helper_call call = { .name = name, .verb = "erase", .input = server, .input_length = strlen(server) };
	_cleanup_buf_ struct buf out = BUF_INIT;
	int status = 0, r = run_helper(&call, &out, &status, err);

	if (r < 0)
		return r;
	return status && !says_not_found(&out) ? fail_status(&call, &out, status, err) : 0;
}
