/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_init.h"
#include "engine/program.h"

/* The program and "--", then the command. */
static void put_before(struct bundle_plan *plan)
{
	char **command = plan->spec->process->args;
	size_t count = strv_length(command);
	char **args = arena_alloc(plan->arena, count + 3, sizeof *args);

	args[0] = arena_strdup(plan->arena, BUNDLE_INIT_PATH);
	args[1] = arena_strdup(plan->arena, "--");
	memcpy(args + 2, command, count * sizeof *args);
	plan->spec->process->args = args;
}

int bundle_add_init(struct bundle_plan *plan, struct error *err)
{
	char path[PATH_MAX];
	int r;

	/* A whole system has an init of its own, which would not be the first process. */
	if (!plan->host->has_init || !plan->host->init || plan->is_systemd)
		return 0;
	r = program_find(&program_init, path, err);
	if (r < 0)
		return error_wrap(err, "--init");
	bundle_append_mount(plan, BUNDLE_INIT_PATH, "bind", arena_strdup(plan->arena, path), bundle_split(plan->arena, "bind,ro,nosuid,nodev", ','));
	put_before(plan);
	return 0;
}
