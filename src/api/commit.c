/* SPDX-License-Identifier: Apache-2.0 */
/* POST /commit: a container becomes an image. */
#include "api/routes.h"
#include "engine/container_files.h"

/* The instructions of "changes", several of which may stand in one value, a line each. */
static char **list_changes(struct api_call *call)
{
	char **values = api_target_values(call->arena, &call->target, "changes"), **all;
	size_t room = 1, count = 0;

	for (char **text = values; *text; text++)
		for (const char *c = *text; c; c = strchr(c + 1, '\n'))
			room++;
	all = arena_alloc(call->arena, room, sizeof *all);
	for (char **text = values; *text; text++) {
		for (const char *start = *text; *start;) {
			size_t length = strcspn(start, "\n");

			if (length)
				all[count++] = arena_strndup(call->arena, start, length);
			start += length + (start[length] == '\n');
		}
	}
	return all;
}

static const char *name_of(struct api_call *call)
{
	const char *repository = api_target_value(&call->target, "repo"), *tag = api_target_value(&call->target, "tag");

	if (str_is_empty(repository))
		return NULL;
	return str_is_empty(tag) ? repository : arena_printf(call->arena, "%s:%s", repository, tag);
}

int api_commit(struct api_call *call, struct error *err)
{
	struct container_commit_request request = { .directories = call->directories, .container = api_target_value(&call->target, "container"),
		.name = name_of(call), .author = api_target_value(&call->target, "author"), .message = api_target_value(&call->target, "comment"),
		.changes = list_changes(call), .no_pause = !api_target_flag(&call->target, "pause", true) };
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct json *body = NULL;
	const char *id = NULL;
	/* A configuration for the image, as its members stand in the body: what "changes" say is more. */
	int r = api_call_document(call, &body, err);

	if (r == 0 && str_is_empty(request.container))
		r = error_set(err, ERROR_INVALID, 0, "the parameter 'container' is missing");
	if (r == 0)
		r = container_commit(call->arena, &request, &id, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Id", id);
	json_write_close(&w, '}');
	return api_reply_json(call, 201, &document, err);
}
