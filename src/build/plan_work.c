/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that work on files: RUN, COPY and ADD, WORKDIR. */
#include "build/planner.h"

#include "base/str.h"

/* ---- WORKDIR ------------------------------------------------------------------ */

int plan_directory(struct planner *planner, struct plan_step *step)
{
	const char *path = step->instruction->words[0];

	if (!*path)
		return planner_fail(planner, "WORKDIR is empty: '%s'", planner->source->words[0]);
	if (*path != '/' && !planner->directory_is_set)
		planner_warn(planner, "WorkdirRelativePath",
			arena_printf(planner->arena, "'%s' is relative to whatever the base image has for a working directory", path));
	planner->directory_is_set = true;
	step->directory = planner_absolute(planner, path);
	step->user = planner->execution->user ? planner->execution->user : "";
	/* What is absolute stays as it was written. */
	planner_change(planner)->working_directory = (char *)(*path == '/' ? path : step->directory);
	/* The root is there. */
	step->kind = str_equal(step->directory, "/") ? PLAN_CONFIGURE : PLAN_DIRECTORY;
	step->created_by = arena_printf(planner->arena, "WORKDIR %s", planner_directory(planner));
	return 0;
}

/* ---- RUN ---------------------------------------------------------------------- */

static int plan_mount(struct planner *planner, const struct run_mount *mount, struct plan_mount *ret)
{
	struct run_mount *copy = arena_alloc(planner->arena, 1, sizeof *copy);
	bool takes = mount->kind == RUN_MOUNT_BIND || mount->kind == RUN_MOUNT_CACHE;
	int r = 0;

	*copy = *mount;
	if (mount->target || mount->kind <= RUN_MOUNT_TMPFS)
		copy->target = planner_absolute(planner, mount->target ? mount->target : "");
	if (copy->target && str_equal(copy->target, "/"))
		return planner_fail(planner, "nothing can be mounted over the whole root: target=%s", mount->target ? mount->target : "");
	ret->mount = copy;
	ret->origin = (struct origin){ .kind = ORIGIN_SCRATCH, .stage = OUTLINE_NO_STAGE };
	if (takes && mount->from)
		r = outline_origin(planner->arena, planner->request->outline, planner->from, mount->from, &ret->origin, planner->err);
	else if (mount->kind == RUN_MOUNT_BIND)
		ret->origin.kind = ORIGIN_CONTEXT;
	return r < 0 ? planner_at(planner, r) : 0;
}

static int plan_mounts(struct planner *planner, struct plan_step *step)
{
	const struct instruction *instruction = step->instruction;

	step->mounts = arena_alloc(planner->arena, instruction->mount_count, sizeof *step->mounts);
	for (; step->mount_count < instruction->mount_count; step->mount_count++) {
		int r = plan_mount(planner, &instruction->mounts[step->mount_count], &step->mounts[step->mount_count]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The values of proxy arguments reach every step, whatever it says; both ways to write them are in use. */
static void add_proxies(struct planner *planner, struct environment *environment)
{
	static const char *const names[][2] = {
		{ "HTTP_PROXY", "http_proxy" }, { "HTTPS_PROXY", "https_proxy" }, { "FTP_PROXY", "ftp_proxy" }, { "NO_PROXY", "no_proxy" },
		{ "ALL_PROXY", "all_proxy" },
	};
	const struct outline_request *request = planner->request->outline->request;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = outline_argument_value(request, names[i][0]);

		if (!value)
			value = outline_argument_value(request, names[i][1]);
		for (size_t j = 0; value && j < 2; j++)
			environment_set(planner->arena, environment, names[i][j], value);
	}
}

static char **run_command(struct planner *planner, const struct instruction *instruction)
{
	static char *const usual[] = { (char *)"/bin/sh", (char *)"-c", NULL };
	char *const *shell = planner->execution->shell && planner->execution->shell[0] ? planner->execution->shell : usual;
	size_t count = strv_length(shell);
	char **command;

	if (!instruction->is_shell_form)
		return instruction->command;
	command = arena_alloc(planner->arena, count + 2, sizeof *command);
	for (size_t i = 0; i < count; i++)
		command[i] = shell[i];
	command[count] = instruction->command[0];
	return command;
}

/* "RUN |1 x=y /bin/sh -c make # buildkit": the arguments that the step could see, and its words. */
static char *run_history(struct planner *planner, const struct plan_step *step)
{
	struct buf out = BUF_INIT;

	buf_add_text(&out, "RUN");
	if (planner->arguments.count > 0)
		buf_printf(&out, " |%zu", planner->arguments.count);
	for (size_t i = 0; i < planner->arguments.count; i++) {
		const char *argument = planner->arguments.list[i];
		const char *name = arena_strndup(planner->arena, argument, strcspn(argument, "="));
		const char *value = words_value(planner->environment.list, name);

		buf_printf(&out, " %s=%s", name, value ? value : argument + strlen(name) + 1);
	}
	for (char **word = step->command; *word; word++)
		buf_printf(&out, " %s", *word);
	buf_add_text(&out, " # buildkit");
	return planner_take(planner, &out);
}

int plan_run(struct planner *planner, struct plan_step *step)
{
	const struct instruction *instruction = step->instruction;
	struct environment environment = environment_copy(planner->arena, &planner->environment);

	step->kind = PLAN_RUN;
	if (!instruction->command || !instruction->command[0])
		return planner_fail(planner, "there is nothing to run");
	step->command = run_command(planner, instruction);
	step->script = instruction->file_count > 0 ? instruction->files[0].content : NULL;
	add_proxies(planner, &environment);
	step->environment = environment.list;
	step->user = planner->execution->user ? planner->execution->user : "";
	step->working_directory = planner_directory(planner);
	step->created_by = run_history(planner, step);
	return plan_mounts(planner, step);
}

/* ---- COPY and ADD ------------------------------------------------------------- */

/* A '/' at the end says that it is a directory; so do "." and "/." there. */
static char *copy_destination(struct planner *planner, const char *written)
{
	size_t length = strlen(written);
	bool is_directory = length == 0 || written[length - 1] == '/' || (written[length - 1] == '.' && (length == 1 || written[length - 2] == '/'));
	char *path = planner_absolute(planner, written);

	return is_directory && !str_equal(path, "/") ? arena_printf(planner->arena, "%s/", path) : path;
}

static char *copy_history(struct planner *planner, const struct instruction *instruction)
{
	struct buf out = BUF_INIT;

	buf_add_text(&out, instruction->kind == INSTRUCTION_ADD ? "ADD" : "COPY");
	if (instruction->parents)
		buf_add_text(&out, " --parents");
	if (instruction->chown)
		buf_printf(&out, " --chown=%s", instruction->chown);
	if (instruction->chmod)
		buf_printf(&out, " --chmod=%s", instruction->chmod);
	for (size_t i = 0; instruction->sources[i]; i++)
		buf_printf(&out, " %s", instruction->sources[i]);
	for (size_t i = 0; i < instruction->file_count; i++)
		buf_printf(&out, " <<%s", instruction->files[i].name);
	buf_printf(&out, " %s # buildkit", instruction->destination);
	return planner_take(planner, &out);
}

int plan_copy(struct planner *planner, struct plan_step *step)
{
	const struct instruction *instruction = step->instruction;
	int r = 0;

	step->kind = PLAN_COPY;
	step->origin = (struct origin){ .kind = ORIGIN_CONTEXT, .stage = OUTLINE_NO_STAGE };
	if (instruction->from)
		r = outline_origin(planner->arena, planner->request->outline, planner->from, instruction->from, &step->origin, planner->err);
	if (r < 0)
		return planner_at(planner, r);
	step->destination = copy_destination(planner, instruction->destination);
	step->created_by = copy_history(planner, instruction);
	return 0;
}
