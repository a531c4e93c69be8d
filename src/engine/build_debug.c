/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --debug: a person at the place where a step has failed. What comes of a step
 * that a person has helped is in the image, but never in the cache: another
 * build would not have had the help.
 */
#include "engine/build_step.h"

/* Where what the step has changed is; one whose command could not even begin has changed nothing. */
static const char *find_upper(struct build *build)
{
	const char *directory = NULL;

	if (build->failed_upper)
		return build->failed_upper;
	return build_work_make(build, &directory, NULL) == 0 ? arena_printf(build->arena, "%s/upper", directory) : NULL;
}

/* The step is what has become of it now. */
static int take(struct build *build, const char *upper, const char *const *mountpoints, struct error *err)
{
	struct build_step_result result = { .err = ERROR_INIT };
	int r = build_step_layer(build->failed, upper, mountpoints, &result, err);

	if (r == 0)
		build_take_step(build->failed, &result, NULL);
	return r;
}

int build_debug(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	struct build_debug_state state = { .title = build->report->failed_title, .dockerfile = build->dockerfile, .mark = build->report->mark, .error = err,
		.is_first = true };
	const char *upper, **mountpoints = NULL;
	struct error own;

	if (!request->debug || build->failed->plan->kind != PLAN_RUN)
		return -ECANCELED;
	upper = find_upper(build);
	while (upper && (state.last = request->debug(request->tell_context, &state)) != BUILD_DEBUG_LEAVE) {
		bool is_shell = state.last == BUILD_DEBUG_SHELL;

		state.is_first = false;
		own = ERROR_INIT;
		state.error = build_run_again(build->failed, upper, is_shell, &state.exit_code, &mountpoints, &own) < 0 ? &own : NULL;
		if (!is_shell && !state.error && state.exit_code == 0)
			return take(build, upper, mountpoints, err);
	}
	return -ECANCELED;
}
