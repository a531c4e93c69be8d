/* SPDX-License-Identifier: Apache-2.0 */
/* POST /session: a client that builds with BuildKit answers what the build asks it for. */
#include "api/grpc_program.h"
#include "api/routes.h"
#include "engine/client_session.h"

#include <sys/wait.h>

int api_session(struct api_call *call, struct error *err)
{
	const char *id = api_call_header(call, "X-Docker-Expose-Session-Uuid");
	int listening = -EBADF, r;
	pid_t pid;

	if (str_is_empty(id))
		return error_set(err, ERROR_INVALID, 0, "X-Docker-Expose-Session-Uuid is missing");
	r = client_session_listen(call->directories, id, &listening, err);
	if (r < 0)
		return r;
	r = api_grpc_start(call, API_GRPC_ASK, listening, &pid, err);
	close(listening);
	while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	client_session_remove(call->directories, id);
	return r;
}
