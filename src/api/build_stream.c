/* SPDX-License-Identifier: Apache-2.0 */
#include "api/build_stream.h"

#define RED "\x1b[91m" /* what docker puts around a line of the standard error */
#define PLAIN "\x1b[0m"
#define TEXT_LIMIT (16u << 10) /* bytes of a line that is told in parts */

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_stream(struct buf *out, const char *text, size_t length)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_bytes(&w, "stream", text, length);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static void add_text(struct buf *out, const char *text)
{
	add_stream(out, text, strlen(text));
}

/* What the step wrote, as far as its lines are whole; ALL: the rest, too. */
static void take_lines(struct api_build_vertex *vertex, bool all)
{
	struct buf *text = &vertex->text;
	const char *end = text->length ? memrchr(text->data, '\n', text->length) : NULL;
	size_t length = all || text->length > TEXT_LIMIT ? text->length : end ? (size_t)(end - text->data) + 1 : 0;

	if (length == 0)
		return;
	add_stream(&vertex->held, text->data, length);
	memmove(text->data, text->data + length, text->length - length);
	text->length -= length;
}

/* ---- steps ------------------------------------------------------------------------------------- */

#define LOADING "[internal] load metadata for "

/* What stands behind "Step 1/2 : ", NULL for what is none. */
static const char *instruction_of(const char *title)
{
	const char *end = strstr(title, "] ");

	if (title[0] != '[' || !end || str_starts_with(title, "[internal]") || str_starts_with(title, "[auth]"))
		return NULL;
	return end + 2;
}

static void add_head(struct api_build_stream *stream, const struct api_build_vertex *vertex, struct buf *out)
{
	_cleanup_free_ char *text = NULL;

	if (str_starts_with(vertex->title, LOADING))
		text = str_printf("Step %zu/%zu : FROM %s", ++stream->step, stream->steps, vertex->title + strlen(LOADING));
	else
		text = str_printf("Step %zu/%zu : %s", ++stream->step, stream->steps, instruction_of(vertex->title));
	add_text(out, text);
	add_text(out, "\n");
}

/* Tells what can be told: all of those that have ended, and the first that has not. */
static void flush(struct api_build_stream *stream)
{
	while (stream->is_known && stream->told < stream->begun) {
		struct api_build_vertex *vertex = &stream->vertices[stream->order[stream->told]];
		_cleanup_buf_ struct buf out = BUF_INIT;

		if (!vertex->has_begun && vertex->is_step)
			add_head(stream, vertex, &out);
		vertex->has_begun = true;
		take_lines(vertex, vertex->has_ended);
		if (vertex->held.length)
			buf_add(&out, vertex->held.data, vertex->held.length);
		buf_done(&vertex->held);
		if (out.length && !stream->is_quiet)
			api_progress_add(stream->progress, &out);
		if (!vertex->has_ended)
			return;
		stream->told++;
	}
}

static void plan(struct api_build_stream *stream, const struct build_event *event)
{
	struct api_build_vertex *vertex;

	if (event->vertex >= stream->count) {
		stream->vertices = memory_resize(stream->vertices, event->vertex + 1, sizeof *stream->vertices);
		stream->order = memory_resize(stream->order, event->vertex + 1, sizeof *stream->order);
		memset(stream->vertices + stream->count, 0, (event->vertex + 1 - stream->count) * sizeof *stream->vertices);
		stream->count = event->vertex + 1;
	}
	vertex = &stream->vertices[event->vertex];
	if (vertex->title)
		return;
	vertex->title = str_dup(event->title);
	vertex->is_step = str_starts_with(event->title, LOADING) || instruction_of(event->title);
	stream->steps += vertex->is_step;
}

static struct api_build_vertex *find(struct api_build_stream *stream, const struct build_event *event)
{
	return event->vertex < stream->count && stream->vertices[event->vertex].title ? &stream->vertices[event->vertex] : NULL;
}

static void begin(struct api_build_stream *stream, size_t index)
{
	for (size_t i = 0; i < stream->begun; i++)
		if (stream->order[i] == index)
			return;
	stream->order[stream->begun++] = index;
	/* Images are looked for before all that is done with them is known. */
	stream->is_known |= !str_starts_with(stream->vertices[index].title, LOADING);
}

static void take_status(struct api_build_stream *stream, const struct build_event *event)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	/* Of images that are pulled; what is done with the one that is built nobody minds. */
	if (stream->is_quiet || stream->is_known || !event->text)
		return;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "status", event->text);
	if (event->total) {
		json_write_open(&w, "progressDetail", '{');
		json_write_uint(&w, "current", event->current);
		json_write_uint(&w, "total", event->total);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(stream->progress, &line);
}

static void take_log(struct api_build_vertex *vertex, const struct build_event *event)
{
	/* Docker tells of the standard error in red, line by line. */
	if (event->is_error_stream && event->length) {
		buf_add_text(&vertex->text, RED);
		buf_add(&vertex->text, event->text, event->length);
		buf_add_text(&vertex->text, PLAIN);
		take_lines(vertex, true);
		return;
	}
	buf_add(&vertex->text, event->text, event->length);
}

static void take_warning(struct api_build_stream *stream, const struct build_event *event)
{
	_cleanup_free_ char *text = str_printf("[Warning] %s\n", event->text);
	_cleanup_buf_ struct buf line = BUF_INIT;

	/* Of lints docker's classic builder knows nothing. */
	if (event->rule || stream->is_quiet)
		return;
	add_text(&line, text);
	api_progress_add(stream->progress, &line);
}

void api_build_stream_tell(void *context, const struct build_event *event)
{
	struct api_build_stream *stream = context;
	struct api_build_vertex *vertex;

	if (event->kind == BUILD_PLANNED)
		plan(stream, event);
	else if (event->kind == BUILD_WARNING)
		take_warning(stream, event);
	else if (event->kind == BUILD_STATUS)
		take_status(stream, event);
	vertex = find(stream, event);
	if (!vertex)
		return;
	if (event->kind == BUILD_STARTED || event->kind == BUILD_CACHED)
		begin(stream, event->vertex);
	if (event->kind == BUILD_CACHED)
		add_text(&vertex->held, " ---> Using cache\n");
	if (event->kind == BUILD_LOG)
		take_log(vertex, event);
	vertex->has_ended |= event->kind == BUILD_CACHED || event->kind == BUILD_DONE || event->kind == BUILD_FAILED || event->kind == BUILD_CANCELED;
	flush(stream);
}

void api_build_stream_end(struct api_build_stream *stream)
{
	stream->is_known = true;
	for (size_t i = 0; i < stream->count; i++)
		stream->vertices[i].has_ended = true;
	flush(stream);
}

void api_build_stream_done(struct api_build_stream *stream)
{
	for (size_t i = 0; i < stream->count; i++) {
		free(stream->vertices[i].title);
		buf_done(&stream->vertices[i].text);
		buf_done(&stream->vertices[i].held);
	}
	free(stream->vertices);
	free(stream->order);
}
