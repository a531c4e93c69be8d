/* SPDX-License-Identifier: Apache-2.0 */
/* tags: those of a repository. */
#include "base/json.h"
#include "transfer/command.h"
#include "transfer/target.h"

struct tags_request {
	struct remote_options remote;
};

static const struct option_entry tags_entries[] = {
	REMOTE_ENTRIES(struct tags_request, remote),
	{ 0 },
};

static int run_tags(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct tags_request *request = call->request;
	_cleanup_target_ struct target target = { .arena = NULL };
	struct json_writer w = { .out = out };
	_cleanup_strv_ char **tags = NULL;
	int r = target_open(&target, &request->remote, call->operands[0], CLIENT_PULL, err);

	if (r == 0 && (target.reference.tag || target.reference.digest))
		r = error_set(err, ERROR_INVALID, 0, "expected a repository, without a tag or digest");
	if (r == 0)
		r = client_list_tags(target.line->client, &tags, err);
	if (r < 0)
		return error_wrap(err, "cannot list the tags of '%s'", call->operands[0]);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "repository", spec_reference_repository(target.arena, &target.reference));
	json_write_open(&w, "tags", '[');
	for (char **tag = tags; *tag; tag++)
		json_write_string(&w, NULL, *tag);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_tags = {
	.command = {
		.name = "tags",
		.operands = "REPOSITORY",
		.summary = "list the tags of a repository",
		.entries = tags_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct tags_request),
	.run = run_tags,
};
