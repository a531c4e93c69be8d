/* SPDX-License-Identifier: Apache-2.0 */
#include "api/progress.h"
#include "api/words.h"

#include <stdarg.h>

/* ---- events of transfers -------------------------------------------------------------------- */

static const char *const phase_words[API_PROGRESS_VERBS][SPEC_TRANSFER_PHASES] = {
	[API_PROGRESS_PULL] = {
		[SPEC_TRANSFER_WAITING] = "Pulling fs layer",
		[SPEC_TRANSFER_DOWNLOADING] = "Downloading",
		[SPEC_TRANSFER_EXTRACTING] = "Extracting",
		[SPEC_TRANSFER_EXISTS] = "Already exists",
		[SPEC_TRANSFER_COMPLETE] = "Pull complete",
	},
	[API_PROGRESS_PUSH] = {
		[SPEC_TRANSFER_WAITING] = "Preparing",
		[SPEC_TRANSFER_READING] = "Preparing",
		[SPEC_TRANSFER_UPLOADING] = "Pushing",
		[SPEC_TRANSFER_EXISTS] = "Layer already exists",
		[SPEC_TRANSFER_COMPLETE] = "Pushed",
		[SPEC_TRANSFER_MOUNTED] = "Mounted from",
		[SPEC_TRANSFER_SKIPPED] = "Skipped foreign layer",
	},
	[API_PROGRESS_LOAD] = {
		[SPEC_TRANSFER_READING] = "Loading layer",
		[SPEC_TRANSFER_EXTRACTING] = "Loading layer",
	},
};

static void encode_item(enum api_progress_verb verb, const struct spec_transfer_event *event, struct buf *out)
{
	const char *word = phase_words[verb][event->phase];
	bool is_counted = event->total > 0 && !spec_transfer_phase_is_final(event->phase) && event->phase != SPEC_TRANSFER_WAITING;
	_cleanup_free_ char *status = event->detail ? str_printf("%s %s", word, event->detail) : NULL;
	struct json_writer w = { .out = out };

	if (!word)
		return;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "status", status ? status : word);
	json_write_open(&w, "progressDetail", '{');
	if (is_counted) {
		json_write_uint(&w, "current", event->current);
		json_write_uint(&w, "total", event->total);
	}
	json_write_close(&w, '}');
	json_write_string(&w, "id", event->item);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* "latest: Pulling from library/debian" is about "latest". */
static void encode_status(const char *text, struct buf *out)
{
	const char *pulling = strstr(text, ": Pulling from ");
	_cleanup_free_ char *id = pulling ? str_printf("%.*s", (int)(pulling - text), text) : NULL;
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "status", pulling ? pulling + strlen(": ") : text);
	if (id)
		json_write_string(&w, "id", id);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

void api_progress_encode(enum api_progress_verb verb, const struct spec_transfer_event *event, struct buf *out)
{
	if (event->kind == SPEC_TRANSFER_ITEM)
		encode_item(verb, event, out);
	else if (event->kind == SPEC_TRANSFER_STATUS || event->kind == SPEC_TRANSFER_WARNING)
		encode_status(event->text, out);
}

/* ---- the answer -------------------------------------------------------------------------------- */

void api_progress_done(struct api_progress *progress)
{
	buf_done(&progress->held);
}

static void flush(struct api_progress *progress)
{
	int r = 0;

	if (!progress->call->has_replied)
		r = api_reply_open(progress->call, 200, "application/json", NULL);
	if (r == 0 && progress->held.length)
		r = api_reply_add(progress->call, progress->held.data, progress->held.length, NULL);
	ignore_result(r); /* nobody is there: see the header */
	buf_done(&progress->held);
}

void api_progress_begin(struct api_progress *progress)
{
	flush(progress);
}

void api_progress_add(struct api_progress *progress, const struct buf *document)
{
	buf_add(&progress->held, document->data, document->length);
	flush(progress);
}

static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		abort();
	return text;
}

void api_progress_status(struct api_progress *progress, const char *id, const char *format, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	_cleanup_free_ char *text = NULL;
	struct json_writer w = { .out = &line };
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "status", text);
	if (id)
		json_write_string(&w, "id", id);
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(progress, &line);
}

void api_progress_stream(struct api_progress *progress, const char *format, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	_cleanup_free_ char *text = NULL;
	struct json_writer w = { .out = &line };
	va_list args;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "stream", text);
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(progress, &line);
}

void api_progress_tell(void *context, const struct spec_transfer_event *event)
{
	struct api_progress *progress = context;

	if (progress->is_quiet)
		return;
	api_progress_encode(progress->verb, event, &progress->held);
	/* What is about to be done is told with the first of it that was. */
	if (event->kind == SPEC_TRANSFER_ITEM)
		flush(progress);
}

int api_progress_end(struct api_progress *progress, int r, struct error *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	if (r < 0 && !progress->call->has_replied)
		return r;
	if (r < 0) {
		api_call_translate(progress->call, err);
		json_write_open(&w, NULL, '{');
		json_write_open(&w, "errorDetail", '{');
		if (err->exit_status)
			json_write_int(&w, "code", err->exit_status);
		json_write_string(&w, "message", err->message);
		json_write_close(&w, '}');
		json_write_string(&w, "error", err->message);
		json_write_close(&w, '}');
		buf_add_char(&line, '\n');
		buf_add(&progress->held, line.data, line.length);
	}
	flush(progress);
	return 0;
}
