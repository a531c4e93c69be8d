/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: one call of the engine each. */
#include "api/routes.h"
#include "engine/container_network.h"
#include "engine/networks.h"
#include "spec/network_request.h"

/* ---- list and inspect ------------------------------------------------------------------------ */

static void write_network(struct json_writer *w, const struct spec_network *network)
{
	json_write_open(w, NULL, '{');
	spec_network_write_inspect(w, network);
	/* Who is in it is told of a single one. */
	json_write_open(w, "Containers", '{');
	json_write_close(w, '}');
	json_write_close(w, '}');
}

int api_networks_list(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	const struct spec_network **list = NULL, *found;
	char **filters = NULL;
	size_t count = 0;
	/* The default one is there for docker's clients before the first container is. */
	int r = network_find(call->arena, call->directories, NETWORK_DEFAULT, &found, err);

	if (r == 0)
		r = api_target_filters(call->arena, &call->target, &filters, err);
	if (r == 0)
		r = network_survey(call->arena, call->directories, filters, &list, &count, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++)
		write_network(&w, list[i]);
	json_write_close(&w, ']');
	return api_reply_json(call, 200, &document, err);
}

int api_network_inspect(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	const char *scope = api_target_value(&call->target, "scope");
	int r;

	if (!str_is_empty(scope) && !str_equal(scope, "local"))
		return error_set(err, ERROR_NOT_FOUND, 0, "no such network '%s'", call->names[0]);
	r = network_inspect(call->directories, call->names[0], &document, err);
	return r < 0 ? r : api_reply_json(call, 200, &document, err);
}

/* ---- create ------------------------------------------------------------------------------------ */

/* What is docker's for swarms, or for address managers that we do not have. */
static int refuse_others(const struct spec_network_create *create, struct error *err)
{
	if (create->ingress || create->config_only || create->config_from || (create->scope && !str_equal(create->scope, "local")))
		return error_set(err, ERROR_DENIED, 0, "This node is not a swarm manager: networks of swarms cannot be made");
	if (create->address_driver && !str_equal(create->address_driver, "default"))
		return error_set(err, ERROR_NOT_FOUND, 0, "error looking up IPAM driver \"%.100s\": there is none but \"default\"", create->address_driver);
	if (create->address_option_count)
		return error_set(err, ERROR_UNSUPPORTED, 0, "options of the IPAM driver are not supported");
	return 0;
}

int api_network_create(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT, document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct spec_network_create create = { .network.name = NULL };
	const struct spec_network *made = NULL;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_network_create_decode(call->arena, body.data ? body.data : "", body.length, &create, err);
	if (r == 0)
		r = refuse_others(&create, err);
	if (r == 0 && !create.network.name)
		r = error_set(err, ERROR_INVALID, 0, "invalid name: ");
	if (r == 0 && str_equal(create.network.name, NETWORK_DEFAULT))
		r = error_set(err, ERROR_DENIED, 0, "operation is not permitted on predefined %s network", create.network.name);
	if (r == 0)
		r = network_create(call->arena, call->directories, &create.network, &made, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Id", made->id);
	json_write_string(&w, "Warning", "");
	json_write_close(&w, '}');
	return api_reply_json(call, 201, &document, err);
}

/* ---- members -------------------------------------------------------------------------------------- */

static int decode_member(struct api_call *call, struct spec_network_member *ret, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	int r = api_call_body(call, &body, err);

	if (r == 0)
		r = spec_network_member_decode(call->arena, body.data ? body.data : "", body.length, ret, err);
	if (r == 0 && !ret->container)
		r = error_set(err, ERROR_INVALID, 0, "invalid name or ID supplied: \"\"");
	return r;
}

int api_network_connect(struct api_call *call, struct error *err)
{
	struct spec_network_member member = { .container = NULL };
	int r = decode_member(call, &member, err);

	member.endpoint.network = (char *)call->names[0];
	if (r == 0)
		r = container_network_connect(call->directories, member.container, &member.endpoint, err);
	return r < 0 ? r : api_reply_empty(call, 200, err);
}

int api_network_disconnect(struct api_call *call, struct error *err)
{
	struct spec_network_member member = { .container = NULL };
	int r = decode_member(call, &member, err);

	if (r == 0)
		r = container_network_disconnect(call->directories, member.container, call->names[0], member.force, err);
	return r < 0 ? r : api_reply_empty(call, 200, err);
}

/* ---- removal ---------------------------------------------------------------------------------------- */

int api_network_remove(struct api_call *call, struct error *err)
{
	int r = network_remove(call->directories, call->names[0], 0, err);

	return r < 0 ? r : api_reply_empty(call, 204, err);
}

static void add_name(void *context, const char *name)
{
	json_write_string(context, NULL, name);
}

int api_networks_prune(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT, document = BUF_INIT;
	struct json_writer w = { .out = &names };
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	json_write_open(&w, NULL, '[');
	if (r == 0)
		r = network_prune(call->directories, filters, add_name, &w, err);
	json_write_close(&w, ']');
	if (r < 0)
		return r;
	buf_printf(&document, "{\"NetworksDeleted\":%s}", str_equal(names.data, "[]") ? "null" : names.data);
	return api_reply_json(call, 200, &document, err);
}
