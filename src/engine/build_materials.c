/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_materials.h"
#include "engine/build_remote.h"
#include "spec/image_digest.h"
#include "spec/image_purl.h"

void build_materials_write_digest(struct json_writer *w, const char *digest)
{
	_cleanup_free_ char *algorithm = str_printf("%.*s", (int)spec_digest_algorithm_length(digest), digest);

	json_write_open(w, "digest", '{');
	json_write_string(w, algorithm, spec_digest_encoded(digest));
	json_write_close(w, '}');
}

static void write_one(struct json_writer *w, const char *uri, const char *digest)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "uri", uri);
	build_materials_write_digest(w, digest);
	json_write_close(w, '}');
}

static void write_image(struct json_writer *w, const struct build_platform *platform, const struct build_image *image)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf purl = BUF_INIT;
	const char *text = image->origin.platform.os ? spec_platform_text(arena, &image->origin.platform) : platform->text;

	if (!image->image.target)
		return;
	spec_image_purl(image->image.name ? image->image.name : image->origin.name, text, &purl);
	write_one(w, purl.data, image->image.target);
}

static void write_remote(void *context, const char *address, const char *digest)
{
	write_one(context, address, digest);
}

void build_materials_write(struct json_writer *w, const char *key, const struct build *build, const struct build_platform *platform)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < platform->outline->image_count; i++)
		write_image(w, platform, &platform->images[i]);
	for (size_t i = 0; i < build->context_count; i++)
		if (build->contexts[i].address)
			write_one(w, build->contexts[i].address, build->contexts[i].digest);
	build_remote_each(build, write_remote, w);
	json_write_close(w, ']');
}

bool build_materials_are_complete(const struct build *build)
{
	for (size_t i = 0; i < build->context_count; i++)
		if (!build->contexts[i].address)
			return false;
	return !build->request->file || !str_equal(build->request->file, "-");
}

/* Whether a step of RUN has a network other than its own loopback. */
static bool has_network(const struct build *build, const struct plan_step *step)
{
	const struct spec_host_config *host = build->request->host;

	if (step->kind != PLAN_RUN || step->instruction->network == RUN_NETWORK_NONE)
		return false;
	return step->instruction->network == RUN_NETWORK_HOST || !host || !str_equal(host->network_mode, "none");
}

bool build_materials_are_sealed(const struct build *build, const struct build_platform *platform)
{
	for (size_t i = 0; i < platform->outline->stage_count; i++) {
		const struct plan_stage *plan = platform->stages[i].plan;

		for (size_t n = 0; plan && n < plan->step_count; n++)
			if (has_network(build, &plan->steps[n]))
				return false;
	}
	return build_materials_are_complete(build);
}
