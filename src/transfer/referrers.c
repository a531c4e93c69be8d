/* SPDX-License-Identifier: Apache-2.0 */
/* referrers: what in a repository is about an image (signatures, lists of contents). */
#include "spec/image_index.h"
#include "transfer/command.h"
#include "transfer/target.h"

struct referrers_request {
	struct remote_options remote;
	const char *artifact_type;
};

static const struct option_entry referrers_entries[] = {
	{ "artifact-type", 0, OPTION_STRING, 0, offsetof(struct referrers_request, artifact_type), "TYPE", "those of this type alone" },
	REMOTE_ENTRIES(struct referrers_request, remote),
	{ 0 },
};

/* What the registry did not choose by itself. */
static void keep_type(struct spec_index *index, const char *type)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_equal(index->manifests[i].artifact_type, type))
			index->manifests[kept++] = index->manifests[i];
	index->manifest_count = kept;
}

static int list_referrers(struct target *target, const char *type, struct buf *out, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;
	const char *digest = NULL;
	bool filtered = false;
	int r = target_resolve(target, &digest, err);

	if (r == 0)
		r = client_list_referrers(target->line->client, digest, type, &text, &filtered, err);
	if (r == 0)
		r = spec_index_decode(target->arena, text.data ? text.data : "", text.length, &index, err);
	if (r < 0)
		return r;
	if (type && !filtered)
		keep_type(index, type);
	spec_index_encode(index, out);
	buf_add_char(out, '\n');
	return 0;
}

static int run_referrers(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct referrers_request *request = call->request;
	_cleanup_target_ struct target target = { .arena = NULL };
	int r = target_open(&target, &request->remote, call->operands[0], CLIENT_PULL, err);

	if (r == 0)
		r = list_referrers(&target, request->artifact_type, out, err);
	return r < 0 ? error_wrap(err, "cannot list the referrers of '%s'", call->operands[0]) : 0;
}

const struct command transfer_referrers = {
	.command = {
		.name = "referrers",
		.operands = "REFERENCE",
		.summary = "list what in a registry is about an image",
		.description = "Prints the index of the manifests whose subject the image is, as the registry has it.",
		.entries = referrers_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct referrers_request),
	.run = run_referrers,
};
