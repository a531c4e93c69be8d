/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_provenance.h"

#include "base/base64.h"
#include "base/json.h"
#include "engine/build_cache.h"
#include "engine/build_definition.h"
#include "engine/build_materials.h"

#define BUILD_TYPE "https://mobyproject.org/buildkit@v1"
#define BUILD_TYPE_1 "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"

/* What both versions are written from. */
struct provenance {
	const struct build *build;
	const struct build_platform *platform;
	const struct build_attestation *attestation;
	bool is_maximal, has_times;
};

const char *build_provenance_type(const struct build_attestation *attestation)
{
	return str_equal(attestation->version, "v1") ? BUILD_PROVENANCE_TYPES "v1" : BUILD_PROVENANCE_TYPES "v0.2";
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

static void write_arguments(struct json_writer *w, const struct provenance *p)
{
	const struct build_request *request = p->build->request;

	json_write_open(w, "args", '{');
	if (request->target)
		json_write_string(w, "target", request->target);
	if (request->no_cache)
		json_write_string(w, "no-cache", "");
	if (p->build->dockerfile->syntax)
		json_write_string(w, "cmdline", p->build->dockerfile->syntax);
	if (p->is_maximal)
		write_labels(w, p->build);
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

/* FILE: what the key of the Dockerfile's name is. */
static void write_config_source(struct json_writer *w, const struct provenance *p, const char *file)
{
	const struct build_context *context = &p->build->contexts[0];

	json_write_open(w, "configSource", '{');
	if (context->address) {
		json_write_string(w, "uri", context->address);
		build_materials_write_digest(w, context->digest);
	}
	json_write_string(w, file, p->build->dockerfile->name);
	json_write_close(w, '}');
}

static void write_parameters(struct json_writer *w, const char *key, const struct provenance *p)
{
	const struct build_request *request = p->build->request;

	json_write_open(w, key, '{');
	json_write_string(w, "frontend", "dockerfile.v0");
	write_arguments(w, p);
	if (p->is_maximal) {
		write_ids(w, "secrets", request->secrets, request->secret_count);
		write_ids(w, "ssh", request->ssh, request->ssh_count);
	}
	if (!p->build->contexts[0].address)
		write_locals(w);
	json_write_close(w, '}');
}

/* ---- when, and how much of it is told ------------------------------------------------------------ */

/* START, END, ID: keys. */
static void write_times(struct json_writer *w, const struct provenance *p, const char *id, const char *start, const char *end)
{
	const struct build *build = p->build;
	char digits[BUILD_CACHE_ID_LENGTH + 1];

	if (!p->has_times)
		return;
	build_cache_id(arena_printf(build->arena, "%s %d %s", build->directories->root, getpid(), build->started ? build->started : ""), digits);
	if (!build->request->has_epoch)
		json_write_string(w, id, digits);
	json_write_string(w, start, build->started ? build->started : build_now(build));
	json_write_string(w, end, build_now(build));
}

/* Whether all that the build was asked with is in it. */
static bool has_parameters(const struct provenance *p)
{
	const struct build_request *request = p->build->request;

	return p->is_maximal || (request->label_count == 0 && (!request->arguments || !request->arguments[0]));
}

static void write_source(struct json_writer *w, const char *key, const struct provenance *p)
{
	_cleanup_buf_ struct buf text = BUF_INIT, encoded = BUF_INIT;
	const struct dockerfile *dockerfile = p->build->dockerfile;

	for (char **line = dockerfile->lines; *line; line++)
		buf_printf(&text, "%s\n", *line);
	base64_encode(text.data ? text.data : "", text.length, &encoded);
	json_write_open(w, key, '{');
	json_write_open(w, "source", '{');
	build_definition_write_locations(w, p->build, p->platform);
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

static void write_builder(struct json_writer *w, const struct provenance *p)
{
	json_write_open(w, "builder", '{');
	json_write_string(w, "id", p->attestation->builder_id ? p->attestation->builder_id : "");
	json_write_close(w, '}');
}

/* ---- SLSA 0.2 ---------------------------------------------------------------------------------------- */

static void write_invocation(struct json_writer *w, const struct provenance *p)
{
	json_write_open(w, "invocation", '{');
	write_config_source(w, p, "entryPoint");
	write_parameters(w, "parameters", p);
	json_write_open(w, "environment", '{');
	json_write_string(w, "platform", spec_platform_text(p->build->arena, &p->build->build_platform));
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_metadata(struct json_writer *w, const struct provenance *p)
{
	json_write_open(w, "metadata", '{');
	write_times(w, p, "buildInvocationID", "buildStartedOn", "buildFinishedOn");
	json_write_open(w, "completeness", '{');
	json_write_bool(w, "parameters", has_parameters(p));
	json_write_bool(w, "environment", true);
	json_write_bool(w, "materials", build_materials_are_complete(p->build));
	json_write_close(w, '}');
	json_write_bool(w, "reproducible", p->attestation->is_reproducible);
	if (build_materials_are_sealed(p->build, p->platform))
		json_write_bool(w, BUILD_TYPE "#hermetic", true);
	if (p->is_maximal)
		write_source(w, BUILD_TYPE "#metadata", p);
	json_write_close(w, '}');
}

static void write_0_2(struct json_writer *w, const struct provenance *p)
{
	write_builder(w, p);
	json_write_string(w, "buildType", BUILD_TYPE);
	build_materials_write(w, "materials", p->build, p->platform);
	write_invocation(w, p);
	if (p->is_maximal)
		build_definition_write(w, p->build, p->platform);
	write_metadata(w, p);
}

/* ---- SLSA 1 ---------------------------------------------------------------------------------------------- */

static void write_details(struct json_writer *w, const struct provenance *p)
{
	json_write_open(w, "runDetails", '{');
	write_builder(w, p);
	json_write_open(w, "metadata", '{');
	write_times(w, p, "invocationID", "startedOn", "finishedOn");
	if (p->is_maximal)
		write_source(w, "buildkit_metadata", p);
	json_write_bool(w, "buildkit_hermetic", build_materials_are_sealed(p->build, p->platform));
	json_write_open(w, "buildkit_completeness", '{');
	json_write_bool(w, "request", has_parameters(p));
	json_write_bool(w, "resolvedDependencies", build_materials_are_complete(p->build));
	json_write_close(w, '}');
	json_write_bool(w, "buildkit_reproducible", p->attestation->is_reproducible);
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_1(struct json_writer *w, const struct provenance *p)
{
	json_write_open(w, "buildDefinition", '{');
	json_write_string(w, "buildType", BUILD_TYPE_1);
	json_write_open(w, "externalParameters", '{');
	write_config_source(w, p, "path");
	write_parameters(w, "request", p);
	json_write_close(w, '}');
	json_write_open(w, "internalParameters", '{');
	if (p->is_maximal)
		build_definition_write(w, p->build, p->platform);
	json_write_string(w, "builderPlatform", spec_platform_text(p->build->arena, &p->build->build_platform));
	json_write_close(w, '}');
	build_materials_write(w, "resolvedDependencies", p->build, p->platform);
	json_write_close(w, '}');
	write_details(w, p);
}

const char *build_provenance(const struct build *build, const struct build_platform *platform, const struct build_attestation *attestation, bool has_times)
{
	const struct provenance provenance = { .build = build, .platform = platform, .attestation = attestation,
		.is_maximal = str_equal(attestation->mode, "max"), .has_times = has_times };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };

	json_write_open(&w, NULL, '{');
	if (str_equal(attestation->version, "v1"))
		write_1(&w, &provenance);
	else
		write_0_2(&w, &provenance);
	json_write_close(&w, '}');
	return arena_strndup(build->arena, text.data, text.length);
}
