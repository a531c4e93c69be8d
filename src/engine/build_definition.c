/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_definition.h"
#include "build/remote.h"
#include "spec/reference.h"

#define NOTHING ((size_t)-1)

/*
 * Steps are numbered: the images of the platform, the contexts, and the steps
 * of the stages in their order.
 */
struct definition {
	struct json_writer *w;
	const struct build *build;
	const struct build_platform *platform;
	size_t count;
	size_t *ends;  /* of the stages: the step that their files are; NOTHING: none */
	bool only_locations;
};

/* ---- one step --------------------------------------------------------------------------- */

static void write_platform(const struct definition *d, const struct spec_platform *platform)
{
	json_write_open(d->w, "platform", '{');
	json_write_string(d->w, "Architecture", platform->architecture);
	json_write_string(d->w, "OS", platform->os);
	if (platform->variant)
		json_write_string(d->w, "Variant", platform->variant);
	json_write_close(d->w, '}');
}

/* Up to what it does; returns its number. */
static size_t open_step(struct definition *d)
{
	char id[32];

	snprintf(id, sizeof id, "step%zu", d->count);
	json_write_open(d->w, NULL, '{');
	json_write_string(d->w, "id", id);
	json_write_open(d->w, "op", '{');
	json_write_open(d->w, "Op", '{');
	return d->count++;
}

/* INPUTS: numbers of steps; those that are NOTHING are left out. */
static void close_step(const struct definition *d, const struct spec_platform *platform, const size_t *inputs, size_t input_count)
{
	char text[40];

	json_write_close(d->w, '}');
	if (platform)
		write_platform(d, platform);
	json_write_close(d->w, '}');
	json_write_open(d->w, "inputs", '[');
	for (size_t i = 0; i < input_count; i++) {
		snprintf(text, sizeof text, "step%zu:0", inputs[i]);
		if (inputs[i] != NOTHING)
			json_write_string(d->w, NULL, text);
	}
	json_write_close(d->w, ']');
	json_write_close(d->w, '}');
}

static void write_source(struct definition *d, const char *identifier, const struct spec_platform *platform)
{
	if (d->only_locations) {
		d->count++;
		return;
	}
	open_step(d);
	json_write_open(d->w, "source", '{');
	json_write_string(d->w, "identifier", identifier);
	json_write_close(d->w, '}');
	close_step(d, platform, NULL, 0);
}

/* ---- where files come from ------------------------------------------------------------------ */

static size_t number_of_image(const struct definition *d, const struct build_image *image)
{
	return image ? (size_t)(image - d->platform->images) : NOTHING;
}

static size_t number_of_context(const struct definition *d, const struct origin *origin)
{
	if (origin->kind == ORIGIN_CONTEXT)
		return d->platform->image_count;
	for (size_t i = 1; i < d->build->context_count; i++)
		if (str_equal(d->build->contexts[i].name, origin->name))
			return d->platform->image_count + i;
	return NOTHING;
}

static size_t number_of(const struct definition *d, const struct origin *origin)
{
	switch (origin->kind) {
	case ORIGIN_STAGE:
		return d->ends[origin->stage];
	case ORIGIN_IMAGE:
		return number_of_image(d, build_find_image(d->platform, origin));
	case ORIGIN_CONTEXT:
	case ORIGIN_NAMED:
		return number_of_context(d, origin);
	case ORIGIN_SCRATCH:
		break;
	}
	return NOTHING;
}

static void write_images(struct definition *d)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < d->platform->image_count; i++) {
		const struct build_image *image = &d->platform->images[i];
		const char *name = image->image.name ? image->image.name : image->origin.name;

		write_source(d, arena_printf(arena, "docker-image://%s%s%s", name, image->image.target ? "@" : "", image->image.target ? image->image.target : ""),
			image->origin.platform.os ? &image->origin.platform : &d->platform->platform);
	}
}

static void write_contexts(struct definition *d)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < d->build->context_count; i++) {
		const struct build_context *context = &d->build->contexts[i];

		write_source(d, context->address ? context->address : arena_printf(arena, "local://%s", context->name ? context->name : "context"), NULL);
	}
}

/* ---- steps of stages -------------------------------------------------------------------------- */

static void write_strings(struct json_writer *w, const char *key, char *const *list)
{
	json_write_open(w, key, '[');
	for (; list && *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

static void write_mount(const struct definition *d, const struct plan_mount *plan)
{
	static const char *const kinds[] = { [RUN_MOUNT_BIND] = "BIND", [RUN_MOUNT_CACHE] = "CACHE", [RUN_MOUNT_TMPFS] = "TMPFS", [RUN_MOUNT_SECRET] = "SECRET",
		[RUN_MOUNT_SSH] = "SSH" };
	const struct run_mount *mount = plan->mount;

	json_write_open(d->w, NULL, '{');
	if (mount->target)
		json_write_string(d->w, "dest", mount->target);
	if (mount->kind == RUN_MOUNT_BIND)
		json_write_string(d->w, "selector", mount->source);
	if (mount->id)
		json_write_string(d->w, "id", mount->id);
	json_write_string(d->w, "mountType", kinds[mount->kind]);
	json_write_bool(d->w, "readonly", mount->read_only);
	json_write_close(d->w, '}');
}

static void write_exec(const struct definition *d, const struct plan_step *step)
{
	json_write_open(d->w, "exec", '{');
	json_write_open(d->w, "meta", '{');
	write_strings(d->w, "args", step->command);
	write_strings(d->w, "env", step->environment);
	json_write_string(d->w, "cwd", step->working_directory);
	json_write_string(d->w, "user", step->user);
	json_write_close(d->w, '}');
	json_write_open(d->w, "mounts", '[');
	for (size_t i = 0; i < step->mount_count; i++)
		write_mount(d, &step->mounts[i]);
	json_write_close(d->w, ']');
	if (step->instruction->network != RUN_NETWORK_DEFAULT)
		json_write_string(d->w, "network", step->instruction->network == RUN_NETWORK_NONE ? "NONE" : "HOST");
	if (step->instruction->security == RUN_SECURITY_INSECURE)
		json_write_string(d->w, "security", "INSECURE");
	json_write_close(d->w, '}');
}

static void write_copy_of(const struct definition *d, const struct plan_step *step, const char *source)
{
	json_write_open(d->w, NULL, '{');
	json_write_open(d->w, "Action", '{');
	json_write_open(d->w, "copy", '{');
	json_write_string(d->w, "src", source);
	json_write_string(d->w, "dest", step->destination);
	if (step->instruction->chown)
		json_write_string(d->w, "owner", step->instruction->chown);
	if (step->instruction->chmod)
		json_write_string(d->w, "modeStr", step->instruction->chmod);
	json_write_close(d->w, '}');
	json_write_close(d->w, '}');
	json_write_close(d->w, '}');
}

static void write_file(const struct definition *d, const struct plan_step *step)
{
	json_write_open(d->w, "file", '{');
	json_write_open(d->w, "actions", '[');
	if (step->kind == PLAN_DIRECTORY) {
		json_write_open(d->w, NULL, '{');
		json_write_open(d->w, "Action", '{');
		json_write_open(d->w, "mkdir", '{');
		json_write_string(d->w, "path", step->directory);
		json_write_bool(d->w, "makeParents", true);
		json_write_close(d->w, '}');
		json_write_close(d->w, '}');
		json_write_close(d->w, '}');
	}
	for (size_t i = 0; step->kind == PLAN_COPY && step->instruction->sources[i]; i++)
		write_copy_of(d, step, remote_is(step->instruction->sources[i]) ? remote_shown(d->build->arena, step->instruction->sources[i]) :
			step->instruction->sources[i]);
	for (size_t i = 0; step->kind == PLAN_COPY && i < step->instruction->file_count; i++)
		write_copy_of(d, step, step->instruction->files[i].name);
	json_write_close(d->w, ']');
	json_write_close(d->w, '}');
}

/* On the files of BELOW. */
static size_t write_step(struct definition *d, const struct plan_step *step, size_t below)
{
	size_t *inputs = arena_alloc(d->build->arena, step->mount_count + 2, sizeof *inputs), count = 0, number;

	inputs[count++] = below;
	if (step->kind == PLAN_COPY)
		inputs[count++] = step->instruction->sources[0] ? number_of(d, &step->origin) : NOTHING;
	for (size_t i = 0; i < step->mount_count; i++)
		inputs[count++] = step->mounts[i].mount->kind == RUN_MOUNT_BIND ? number_of(d, &step->mounts[i].origin) : NOTHING;
	number = open_step(d);
	if (step->kind == PLAN_RUN)
		write_exec(d, step);
	else
		write_file(d, step);
	close_step(d, &d->platform->platform, inputs, count);
	return number;
}

static void write_place(struct definition *d, const struct plan_step *step)
{
	const struct dockerfile_instruction *source = step->instruction->source;
	const unsigned lines[] = { source->first_line, source->last_line };
	char id[32];

	snprintf(id, sizeof id, "step%zu", d->count++);
	json_write_open(d->w, id, '{');
	json_write_open(d->w, "locations", '[');
	json_write_open(d->w, NULL, '{');
	json_write_open(d->w, "ranges", '[');
	json_write_open(d->w, NULL, '{');
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		json_write_open(d->w, i == 0 ? "start" : "end", '{');
		json_write_uint(d->w, "line", lines[i]);
		json_write_close(d->w, '}');
	}
	json_write_close(d->w, '}');
	json_write_close(d->w, ']');
	json_write_close(d->w, '}');
	json_write_close(d->w, ']');
	json_write_close(d->w, '}');
}

static void write_stage(struct definition *d, size_t stage)
{
	const struct build_stage *built = &d->platform->stages[stage];
	size_t *end = &d->ends[stage];

	if (!built->plan)
		return;
	*end = number_of(d, &built->outline->base);
	for (size_t i = 0; i < built->plan->step_count; i++) {
		const struct plan_step *step = &built->plan->steps[i];

		if (step->kind == PLAN_CONFIGURE)
			continue;
		if (!d->only_locations)
			*end = write_step(d, step, *end);
		else if (step->is_trigger)
			d->count++; /* it is in no line of the file */
		else
			write_place(d, step);
	}
}

static void write_all(struct definition *d)
{
	d->ends = arena_alloc(d->build->arena, d->platform->outline->stage_count + 1, sizeof *d->ends);
	for (size_t i = 0; i < d->platform->outline->stage_count; i++)
		d->ends[i] = NOTHING;
	write_images(d);
	write_contexts(d);
	for (size_t i = 0; i < d->platform->outline->stage_count; i++)
		write_stage(d, i);
}

void build_definition_write(struct json_writer *w, const struct build *build, const struct build_platform *platform)
{
	struct definition d = { .w = w, .build = build, .platform = platform };

	json_write_open(w, "buildConfig", '{');
	json_write_open(w, "llbDefinition", '[');
	write_all(&d);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

void build_definition_write_locations(struct json_writer *w, const struct build *build, const struct build_platform *platform)
{
	struct definition d = { .w = w, .build = build, .platform = platform, .only_locations = true };

	json_write_open(w, "locations", '{');
	write_all(&d);
	json_write_close(w, '}');
}
