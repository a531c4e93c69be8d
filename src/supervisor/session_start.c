/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/session_start.h"
#include "base/memory.h"
#include "runtime/sync.h"
#include "spec/names.h"

#include <fcntl.h>

/* ---- child ------------------------------------------------------------------------- */

/* Beyond those that the process gets. */
static int move_up(int fd, int64_t preserve)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3 + (int)preserve);
}

/* Streams to 0, 1, 2 and the others from 3 on; what was there before is of no more use in this process. */
static int place_descriptors(const struct session_start *start, struct error *err)
{
	int64_t preserve = start->process->preserve_fds;
	int moved[SPEC_SUPERVISION_FDS];

	for (int64_t i = 0; i < preserve; i++)
		if ((moved[i] = move_up(start->preserved[i], preserve)) < 0)
			return error_errno(err, errno, "cannot keep a descriptor for the process");
	for (int i = 0; i < 3; i++)
		if (dup2(start->streams[i] >= 0 ? start->streams[i] : start->null_fd, i) < 0)
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

	return r == 0 && report->terminal >= 0 ? sync_send(socket, SYNC_GO, 0, report->terminal) : r;
}

static int run(const struct session_start *start, int socket, struct error *err)
{
	const struct spec_exec_process *process = start->process;
	struct exec_report report = { .pidfd = -EBADF, .terminal = -EBADF };
	struct exec_request request = {
		.id = start->id,
		.args = process->args,
		.env = process->env,
		.cwd = process->cwd,
		.user = process->user,
		.additional_gids = process->additional_gids,
		.additional_gid_count = process->additional_gid_count,
		.drops_gids = process->user != NULL,
		.capabilities = process->privileged ? all_capabilities() : NULL,
		.terminal = process->terminal,
		.preserve_fds = (int)process->preserve_fds,
		.console_width = start->width,
		.console_height = start->height,
	};
	int r = place_descriptors(start, err);

	if (r == 0)
		r = runtime_exec_start(start->runtime, &request, &report, err);
	if (r == 0 && tell(socket, &report) < 0)
		r = error_set(err, ERROR_INTERNAL, 0, "the supervisor is gone");
	return r;
}

static _noreturn_ void run_child(const struct session_start *start, int socket)
{
	struct error err = ERROR_INIT;
	int up = move_up(socket, start->process->preserve_fds), r;

	memory_ends_soon();
	r = up < 0 ? error_errno(&err, errno, "cannot make room for descriptors") : run(start, up, &err);
	if (r < 0)
		ignore_result(sync_send_error(up < 0 ? socket : up, &err)); /* nobody else to tell */
	_exit(r < 0);
}

/* ---- parent --------------------------------------------------------------------------- */

int session_start(const struct session_start *start, int *ret_socket, struct error *err)
{
	int ends[2], r = sync_pair(ends);
	pid_t pid;

	if (r < 0)
		return error_errno(err, -r, "cannot make a socket pair");
	pid = fork();
	if (pid == 0)
		run_child(start, ends[1]);
	r = pid < 0 ? error_errno(err, errno, "cannot make a process") : 0;
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_socket = ends[0];
	return r;
}
