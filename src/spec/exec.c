/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/exec.h"
#include "spec/decode.h"

enum exec_field { EXEC_SIZE, EXEC_ARGS, EXEC_ENV, EXEC_KEYS };

static const struct field exec_fields[] = {
	FIELD(BOOL, struct spec_exec, attach_stdin, "AttachStdin"),
	FIELD(BOOL, struct spec_exec, attach_stdout, "AttachStdout"),
	FIELD(BOOL, struct spec_exec, attach_stderr, "AttachStderr"),
	FIELD_BY(EXEC_SIZE, "ConsoleSize", 0),
	FIELD(STRING, struct spec_exec, detach_keys, "DetachKeys"),
	FIELD_BY(EXEC_KEYS, "detachKeys", 0), /* as docker-py has it: dockerd's names have no case */
	FIELD(BOOL, struct spec_exec, terminal, "Tty"),
	FIELD(BOOL, struct spec_exec, privileged, "Privileged"),
	FIELD(STRING, struct spec_exec, user, "User"),
	FIELD(STRING, struct spec_exec, working_directory, "WorkingDir"),
	FIELD_BY(EXEC_ENV, "Env", 0),
	FIELD_BY(EXEC_ARGS, "Cmd", 0),
};

/* Rows, then columns. */
static int decode_size(const struct decoder *d, const struct json *value, struct spec_exec *exec)
{
	uint64_t rows = 0, columns = 0;
	int r = decode_expect(d, value, JSON_ARRAY);

	if (r == 0 && value->length != 2)
		return decode_fail(d, value, "expected two numbers");
	if (r == 0)
		r = decode_uint(d, value->first, UINT16_MAX, &rows);
	if (r == 0)
		r = decode_uint(d, value->first->next, UINT16_MAX, &columns);
	exec->height = (uint32_t)rows;
	exec->width = (uint32_t)columns;
	return r;
}

static int decode_exec_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_exec *exec = object;

	switch ((enum exec_field)id) {
	case EXEC_SIZE:
		return decode_size(d, value, exec);
	case EXEC_ARGS:
		if (value->type == JSON_STRING) {
			exec->args = arena_alloc(d->arena, 2, sizeof *exec->args);
			return decode_string(d, value, SPEC_ARGUMENT_LIMIT, &exec->args[0]);
		}
		return decode_strings(d, value, SPEC_ARGUMENT_LIMIT, &exec->args);
	case EXEC_ENV:
		return decode_strings(d, value, SPEC_ARGUMENT_LIMIT, &exec->env);
	case EXEC_KEYS:
		return decode_string(d, value, SPEC_ARGUMENT_LIMIT, &exec->detach_keys);
	}
	return -EINVAL;
}

int spec_exec_decode(struct arena *arena, const char *text, size_t length, struct spec_exec **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "exec", .prefix = "", .err = err };
	struct spec_exec *exec = arena_alloc(arena, 1, sizeof *exec);
	int r;

	if (length > SPEC_EXEC_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "exec");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, exec_fields, ARRAY_SIZE(exec_fields), exec, decode_exec_field);
	if (r < 0)
		return r;
	if (!exec->args || !exec->args[0])
		return error_set(err, ERROR_INVALID, 0, "no exec command specified");
	*ret = exec;
	return 0;
}

void spec_exec_encode(const struct spec_exec *exec, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, exec_fields, ARRAY_SIZE(exec_fields), exec);
	if (exec->width || exec->height) {
		json_write_open(&w, "ConsoleSize", '[');
		json_write_uint(&w, NULL, exec->height);
		json_write_uint(&w, NULL, exec->width);
		json_write_close(&w, ']');
	}
	encode_strings(&w, "Env", exec->env);
	encode_strings(&w, "Cmd", exec->args);
	json_write_close(&w, '}');
}

static const struct field run_fields[] = {
	FIELD(I64, struct spec_exec_run, session, "session"),
	FIELD(I64, struct spec_exec_run, pid, "pid"),
	FIELD(STRING, struct spec_exec_run, run, "run"),
	FIELD_WITH(I64, struct spec_exec_run, exit_code, has_ended, "exitCode"),
};

int spec_exec_run_decode(struct arena *arena, const char *text, size_t length, struct spec_exec_run **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "exec", .prefix = "", .err = err };
	struct spec_exec_run *run = arena_alloc(arena, 1, sizeof *run);
	int r = decode_open(&d, text, length);

	if (r == 0)
		r = decode_fields(&d, d.root, run_fields, ARRAY_SIZE(run_fields), run, NULL);
	if (r == 0)
		*ret = run;
	return r;
}

void spec_exec_run_encode(const struct spec_exec_run *run, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, run_fields, ARRAY_SIZE(run_fields), run);
	json_write_close(&w, '}');
}
