/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are executed in containers: made, started, looked at. */
#include "api/routes.h"
#include "api/stream.h"
#include "api/words.h"
#include "engine/execs.h"

/* ---- POST /containers/{id}/exec ------------------------------------------------------------- */

int api_exec_create(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT, document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct spec_exec *exec = NULL;
	const char *id = NULL;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_exec_decode(call->arena, body.data ? body.data : "", body.length, &exec, err);
	if (r == 0 && exec->working_directory && exec->working_directory[0] != '/')
		r = error_set(err, ERROR_INVALID, 0, "the working directory '%.200s' is invalid, it needs to be an absolute path", exec->working_directory);
	if (r == 0)
		r = exec_create(call->arena, call->directories, call->names[0], exec, &id, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Id", id);
	json_write_close(&w, '}');
	return api_reply_json(call, 201, &document, err);
}

/* ---- POST /exec/{id}/start -------------------------------------------------------------------- */

static int open_detached(void *context, struct container_wire *wire _unused_, struct error *err)
{
	return api_reply_empty(context, 200, err);
}

static void word_failure(struct error *failure)
{
	api_words_translate(failure, NULL);
}

/* Rows, then columns; what is no such pair says nothing. */
static void read_size(const struct json *body, struct container_wire *wire)
{
	const struct json *size = body ? json_member(body, "ConsoleSize") : NULL;

	if (!size || size->type != JSON_ARRAY || size->length != 2 || size->first->type != JSON_UINT || size->first->next->type != JSON_UINT)
		return;
	wire->height = (uint32_t)(size->first->unsigned_integer & UINT16_MAX);
	wire->width = (uint32_t)(size->first->next->unsigned_integer & UINT16_MAX);
}

static bool is_true(const struct json *body, const char *name)
{
	const struct json *value = body ? json_member(body, name) : NULL;

	return value && value->type == JSON_BOOL && value->boolean;
}

int api_exec_start(struct api_call *call, struct error *err)
{
	_cleanup_api_stream_ struct api_stream stream = API_STREAM_INIT;
	struct container_wire wire = { .in = -EBADF, .out = -EBADF };
	struct exec_start_request request = { .directories = call->directories, .id = call->names[0], .wire = &wire };
	struct json *body = NULL;
	int r = api_call_document(call, &body, err);

	if (r < 0)
		return r;
	stream.call = call;
	/* What it was made with does not count here: who starts it says how the stream is to be. */
	stream.terminal = is_true(body, "Tty");
	wire.unframed = stream.terminal;
	wire.framed = !stream.terminal;
	request.detach = is_true(body, "Detach");
	wire.open = request.detach ? open_detached : api_stream_open;
	wire.word = word_failure;
	wire.context = request.detach ? (void *)call : &stream;
	read_size(body, &wire);
	return exec_start(&request, err);
}

/* ---- the others ------------------------------------------------------------------------------------ */

int api_exec_resize(struct api_call *call, struct error *err)
{
	uint32_t width, height;
	int r = api_decode_size(call, &width, &height, err);

	if (r == 0)
		r = exec_resize(call->directories, call->names[0], width, height, err);
	return r < 0 ? r : api_reply_empty(call, 200, err);
}

static void write_process(struct json_writer *w, const struct spec_exec *exec)
{
	json_write_open(w, "ProcessConfig", '{');
	json_write_bool(w, "tty", exec->terminal);
	json_write_string(w, "entrypoint", exec->args[0]);
	json_write_open(w, "arguments", '[');
	for (char **argument = exec->args + 1; *argument; argument++)
		json_write_string(w, NULL, *argument);
	json_write_close(w, ']');
	json_write_bool(w, "privileged", exec->privileged);
	if (exec->user)
		json_write_string(w, "user", exec->user);
	json_write_close(w, '}');
}

int api_exec_inspect(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct exec_report report;
	int r = exec_inspect(call->arena, call->directories, call->names[0], &report, err);

	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ID", call->names[0]);
	json_write_bool(&w, "Running", report.running);
	if (report.has_ended)
		json_write_int(&w, "ExitCode", report.exit_code);
	else
		json_write_null(&w, "ExitCode");
	write_process(&w, report.exec);
	json_write_bool(&w, "OpenStdin", report.exec->attach_stdin);
	json_write_bool(&w, "OpenStderr", report.exec->attach_stderr);
	json_write_bool(&w, "OpenStdout", report.exec->attach_stdout);
	json_write_bool(&w, "CanRemove", false);
	json_write_string(&w, "ContainerID", report.container);
	json_write_string(&w, "DetachKeys", report.exec->detach_keys ? report.exec->detach_keys : "");
	json_write_int(&w, "Pid", report.pid);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
