/* SPDX-License-Identifier: Apache-2.0 */
/* POST /session: a client that builds with BuildKit answers what the build asks it for. */
#include "api/grpc_program.h"
#include "api/routes.h"
#include "engine/client_session.h"

int api_session(struct api_call *call, struct error *err)
{
	const char *id = api_call_header(call, "X-Docker-Expose-Session-Uuid");
	struct api_grpc_program program;
	int listening = -EBADF, r;

	if (str_is_empty(id))
		return error_set(err, ERROR_INVALID, 0, "X-Docker-Expose-Session-Uuid is missing");
	r = client_session_listen(call->directories, id, &listening, err);
	if (r < 0)
		return r;
	r = api_grpc_start(call, API_GRPC_ASK, listening, &program, err);
	close(listening);
	if (r == 0)
		api_grpc_end(&program);
	client_session_remove(call->directories, id);
	return r;
}
