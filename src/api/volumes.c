/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: one call of the engine each. */
#include "api/routes.h"
#include "engine/volumes.h"

#define SINCE_PRUNE_ANONYMOUS 42 /* before that version, all that no container has are pruned */

int api_volumes_list(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct volume_entry *list = NULL;
	char **filters = NULL;
	size_t count = 0;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	if (r == 0)
		r = volume_list(call->arena, call->directories, filters, &list, &count, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "Volumes", '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(&w, NULL, '{');
		spec_volume_write_inspect(&w, list[i].volume, list[i].mount_point);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_null(&w, "Warnings");
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}

static int reply_volume(struct api_call *call, unsigned status, const char *name, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	int r = volume_inspect(call->directories, name, &document, err);

	return r < 0 ? r : api_reply_json(call, status, &document, err);
}

int api_volume_inspect(struct api_call *call, struct error *err)
{
	return reply_volume(call, 200, call->names[0], err);
}

int api_volume_create(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	struct spec_volume volume = { .name = NULL };
	const char *name = NULL;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_volume_create_decode(call->arena, body.data ? body.data : "", body.length, &volume, err);
	if (r == 0 && volume.driver && !str_equal(volume.driver, "local"))
		r = error_set(err, ERROR_NOT_FOUND, 0, "create %.100s: error looking up volume plugin %.100s: plugin \"%.100s\" not found",
			      volume.name ? volume.name : "", volume.driver, volume.driver);
	if (r == 0)
		r = volume_create(call->arena, call->directories, &volume, &name, err);
	return r < 0 ? r : reply_volume(call, 201, name, err);
}

int api_volume_remove(struct api_call *call, struct error *err)
{
	int r = volume_remove(call->directories, call->names[0], api_target_flag(&call->target, "force", false) ? VOLUME_REMOVE_FORCE : 0, err);

	return r < 0 ? r : api_reply_empty(call, 204, err);
}

int api_volumes_prune(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct volume_prune_report report;
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	if (r == 0)
		r = volume_prune(call->arena, call->directories, filters, call->target.minor < SINCE_PRUNE_ANONYMOUS, &report, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "VolumesDeleted", '[');
	for (char **name = report.names; *name; name++)
		json_write_string(&w, NULL, *name);
	json_write_close(&w, ']');
	json_write_uint(&w, "SpaceReclaimed", report.freed_bytes);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
