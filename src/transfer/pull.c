/* SPDX-License-Identifier: Apache-2.0 */
/* pull: images of a repository come into the store. */
#include "base/json.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"
#include "transfer/platform.h"
#include "transfer/registry_source.h"
#include "transfer/session.h"

struct pull_request {
	struct remote_options remote;
	const char *platform;
	bool all_platforms, all_tags;
};

static const struct option_entry pull_entries[] = {
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct pull_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "all-platforms", 0, OPTION_FLAG, 0, offsetof(struct pull_request, all_platforms), NULL, "keep the image for all platforms" },
	{ "all-tags", 'a', OPTION_FLAG, 0, offsetof(struct pull_request, all_tags), NULL, "pull all tags of the repository" },
	REMOTE_ENTRIES(struct pull_request, remote),
	{ 0 },
};

struct pull {
	const struct transfer_globals *globals;
	const struct pull_request *request;
	struct arena *arena;
	struct store store;
	struct remote_world world;
	struct remote remote;
	struct registry_source *source;
	struct spec_platform platform;
};

static void pull_done(struct pull *pull)
{
	registry_source_free(pull->source);
	remote_close(&pull->remote);
	remote_world_done(&pull->world);
	store_close(&pull->store);
}

/* ---- what is there already ---------------------------------------------------------- */

/* The digest that the registry has for REFERENCE, at the price of one question without content; NULL if it does not say. */
static char *ask_digest(struct pull *pull, const char *reference)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct remote_line *line = NULL;
	int r = remote_call(&pull->remote, &line, NULL);

	if (r < 0)
		return NULL;
	r = client_head_manifest(line->client, reference, &manifest, NULL);
	remote_hang_up(&pull->remote, line);
	return r < 0 ? NULL : TAKE_PTR(manifest.digest);
}

static bool find_named(struct pull *pull, const char *name, struct image *ret)
{
	struct image *images = NULL;
	size_t count = 0;

	if (image_list(&pull->store, pull->arena, &images, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(images[i].name, name))
			continue;
		*ret = images[i];
		return true;
	}
	return false;
}

/* Whether the image called NAME is what the registry has, all of it. Where that is not sure, it is pulled, which fetches nothing twice. */
static bool is_current(struct pull *pull, const struct spec_reference *reference, const char *name, struct image *ret)
{
	_cleanup_free_ char *digest = NULL;

	if (pull->request->all_platforms || !find_named(pull, name, ret))
		return false;
	if (!str_equal(ret->platform, spec_platform_text(pull->arena, &pull->platform)))
		return false;
	if (!blob_exists(&pull->store, ret->target, ret->target_size) || !blob_exists(&pull->store, ret->manifest, UINT64_MAX) ||
	    !blob_exists(&pull->store, ret->id, UINT64_MAX) || (ret->top_layer && !layer_exists(&pull->store, ret->top_layer)))
		return false;
	digest = reference->digest ? str_dup(reference->digest) : ask_digest(pull, reference->tag);
	return str_equal(digest, ret->target);
}

/* ---- one image -------------------------------------------------------------------------- */

static void report_image(struct json_writer *w, const char *name, const struct ingest_report *report)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "name", name);
	json_write_string(w, "id", report->id);
	json_write_string(w, "digest", report->target);
	json_write_string(w, "platform", report->platform);
	json_write_uint(w, "size", report->size);
	json_write_uint(w, "fetchedBytes", report->fetched_bytes);
	json_write_bool(w, "isNew", report->is_new);
	json_write_close(w, '}');
}

static int ingest_named(struct pull *pull, const struct spec_reference *reference, char *name, struct ingest_report *ret, struct error *err)
{
	const struct image_source source = registry_source_interface(pull->source);
	const struct ingest_request request = {
		.reference = reference->digest ? reference->digest : reference->tag,
		.title = name,
		.names = (char *[]){ name, NULL },
		.platform = &pull->platform,
		.properties = (pull->request->all_platforms ? INGEST_ALL_PLATFORMS : 0) | (pull->request->platform ? INGEST_STRICT_PLATFORM : 0),
		.progress = session_progress(pull->globals),
	};
	int r = ingest_image(&pull->store, &source, &request, pull->arena, ret, err);

	if (r == 0)
		return 0;
	if (err->code == ENOSPC || err->code == EDQUOT)
		error_hint(err, "`bivy image prune` and `bivy rmi` make room; what came is fetched anew");
	return error_wrap(err, "cannot pull '%s'", spec_reference_familiar(pull->arena, reference));
}

static int pull_image(struct pull *pull, const struct spec_reference *reference, struct json_writer *w, struct error *err)
{
	char *name = spec_reference_text(pull->arena, reference);
	struct ingest_report report;
	struct image image;
	int r = 0;

	session_tell_status(pull->globals, "%s: Pulling from %s", reference->digest ? reference->digest : reference->tag, reference->path);
	if (is_current(pull, reference, name, &image))
		report = (struct ingest_report){ .target = image.target, .id = image.id, .platform = image.platform, .size = image.size };
	else
		r = ingest_named(pull, reference, name, &report, err);
	if (r == 0)
		report_image(w, name, &report);
	return r;
}

/* ---- the command --------------------------------------------------------------------------- */

static int pull_tags(struct pull *pull, struct spec_reference *reference, struct json_writer *w, struct error *err)
{
	struct remote_line *line = NULL;
	_cleanup_strv_ char **tags = NULL;
	int r = remote_call(&pull->remote, &line, err);

	if (r < 0)
		return r;
	r = client_list_tags(line->client, &tags, err);
	remote_hang_up(&pull->remote, line);
	if (r == 0 && !tags[0])
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "it has no tags");
	if (r < 0)
		return error_wrap(err, "cannot pull all tags of '%s'", spec_reference_familiar_repository(pull->arena, reference));
	for (char **tag = tags; r == 0 && *tag; tag++) {
		reference->tag = *tag;
		r = pull_image(pull, reference, w, err);
	}
	return r;
}

static int check_request(const struct pull_request *request, struct spec_reference *reference, struct error *err)
{
	if (request->all_tags && (reference->tag || reference->digest))
		return error_set(err, ERROR_INVALID, 0, "--all-tags takes a repository without a tag or digest");
	if (request->all_platforms && request->platform)
		return error_set(err, ERROR_INVALID, 0, "--platform and --all-platforms exclude each other");
	/* The digest says it all. */
	if (reference->digest)
		reference->tag = NULL;
	if (!request->all_tags)
		spec_reference_add_default_tag(reference);
	return 0;
}

static int pull_open(struct pull *pull, const struct spec_reference *reference, struct error *err)
{
	int r = platform_choose(pull->arena, pull->request->platform, &pull->platform, err);

	if (r == 0)
		r = remote_world_open(&pull->request->remote, &pull->world, err);
	if (r == 0)
		r = remote_open(&pull->world, reference->domain, reference->path, CLIENT_PULL, &pull->remote, err);
	if (r == 0)
		r = session_open_store(pull->globals, &pull->store, err);
	if (r < 0)
		return r;
	remote_world_confine(&pull->world, pull->store.fd);
	pull->source = registry_source_new(&pull->remote);
	return 0;
}

static int run_pull(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(pull_done) struct pull pull = { .globals = call->globals, .request = call->request, .arena = arena, .store = STORE_INIT };
	struct json_writer w = { .out = out };
	struct spec_reference reference;
	int r = spec_reference_parse(arena, call->operands[0], &reference, err);

	if (r == 0)
		r = check_request(call->request, &reference, err);
	if (r == 0)
		r = pull_open(&pull, &reference, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "images", '[');
	r = pull.request->all_tags ? pull_tags(&pull, &reference, &w, err) : pull_image(&pull, &reference, &w, err);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return r;
}

const struct command transfer_pull = {
	.command = {
		.name = "pull",
		.operands = "REFERENCE",
		.summary = "pull an image from a registry",
		.description = "Brings an image into the store, under its name, and prints what it is as JSON. What is there already is not fetched; "
			"what broke off goes on where it did.",
		.entries = pull_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct pull_request),
	.run = run_pull,
};
