/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/{id}/top. */
#include "api/routes.h"
#include "api/write.h"
#include "engine/stats.h"

#define ARGUMENTS_LIMIT 64

/* The words of TEXT, NULL-terminated; NULL for what is the default, which the engine knows without ps(1). */
static char **split_arguments(struct arena *arena, const char *text)
{
	char **list;
	size_t count = 0;

	if (str_is_empty(text) || str_equal(text, "-ef"))
		return NULL;
	list = arena_alloc(arena, ARGUMENTS_LIMIT + 1, sizeof *list);
	for (text += strspn(text, " \t"); *text && count < ARGUMENTS_LIMIT; text += strspn(text, " \t")) {
		size_t length = strcspn(text, " \t");

		list[count++] = arena_strndup(arena, text, length);
		text += length;
	}
	return list;
}

int api_container_top(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	char **arguments = split_arguments(call->arena, api_target_value(&call->target, "ps_args"));
	struct top_table table;
	int r = container_top(call->arena, call->directories, call->names[0], arguments, &table, err);

	if (r < 0)
		return r;
	if (!arguments)
		table.rows[0][0] = (char *)"UID"; /* as `ps -ef` calls it */
	json_write_open(&w, NULL, '{');
	api_write_texts(&w, "Titles", (const char *const *)table.rows[0]);
	json_write_open(&w, "Processes", '[');
	for (char ***row = table.rows + 1; *row; row++)
		api_write_texts(&w, NULL, (const char *const *)*row);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
