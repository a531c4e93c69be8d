/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RUN: a container of the stage's files that is removed at its end, whoever is
 * killed; when its command has succeeded what it has changed is renamed out of
 * it first.
 */
#include "engine/build_mounts.h"
#include "engine/build_step.h"
#include "engine/container_image.h"
#include "engine/containers.h"

#include <signal.h>
#include <sys/prctl.h>

#define LABEL "io.bivy.build" /* of containers: whose they are */

struct run {
	const struct build_step *step;
	struct build_mounts mounts;
	struct spec_container asked;
	struct spec_pair labels[1];
	const char *upper; /* where what has changed goes */
	bool has_upper;
	pid_t parent;      /* whose end is ours; 0: nobody's */
	bool was_out_of_memory;
	bool is_shell;     /* for a person, in place of the step's command */
	struct build_step_result *result;
};

static void run_done(struct run *run)
{
	build_mounts_done(&run->mounts);
}

/* ---- the container ------------------------------------------------------------------------ */

static int choose_network(struct run *run, struct error *err)
{
	const struct build_request *request = run->step->build->request;

	switch (run->step->plan->instruction->network) {
	case RUN_NETWORK_DEFAULT:
		return 0;
	case RUN_NETWORK_NONE:
		run->asked.host.network_mode = (char *)"none";
		break;
	case RUN_NETWORK_HOST:
		if (!request->allows_host_network && !str_equal(run->asked.host.network_mode, "host")) {
			error_set(err, ERROR_DENIED, 0, "RUN --network=host is not allowed");
			error_hint(err, "'--allow network.host' allows it");
			return -EPERM;
		}
		run->asked.host.network_mode = (char *)"host";
		break;
	}
	/* Endpoints belong to the other mode. */
	run->asked.host.endpoints = NULL;
	run->asked.host.endpoint_count = 0;
	return 0;
}

static int choose_security(struct run *run, struct error *err)
{
	if (run->step->plan->instruction->security != RUN_SECURITY_INSECURE)
		return 0;
	if (!run->step->build->request->allows_insecure) {
		error_set(err, ERROR_DENIED, 0, "RUN --security=insecure is not allowed");
		error_hint(err, "'--allow security.insecure' allows it");
		return -EPERM;
	}
	run->asked.host.privileged = true;
	return 0;
}

static char **join_environment(struct arena *arena, char *const *first, char *const *second)
{
	size_t count = strv_length((char **)first), more = second ? strv_length((char **)second) : 0;
	char **list = arena_alloc(arena, count + more + 1, sizeof *list);

	memcpy(list, first, count * sizeof *list);
	if (more)
		memcpy(list + count, second, more * sizeof *list);
	return list;
}

static void join_mounts(struct run *run)
{
	struct spec_host_config *host = &run->asked.host;
	struct spec_container_mount *all = arena_alloc(run->step->build->arena, host->mount_count + run->mounts.count + 1, sizeof *all);

	if (host->mount_count)
		memcpy(all, host->mounts, host->mount_count * sizeof *all);
	if (run->mounts.count)
		memcpy(all + host->mount_count, run->mounts.list, run->mounts.count * sizeof *all);
	host->mounts = all;
	host->mount_count += run->mounts.count;
}

/* Where something was mounted for the step, whoever asked for it. */
static const char **list_mountpoints(const struct run *run)
{
	const struct spec_host_config *host = run->step->build->request->host;
	size_t given = host ? host->mount_count : 0, own = strv_length((char **)run->mounts.targets);
	const char **list = arena_alloc(run->step->build->arena, given + own + 1, sizeof *list);

	for (size_t i = 0; i < given; i++)
		list[i] = host->mounts[i].target;
	if (own)
		memcpy(list + given, run->mounts.targets, own * sizeof *list);
	return list;
}

/* The step's own shell, or the usual one, on our terminal. */
static void ask_for_shell(struct run *run)
{
	const struct build_step *step = run->step;
	char **command = arena_alloc(step->build->arena, 2, sizeof *command);
	struct spec_container_config *config = &run->asked.config;

	command[0] = step->plan->instruction->is_shell_form ? step->plan->command[0] : (char *)"/bin/sh";
	config->command = command;
	config->tty = config->open_stdin = config->stdin_once = true;
	config->has_attach_stdin = config->has_attach_stdout = config->has_attach_stderr = true;
	config->attach_stdin = config->attach_stdout = config->attach_stderr = true;
}

static int describe(struct run *run, struct error *err)
{
	const struct build_step *step = run->step;
	static char *none[] = { NULL };
	int r;

	run->asked = (struct spec_container){ .config = { .user = (char *)step->plan->user, .working_directory = (char *)step->plan->working_directory,
		.entrypoint = none, .command = step->plan->command, .no_health_check = true, .stop_signal = (char *)"SIGTERM" } };
	if (step->build->request->host)
		run->asked.host = *step->build->request->host;
	run->asked.host.auto_remove = true;
	run->asked.host.log_driver = (char *)"none";
	run->asked.host.user_namespace = (char *)step->build->request->user_namespace;
	if (run->is_shell)
		ask_for_shell(run);
	run->labels[0] = (struct spec_pair){ (char *)LABEL, (char *)step->plan->shown };
	run->asked.config.labels = run->labels;
	run->asked.config.label_count = ARRAY_SIZE(run->labels);
	r = choose_network(run, err);
	if (r == 0)
		r = choose_security(run, err);
	if (r == 0)
		r = build_mounts_prepare(step, &run->mounts, err);
	if (r < 0)
		return r;
	join_mounts(run);
	run->asked.config.env = join_environment(step->build->arena, step->plan->environment, run->mounts.environment);
	run->asked.config.secrets = run->mounts.secrets;
	return 0;
}

static int create(const struct run *run, const char **ret_id, struct error *err)
{
	const struct build_step *step = run->step;
	const struct spec_image_config config = { .created = NULL };
	const struct container_image image = { .config = &config, .image = { .name = (char *)step->plan->shown,
		.top_layer = (char *)build_files_top(&step->stage->files), .platform = (char *)step->stage->platform->text } };
	const struct container_create_request request = { .directories = step->build->directories, .asked = &run->asked, .given = &image };

	return container_create(step->build->arena, &request, ret_id, err);
}

/* ---- its end ---------------------------------------------------------------------------------- */

/* What it has changed is ours now; it has no processes any more. */
static int take_upper(void *context, struct container_record *record, int64_t exit_code, struct error *err)
{
	struct run *run = context;
	_cleanup_free_ char *from = str_printf("%s/root/upper", record->path);

	run->was_out_of_memory = exit_code == 128 + SIGKILL && container_record_refresh(record, NULL) == 0 && record->state->oom_killed;
	if (exit_code != 0 && !run->step->build->request->debug)
		return 0;
	if (rename(from, run->upper) < 0)
		return error_errno(err, errno, "cannot take what the step has changed out of '%s'", from);
	run->has_upper = true;
	return 0;
}

static int judge(struct run *run, int64_t exit_code, struct error *err)
{
	struct build_step_result *result = run->result;
	const struct plan_step *plan = run->step->plan;

	result->exit_code = exit_code;
	if (exit_code == 0)
		return 0;
	if (run->has_upper)
		snprintf(result->failed_upper, sizeof result->failed_upper, "%s", run->upper);
	error_set(err, ERROR_UNAVAILABLE, 0, "%s:%u: '%.400s' did not complete successfully: exit code %lld", run->step->build->dockerfile->name,
		plan->instruction->source->first_line, plan->shown, (long long)exit_code);
	if (run->was_out_of_memory)
		error_hint(err, "it ran out of memory: --memory says how much steps may have");
	else if (!run->step->build->request->debug)
		error_hint(err, "with --debug there is a shell where it failed");
	if (err)
		err->exit_status = 1;
	return -EINVAL;
}

/* To be told of the parent's end is forgotten with every change of credentials (prctl(2)), such as those of a start. */
static void follow_parent(void *context, const char *id _unused_)
{
	const struct run *run = context;

	if (run->parent == 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != run->parent)
		raise(SIGTERM); /* waits for the session */
}

/* As long as there is a container that nobody waits for yet a signal to end us waits, too: the session takes it then, and ends the container. */
static int start_and_wait(struct run *run, int (*prepare)(const struct run *run, const char *id, struct error *err), int64_t *ret_exit_code, struct error *err)
{
	const struct build *build = run->step->build;
	const struct container_attachment attachment = { .in = run->is_shell, .out = true, .err = true, .kills = true, .detach_keys = "" };
	struct container_start_request start = { .directories = build->directories, .attachment = &attachment, .cleans = true, .started = follow_parent,
		.ended = take_upper, .context = run };
	struct container_start_report report = { .exit_code = 0 };
	sigset_t deadly, old;
	int r;

	sigemptyset(&deadly);
	sigaddset(&deadly, SIGHUP);
	sigaddset(&deadly, SIGINT);
	sigaddset(&deadly, SIGTERM);
	sigprocmask(SIG_BLOCK, &deadly, &old);
	r = create(run, &start.container, err);
	if (r == 0 && prepare && (r = prepare(run, start.container, err)) < 0)
		ignore_result(container_remove(build->directories, start.container, CONTAINER_REMOVE_FORCE, NULL)); /* the first error counts */
	if (r == 0)
		r = container_start(&start, &report, err);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		*ret_exit_code = report.exit_code;
	return r;
}

/* The instruction says more than the name of a container that is gone. */
static const char *without_container(const char *message)
{
	static const char start[] = "cannot start the container '";
	const char *end = str_starts_with(message, start) ? strstr(message + strlen(start), "': ") : NULL;

	return end ? end + 3 : message;
}

/* A program of another architecture is refused like any file that is none. */
static int explain_start(const struct run *run, struct error *err)
{
	const struct build_platform *platform = run->step->stage->platform;
	const bool is_foreign = !str_equal(platform->platform.architecture, run->step->build->build_platform.architecture);
	struct error cause = *err;

	error_set(err, cause.kind, 0, "%s:%u: RUN%s%s: %s", run->step->build->dockerfile->name, run->step->plan->instruction->source->first_line,
		is_foreign ? " for " : "", is_foreign ? platform->text : "", without_container(cause.message));
	if (cause.code == ENOEXEC && is_foreign)
		error_hint(err, "this machine has no emulator: install qemu-user-static and binfmt-support, or FROM --platform=$BUILDPLATFORM and cross-compile");
	else if (cause.code == ENOENT && run->step->plan->instruction->is_shell_form && strstr(cause.message, "cannot execute"))
		error_hint(err, "an image without a shell can do RUN [\"PROGRAM\", \"ARGUMENT\", …] alone, of programs that it has");
	else if (*cause.hint)
		error_hint(err, "%s", cause.hint);
	err->code = cause.code;
	err->exit_status = 1;
	return cause.code ? -cause.code : -EINVAL;
}

int build_step_run(const struct build_step *step, const char **ret_upper, const char ***ret_mountpoints, struct build_step_result *result, struct error *err)
{
	_cleanup_(run_done) struct run run = { .step = step, .mounts = BUILD_MOUNTS_INIT, .result = result, .parent = getppid() };
	const char *directory = NULL;
	int64_t exit_code = 0;
	int r = build_work_make(step->build, &directory, err);

	if (r < 0)
		return r;
	run.upper = arena_printf(step->build->arena, "%s/upper", directory);
	r = describe(&run, err);
	if (r == 0)
		r = start_and_wait(&run, NULL, &exit_code, err);
	if (r < 0)
		return explain_start(&run, err);
	r = judge(&run, exit_code, err);
	if (r < 0)
		return r;
	*ret_upper = run.upper;
	*ret_mountpoints = list_mountpoints(&run);
	return 0;
}

/* ---- once more, for a person ----------------------------------------------------------------------- */

/* What an earlier one has changed becomes what this one begins with. */
static int give_upper(const struct run *run, const char *id, struct error *err)
{
	_cleanup_free_ char *to = str_printf("%s/containers/%s/root/upper", run->step->build->directories->root, id);

	if (rmdir(to) < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot empty '%s'", to);
	if (rename(run->upper, to) < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot give a container the files '%s'", run->upper);
	return 0;
}

int build_run_again(const struct build_step *step, const char *upper, bool is_shell, int64_t *ret_exit_code, const char ***ret_mountpoints,
	struct error *err)
{
	_cleanup_(run_done) struct run run = { .step = step, .mounts = BUILD_MOUNTS_INIT, .upper = upper, .is_shell = is_shell };
	int r = describe(&run, err);

	if (r == 0)
		r = start_and_wait(&run, give_upper, ret_exit_code, err);
	*ret_mountpoints = run.mounts.targets;
	return r;
}
