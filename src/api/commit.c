/* SPDX-License-Identifier: Apache-2.0 */
/* POST /commit: a container becomes an image. */
#include "api/routes.h"
#include "engine/container_files.h"
#include "spec/container_request.h"

/* ---- a configuration as instructions --------------------------------------------------------- */

struct changes {
	struct arena *arena;
	char **list; /* NULL-terminated */
	size_t count, room;
};

static void add(struct changes *changes, char *instruction)
{
	if (changes->count + 2 > changes->room) {
		char **larger = arena_alloc(changes->arena, changes->room * 2 + 16, sizeof *larger);

		if (changes->count)
			memcpy(larger, changes->list, changes->count * sizeof *larger);
		changes->room = changes->room * 2 + 16;
		changes->list = larger;
	}
	changes->list[changes->count++] = instruction;
}

/* TEXT as one word, whatever is in it. */
static const char *quote(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf word = BUF_INIT;

	buf_add_char(&word, '"');
	for (; *text; text++) {
		if (strchr("\"\\$", *text))
			buf_add_char(&word, '\\');
		buf_add_char(&word, *text);
	}
	buf_add_char(&word, '"');
	return arena_strndup(arena, word.data, word.length);
}

static void add_word(struct changes *changes, const char *name, const char *text)
{
	if (text)
		add(changes, arena_printf(changes->arena, "%s %s", name, quote(changes->arena, text)));
}

static void add_pair(struct changes *changes, const char *name, const char *key, size_t length, const char *value)
{
	add(changes, arena_printf(changes->arena, "%s %.*s=%s", name, (int)length, key, quote(changes->arena, value)));
}

/* Each as an array of JSON: CMD, ENTRYPOINT. */
static void add_array(struct changes *changes, const char *name, char *const *list)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	if (!list)
		return;
	json_write_open(&w, NULL, '[');
	for (; *list; list++)
		json_write_string(&w, NULL, *list);
	json_write_close(&w, ']');
	add(changes, arena_printf(changes->arena, "%s %s", name, text.data));
}

static void add_config(struct changes *changes, const struct spec_container_config *config)
{
	for (char **variable = config->env; variable && *variable; variable++) {
		const char *equals = strchr(*variable, '=');

		if (equals)
			add_pair(changes, "ENV", *variable, (size_t)(equals - *variable), equals + 1);
	}
	for (size_t i = 0; i < config->label_count; i++)
		add_pair(changes, "LABEL", config->labels[i].key, strlen(config->labels[i].key), config->labels[i].value);
	for (char **port = config->exposed_ports; port && *port; port++)
		add(changes, arena_printf(changes->arena, "EXPOSE %s", *port));
	for (char **path = config->volumes; path && *path; path++)
		add_array(changes, "VOLUME", (char *[]){ *path, NULL });
	add_word(changes, "USER", config->user);
	add_word(changes, "WORKDIR", config->working_directory);
	add_word(changes, "STOPSIGNAL", config->stop_signal);
	add_array(changes, "ENTRYPOINT", config->entrypoint);
	add_array(changes, "CMD", config->command);
}

/* The body, which may be nothing: as /containers/create has it. */
static int decode_config(struct api_call *call, struct changes *changes, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	struct spec_container container = { .id = NULL };
	int r = api_call_body(call, &body, err);

	if (r < 0 || body.length == 0 || str_equal(str_trim_end(body.data), "null"))
		return r;
	r = spec_container_request_decode(call->arena, body.data, strlen(body.data), &container, err);
	if (r == 0)
		add_config(changes, &container.config);
	return r;
}

/* ---- the request ---------------------------------------------------------------------------------- */

/* The instructions of "changes", several of which may stand in one value, a line each. They count after those of the body. */
static void add_changes(struct api_call *call, struct changes *changes)
{
	for (char **text = api_target_values(call->arena, &call->target, "changes"); *text; text++) {
		for (const char *start = *text; *start;) {
			size_t length = strcspn(start, "\n");

			if (length)
				add(changes, arena_strndup(call->arena, start, length));
			start += length + (start[length] == '\n');
		}
	}
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
		.no_pause = !api_target_flag(&call->target, "pause", true) };
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct changes changes = { .arena = call->arena };
	const char *id = NULL;
	int r = decode_config(call, &changes, err);

	if (r == 0 && str_is_empty(request.container))
		r = error_set(err, ERROR_INVALID, 0, "the parameter 'container' is missing");
	add_changes(call, &changes);
	request.changes = changes.list;
	if (r == 0)
		r = container_commit(call->arena, &request, &id, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Id", id);
	json_write_close(&w, '}');
	return api_reply_json(call, 201, &document, err);
}
