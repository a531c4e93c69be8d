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

/* ---- the Dockerfile ------------------------------------------------------------------------------ */

/* Whether the FROM begins the stage TARGET, which may be its number. */
static bool begins(const struct dockerfile_instruction *from, size_t number, const char *target)
{
	const char *as = strcasestr(from->text, " as ");
	uint64_t wanted;

	if (as && strcasecmp(as + strlen(" as "), target) == 0)
		return true;
	return str_to_u64(target, 10, &wanted) == 0 && wanted == number;
}

/* Instructions up to the end of the stage that is built. */
static size_t count_steps(const struct api_build_stream *stream)
{
	const struct dockerfile *dockerfile = stream->report->dockerfile;
	size_t stages = 0;
	bool is_target = false;

	for (size_t i = 0; i < dockerfile->instruction_count; i++) {
		const struct dockerfile_instruction *instruction = &dockerfile->instructions[i];

		if (!str_equal(instruction->name, "FROM"))
			continue;
		if (is_target)
			return i;
		is_target = stream->target && begins(instruction, stages++, stream->target);
	}
	return dockerfile->instruction_count;
}

static struct api_build_vertex *find_step(const struct api_build_stream *stream, size_t step)
{
	const struct dockerfile_instruction *instruction = &stream->report->dockerfile->instructions[step];

	for (size_t i = 0; i < stream->count; i++)
		if (stream->vertices[i].line == instruction->mark.line)
			return &stream->vertices[i];
	return NULL;
}

/* ---- telling ----------------------------------------------------------------------------------------- */

static void tell(struct api_build_stream *stream, struct buf *lines)
{
	if (lines->length && !stream->is_quiet)
		api_progress_add(stream->progress, lines);
	buf_done(lines);
}

static void tell_head(struct api_build_stream *stream)
{
	const struct dockerfile_instruction *instruction = &stream->report->dockerfile->instructions[stream->step];
	_cleanup_free_ char *text = str_printf("Step %zu/%zu : %s", stream->step + 1, stream->steps, instruction->original);
	struct buf lines = BUF_INIT;

	if (stream->has_head)
		return;
	stream->has_head = true;
	add_text(&lines, text);
	add_text(&lines, "\n");
	tell(stream, &lines);
}

static void tell_vertex(struct api_build_stream *stream, struct api_build_vertex *vertex)
{
	take_lines(vertex, vertex->has_ended);
	tell(stream, &vertex->held);
}

static void next_step(struct api_build_stream *stream)
{
	stream->step++;
	stream->has_head = false;
}

/* What can be told: all up to the first that has not ended. */
static void flush(struct api_build_stream *stream)
{
	if (!stream->is_known || !stream->report->dockerfile)
		return;
	if (stream->steps == 0)
		stream->steps = count_steps(stream);
	for (; stream->step < stream->steps; next_step(stream)) {
		struct api_build_vertex *vertex = find_step(stream, stream->step);

		if (vertex && !vertex->has_begun)
			return;
		tell_head(stream);
		if (!vertex)
			continue;
		tell_vertex(stream, vertex);
		if (!vertex->has_ended)
			return;
	}
}

void api_build_stream_end(struct api_build_stream *stream, bool failed)
{
	stream->is_known = true;
	/* Before the first step nothing is known of a build that failed. */
	if (!stream->report->dockerfile || (failed && stream->count == 0))
		return;
	flush(stream);
	for (; stream->step < stream->steps; next_step(stream)) {
		struct api_build_vertex *vertex = find_step(stream, stream->step);

		if (failed && (!vertex || !vertex->has_begun))
			continue;
		tell_head(stream);
		if (vertex) {
			vertex->has_ended = true;
			tell_vertex(stream, vertex);
		}
		if (failed && vertex && vertex->has_failed)
			return;
	}
}

/* ---- events ------------------------------------------------------------------------------------------- */

static void plan(struct api_build_stream *stream, const struct build_event *event)
{
	if (event->vertex >= stream->count) {
		stream->vertices = memory_resize(stream->vertices, event->vertex + 1, sizeof *stream->vertices);
		memset(stream->vertices + stream->count, 0, (event->vertex + 1 - stream->count) * sizeof *stream->vertices);
		stream->count = event->vertex + 1;
	}
	stream->vertices[event->vertex].line = event->mark.line;
	stream->vertices[event->vertex].is_image = strstr(event->title, "internal] load ") != NULL;
}

static void take_status(struct api_build_stream *stream, const struct build_event *event)
{
	struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	/* Of images that are pulled; what is done with the one that is built nobody minds. */
	if (stream->is_known || !event->text)
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
	tell(stream, &line);
}

static void take_warning(struct api_build_stream *stream, const struct build_event *event)
{
	_cleanup_free_ char *text = str_printf("[Warning] %s\n", event->text);
	struct buf line = BUF_INIT;

	/* Of lints docker's classic builder knows nothing. */
	if (event->rule)
		return;
	add_text(&line, text);
	tell(stream, &line);
}

static void take_log(struct api_build_vertex *vertex, const struct build_event *event)
{
	/* Docker tells of the standard error in red. */
	if (event->is_error_stream && event->length) {
		take_lines(vertex, true);
		buf_add_text(&vertex->text, RED);
		buf_add(&vertex->text, event->text, event->length);
		buf_add_text(&vertex->text, PLAIN);
		take_lines(vertex, true);
		return;
	}
	buf_add(&vertex->text, event->text, event->length);
}

static void take_state(struct api_build_stream *stream, struct api_build_vertex *vertex, const struct build_event *event)
{
	if (event->kind == BUILD_STARTED || event->kind == BUILD_CACHED)
		vertex->has_begun = true;
	if (event->kind == BUILD_CACHED)
		add_text(&vertex->held, " ---> Using cache\n");
	if (event->kind == BUILD_LOG)
		take_log(vertex, event);
	vertex->has_failed |= event->kind == BUILD_FAILED;
	vertex->has_ended |= event->kind == BUILD_CACHED || event->kind == BUILD_DONE || event->kind == BUILD_FAILED || event->kind == BUILD_CANCELED;
	/* Images are looked for before all that is done with them is known. */
	stream->is_known |= vertex->has_begun && !vertex->is_image;
}

void api_build_stream_tell(void *context, const struct build_event *event)
{
	struct api_build_stream *stream = context;

	if (event->kind == BUILD_PLANNED)
		plan(stream, event);
	else if (event->kind == BUILD_WARNING)
		take_warning(stream, event);
	else if (event->kind == BUILD_STATUS)
		take_status(stream, event);
	else if (event->vertex < stream->count)
		take_state(stream, &stream->vertices[event->vertex], event);
	flush(stream);
}

void api_build_stream_done(struct api_build_stream *stream)
{
	for (size_t i = 0; i < stream->count; i++) {
		buf_done(&stream->vertices[i].text);
		buf_done(&stream->vertices[i].held);
	}
	free(stream->vertices);
}
