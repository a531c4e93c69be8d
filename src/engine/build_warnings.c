/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_warnings.h"

#define ARGUMENT "BUILDKIT_DOCKERFILE_CHECK"

int build_warnings_settings(const struct build *build, struct lint_settings *ret, struct error *err)
{
	const char *argument = build_argument(build, ARGUMENT);
	int r = lint_settings_parse(build->arena, argument ? argument : build->dockerfile->check, ret, err);

	if (r < 0)
		return argument ? error_wrap(err, "the build argument " ARGUMENT) : r;
	ret->ignore = build->contexts[0].patterns;
	return 0;
}

int build_warnings_judge(struct build *build, struct error *err)
{
	struct lint_settings settings = { .skips_all = false };
	int r = build_warnings_settings(build, &settings, err);

	if (r < 0)
		return r;
	lint(build->arena, build->platforms[0].outline, build->warnings, build->warning_count, &settings, &build->lints, &build->lint_count);
	if (build->lint_count == 0 || !settings.is_error)
		return 0;
	build_warnings_tell(build);
	if (build_argument(build, ARGUMENT))
		return error_set(err, ERROR_INVALID, 0, "%s: there are warnings, which the build argument " ARGUMENT " makes errors", build->dockerfile->name);
	return error_set(err, ERROR_INVALID, 0, "%s: there are warnings, which its directive 'check' makes errors", build->dockerfile->name);
}

void build_warnings_tell(struct build *build)
{
	const struct build_request *request = build->request;

	for (size_t i = 0; request->tell && i < build->lint_count; i++) {
		const struct dockerfile_warning *warning = &build->lints[i];
		const struct build_event event = { .kind = BUILD_WARNING, .vertex = (size_t)-1, .text = warning->text, .rule = warning->rule,
			.mark = warning->mark };

		request->tell(request->tell_context, &event);
	}
	build->lint_count = 0;
}
