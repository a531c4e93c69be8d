/* SPDX-License-Identifier: Apache-2.0 */
/* remote-inspect: what a registry says of an image, without pulling it. The members' names are those of skopeo inspect. */
#include "base/json.h"
#include "spec/image_config.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "transfer/platform.h"
#include "transfer/registry_source.h"
#include "transfer/target.h"
#include "store/digest.h"
#include "transfer/command.h"

struct inspect_request {
	struct remote_options remote;
	const char *platform;
	bool raw, config, no_tags, distribution;
};

static const struct option_entry inspect_entries[] = {
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct inspect_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "raw", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, raw), NULL, "the manifest or index as the registry has it" },
	{ "config", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, config), NULL, "the image's configuration as the registry has it" },
	{ "distribution", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, distribution), NULL, "its descriptor and platforms, as docker's API tells of them" },
	{ "no-tags", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, no_tags), NULL, "do not ask for the repository's other tags" },
	REMOTE_ENTRIES(struct inspect_request, remote),
	{ 0 },
};

struct inspection {
	struct target target;
	const struct inspect_request *request;
	struct client_manifest top, chosen; /* chosen: of an index */
	struct spec_manifest *manifest;
	struct buf config_text;
	struct spec_image_config *config; /* NULL: it is no image */
};

static void inspection_done(struct inspection *in)
{
	client_manifest_done(&in->top);
	client_manifest_done(&in->chosen);
	buf_done(&in->config_text);
	target_close(&in->target);
}

/* ---- asking ------------------------------------------------------------------------- */

/* Of an index the manifest for the platform becomes in->chosen. */
static int choose_manifest(struct inspection *in, struct error *err)
{
	const struct spec_descriptor *descriptor;
	struct spec_platform platform;
	struct spec_index *index = NULL;
	int r = platform_choose(in->target.arena, in->request->platform, &platform, err);

	if (r == 0)
		r = spec_index_decode(in->target.arena, in->top.body.data, in->top.body.length, &index, err);
	if (r < 0)
		return r;
	descriptor = spec_index_select(index, &platform);
	if (!descriptor)
		return error_set(err, ERROR_NOT_FOUND, 0, "there is none for the platform '%s', but for: %s",
				 spec_platform_text(in->target.arena, &platform), spec_index_platforms(in->target.arena, index));
	return client_get_manifest(in->target.line->client, descriptor->digest, &in->chosen, err);
}

static int get_manifest(struct inspection *in, struct error *err)
{
	enum spec_media_kind kind;
	const struct client_manifest *manifest = &in->top;
	int r = client_get_manifest(in->target.line->client, target_name(&in->target), &in->top, err);

	if (r == 0 && !in->top.body.data)
		r = error_set(err, ERROR_INVALID, 0, "the manifest is empty");
	if (r < 0 || in->request->raw)
		return r;
	r = spec_manifest_kind(in->top.body.data, in->top.body.length, in->top.media_type, &kind, err);
	if (r == 0 && kind == SPEC_MEDIA_INDEX) {
		r = choose_manifest(in, err);
		manifest = &in->chosen;
	}
	if (r == 0)
		r = spec_manifest_decode(in->target.arena, manifest->body.data ? manifest->body.data : "", manifest->body.length, &in->manifest, err);
	return r;
}

static int take_bytes(void *context, const void *bytes, size_t length, struct error *err _unused_)
{
	buf_add(context, bytes, length);
	return 0;
}

static int get_config(struct inspection *in, struct error *err)
{
	const struct spec_descriptor *blob = &in->manifest->config;
	_cleanup_digest_ struct digest *digest = digest_new(blob->digest);
	struct client_blob_request request = { .digest = blob->digest, .size = blob->size, .sink = take_bytes, .sink_context = &in->config_text };
	char text[DIGEST_TEXT_SIZE];
	int r;

	if (blob->size > SPEC_IMAGE_CONFIG_LIMIT || !digest)
		return error_set(err, ERROR_INVALID, 0, "the configuration '%s' cannot be read", blob->digest);
	r = client_get_blob(in->target.line->client, &request, err);
	if (r < 0)
		return r;
	digest_add(digest, in->config_text.data ? in->config_text.data : "", in->config_text.length);
	digest_finish(digest, text);
	if (!str_equal(text, blob->digest))
		return error_set(err, ERROR_INVALID, EBADMSG, "what came as the configuration '%s' has the digest '%s'", blob->digest, text);
	if (in->request->config || !spec_manifest_is_image(in->manifest))
		return 0;
	return spec_image_config_decode(in->target.arena, in->config_text.data ? in->config_text.data : "", in->config_text.length, &in->config, err);
}

/* ---- telling ------------------------------------------------------------------------- */

static void write_tags(struct inspection *in, struct json_writer *w)
{
	_cleanup_strv_ char **tags = NULL;

	json_write_open(w, "RepoTags", '[');
	/* Who may pull need not be allowed to list. */
	if (!in->request->no_tags && client_list_tags(in->target.line->client, &tags, NULL) == 0)
		for (char **tag = tags; *tag; tag++)
			json_write_string(w, NULL, *tag);
	json_write_close(w, ']');
}

static void write_config(const struct spec_image_config *config, struct json_writer *w)
{
	const struct spec_execution *execution = &config->execution;

	json_write_string(w, "Created", config->created);
	json_write_open(w, "Labels", '{');
	for (size_t i = 0; i < execution->label_count; i++)
		json_write_string(w, execution->labels[i].key, execution->labels[i].value);
	json_write_close(w, '}');
	json_write_string(w, "Architecture", config->platform.architecture);
	if (config->platform.variant)
		json_write_string(w, "Variant", config->platform.variant);
	json_write_string(w, "Os", config->platform.os);
}

static void write_layers(const struct spec_manifest *manifest, struct json_writer *w)
{
	json_write_open(w, "Layers", '[');
	for (size_t i = 0; i < manifest->layer_count; i++)
		json_write_string(w, NULL, manifest->layers[i].digest);
	json_write_close(w, ']');
	json_write_open(w, "LayersData", '[');
	for (size_t i = 0; i < manifest->layer_count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "MIMEType", manifest->layers[i].media_type);
		json_write_string(w, "Digest", manifest->layers[i].digest);
		json_write_uint(w, "Size", manifest->layers[i].size);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_inspection(struct inspection *in, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Name", spec_reference_repository(in->target.arena, &in->target.reference));
	json_write_string(&w, "Digest", in->top.digest);
	write_tags(in, &w);
	if (in->config)
		write_config(in->config, &w);
	else if (in->manifest->artifact_type)
		json_write_string(&w, "ArtifactType", in->manifest->artifact_type);
	write_layers(in->manifest, &w);
	json_write_open(&w, "Env", '[');
	for (char **env = in->config ? in->config->execution.env : NULL; env && *env; env++)
		json_write_string(&w, NULL, *env);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* ---- as docker's API ---------------------------------------------------------------------- */

static void write_platform(struct json_writer *w, const struct spec_platform *platform)
{
	json_write_open(w, NULL, '{');
	encode_platform(w, platform, NULL);
	json_write_close(w, '}');
}

static void write_index_platforms(struct inspection *in, struct json_writer *w)
{
	struct spec_index *index = NULL;

	if (spec_index_decode(in->target.arena, in->top.body.data, in->top.body.length, &index, NULL) < 0)
		return;
	for (size_t i = 0; i < index->manifest_count; i++)
		if (index->manifests[i].platform)
			write_platform(w, index->manifests[i].platform);
}

static void write_distribution(struct inspection *in, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "Descriptor", '{');
	json_write_string(&w, "mediaType", in->top.media_type ? in->top.media_type : in->manifest->media_type);
	json_write_string(&w, "digest", in->top.digest);
	json_write_uint(&w, "size", in->top.body.length);
	json_write_close(&w, '}');
	json_write_open(&w, "Platforms", '[');
	if (in->chosen.body.data)
		write_index_platforms(in, &w);
	else if (in->config)
		write_platform(&w, &in->config->platform);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* ---- the command ----------------------------------------------------------------------- */

static int inspect(struct inspection *in, struct buf *out, struct error *err)
{
	int r = get_manifest(in, err);

	if (r == 0 && !in->request->raw)
		r = get_config(in, err);
	if (r < 0)
		return r;
	if (in->request->raw)
		buf_add(out, in->top.body.data, in->top.body.length);
	else if (in->request->distribution)
		write_distribution(in, out);
	else if (in->request->config)
		buf_add(out, in->config_text.data ? in->config_text.data : "", in->config_text.length);
	else
		write_inspection(in, out);
	return 0;
}

static int run_inspect(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(inspection_done) struct inspection in = { .request = call->request };
	int r = target_open(&in.target, &in.request->remote, call->operands[0], CLIENT_PULL, err);

	if (r == 0)
		r = inspect(&in, out, err);
	return r < 0 ? error_wrap(err, "cannot inspect '%s'", call->operands[0]) : 0;
}

const struct command transfer_remote_inspect = {
	.command = {
		.name = "remote-inspect",
		.operands = "REFERENCE",
		.summary = "tell what a registry says of an image",
		.description = "Prints, without pulling the image, what it is as JSON; or its manifest or configuration, byte for byte.",
		.entries = inspect_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct inspect_request),
	.run = run_inspect,
};
