/* SPDX-License-Identifier: Apache-2.0 */
/* What is changed of containers, or of all of them: update, prune. */
#include "api/routes.h"
#include "api/write.h"
#include "engine/containers.h"
#include "spec/container_request.h"

int api_container_update(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT, document = BUF_INIT;
	struct spec_host_config changes;
	const struct container_update_request request = { .directories = call->directories, .container = call->names[0], .changes = &changes };
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_container_changes_decode(call->arena, body.data ? body.data : "", body.length, &changes, err);
	if (r == 0)
		r = container_update(&request, err);
	if (r < 0)
		return r;
	buf_add_text(&document, "{\"Warnings\":null}");
	return api_reply_json(call, 200, &document, err);
}

int api_containers_prune(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct container_prune_report report;
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	if (r == 0)
		r = container_prune(call->arena, call->directories, filters, &report, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	api_write_texts(&w, "ContainersDeleted", report.ids && report.ids[0] ? (const char *const *)report.ids : NULL);
	json_write_uint(&w, "SpaceReclaimed", report.freed_bytes);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
