/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a container that exists: one call of the engine each. */
#include "api/routes.h"
#include "engine/containers.h"

#include <limits.h>

/* ---- start, stop, restart ----------------------------------------------------------------- */

int api_container_start(struct api_call *call, struct error *err)
{
	const struct container_start_request request = { .directories = call->directories, .container = call->names[0], .takes_seat = true };
	struct container_start_report report = { .exit_code = 0 };
	int r = container_start(&request, &report, err);

	if (r < 0)
		return r;
	return api_reply_empty(call, report.was_running ? 304 : 204, err);
}

/* "t" and "signal" of stop and restart. */
static int decode_stop(const struct api_call *call, const char **ret_signal, int64_t *ret_timeout_s, struct error *err)
{
	*ret_signal = api_target_value(&call->target, "signal");
	if (str_is_empty(*ret_signal))
		*ret_signal = NULL;
	*ret_timeout_s = CONTAINER_TIMEOUT_CONFIGURED;
	return api_target_number(&call->target, "t", -1, INT_MAX, ret_timeout_s, err);
}

/* Whether it runs: docker answers 304 if there is nothing to stop. */
static int is_running(const struct api_call *call, bool *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(call->arena, call->directories, call->names[0], &record, err);

	if (r == 0)
		*ret = record.is_supervised;
	return r;
}

int api_container_stop(struct api_call *call, struct error *err)
{
	const char *signal;
	int64_t timeout_s;
	bool runs = false;
	int r = decode_stop(call, &signal, &timeout_s, err);

	if (r == 0)
		r = is_running(call, &runs, err);
	if (r == 0 && runs)
		r = container_stop(call->directories, call->names[0], signal, timeout_s, err);
	return r < 0 ? r : api_reply_empty(call, runs ? 204 : 304, err);
}

int api_container_restart(struct api_call *call, struct error *err)
{
	const char *signal;
	int64_t timeout_s;
	int r = decode_stop(call, &signal, &timeout_s, err);

	if (r == 0)
		r = container_restart(call->directories, call->names[0], signal, timeout_s, err);
	return r < 0 ? r : api_reply_empty(call, 204, err);
}

/* ---- others that answer nothing ------------------------------------------------------------- */

int api_container_kill(struct api_call *call, struct error *err)
{
	const char *signal = api_target_value(&call->target, "signal");
	int r = container_kill(call->directories, call->names[0], str_is_empty(signal) ? NULL : signal, err);

	if (r == 0)
		return api_reply_empty(call, 204, err);
	api_call_translate(call, err);
	return error_wrap(err, "cannot kill container: %s", call->names[0]);
}

int api_container_pause(struct api_call *call, struct error *err)
{
	int r = container_pause(call->directories, call->names[0], err);

	return r < 0 ? r : api_reply_empty(call, 204, err);
}

int api_container_unpause(struct api_call *call, struct error *err)
{
	int r = container_unpause(call->directories, call->names[0], err);

	return r < 0 ? r : api_reply_empty(call, 204, err);
}

int api_container_rename(struct api_call *call, struct error *err)
{
	const char *name = api_target_value(&call->target, "name");
	int r;

	if (str_is_empty(name))
		return error_set(err, ERROR_INVALID, 0, "the parameter 'name' is missing");
	r = container_rename(call->directories, call->names[0], name[0] == '/' ? name + 1 : name, err);
	return r < 0 ? r : api_reply_empty(call, 204, err);
}

int api_container_remove(struct api_call *call, struct error *err)
{
	bool force = api_target_flag(&call->target, "force", false);
	unsigned flags = (force ? CONTAINER_REMOVE_FORCE : 0u) | (api_target_flag(&call->target, "v", false) ? CONTAINER_REMOVE_VOLUMES : 0u);
	bool runs;
	/* With force the engine is content if there is none; docker is not. */
	int r = is_running(call, &runs, err);

	if (r == 0)
		r = container_remove(call->directories, call->names[0], flags, err);
	return r < 0 ? r : api_reply_empty(call, 204, err);
}

/* ---- wait ------------------------------------------------------------------------------------- */

static int decode_condition(const struct api_call *call, enum container_wait_condition *ret, struct error *err)
{
	const char *text = api_target_value(&call->target, "condition");

	if (str_is_empty(text) || str_equal(text, "not-running"))
		*ret = CONTAINER_NOT_RUNNING;
	else if (str_equal(text, "next-exit"))
		*ret = CONTAINER_NEXT_EXIT;
	else if (str_equal(text, "removed"))
		*ret = CONTAINER_REMOVED;
	else
		return error_set(err, ERROR_INVALID, 0, "invalid condition: \"%.100s\"", text);
	return 0;
}

/* The head goes out before it is over: the client starts the container once it has it. */
static int open_wait(void *context, struct error *err)
{
	return api_reply_open(context, 200, "application/json", err);
}

int api_container_wait(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct container_wait_request request = { .directories = call->directories, .container = call->names[0], .begun = open_wait, .context = call };
	struct error wait_error = ERROR_INIT;
	int64_t code = 0;
	int r = decode_condition(call, &request.condition, err);

	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r < 0)
		return r;
	r = container_wait(&request, &code, &wait_error);
	if (r < 0 && !call->has_replied) {
		*err = wait_error;
		return r;
	}
	json_write_open(&w, NULL, '{');
	json_write_int(&w, "StatusCode", r < 0 ? -1 : code);
	if (r < 0) {
		json_write_open(&w, "Error", '{');
		json_write_string(&w, "Message", wait_error.message);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
	buf_add_char(&document, '\n');
	return api_reply_add(call, document.data, document.length, err);
}
