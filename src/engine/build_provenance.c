/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_provenance.h"

#include "base/base64.h"
#include "base/json.h"
#include "engine/build_cache.h"
#include "spec/image_digest.h"
#include "spec/image_purl.h"

#define BUILD_TYPE "https://mobyproject.org/buildkit@v1"

/* ---- what came in ----------------------------------------------------------------------- */

static void write_material(struct json_writer *w, const struct build_platform *platform, const struct build_image *image)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf purl = BUF_INIT;
	const char *digest = image->image.target;
	const char *text = image->origin.platform.os ? spec_platform_text(arena, &image->origin.platform) : platform->text;

	if (!digest)
		return;
	spec_image_purl(image->image.name ? image->image.name : image->origin.name, text, &purl);
	json_write_open(w, NULL, '{');
	json_write_string(w, "uri", purl.data);
	json_write_open(w, "digest", '{');
	json_write_string(w, arena_strndup(arena, digest, spec_digest_algorithm_length(digest)), spec_digest_encoded(digest));
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_materials(struct json_writer *w, const struct build_platform *platform)
{
	json_write_open(w, "materials", '[');
	for (size_t i = 0; i < platform->outline->image_count; i++)
		write_material(w, platform, &platform->images[i]);
	json_write_close(w, ']');
}

/* ---- how it was asked for ------------------------------------------------------------------- */

static void write_labels(struct json_writer *w, const struct build *build)
{
	const struct build_request *request = build->request;

	for (char **argument = request->arguments; argument && *argument; argument++) {
		const char *equals = strchr(*argument, '='), *value = equals ? equals + 1 : getenv(*argument);
		int length = (int)(equals ? (size_t)(equals - *argument) : strlen(*argument));

		if (value)
			json_write_string(w, arena_printf(build->arena, "build-arg:%.*s", length, *argument), value);
	}
	for (size_t i = 0; i < request->label_count; i++)
		json_write_string(w, arena_printf(build->arena, "label:%s", request->labels[i].key), request->labels[i].value);
}

static void write_arguments(struct json_writer *w, const struct build *build, bool is_maximal)
{
	const struct build_request *request = build->request;

	json_write_open(w, "args", '{');
	if (request->target)
		json_write_string(w, "target", request->target);
	if (request->no_cache)
		json_write_string(w, "no-cache", "");
	if (build->dockerfile->syntax)
		json_write_string(w, "cmdline", build->dockerfile->syntax);
	if (is_maximal)
		write_labels(w, build);
	json_write_close(w, '}');
}

static void write_ids(struct json_writer *w, const char *key, const struct build_secret *list, size_t count)
{
	if (!count)
		return;
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "id", list[i].id);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_locals(struct json_writer *w)
{
	static const char *const names[] = { "context", "dockerfile" };

	json_write_open(w, "locals", '[');
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "name", names[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

/* Where the context came from, but what is in the address for nobody else to see. */
static const char *context_address(const struct build *build)
{
	const char *context = build->request->context, *scheme = context ? strstr(context, "://") : NULL;
	const char *at = scheme ? strchr(scheme, '@') : NULL;

	if (!scheme)
		return NULL;
	if (!at || memchr(scheme + 3, '/', (size_t)(at - scheme - 3)))
		return context;
	return arena_printf(build->arena, "%.*s%s", (int)(scheme + 3 - context), context, at + 1);
}

static void write_invocation(struct json_writer *w, const struct build *build, const struct build_platform *platform, bool is_maximal)
{
	const char *address = context_address(build);

	json_write_open(w, "invocation", '{');
	json_write_open(w, "configSource", '{');
	if (address)
		json_write_string(w, "uri", address);
	json_write_string(w, "entryPoint", build->dockerfile->name);
	json_write_close(w, '}');
	json_write_open(w, "parameters", '{');
	json_write_string(w, "frontend", "dockerfile.v0");
	write_arguments(w, build, is_maximal);
	if (is_maximal) {
		write_ids(w, "secrets", build->request->secrets, build->request->secret_count);
		write_ids(w, "ssh", build->request->ssh, build->request->ssh_count);
	}
	if (!address)
		write_locals(w);
	json_write_close(w, '}');
	json_write_open(w, "environment", '{');
	json_write_string(w, "platform", platform->text);
	json_write_close(w, '}');
	json_write_close(w, '}');
}

/* ---- the rest -------------------------------------------------------------------------------------- */

static void write_source(struct json_writer *w, const struct dockerfile *dockerfile)
{
	_cleanup_buf_ struct buf text = BUF_INIT, encoded = BUF_INIT;

	for (char **line = dockerfile->lines; *line; line++)
		buf_printf(&text, "%s\n", *line);
	base64_encode(text.data ? text.data : "", text.length, &encoded);
	json_write_open(w, BUILD_TYPE "#metadata", '{');
	json_write_open(w, "source", '{');
	json_write_open(w, "infos", '[');
	json_write_open(w, NULL, '{');
	json_write_string(w, "filename", dockerfile->name);
	json_write_string(w, "language", "Dockerfile");
	json_write_string(w, "data", encoded.data ? encoded.data : "");
	json_write_close(w, '}');
	json_write_close(w, ']');
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_metadata(struct json_writer *w, const struct build *build, bool is_maximal, bool has_times)
{
	const struct build_request *request = build->request;
	bool is_complete = is_maximal || (request->label_count == 0 && (!request->arguments || !request->arguments[0]));
	char id[BUILD_CACHE_ID_LENGTH + 1];

	json_write_open(w, "metadata", '{');
	if (has_times) {
		build_cache_id(arena_printf(build->arena, "%s %d %s", build->directories->root, getpid(), build_now(build)), id);
		if (!request->has_epoch)
			json_write_string(w, "buildInvocationID", id);
		json_write_string(w, "buildStartedOn", build->started ? build->started : build_now(build));
		json_write_string(w, "buildFinishedOn", build_now(build));
	}
	json_write_open(w, "completeness", '{');
	json_write_bool(w, "parameters", is_complete);
	json_write_bool(w, "environment", true);
	json_write_bool(w, "materials", false);
	json_write_close(w, '}');
	json_write_bool(w, "reproducible", false);
	if (is_maximal)
		write_source(w, build->dockerfile);
	json_write_close(w, '}');
}

const char *build_provenance(const struct build *build, const struct build_platform *platform, bool is_maximal, bool has_times)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "builder", '{');
	json_write_string(&w, "id", "");
	json_write_close(&w, '}');
	json_write_string(&w, "buildType", BUILD_TYPE);
	write_materials(&w, platform);
	write_invocation(&w, build, platform, is_maximal);
	write_metadata(&w, build, is_maximal, has_times);
	json_write_close(&w, '}');
	return arena_strndup(build->arena, text.data, text.length);
}
