/* SPDX-License-Identifier: Apache-2.0 */
/* remote-delete: a tag, or a manifest with all its tags, goes from a registry. */
#include "base/json.h"
#include "transfer/session.h"
#include "transfer/target.h"

struct delete_request {
	struct remote_options remote;
};

static const struct option_entry delete_entries[] = {
	REMOTE_ENTRIES(struct delete_request, remote),
	{ 0 },
};

/* Many registries delete by digest only. That takes other tags of the same content along, which the user is told. */
static int delete_target(struct target *target, const struct transfer_globals *globals, const char **ret_deleted, struct error *err)
{
	struct client *client = target->line->client;
	int r;

	*ret_deleted = target_name(target);
	if (!target->reference.digest && client_delete_manifest(client, *ret_deleted, NULL) == 0)
		return 0;
	r = target_resolve(target, ret_deleted, err);
	if (r == 0)
		r = client_delete_manifest(client, *ret_deleted, err);
	if (r == 0 && !target->reference.digest)
		session_tell_warning(globals, "the registry cannot delete a tag alone: '%s' is deleted with all its tags", *ret_deleted);
	return r;
}

static int run_delete(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct delete_request *request = call->request;
	_cleanup_target_ struct target target = { .arena = NULL };
	struct json_writer w = { .out = out };
	const char *deleted = NULL;
	int r = target_open(&target, &request->remote, call->operands[0], CLIENT_DELETE, err);

	if (r == 0)
		r = delete_target(&target, call->globals, &deleted, err);
	if (r < 0)
		return error_wrap(err, "cannot delete '%s' from its registry", call->operands[0]);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "repository", spec_reference_repository(target.arena, &target.reference));
	json_write_string(&w, "deleted", deleted);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_remote_delete = {
	.command = {
		.name = "remote-delete",
		.operands = "REFERENCE",
		.summary = "delete an image from a registry",
		.description = "Deletes a tag; or, by digest and where the registry cannot delete a tag alone, a manifest with all its tags.",
		.entries = delete_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct delete_request),
	.run = run_delete,
};
