/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/session_start.h"
#include "base/memory.h"
#include "base/role.h"
#include "base/timing.h"
#include "host/pty.h"
#include "runtime/sync.h"
#include "spec/names.h"

#include <fcntl.h>

/* ---- child ------------------------------------------------------------------------- */

/* Beyond those that the process gets. */
static int move_up(int fd, int64_t preserve)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3 + (int)preserve);
}

/* What the child has found in the request. */
struct session {
	const struct session_start *start;
	const struct spec_message *request;
	const struct spec_exec_process *process;
	int streams[3]; /* or -EBADF */
	const int *preserved;
};

static int read_request(struct arena *arena, struct session *session, struct error *err)
{
	const struct session_start *start = session->start;
	struct spec_message *request;
	int r = spec_message_decode(arena, start->text, start->length, &request, err);
	size_t used = 1, others;

	if (r < 0)
		return r;
	if (request->type != SPEC_MESSAGE_REQUEST || request->request != SPEC_REQUEST_EXEC)
		return error_set(err, ERROR_INVALID, 0, "not a request for a process");
	const bool wanted[3] = { request->in, request->out, request->err };

	for (int i = 0; i < 3; i++)
		session->streams[i] = wanted[i] && used < start->count ? start->fds[used++] : -EBADF;
	others = (size_t)request->process->preserve_fds + request->process->timing;
	if (start->count - used != others)
		return error_set(err, ERROR_INVALID, 0, "%zu descriptors came along, not %zu", start->count - used, others);
	if (request->process->timing && timing_join(start->fds[start->count - 1]) < 0)
		return error_set(err, ERROR_INVALID, 0, "what came for timings is no table of them");
	role_set("joiner");
	session->request = request;
	session->process = request->process;
	session->preserved = start->fds + used;
	return 0;
}

/* Streams to 0, 1, 2 and the others from 3 on; what was there before is of no more use in this process. */
static int place_descriptors(const struct session *session, struct error *err)
{
	int64_t preserve = session->process->preserve_fds;
	int moved[SPEC_SUPERVISION_FDS];

	for (int64_t i = 0; i < preserve; i++)
		if ((moved[i] = move_up(session->preserved[i], preserve)) < 0)
			return error_errno(err, errno, "cannot keep a descriptor for the process");
	for (int i = 0; i < 3; i++)
		if (dup2(session->streams[i] >= 0 ? session->streams[i] : session->start->null_fd, i) < 0)
			return error_errno(err, errno, "cannot set standard stream %d", i);
	for (int64_t i = 0; i < preserve; i++)
		if (dup2(moved[i], 3 + (int)i) < 0)
			return error_errno(err, errno, "cannot hand over descriptor %d", 3 + (int)i);
	return 0;
}

static char **all_capabilities(void)
{
	size_t count = 0;
	char **names;

	while (spec_name_at(SPEC_CAPABILITIES, count, NULL))
		count++;
	names = memory_new(count + 1, sizeof *names);
	for (size_t i = 0; i < count; i++)
		names[i] = (char *)spec_name_at(SPEC_CAPABILITIES, i, NULL);
	return names;
}

static int tell(int socket, const struct exec_report *report)
{
	int r = sync_send(socket, SYNC_CHILD, report->pid, report->pidfd);

	if (r == 0 && report->terminal >= 0) {
		_cleanup_close_ int slave = pty_open_peer(report->terminal);

		r = sync_send(socket, SYNC_GO, 0, report->terminal);
		if (r == 0 && slave >= 0)
			r = sync_send(socket, SYNC_GO, 0, slave);
	}
	return r;
}

/* *SOCKET is moved out of the way of what the process gets. */
static int run(const struct session_start *start, int *socket, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct session session = { .start = start };
	struct exec_report report = { .pidfd = -EBADF, .terminal = -EBADF };
	struct exec_request request;
	int up, r = read_request(arena, &session, err);

	if (r < 0)
		return r;
	up = move_up(*socket, session.process->preserve_fds);
	if (up < 0)
		return error_errno(err, errno, "cannot make room for descriptors");
	*socket = up;
	request = (struct exec_request){
		.id = start->id,
		.args = session.process->args,
		.env = session.process->env,
		.cwd = session.process->cwd,
		.user = session.process->user,
		.additional_gids = session.process->additional_gids,
		.additional_gid_count = session.process->additional_gid_count,
		.drops_gids = session.process->user != NULL,
		.capabilities = session.process->privileged ? all_capabilities() : NULL,
		.terminal = session.process->terminal,
		.preserve_fds = (int)session.process->preserve_fds,
		.console_width = session.request->width,
		.console_height = session.request->height,
	};
	r = place_descriptors(&session, err);
	if (r == 0)
		r = runtime_exec_start(start->runtime, &request, &report, err);
	if (r == 0 && tell(*socket, &report) < 0)
		r = error_set(err, ERROR_INTERNAL, 0, "the supervisor is gone");
	return r;
}

static _noreturn_ void run_child(const struct session_start *start)
{
	struct error err = ERROR_INIT;
	int socket = start->fds[0], r;

	memory_ends_soon();
	r = run(start, &socket, &err);
	if (r < 0)
		ignore_result(sync_send_error(socket, &err)); /* nobody else to tell */
	_exit(r < 0);
}

/* ---- parent --------------------------------------------------------------------------- */

void session_start(const struct session_start *start)
{
	struct error err = ERROR_INIT;
	pid_t pid = fork();

	if (pid == 0)
		run_child(start);
	if (pid >= 0)
		return;
	error_errno(&err, errno, "cannot make a process");
	ignore_result(sync_send_error(start->fds[0], &err)); /* who asked may have gone */
}
