/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container that runs, which its supervisor makes. */
#include "engine/containers.h"
#include "base/timing.h"
#include "engine/identity.h"
#include "engine/session.h"
#include "engine/supervisor.h"

#include <fcntl.h>
#include <inttypes.h>

#define FIRST_FD 3
#define STREAM_LIMIT 3
#define DEFAULT_TERM "TERM=xterm"

struct exec {
	const struct container_exec_request *request;
	struct arena *arena;
	struct container_record record;
	int socket;
	struct session session;
	struct spec_exec_process process;
};

/* ---- what is executed --------------------------------------------------------------------- */

/*
 * The root of the container's first process. Its number could have been given
 * to another since the state was written: it has not if the state says the same
 * afterwards, for its supervisor writes that when it takes its end.
 */
static int open_root(struct exec *exec, int *ret, struct error *err)
{
	struct container_record *record = &exec->record;
	int64_t pid = record->state->pid;
	_cleanup_free_ char *path = str_printf("/proc/%" PRId64 "/root", pid);
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int code = errno, r = container_record_refresh(record, err);

	if (r < 0)
		return r;
	if (!record->is_supervised || record->state->pid != pid || pid <= 0)
		return error_set(err, ERROR_CONFLICT, 0, "it is not running");
	if (fd < 0)
		return error_errno(err, code, "cannot open its root");
	*ret = TAKE_FD(fd);
	return 0;
}

static int find_user(struct exec *exec, struct error *err)
{
	_cleanup_close_ int root = -EBADF;
	struct identity identity;
	int r;

	if (str_is_empty(exec->request->user))
		return 0;
	r = open_root(exec, &root, err);
	if (r == 0)
		r = identity_find(exec->arena, root, exec->request->user, NULL, &identity, err);
	if (r < 0)
		return r;
	exec->process.user = arena_printf(exec->arena, "%" PRIu32 ":%" PRIu32, identity.uid, identity.gid);
	exec->process.additional_gids = identity.groups;
	exec->process.additional_gid_count = identity.group_count;
	return 0;
}

static bool has_variable(char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return true;
	return false;
}

/* A terminal is of a kind that every image knows. */
static void fill_environment(struct exec *exec)
{
	char **asked = exec->request->env;

	exec->process.env = exec->request->terminal && !has_variable(asked, "TERM") ? strv_append(exec->arena, asked, DEFAULT_TERM) :
		strv_length(asked) ? asked : NULL;
}

static int prepare(struct exec *exec, struct error *err)
{
	const struct container_exec_request *request = exec->request;

	exec->process = (struct spec_exec_process){
		.args = request->args,
		.cwd = (char *)request->working_directory,
		.terminal = request->terminal,
		.privileged = request->privileged,
		.preserve_fds = request->preserve_fds,
		.timing = timing_fd() >= 0,
	};
	fill_environment(exec);
	return find_user(exec, err);
}

/* ---- asking for it ---------------------------------------------------------------------------- */

/* Descriptors that it is to have beside its streams: what we opened ourselves is CLOEXEC, what we were given is not. */
static int add_preserved(const struct exec *exec, int fds[SPEC_SUPERVISION_FDS], size_t *count, struct error *err)
{
	int64_t wanted = exec->request->preserve_fds, most = SPEC_SUPERVISION_FDS - STREAM_LIMIT - exec->process.timing;

	if (wanted > most)
		return error_set(err, ERROR_INVALID, 0, "cannot pass on %" PRId64 " descriptors: %" PRId64 " is the most", wanted, most);
	for (int fd = FIRST_FD; fd < FIRST_FD + wanted; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return error_set(err, ERROR_INVALID, 0, "cannot pass on descriptor %d: it is not open", fd);
		fds[(*count)++] = fd;
	}
	if (exec->process.timing)
		fds[(*count)++] = timing_fd();
	return 0;
}

static int ask(struct exec *exec, struct spec_message **ret, struct error *err)
{
	struct spec_message message = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_EXEC, .process = &exec->process,
		.name = (char *)exec->request->id };
	int fds[SPEC_SUPERVISION_FDS], r = 0;
	size_t streams = 0, count;

	if (!exec->request->detach)
		r = session_open(&exec->session, fds, &streams, err);
	count = streams;
	if (r == 0)
		r = add_preserved(exec, fds, &count, err);
	if (r == 0)
		r = session_send(&exec->session, &message, fds, count, err);
	while (streams > 0)
		close(fds[--streams]);
	return r < 0 ? r : supervisor_receive_reply(exec->arena, exec->socket, ret, err);
}

static int check_running(const struct container_record *record, struct error *err)
{
	const char *name = record->container->name;

	if (record->is_supervised && record->state->status == SPEC_CONTAINER_RUNNING)
		return 0;
	if (record->is_supervised && record->state->status == SPEC_CONTAINER_PAUSED) {
		error_set(err, ERROR_CONFLICT, 0, "cannot execute in the container '%s': it is paused", name);
		error_hint(err, "'bivy unpause' lets it go on");
	} else if (record->is_supervised && record->state->status == SPEC_CONTAINER_RESTARTING) {
		error_set(err, ERROR_CONFLICT, 0, "cannot execute in the container '%s': it is about to be restarted", name);
	} else {
		error_set(err, ERROR_CONFLICT, 0, "cannot execute in the container '%s': it is not running", name);
		error_hint(err, "'bivy start %s' starts it", name);
	}
	return -EINVAL;
}

static int run(struct exec *exec, struct container_start_report *ret, struct error *err)
{
	struct container_wire *wire = exec->request->attachment.wire;
	struct spec_message *reply = NULL;
	int64_t since = timing_now();
	int r = supervisor_connect(&exec->record, &exec->socket, err);

	exec->session.attachment = &exec->request->attachment;
	exec->session.socket = exec->socket;
	exec->session.terminal = exec->request->terminal;
	exec->session.is_ours = true;
	if (r == 0)
		r = prepare(exec, err);
	timing_phase("connect and look up", since);
	since = timing_now();
	if (r == 0)
		r = ask(exec, &reply, err);
	timing_phase("wait for the start", since);
	if (r < 0) {
		error_wrap(err, "cannot execute in the container '%s'", exec->record.container->name);
		return r;
	}
	if (exec->request->detach)
		return 0;
	exec->session.number = reply->session;
	if (wire && wire->started)
		wire->started(wire->notes, reply->session, reply->pid);
	since = timing_now();
	r = session_run(&exec->session, ret, err);
	timing_phase("the process", since);
	return r;
}

int container_exec(const struct container_exec_request *request, struct container_start_report *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct exec exec = { .request = request, .arena = arena, .record = { .fd = -EBADF }, .socket = -EBADF, .session = SESSION_INIT };
	struct container_start_report report = { .exit_code = 0 };
	int r = container_record_open(arena, request->directories, request->container, &exec.record, err);

	if (r < 0)
		return r;
	r = check_running(&exec.record, err);
	if (r == 0)
		r = run(&exec, &report, err);
	if (r == 0)
		*ret = report;
	close_and_forget(&exec.socket);
	container_record_close(&exec.record);
	session_close(&exec.session);
	return r;
}
