/* SPDX-License-Identifier: Apache-2.0 */
/* --debug: a person at the place where a step has failed. */
#include "engine/build_step.h"

void build_debug(struct build *build, const struct error *err)
{
	const struct build_request *request = build->request;
	struct build_debug_state state = { .title = build->report->failed_title, .dockerfile = build->dockerfile, .mark = build->report->mark, .error = err,
		.is_first = true };
	const char *upper = build->failed_upper;
	struct error own;

	if (!request->debug || build->failed->plan->kind != PLAN_RUN)
		return;
	/* A step whose command could not even begin has changed nothing. */
	if (!upper && build_work_make(build, &upper, NULL) == 0)
		upper = arena_printf(build->arena, "%s/upper", upper);
	while (upper && (state.last = request->debug(request->tell_context, &state)) != BUILD_DEBUG_LEAVE) {
		bool is_shell = state.last == BUILD_DEBUG_SHELL;

		state.is_first = false;
		own = ERROR_INIT;
		state.error = build_run_again(build->failed, upper, is_shell, &state.exit_code, &own) < 0 ? &own : NULL;
	}
}
