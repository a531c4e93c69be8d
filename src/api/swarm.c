/* SPDX-License-Identifier: Apache-2.0 */
/* What docker has and we do not: answered as by a docker without swarm, without plugins, without BuildKit. */
#include "api/routes.h"

int api_swarm_none(struct api_call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE, 0,
		"This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.");
}

int api_swarm_unsupported(struct api_call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "bivy has no swarms");
}

int api_swarm_leave(struct api_call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE, 0, "This node is not part of a swarm");
}

static int reply_text(struct api_call *call, const char *text, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;

	buf_add_text(&document, text);
	return api_reply_json(call, 200, &document, err);
}

int api_empty_list(struct api_call *call, struct error *err)
{
	return reply_text(call, "[]", err);
}

int api_plugin_none(struct api_call *call, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, 0, "plugin \"%.200s\" not found", call->names[0]);
}

int api_plugins_unsupported(struct api_call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "bivy has no plugins");
}

int api_checkpoints_unsupported(struct api_call *call _unused_, struct error *err)
{
	return error_set(err, ERROR_UNSUPPORTED, 0, "bivy makes no checkpoints yet");
}
