/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"
#include "engine/containers.h"

int api_container_inspect(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	int r = container_inspect(call->directories, call->names[0], api_target_flag(&call->target, "size", false), &document, err);

	return r < 0 ? r : api_reply_json(call, 200, &document, err);
}
