/* SPDX-License-Identifier: Apache-2.0 */
#include "api/login.h"
#include "api/routes.h"
#include "engine/registry_logins.h"
#include "engine/transfer.h"

int api_login_open(struct api_call *call, const struct spec_reference *reference, int *ret, struct error *err)
{
	const char *header = api_call_header(call, "X-Registry-Auth");
	struct spec_registry_login login = { .host = reference->domain };

	/* As docker: what cannot be read is no login. */
	if (header && spec_registry_auth_decode(call->arena, header, strlen(header), &login.auth, NULL) < 0)
		login.auth = (struct spec_registry_auth){ NULL };
	return registry_logins_open(&login, 1, ret, err);
}

const char *api_login_path(struct api_call *call, int fd)
{
	return registry_logins_path(call->arena, fd);
}

/* ---- POST /auth ----------------------------------------------------------------------------------- */

/* "https://index.docker.io/v1/" is docker.io, as is nothing. */
static const char *host_of(struct api_call *call, const char *address)
{
	const char *scheme = address ? strstr(address, "://") : NULL;
	const char *host = scheme ? scheme + 3 : address;

	if (str_is_empty(host))
		return SPEC_DEFAULT_DOMAIN;
	host = arena_strndup(call->arena, host, strcspn(host, "/"));
	return str_equal(host, "index.docker.io") || str_equal(host, "registry-1.docker.io") ? SPEC_DEFAULT_DOMAIN : host;
}

static int try_login(struct api_call *call, const struct spec_registry_login *login, const char **ret_text, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	const char *arguments[] = { "login", "--try", NULL, "--", login->host, NULL };
	struct transfer_request request = { .directories = call->directories, .arguments = arguments, .fds = &fd, .fd_count = 1 };
	int r = registry_logins_open(login, 1, &fd, err);

	if (r < 0)
		return r;
	arguments[2] = arena_printf(call->arena, "--authfile=%s", registry_logins_path(call->arena, fd));
	return transfer_run(call->arena, &request, ret_text, err);
}

/* A login that the registry refuses: of its own status, as in HTTP. */
static int refuse(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "message", err->message);
	json_write_close(&w, '}');
	return api_reply_json(call, 401, &document, err);
}

int api_auth(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT, document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct spec_registry_login login = { .host = NULL };
	const struct json *token = NULL;
	struct json *report = NULL;
	const char *text = NULL;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_registry_auth_parse(call->arena, body.data ? body.data : "", body.length, &login.auth, err);
	login.host = host_of(call, login.auth.server_address);
	if (r == 0)
		r = try_login(call, &login, &text, err);
	if (r < 0)
		return err->kind == ERROR_DENIED ? refuse(call, err) : r;
	if (json_parse(call->arena, text, strlen(text), &report, NULL) == 0 && report->type == JSON_OBJECT)
		token = json_member(report, "identityToken");
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "IdentityToken", token && token->type == JSON_STRING ? token->text : "");
	json_write_string(&w, "Status", "Login Succeeded");
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}

/* ---- GET /distribution/NAME/json --------------------------------------------------------------------- */

int api_distribution(struct api_call *call, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf document = BUF_INIT;
	const char *arguments[] = { "remote-inspect", "--distribution", NULL, "--", call->names[0], NULL }, *text = NULL;
	struct transfer_request request = { .directories = call->directories, .arguments = arguments, .fds = &fd, .fd_count = 1 };
	struct spec_reference reference;
	int r = spec_reference_parse(call->arena, call->names[0], &reference, err);

	if (r == 0)
		r = api_login_open(call, &reference, &fd, err);
	if (r < 0)
		return r;
	arguments[2] = arena_printf(call->arena, "--authfile=%s", api_login_path(call, fd));
	r = transfer_run(call->arena, &request, &text, err);
	if (r < 0)
		return r;
	buf_add_text(&document, text);
	str_trim_end(document.data);
	document.length = strlen(document.data);
	return api_reply_json(call, 200, &document, err);
}
