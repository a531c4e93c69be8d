/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public library: the verbs under stable names and structs, which do not
 * change when ours do.
 */
#include "bivy-runtime.h"
#include "base/memory.h"
#include "host/user_namespace.h"
#include "runtime/self.h"
#include "runtime/verbs.h"

#define DEFAULT_ROOT "/run/bivy-runtime"

struct bivy_runtime {
	char *root;
	struct runtime runtime;
};

/* The public numbers are ours: a new one of ours must be given a public name. */
_Static_assert((int)BIVY_RUNTIME_NOT_FOUND == ERROR_NOT_FOUND && (int)BIVY_RUNTIME_CONFLICT == ERROR_CONFLICT, "kinds");
_Static_assert((int)BIVY_RUNTIME_INVALID == ERROR_INVALID && (int)BIVY_RUNTIME_DENIED == ERROR_DENIED, "kinds");
_Static_assert((int)BIVY_RUNTIME_UNSUPPORTED == ERROR_UNSUPPORTED && (int)BIVY_RUNTIME_BUSY == ERROR_BUSY, "kinds");
_Static_assert((int)BIVY_RUNTIME_UNAVAILABLE == ERROR_UNAVAILABLE && (int)BIVY_RUNTIME_INTERNAL == ERROR_INTERNAL, "kinds");
_Static_assert((int)BIVY_RUNTIME_NO_PIVOT == CREATE_NO_PIVOT && (int)BIVY_RUNTIME_NO_NEW_KEYRING == CREATE_NO_NEW_KEYRING, "flags");
_Static_assert((int)BIVY_RUNTIME_DETACH == CREATE_DETACH && (int)BIVY_RUNTIME_KEEP == CREATE_KEEP, "flags");
_Static_assert((int)BIVY_RUNTIME_NO_SUBREAPER == CREATE_NO_SUBREAPER, "flags");

/* Copies *OURS to *RET, which may be NULL; returns R. */
static int tell(int r, const struct error *ours, struct bivy_runtime_error *ret)
{
	_Static_assert(sizeof ret->message == sizeof ours->message && sizeof ret->hint == sizeof ours->hint, "texts");

	if (r >= 0 || !ret)
		return r;
	*ret = (struct bivy_runtime_error){
		.kind = (enum bivy_runtime_error_kind)ours->kind,
		.code = ours->code,
		.exit_status = ours->exit_status,
	};
	memcpy(ret->message, ours->message, sizeof ret->message);
	memcpy(ret->hint, ours->hint, sizeof ret->hint);
	return r;
}

int bivy_runtime_open(const char *root, unsigned flags, struct bivy_runtime **ret, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;
	struct bivy_runtime *runtime;

	if (root && (root[0] != '/' || root[strspn(root, "/")] == '\0'))
		return tell(error_set(&ours, ERROR_INVALID, 0, "the state directory '%s' is not an absolute path below '/'", root), &ours, err);
	if (flags & ~(unsigned)BIVY_RUNTIME_ROOTLESS)
		return tell(error_set(&ours, ERROR_INVALID, 0, "unknown flags %#x", flags), &ours, err);
	runtime = memory_new(1, sizeof *runtime);
	runtime->root = str_dup(root ? root : DEFAULT_ROOT);
	runtime->runtime = (struct runtime){ .root = runtime->root, .rootless = (flags & BIVY_RUNTIME_ROOTLESS) || !user_namespace_is_first() };
	*ret = runtime;
	return 0;
}

void bivy_runtime_close(struct bivy_runtime *runtime)
{
	if (!runtime)
		return;
	free(runtime->root);
	free(runtime);
}

int bivy_runtime_seal(char **argv, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(self_reexec_sealed(argv, &ours), &ours, err);
}

static struct create_request request_of(const struct bivy_runtime_create_request *request)
{
	return (struct create_request){
		.id = request->id,
		.bundle = request->bundle,
		.console_socket = request->console_socket,
		.pid_file = request->pid_file,
		.pidfd_socket = request->pidfd_socket,
		.flags = request->flags,
		.preserve_fds = request->preserve_fds,
	};
}

int bivy_runtime_create(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, struct bivy_runtime_error *err)
{
	struct create_request create = request_of(request);
	struct error ours = ERROR_INIT;

	return tell(runtime_create(&runtime->runtime, &create, &ours), &ours, err);
}

int bivy_runtime_start(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_start(&runtime->runtime, id, &ours), &ours, err);
}

int bivy_runtime_run(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, int *ret_status, struct bivy_runtime_error *err)
{
	struct create_request create = request_of(request);
	struct error ours = ERROR_INIT;

	return tell(runtime_run(&runtime->runtime, &create, ret_status, &ours), &ours, err);
}

int bivy_runtime_explain(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, char **ret, struct bivy_runtime_error *err)
{
	struct create_request create = request_of(request);
	_cleanup_buf_ struct buf plan = BUF_INIT;
	struct error ours = ERROR_INIT;
	int r = runtime_explain(&runtime->runtime, &create, &plan, &ours);

	if (r >= 0)
		*ret = buf_take(&plan);
	return tell(r, &ours, err);
}

int bivy_runtime_kill(const struct bivy_runtime *runtime, const char *id, int signal_number, bool all, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_kill(&runtime->runtime, id, signal_number, all ? KILL_ALL : 0, &ours), &ours, err);
}

int bivy_runtime_delete(const struct bivy_runtime *runtime, const char *id, bool force, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_delete(&runtime->runtime, id, force ? DELETE_FORCE : 0, &ours), &ours, err);
}

int bivy_runtime_pause(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_pause(&runtime->runtime, id, &ours), &ours, err);
}

int bivy_runtime_resume(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_resume(&runtime->runtime, id, &ours), &ours, err);
}

int bivy_runtime_exec(const struct bivy_runtime *runtime, const struct bivy_runtime_exec_request *request, int *ret_status, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;
	struct exec_request exec = {
		.id = request->id,
		.args = request->args,
		.env = request->env,
		.cwd = request->cwd,
		.user = request->user,
		.additional_gids = request->additional_gids,
		.additional_gid_count = request->additional_gid_count,
		.capabilities = request->capabilities,
		.no_new_privileges = request->no_new_privileges,
		.apparmor_profile = request->apparmor_profile,
		.selinux_label = request->selinux_label,
		.cgroups = request->cgroups,
		.terminal = request->terminal,
		.detach = request->detach,
		.ignore_paused = request->ignore_paused,
		.console_socket = request->console_socket,
		.pid_file = request->pid_file,
		.pidfd_socket = request->pidfd_socket,
		.preserve_fds = request->preserve_fds,
	};

	if (!request->args || !request->args[0])
		return tell(error_set(&ours, ERROR_INVALID, 0, "there is no command to execute"), &ours, err);
	return tell(runtime_exec(&runtime->runtime, &exec, ret_status, &ours), &ours, err);
}

/* Takes the report's members over. */
static struct bivy_runtime_state state_of(struct container_report *report)
{
	struct bivy_runtime_state state = {
		.id = TAKE_PTR(report->id),
		.status = TAKE_PTR(report->status),
		.bundle = TAKE_PTR(report->bundle),
		.rootfs = TAKE_PTR(report->rootfs),
		.created = TAKE_PTR(report->created),
		.owner = TAKE_PTR(report->owner),
		.pid = report->pid,
		.annotations = memory_new(report->annotation_count, sizeof *state.annotations),
		.annotation_count = report->annotation_count,
	};

	for (size_t i = 0; i < report->annotation_count; i++) {
		state.annotations[i].key = TAKE_PTR(report->annotations[i].key);
		state.annotations[i].value = TAKE_PTR(report->annotations[i].value);
	}
	container_report_done(report);
	return state;
}

int bivy_runtime_get_state(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_state *ret, struct bivy_runtime_error *err)
{
	struct container_report report;
	struct error ours = ERROR_INIT;
	int r = runtime_state(&runtime->runtime, id, &report, &ours);

	if (r >= 0)
		*ret = state_of(&report);
	return tell(r, &ours, err);
}

void bivy_runtime_state_done(struct bivy_runtime_state *state)
{
	for (size_t i = 0; i < state->annotation_count; i++) {
		free(state->annotations[i].key);
		free(state->annotations[i].value);
	}
	free(state->annotations);
	free(state->id);
	free(state->status);
	free(state->bundle);
	free(state->rootfs);
	free(state->created);
	free(state->owner);
	*state = (struct bivy_runtime_state){ 0 };
}

int bivy_runtime_list(const struct bivy_runtime *runtime, struct bivy_runtime_state **ret, size_t *ret_count, struct bivy_runtime_error *err)
{
	_cleanup_free_ struct container_report *reports = NULL;
	struct bivy_runtime_state *states;
	struct error ours = ERROR_INIT;
	size_t count = 0;
	int r = runtime_list(&runtime->runtime, &reports, &count, &ours);

	if (r < 0)
		return tell(r, &ours, err);
	states = memory_new(count, sizeof *states);
	for (size_t i = 0; i < count; i++)
		states[i] = state_of(&reports[i]);
	*ret = states;
	*ret_count = count;
	return 0;
}

void bivy_runtime_list_free(struct bivy_runtime_state *states, size_t count)
{
	for (size_t i = 0; states && i < count; i++)
		bivy_runtime_state_done(&states[i]);
	free(states);
}

int bivy_runtime_ps(const struct bivy_runtime *runtime, const char *id, pid_t **ret, size_t *ret_count, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_ps(&runtime->runtime, id, ret, ret_count, &ours), &ours, err);
}

int bivy_runtime_stats(const struct bivy_runtime *runtime, const char *id, char **ret, struct bivy_runtime_error *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct error ours = ERROR_INIT;
	int r = runtime_stats(&runtime->runtime, id, &line, &ours);

	if (r >= 0)
		*ret = buf_take(&line);
	return tell(r, &ours, err);
}

int bivy_runtime_events(const struct bivy_runtime *runtime, const char *id, unsigned interval_ms, int (*emit)(void *context, const char *line), void *context, struct bivy_runtime_error *err)
{
	struct error ours = ERROR_INIT;

	return tell(runtime_events(&runtime->runtime, id, interval_ms, emit, context, &ours), &ours, err);
}

int bivy_runtime_update(const struct bivy_runtime *runtime, const char *id, const char *resources, struct bivy_runtime_error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_resources *decoded;
	struct error ours = ERROR_INIT;
	int r = spec_resources_decode(arena, resources, strlen(resources), &decoded, &ours);

	if (r >= 0)
		r = runtime_update(&runtime->runtime, id, &(struct update_request){ .resources = decoded }, &ours);
	return tell(r, &ours, err);
}
