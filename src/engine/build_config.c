/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_config.h"
#include "engine/build_squash.h"

#define COMMENT "buildkit.dockerfile.v0" /* what tools take for the mark of a Dockerfile's steps */

/* ---- history ----------------------------------------------------------------------------- */

/* Of the images and stages below it: *RET has room for MORE entries. */
static size_t inherit_history(const struct build *build, const struct build_stage *stage, size_t more, struct spec_history **ret);

static struct spec_history entry_of(const struct build_stage *stage, size_t number, const char *created)
{
	const struct plan_step *step = &stage->plan->steps[number];

	return (struct spec_history){ .created = (char *)(stage->created[number] ? stage->created[number] : created), .created_by = (char *)step->created_by,
		.comment = (char *)COMMENT, .empty_layer = step->kind == PLAN_CONFIGURE };
}

static size_t add_history(const struct build *build, const struct build_stage *stage, const char *created, size_t more, struct spec_history **ret)
{
	size_t count = inherit_history(build, stage, stage->plan->step_count + more, ret);

	for (size_t i = 0; i < stage->plan->step_count; i++)
		if (stage->plan->steps[i].created_by)
			(*ret)[count++] = entry_of(stage, i, created);
	return count;
}

static size_t inherit_history(const struct build *build, const struct build_stage *stage, size_t more, struct spec_history **ret)
{
	const struct origin *base = &stage->outline->base;
	const struct spec_image_config *config = stage->base ? stage->base->config : NULL;
	size_t count = config ? config->history_count : 0;

	if (base->kind == ORIGIN_STAGE)
		return add_history(build, &stage->platform->stages[base->stage], build_now(build), more, ret);
	*ret = arena_alloc(build->arena, count + more + 1, sizeof **ret);
	if (count)
		memcpy(*ret, config->history, count * sizeof **ret);
	return count;
}

/* As docker has it: those of the stages have no layer any more, one entry behind them has it. */
static void squash_history(const struct build *build, const struct build_stage *stage, const char *created, struct spec_image_config *config)
{
	size_t base = build_squash_base(stage), layers = 0;
	struct spec_history *last = &config->history[config->history_count];

	if (stage->files.count != base + 1)
		return;
	for (size_t i = 0; i < config->history_count; i++) {
		struct spec_history *entry = &config->history[i];

		if (layers >= base)
			entry->empty_layer = true;
		layers += !entry->empty_layer;
	}
	*last = (struct spec_history){ .created = (char *)created };
	last->comment = base ? arena_printf(build->arena, "squashed onto %s", stage->files.layers[base - 1].chain_id) : (char *)"squashed";
	config->history_count++;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* Those of the options go before those of the file. */
static void add_labels(const struct build *build, struct spec_execution *execution)
{
	const struct build_request *request = build->request;
	struct spec_pair *labels = arena_alloc(build->arena, execution->label_count + request->label_count + 1, sizeof *labels);
	size_t count = execution->label_count;

	if (count)
		memcpy(labels, execution->labels, count * sizeof *labels);
	for (size_t i = 0; i < request->label_count; i++) {
		size_t at = 0;

		while (at < count && !str_equal(labels[at].key, request->labels[i].key))
			at++;
		labels[at] = request->labels[i];
		count = at == count ? count + 1 : count;
	}
	execution->labels = labels;
	execution->label_count = count;
}

/* ------------------------------------------------------------------------------------------------- */

struct spec_image_config *build_config_make(const struct build *build, const struct build_stage *stage, const char *created)
{
	struct spec_image_config *config = arena_alloc(build->arena, 1, sizeof *config);

	*config = (struct spec_image_config){ .created = (char *)created, .author = (char *)stage->plan->author,
		.platform = stage->outline->has_platform ? stage->outline->platform : stage->platform->platform, .execution = *stage->plan->execution,
		.diff_ids = arena_alloc(build->arena, stage->files.count + 1, sizeof *config->diff_ids), .diff_id_count = stage->files.count };
	for (size_t i = 0; i < stage->files.count; i++)
		config->diff_ids[i] = (char *)stage->files.layers[i].diff_id;
	if (build->request->label_count)
		add_labels(build, &config->execution);
	if (!build->request->omits_history)
		config->history_count = add_history(build, stage, created, 1, &config->history);
	if (!build->request->omits_history && build->request->squash)
		squash_history(build, stage, created, config);
	return config;
}
