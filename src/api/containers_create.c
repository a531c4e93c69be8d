/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/create. */
#include "api/routes.h"
#include "engine/containers.h"
#include "spec/container_request.h"

struct warnings {
	struct arena *arena;
	struct buf list; /* of a JSON array, what is in it */
};

static void add_warning(void *context, const char *text)
{
	struct warnings *warnings = context;
	struct json_writer w = { .out = &warnings->list, .need_comma = warnings->list.length > 0 };

	json_write_string(&w, NULL, text);
}

/* Docker's names may begin with the slash that its answers have. */
static const char *decode_name(const struct api_call *call)
{
	const char *name = api_target_value(&call->target, "name");

	if (str_is_empty(name))
		return NULL;
	return name[0] == '/' ? name + 1 : name;
}

static int decode(struct api_call *call, struct spec_container *ret, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	int r = api_call_body(call, &body, err);

	if (r < 0)
		return r;
	if (body.length == 0)
		return error_set(err, ERROR_INVALID, 0, "invalid JSON: got EOF while reading request body");
	r = spec_container_request_decode(call->arena, body.data, body.length, ret, err);
	if (r < 0)
		return r;
	if (call->target.minor < 44 && ret->host.endpoint_count > 1)
		return error_set(err, ERROR_INVALID, 0, "Container cannot be created with multiple network endpoints");
	ret->name = (char *)decode_name(call);
	if (!ret->host.log_driver)
		ret->host.log_driver = (char *)API_LOG_DRIVER;
	if (str_is_empty(ret->config.image) && str_is_empty(ret->host.rootfs_path))
		return error_set(err, ERROR_INVALID, 0, "no image specified");
	return 0;
}

static int reply(struct api_call *call, const char *id, const struct buf *warnings, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;

	buf_printf(&document, "{\"Id\":\"%s\",\"Warnings\":[%s]}", id, warnings->length ? warnings->data : "");
	return api_reply_json(call, 201, &document, err);
}

int api_container_create(struct api_call *call, struct error *err)
{
	struct warnings warnings = { .arena = call->arena };
	struct spec_container asked;
	const char *platform = api_target_value(&call->target, "platform"), *id = NULL;
	const struct container_create_request request = {
		.directories = call->directories,
		.asked = &asked,
		.pull = "never", /* a client that is told that there is none pulls it itself */
		.ports_may_wait = true,
		.platform = str_is_empty(platform) ? NULL : platform,
		.warn = add_warning,
		.context = &warnings,
	};
	int r = decode(call, &asked, err);

	if (r == 0)
		r = container_create(call->arena, &request, &id, err);
	/* To a client 404 says that the image has to be pulled. */
	if (r < 0 && err->kind == ERROR_NOT_FOUND && !str_starts_with(err->message, "no such image"))
		err->kind = ERROR_INVALID;
	if (r == 0)
		r = reply(call, id, &warnings.list, err);
	buf_done(&warnings.list);
	return r;
}
