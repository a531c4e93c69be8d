/* SPDX-License-Identifier: Apache-2.0 */
/* The images that stages begin with or copy from: found, pulled if they must be, and in the build's lease. */
#include "engine/build_client.h"
#include "engine/container_image.h"
#include "engine/image_content.h"
#include "store/layers.h"

static void warn(void *context, const char *text)
{
	const struct build_transfer *fetch = context;

	build_warn(fetch->build, "%s", text);
}

/* Its layers, the base first, each with what it is in a registry. */
static int list_layers(struct build *build, struct build_image *image, struct error *err)
{
	struct image_documents documents = { .manifest = NULL };
	char **chain_ids = NULL;
	size_t count = 0, empty = 0;
	int r = image_content_read(&build->store, build->arena, &image->image, &documents, err);

	if (r == 0)
		r = layer_stack(&build->store, build->arena, image->image.top_layer, &chain_ids, &count, err);
	if (r < 0)
		return r;
	if (count != documents.manifest->layer_count || !documents.config || documents.config->diff_id_count != count)
		return error_set(err, ERROR_INVALID, 0, "the image '%s' does not have as many layers as it says", image->origin.name);
	for (size_t i = 0; i < count; i++) {
		const struct spec_descriptor *blob = &documents.manifest->layers[i];
		struct build_layer layer = { .chain_id = chain_ids[count - 1 - i], .diff_id = documents.config->diff_ids[i], .blob = blob->digest,
			.media_type = blob->media_type, .blob_size = blob->size };

		while (empty < documents.config->history_count && documents.config->history[empty].empty_layer)
			empty++;
		layer.created = empty < documents.config->history_count ? documents.config->history[empty++].created : documents.config->created;
		build_files_add(build->arena, &image->files, &layer);
	}
	return 0;
}

static int get_image(struct build *build, const struct build_platform *platform, struct build_image *image, struct error *err)
{
	const struct spec_container asked = { .config = { .image = (char *)image->origin.name } };
	struct container_image found = { .config = NULL };
	struct build_transfer fetch = { build, image->vertex };
	_cleanup_close_ int logins_fd = -EBADF;
	struct container_create_request request = { .directories = build->directories, .asked = &asked, .pull = build->request->pull,
		.registry = build->request->registry, .logins_fd = build->request->logins_fd,
		.platform = image->origin.platform.os ? spec_platform_text(build->arena, &image->origin.platform) : platform->text,
		.tell_transfer = build_tell_transfer, .warn = warn, .context = &fetch };
	int r;

	build_tell(build, image->vertex, BUILD_STARTED);
	r = build->request->session ? build_client_open_logins(build, image->origin.name, &logins_fd, err) : 0;
	if (build->request->session)
		request.logins_fd = &logins_fd;
	if (r == 0)
		r = container_image_get(build->arena, &request, &build->store, &build->lease, &found, err);
	if (r == 0) {
		image->image = found.image;
		image->config = found.config;
		r = list_layers(build, image, err);
	}
	if (r == 0)
		build_tell(build, image->vertex, BUILD_DONE);
	return r;
}

/* The same for several platforms, as far as it is for one of them. */
static const char *title_of(const struct build *build, const struct build_platform *platform, const struct origin *origin)
{
	if (build->platform_count == 1)
		return arena_printf(build->arena, "[internal] load metadata for %s", origin->name);
	return arena_printf(build->arena, "[%s internal] load metadata for %s", platform->text, origin->name);
}

/* Room for images that have become known to be needed. */
static void add_images(struct build *build, struct build_platform *platform)
{
	size_t count = platform->outline->image_count;
	struct build_image *images = arena_alloc(build->arena, count + 1, sizeof *images);

	for (size_t n = 0; n < count; n++) {
		if (n < platform->image_count) {
			images[n] = platform->images[n];
			continue;
		}
		images[n].origin = platform->outline->images[n];
		images[n].vertex = build_add_vertex(build, title_of(build, platform, &images[n].origin), NULL, 0);
	}
	platform->images = images;
}

static bool takes_from(const struct instruction *instruction, const char *name)
{
	if (instruction->from && str_equal(instruction->from, name))
		return true;
	for (size_t i = 0; i < instruction->mount_count; i++)
		if (instruction->mounts[i].from && str_equal(instruction->mounts[i].from, name))
			return true;
	return false;
}

/* The first instruction that asks for the image, or NULL: it is not written there as it is called. */
static const struct instruction *find_asking(const struct outline *outline, const char *name)
{
	for (size_t i = 0; i < outline->stage_count; i++) {
		const struct outline_stage *stage = &outline->stages[i];

		if (stage->needed && stage->base.kind == ORIGIN_IMAGE && str_equal(stage->base.name, name))
			return stage->from;
		for (size_t n = 0; stage->needed && n < stage->instruction_count; n++)
			if (takes_from(stage->instructions[n], name))
				return stage->instructions[n];
	}
	return NULL;
}

/* A name that is no image's may be a stage's, misspelt. */
static void explain_missing(struct build *build, const struct build_platform *platform, const struct build_image *image, struct error *err)
{
	const struct instruction *asking = find_asking(platform->outline, image->origin.name);
	const char *nearest = outline_nearest_stage(platform->outline, image->origin.name);

	if (asking) {
		build->report->mark = asking->source->mark;
		error_wrap(err, "%s:%u", build->dockerfile->name, asking->source->first_line);
	}
	if (err && nearest)
		error_hint(err, "did you mean the stage '%s'?", nearest);
}

static int get_images(struct build *build, struct build_platform *platform, struct error *err)
{
	for (; platform->image_count < platform->outline->image_count; platform->image_count++) {
		struct build_image *image = &platform->images[platform->image_count];
		int r = get_image(build, platform, image, err);

		if (r < 0) {
			build_tell_failure(build, image->vertex, err);
			explain_missing(build, platform, image, err);
			return r;
		}
	}
	return 0;
}

/* What images ask of the stages upon them may take from others. */
static int follow_triggers(struct build *build, struct build_platform *platform, bool *more, struct error *err)
{
	for (size_t i = 0; i < platform->outline->stage_count; i++) {
		const struct outline_stage *stage = &platform->outline->stages[i];
		const struct build_image *base = stage->needed && stage->base.kind == ORIGIN_IMAGE ? build_find_image(platform, &stage->base) : NULL;
		int r = base ? outline_follow_triggers(build->arena, platform->outline, i, base->config->execution.on_build, more, &build->report->mark, err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int build_get_images(struct build *build, struct error *err)
{
	bool more = true;
	int r = 0;

	while (r == 0 && more) {
		more = false;
		for (size_t i = 0; i < build->platform_count; i++)
			add_images(build, &build->platforms[i]);
		for (size_t i = 0; r == 0 && i < build->platform_count; i++)
			r = get_images(build, &build->platforms[i], err);
		for (size_t i = 0; r == 0 && i < build->platform_count; i++)
			r = follow_triggers(build, &build->platforms[i], &more, err);
	}
	return r;
}
