/* SPDX-License-Identifier: Apache-2.0 */
/* All about one image: GET /images/NAME/json and /history. */
#include "api/routes.h"
#include "api/write.h"
#include "engine/images.h"

/* Versions since which something is no more. */
#define SINCE_NO_VIRTUAL_SIZE 44
#define SINCE_NO_CONTAINER 45
#define SINCE_SHORT_CONFIG 50

/* What old clients are told besides. */
static void write_old_members(struct json_writer *w, const struct images_details *details, unsigned minor)
{
	if (minor < SINCE_NO_CONTAINER)
		json_write_string(w, "Container", "");
	json_write_string(w, "DockerVersion", "");
	if (minor < SINCE_NO_VIRTUAL_SIZE && details->config)
		json_write_uint(w, "VirtualSize", details->entry.size);
	json_write_open(w, "Metadata", '{');
	json_write_string(w, "LastTagTime", "0001-01-01T00:00:00Z");
	json_write_close(w, '}');
}

int api_image_inspect(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct images_details details;
	/* COMPAT(docker-compose 1): it reads "ContainerConfig" in whatever version the server has, though docker has none since 1.45. */
	unsigned flags = IMAGES_WRITE_NO_CONTAINER | (call->target.minor < SINCE_SHORT_CONFIG ? IMAGES_WRITE_AS_CONTAINER : 0);
	int r = images_inspect(call->arena, call->directories, call->names[0], &details, err);

	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	images_write_details(&w, &details, flags);
	write_old_members(&w, &details, call->target.minor);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}

static void write_step(struct json_writer *w, const struct images_step *step, const char *const *tags)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "Comment", step->history->comment ? step->history->comment : "");
	json_write_int(w, "Created", step->created_s);
	json_write_string(w, "CreatedBy", step->history->created_by ? step->history->created_by : "");
	json_write_string(w, "Id", step->id ? step->id : "<missing>");
	json_write_uint(w, "Size", step->size);
	api_write_texts(w, "Tags", step->id && tags[0] ? tags : NULL);
	json_write_close(w, '}');
}

int api_image_history(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct images_details details;
	struct images_step *steps = NULL;
	size_t count = 0;
	int r = images_history(call->arena, call->directories, call->names[0], &steps, &count, err);

	if (r == 0)
		r = images_inspect(call->arena, call->directories, call->names[0], &details, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++)
		write_step(&w, &steps[i], details.tags);
	json_write_close(&w, ']');
	return api_reply_json(call, 200, &document, err);
}
