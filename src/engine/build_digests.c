/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_digests.h"
#include "engine/build_copy.h"
#include "engine/build_remote.h"
#include "engine/builder.h"

struct entry {
	const struct plan_step *step;
	size_t which;
	const char *digest;
};

struct build_digests {
	struct entry *list;
	size_t count, capacity;
};

/* What is to be made digests of, beside what will have them. */
struct question {
	struct build *build;
	struct build_digests *digests;
	size_t first; /* entry of the first take */
	struct spec_build_take *takes;
	int *fds;     /* that are ours to close */
	size_t count, capacity, fd_count;
};

static void question_done(struct question *question)
{
	while (question->fd_count > 0)
		close(question->fds[--question->fd_count]);
	free(question->fds);
	free(question->takes);
}

const char *build_digests_find(const struct build_digests *digests, const struct plan_step *step, size_t which)
{
	for (size_t i = 0; digests && i < digests->count; i++)
		if (digests->list[i].step == step && digests->list[i].which == which)
			return digests->list[i].digest;
	return NULL;
}

static void add_entry(struct arena *arena, struct build_digests *digests, const struct entry *entry)
{
	if (digests->count == digests->capacity) {
		struct entry *larger;

		digests->capacity = digests->capacity * 2 + 16;
		larger = arena_alloc(arena, digests->capacity, sizeof *larger);
		if (digests->count)
			memcpy(larger, digests->list, digests->count * sizeof *larger);
		digests->list = larger;
	}
	digests->list[digests->count++] = *entry;
}

static void add_take(struct question *question, const struct plan_step *step, size_t which, const struct spec_build_take *take, bool owns_fd)
{
	const struct entry entry = { step, which, NULL };

	add_entry(question->build->arena, question->digests, &entry);
	if (question->count == question->capacity) {
		question->capacity = question->capacity * 2 + 16;
		question->takes = memory_resize(question->takes, question->capacity, sizeof *question->takes);
		question->fds = memory_resize(question->fds, question->capacity, sizeof *question->fds);
	}
	question->takes[question->count++] = *take;
	if (owns_fd)
		question->fds[question->fd_count++] = take->root_fd;
}

/* ---- asking ------------------------------------------------------------------------------ */

static int take_answer(struct question *question, const char *answer, struct error *err)
{
	struct spec_build_digest_report report = { .takes = NULL };
	int r = spec_build_digest_report_decode(question->build->arena, answer, strlen(answer), &report, err);

	if (r < 0)
		return r;
	if (report.take_count != question->count)
		return error_set(err, ERROR_INTERNAL, 0, "bivy-builder has made %zu digests of %zu", report.take_count, question->count);
	for (size_t i = 0; i < question->count; i++)
		question->digests->list[question->first + i].digest = report.takes[i].digest;
	return 0;
}

static int ask(struct question *question, struct error *err)
{
	const struct spec_build_digest work = { .takes = question->takes, .take_count = question->count };
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ int *fds = memory_new(question->count + 1, sizeof *fds);
	struct builder_request request = { .directories = question->build->directories, .command = "digest", .work = &text, .fds = fds };
	const char *answer = NULL;
	int r;

	if (question->count == 0)
		return 0;
	for (size_t i = 0; i < question->count; i++) {
		bool is_new = true;

		for (size_t n = 0; n < request.fd_count; n++)
			is_new = is_new && fds[n] != question->takes[i].root_fd;
		if (is_new)
			fds[request.fd_count++] = question->takes[i].root_fd;
	}
	spec_build_digest_encode(&work, &text);
	r = builder_run(question->build->arena, &request, &answer, err);
	return r < 0 ? r : take_answer(question, answer, err);
}

/* ---- what is read ------------------------------------------------------------------------------ */

/* A bind mount shows all that is at its source. */
static struct spec_build_take take_of_mount(const struct build_step *step, const struct plan_mount *mount, int root_fd, const struct build_context *context)
{
	struct spec_build_take take = { .root_fd = root_fd };
	const char *source = mount->mount->source ? mount->mount->source : "";

	while (*source == '/')
		source++;
	take.sources = arena_alloc(step->build->arena, 2, sizeof *take.sources);
	take.sources[0] = arena_strdup(step->build->arena, *source ? source : ".");
	if (context) {
		take.is_context = true;
		take.ignore = context->ignore;
		take.ignore_name = context->ignore_name;
		take.index = (char *)context->index;
	}
	return take;
}

/* Adds what the step reads at ORIGIN: WHICH is BUILD_DIGESTS_COPY or the number of a mount. */
static int add_origin(struct question *question, const struct build_step *step, const struct origin *origin, size_t which, bool contexts_only,
	struct error *err)
{
	const struct build_files *files = build_origin_files(step->stage->platform, origin);
	struct build_context *context = files || origin->kind == ORIGIN_STAGE || origin->kind == ORIGIN_IMAGE ? NULL : build_origin_context(step->build, origin);
	struct spec_build_take take;
	int fd = context ? context->fd : -EBADF, r = 0;

	if (contexts_only ? !context : context != NULL)
		return 0;
	if (files)
		r = build_open_files(step->build, files, &fd, err);
	if (r < 0 || fd < 0)
		return r;
	take = which == BUILD_DIGESTS_COPY ? build_take_of(step, fd, context) : take_of_mount(step, &step->plan->mounts[which], fd, context);
	add_take(question, step->plan, which, &take, files != NULL);
	return 0;
}

/* Of sources that are elsewhere nobody else need make digests. */
static int add_remotes(struct question *question, const struct build_step *step, struct error *err)
{
	struct entry entry = { .step = step->plan };
	int r = 0;

	if (step->plan->kind != PLAN_COPY)
		return 0;
	for (; r == 0 && step->plan->instruction->sources[entry.which]; entry.which++)
		if (build_remote_is(step->plan, entry.which)) {
			r = build_remote_identify(step, entry.which, &entry.digest, err);
			if (r == 0)
				add_entry(question->build->arena, question->digests, &entry);
		}
	return r;
}

static int add_step(struct question *question, const struct build_step *step, bool contexts_only, struct error *err)
{
	const struct plan_step *plan = step->plan;
	int r = 0;

	if (plan->kind == PLAN_COPY && strv_length(plan->instruction->sources) > build_remote_count(plan))
		r = add_origin(question, step, &plan->origin, BUILD_DIGESTS_COPY, contexts_only, err);
	for (size_t i = 0; r == 0 && i < plan->mount_count; i++)
		if (plan->mounts[i].mount->kind == RUN_MOUNT_BIND)
			r = add_origin(question, step, &plan->mounts[i].origin, i, contexts_only, err);
	return r;
}

/* Calls EACH with all steps of the stages until it fails. */
static int each_step(struct build *build, struct build_stage *const *stages, size_t count,
	int (*each)(struct question *question, const struct build_step *step, struct error *err), struct question *question, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < stages[i]->plan->step_count; n++) {
			const struct build_step step = { .build = build, .stage = stages[i], .plan = &stages[i]->plan->steps[n] };
			int r = each(question, &step, err);

			if (r < 0)
				return r;
		}
	return 0;
}

static int add_context(struct question *question, const struct build_step *step, struct error *err)
{
	return add_step(question, step, true, err);
}

/* Asks for the one step alone: it fails if that is the one for which all failed. */
static int blame(struct question *all _unused_, const struct build_step *step, struct error *err)
{
	struct build_digests *digests = arena_alloc(step->build->arena, 1, sizeof *digests);
	_cleanup_(question_done) struct question question = { .build = step->build, .digests = digests };
	const struct dockerfile_instruction *source = step->plan->instruction->source;
	int r = add_step(&question, step, true, err);

	if (r == 0)
		r = ask(&question, err);
	if (r == 0)
		return 0;
	step->build->report->mark = source->mark;
	return error_wrap(err, "%s:%u: %s", step->build->dockerfile->name, source->first_line, source->name);
}

int build_digests_of_contexts(struct build *build, struct build_stage *const *stages, size_t count, struct error *err)
{
	struct build_digests *digests = arena_alloc(build->arena, 1, sizeof *digests);
	_cleanup_(question_done) struct question question = { .build = build, .digests = digests };
	struct error told = ERROR_INIT;
	int r = each_step(build, stages, count, add_remotes, &question, err);

	if (r < 0)
		return r;
	question.first = digests->count;
	r = each_step(build, stages, count, add_context, &question, &told);
	if (r == 0)
		r = ask(&question, &told);
	build->digests = digests;
	if (r == 0)
		return 0;
	if (err)
		*err = told;
	told = ERROR_INIT;
	if (each_step(build, stages, count, blame, NULL, &told) < 0 && err)
		*err = told;
	return r;
}

/* Those that are known of the step. */
static struct build_digests *known_of(const struct build_step *step)
{
	struct build_digests *digests = arena_alloc(step->build->arena, 1, sizeof *digests);

	for (size_t i = 0; step->build->digests && i < step->build->digests->count; i++)
		if (step->build->digests->list[i].step == step->plan)
			add_entry(step->build->arena, digests, &step->build->digests->list[i]);
	return digests;
}

struct build_digests *build_digests_of_copy(const struct build_step *step, const char *digest)
{
	const struct entry entry = { step->plan, BUILD_DIGESTS_COPY, digest };
	struct build_digests *digests = known_of(step);

	add_entry(step->build->arena, digests, &entry);
	return digests;
}

int build_digests_of_step(const struct build_step *step, struct build_digests **ret, struct error *err)
{
	struct build_digests *digests = known_of(step);
	_cleanup_(question_done) struct question question = { .build = step->build, .digests = digests };
	int r;

	question.first = digests->count;
	r = add_step(&question, step, false, err);
	if (r == 0)
		r = ask(&question, err);
	*ret = digests;
	return r;
}
