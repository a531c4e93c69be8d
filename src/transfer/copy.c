/* SPDX-License-Identifier: Apache-2.0 */
/* copy: from registry to registry, without a store in between. */
#include "base/json.h"
#include "transfer/platform.h"
#include "transfer/registry_source.h"
#include "transfer/send.h"
#include "transfer/session.h"

struct copy_request {
	struct remote_options remote;
	const char *platform;
	bool all_platforms;
};

static const struct option_entry copy_entries[] = {
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct copy_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "all-platforms", 0, OPTION_FLAG, 0, offsetof(struct copy_request, all_platforms), NULL, "copy the image for all platforms" },
	REMOTE_ENTRIES(struct copy_request, remote),
	{ 0 },
};

struct copy {
	const struct transfer_globals *globals;
	struct arena *arena;
	struct remote_world world;
	struct remote from, to;
	struct registry_source *source;
	struct spec_platform platform;
	struct spec_reference from_reference, to_reference;
};

static void copy_done(struct copy *copy)
{
	registry_source_free(copy->source);
	remote_close(&copy->from);
	remote_close(&copy->to);
	remote_world_done(&copy->world);
}

/* Within a registry nothing need be sent at all. */
static const char *mount_from(void *context, const char *digest _unused_)
{
	const struct copy *copy = context;

	return str_equal(copy->from_reference.domain, copy->to_reference.domain) ? copy->from_reference.path : NULL;
}

static int parse_references(struct copy *copy, char *const *operands, struct error *err)
{
	int r = spec_reference_parse(copy->arena, operands[0], &copy->from_reference, err);

	if (r == 0)
		r = spec_reference_parse(copy->arena, operands[1], &copy->to_reference, err);
	if (r == 0 && copy->to_reference.digest)
		r = error_set(err, ERROR_INVALID, 0, "what is copied to has a tag, not a digest");
	if (r < 0)
		return r;
	spec_reference_add_default_tag(&copy->from_reference);
	spec_reference_add_default_tag(&copy->to_reference);
	return 0;
}

static int copy_open(struct copy *copy, const struct copy_request *request, struct error *err)
{
	int r = platform_choose(copy->arena, request->platform, &copy->platform, err);

	if (r == 0 && request->all_platforms && request->platform)
		r = error_set(err, ERROR_INVALID, 0, "--platform and --all-platforms exclude each other");
	if (r == 0)
		r = remote_world_open(&request->remote, &copy->world, err);
	if (r == 0)
		r = remote_open(&copy->world, copy->from_reference.domain, copy->from_reference.path, CLIENT_PULL, &copy->from, err);
	if (r == 0)
		r = remote_open(&copy->world, copy->to_reference.domain, copy->to_reference.path, CLIENT_PUSH, &copy->to, err);
	if (r < 0)
		return r;
	remote_world_confine(&copy->world, -1);
	copy->source = registry_source_new(&copy->from);
	return 0;
}

static int run_copy(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct copy_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(copy_done) struct copy copy = { .globals = call->globals, .arena = arena };
	struct send_request sending = { .platform = &copy.platform, .properties = request->all_platforms ? SEND_ALL_PLATFORMS : 0,
					.mount_from = mount_from, .mount_context = &copy, .progress = session_progress(call->globals) };
	struct json_writer w = { .out = out };
	struct image_source source;
	struct send_report report;
	int r = parse_references(&copy, call->operands, err);

	if (r == 0)
		r = copy_open(&copy, request, err);
	if (r < 0)
		return r;
	source = registry_source_interface(copy.source);
	sending.reference = copy.from_reference.digest ? copy.from_reference.digest : copy.from_reference.tag;
	sending.tag = copy.to_reference.tag;
	r = send_image(&source, &copy.to, &sending, arena, &report, err);
	if (r < 0)
		return error_wrap(err, "cannot copy '%s' to '%s'", call->operands[0], call->operands[1]);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "name", spec_reference_text(arena, &copy.to_reference));
	json_write_string(&w, "digest", report.digest);
	json_write_uint(&w, "size", report.size);
	json_write_uint(&w, "sentBytes", report.sent_bytes);
	json_write_bool(&w, "isNew", report.is_new);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_copy = {
	.command = {
		.name = "copy",
		.operands = "SOURCE DESTINATION",
		.summary = "copy an image from registry to registry",
		.description = "Copies an image to another place in the same or another registry, without unpacking or keeping it, and prints what it is "
			"there as JSON.",
		.entries = copy_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct copy_request),
	.run = run_copy,
};
