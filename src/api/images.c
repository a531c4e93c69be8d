/* SPDX-License-Identifier: Apache-2.0 */
/* Images get names and go: POST /images/NAME/tag, DELETE /images/NAME, POST /images/prune. */
#include "api/routes.h"
#include "engine/image_removal.h"
#include "engine/images.h"

int api_image_tag(struct api_call *call, struct error *err)
{
	const char *repository = api_target_value(&call->target, "repo"), *tag = api_target_value(&call->target, "tag");
	int r;

	if (str_is_empty(repository))
		return error_set(err, ERROR_INVALID, 0, "invalid reference format");
	if (!str_is_empty(tag))
		repository = arena_printf(call->arena, "%s:%s", repository, tag);
	r = images_tag(call->directories, call->names[0], repository, err);
	return r < 0 ? r : api_reply_empty(call, 201, err);
}

/* ---- removal ----------------------------------------------------------------------------------- */

static void write_each(struct json_writer *w, const char *what, const char *const *list)
{
	for (; *list; list++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, what, *list);
		json_write_close(w, '}');
	}
}

static void write_removed(struct json_writer *w, const char *key, const struct image_removal_report *report)
{
	json_write_open(w, key, '[');
	write_each(w, "Untagged", report->untagged);
	write_each(w, "Deleted", report->deleted);
	json_write_close(w, ']');
}

int api_image_remove(struct api_call *call, struct error *err)
{
	const struct image_removal_request request = {
		.directories = call->directories,
		.image = call->names[0],
		.force = api_target_flag(&call->target, "force", false),
		.keep_content = api_target_flag(&call->target, "noprune", false),
	};
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct image_removal_report report;
	int r = image_removal_remove(call->arena, &request, &report, err);

	if (r < 0)
		return r;
	write_removed(&w, NULL, &report);
	return api_reply_json(call, 200, &document, err);
}

int api_images_prune(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct image_removal_report report;
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	if (r == 0)
		r = image_removal_prune(call->arena, &(struct image_prune_request){ .directories = call->directories, .filters = filters }, &report, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	if (report.untagged[0] || report.deleted[0])
		write_removed(&w, "ImagesDeleted", &report);
	else
		json_write_null(&w, "ImagesDeleted");
	json_write_uint(&w, "SpaceReclaimed", report.freed_bytes);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
