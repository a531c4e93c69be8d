/* SPDX-License-Identifier: Apache-2.0 */
#include "api/grpc_program.h"
#include "base/file.h"
#include "engine/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const struct program program_grpc = {
	.name = "bivy-grpc",
	.variable = "BIVY_GRPC",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "speaks gRPC for bivy-server",
};

/* In the child. */
_noreturn_ static void execute(const char *path, enum api_grpc_way way, int said, int client, int peer, pid_t parent)
{
	char client_number[16], peer_number[16];
	const char *arguments[] = { path, way == API_GRPC_SERVE ? "serve" : "ask", "--client", client_number, "--peer", peer_number, NULL };

	snprintf(client_number, sizeof client_number, "%d", client);
	snprintf(peer_number, sizeof peer_number, "%d", peer);
	if (dup2(said, STDIN_FILENO) >= 0 && fcntl(client, F_SETFD, 0) == 0 && fcntl(peer, F_SETFD, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    getppid() == parent)
		execv(path, (char *const *)arguments);
	_exit(127);
}

/* What the client has said already, to be read from its beginning. */
static int keep(const struct buf *said, int *ret)
{
	int fd = memfd_create("said", MFD_CLOEXEC), r = fd < 0 ? -errno : 0;

	if (r == 0 && said->length)
		r = fd_write_all(fd, said->data, said->length);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	*ret = fd;
	return r;
}

int api_grpc_start(struct api_call *call, enum api_grpc_way way, int peer, struct api_grpc_program *ret, struct error *err)
{
	const struct spec_pair headers[] = { { "Connection", "Upgrade" }, { "Upgrade", "h2c" }, { NULL } };
	_cleanup_close_ int client = -EBADF, said_fd = -EBADF;
	_cleanup_buf_ struct buf body = BUF_INIT, said = BUF_INIT;
	char path[PATH_MAX];
	pid_t parent = getpid(), pid;
	int r;

	if (!api_call_wants_upgrade(call))
		return error_set(err, ERROR_INVALID, 0, "no upgrade to h2c is asked for");
	r = program_find(&program_grpc, path, err);
	if (r == 0)
		r = api_call_body(call, &body, err);
	if (r == 0)
		r = api_reply_upgrade(call, headers, &client, &said, err);
	if (r < 0)
		return r;
	client = fd_above_stdio(client);
	r = client < 0 ? client : keep(&said, &said_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot use the client's socket");
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot start '%s'", path);
	if (pid == 0)
		execute(path, way, said_fd, client, peer, parent);
	*ret = (struct api_grpc_program){ .pid = pid, .client = TAKE_FD(client) };
	return 0;
}

void api_grpc_end(struct api_grpc_program *program)
{
	while (waitpid(program->pid, NULL, 0) < 0 && errno == EINTR)
		;
	shutdown(program->client, SHUT_RDWR);
	close_and_forget(&program->client);
}
