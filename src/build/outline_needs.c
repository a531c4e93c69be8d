/* SPDX-License-Identifier: Apache-2.0 */
#include "build/outline_needs.h"
#include "build/trigger.h"

#include "base/str.h"

struct needs {
	struct arena *arena;
	struct outline *outline;
	size_t *seen;         /* of each stage: one more than the number of the stage that was the last to depend on it */
	size_t trigger_count; /* that stages inherit from others, all in all */
	const struct instruction *place; /* what messages point at, if it is not the instruction itself; or NULL */
	struct dockerfile_mark *mark;
	struct error *err;
};

/* Puts the place of the instruction in front of a message, and marks it. */
static int at(struct needs *needs, const struct instruction *instruction, int r)
{
	*needs->mark = (needs->place ? needs->place : instruction)->source->mark;
	(void)error_wrap(needs->err, "%s:%u", needs->outline->request->dockerfile->name, needs->mark->line);
	return r;
}

static int depend(struct needs *needs, struct outline_stage *stage, const struct instruction *instruction, const char *name)
{
	struct origin origin;
	int r = outline_origin(needs->arena, needs->outline, stage, name, &origin, needs->err);

	if (r < 0)
		return at(needs, instruction, r);
	if (origin.kind == ORIGIN_STAGE && needs->seen[origin.stage] != stage->number + 1) {
		needs->seen[origin.stage] = stage->number + 1;
		stage->dependencies[stage->dependency_count++] = origin.stage;
	}
	return 0;
}

static int depend_on_all(struct needs *needs, struct outline_stage *stage, struct instruction *const *instructions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct instruction *instruction = instructions[i];
		int r = instruction->from ? depend(needs, stage, instruction, instruction->from) : 0;

		for (size_t j = 0; r == 0 && j < instruction->mount_count; j++)
			if (instruction->mounts[j].from)
				r = depend(needs, stage, instruction, instruction->mounts[j].from);
		if (r < 0)
			return r;
	}
	return 0;
}

static size_t count_sources(struct instruction *const *instructions, size_t count)
{
	size_t sources = 0;

	for (size_t i = 0; i < count; i++)
		sources += instructions[i]->mount_count + 1;
	return sources;
}

static int find_stage_needs(struct needs *needs, struct outline_stage *stage)
{
	const struct outline_stage *base = stage->base.kind == ORIGIN_STAGE ? &needs->outline->stages[stage->base.stage] : NULL;
	size_t sources = count_sources(stage->instructions, stage->instruction_count) + 1;
	int r = 0;

	if (stage->is_replaced)
		return 0;
	if (base && !base->is_replaced)
		sources += count_sources(base->triggers, base->trigger_count);
	stage->dependencies = arena_alloc(needs->arena, sources < stage->number ? sources : stage->number, sizeof *stage->dependencies);
	if (base) {
		needs->seen[base->number] = stage->number + 1;
		stage->dependencies[stage->dependency_count++] = base->number;
	}
	if (base && !base->is_replaced) {
		needs->trigger_count += base->trigger_count;
		if (needs->trigger_count > DOCKERFILE_INSTRUCTION_LIMIT)
			return at(needs, stage->from, error_set(needs->err, ERROR_INVALID, 0, "ONBUILD leaves more than %d instructions to be followed",
				DOCKERFILE_INSTRUCTION_LIMIT));
		r = depend_on_all(needs, stage, base->triggers, base->trigger_count);
	}
	return r < 0 ? r : depend_on_all(needs, stage, stage->instructions, stage->instruction_count);
}

int outline_find_needs(struct arena *arena, struct outline *outline, struct dockerfile_mark *mark, struct error *err)
{
	struct needs needs = { .arena = arena, .outline = outline, .mark = mark, .err = err };
	int r = 0;

	needs.seen = arena_alloc(arena, outline->stage_count, sizeof *needs.seen);
	for (size_t i = 0; r == 0 && i < outline->stage_count; i++)
		r = find_stage_needs(&needs, &outline->stages[i]);
	return r;
}

static bool platform_equals(const struct spec_platform *a, const struct spec_platform *b)
{
	return str_equal(a->os, b->os) && str_equal(a->architecture, b->architecture) && str_equal(a->variant, b->variant) &&
	       str_equal(a->os_version, b->os_version);
}

static void add_image(struct arena *arena, struct outline *outline, const struct origin *image)
{
	for (size_t i = 0; i < outline->image_count; i++)
		if (str_equal(outline->images[i].name, image->name) && platform_equals(&outline->images[i].platform, &image->platform))
			return;
	if (outline->image_count == outline->image_room) {
		struct origin *images = arena_alloc(arena, 2 * outline->image_room + 8, sizeof *images);

		for (size_t i = 0; i < outline->image_count; i++)
			images[i] = outline->images[i];
		outline->images = images;
		outline->image_room = 2 * outline->image_room + 8;
	}
	outline->images[outline->image_count++] = *image;
}

static void add_images_of(struct arena *arena, struct outline *outline, const struct outline_stage *stage, struct instruction *const *instructions,
	size_t count)
{
	struct origin origin;

	for (size_t i = 0; i < count; i++) {
		const struct instruction *instruction = instructions[i];

		for (size_t j = 0; j < instruction->mount_count + 1; j++) {
			const char *name = j == 0 ? instruction->from : instruction->mounts[j - 1].from;

			if (name && outline_origin(arena, outline, stage, name, &origin, NULL) == 0 && origin.kind == ORIGIN_IMAGE)
				add_image(arena, outline, &origin);
		}
	}
}

static void add_images(struct arena *arena, struct outline *outline, const struct outline_stage *stage)
{
	if (stage->base.kind == ORIGIN_IMAGE)
		add_image(arena, outline, &stage->base);
	if (stage->is_replaced)
		return;
	if (stage->base.kind == ORIGIN_STAGE)
		add_images_of(arena, outline, stage, outline->stages[stage->base.stage].triggers, outline->stages[stage->base.stage].trigger_count);
	add_images_of(arena, outline, stage, stage->instructions, stage->instruction_count);
}

void outline_need(struct arena *arena, struct outline *outline, size_t stage)
{
	bool *is_new = memory_new(stage + 1, sizeof *is_new);

	/* What a stage depends on is before it. */
	is_new[stage] = !outline->stages[stage].needed;
	for (size_t i = stage + 1; i > 0; i--) {
		struct outline_stage *each = &outline->stages[i - 1];

		if (!is_new[i - 1])
			continue;
		each->needed = true;
		for (size_t j = 0; j < each->dependency_count; j++)
			is_new[each->dependencies[j]] = !outline->stages[each->dependencies[j]].needed;
	}
	for (size_t i = 0; i <= stage; i++)
		if (is_new[i])
			add_images(arena, outline, &outline->stages[i]);
	free(is_new);
}

/* One that a trigger takes from becomes a dependency of the stage. */
static int need_of_trigger(struct needs *needs, struct outline_stage *stage, const struct instruction *instruction)
{
	size_t count = stage->dependency_count, more = instruction->mount_count + 1;
	size_t *dependencies = arena_alloc(needs->arena, count + more, sizeof *dependencies);
	int r;

	for (size_t i = 0; i < count; i++) {
		dependencies[i] = stage->dependencies[i];
		needs->seen[dependencies[i]] = stage->number + 1;
	}
	stage->dependencies = dependencies;
	r = depend_on_all(needs, stage, (struct instruction *const[]){ (struct instruction *)instruction }, 1);
	for (size_t i = count; r == 0 && i < stage->dependency_count; i++)
		outline_need(needs->arena, needs->outline, stage->dependencies[i]);
	return r;
}

static size_t count_needed(const struct outline *outline)
{
	size_t count = outline->image_count;

	for (size_t i = 0; i < outline->stage_count; i++)
		count += outline->stages[i].needed;
	return count;
}

int outline_follow_triggers(struct arena *arena, struct outline *outline, size_t stage, char *const *triggers, bool *ret_more,
	struct dockerfile_mark *mark, struct error *err)
{
	struct needs needs = { .arena = arena, .outline = outline, .place = outline->stages[stage].from, .mark = mark, .err = err };
	size_t before = count_needed(outline);

	if (!triggers || !*triggers)
		return 0;
	needs.seen = arena_alloc(arena, outline->stage_count, sizeof *needs.seen);
	for (; *triggers; triggers++) {
		struct dockerfile *dockerfile = NULL;
		struct instruction *instruction = NULL;
		int r = trigger_parse(arena, outline, &outline->stages[stage], *triggers, &dockerfile, &instruction, mark, err);

		if (r == 0)
			r = need_of_trigger(&needs, &outline->stages[stage], instruction);
		if (r < 0)
			return r;
		add_images_of(arena, outline, &outline->stages[stage], (struct instruction *const[]){ instruction }, 1);
	}
	*ret_more |= count_needed(outline) > before;
	return 0;
}
