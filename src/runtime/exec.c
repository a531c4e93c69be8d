/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further process in a container that runs.
 *
 * The joiner (joiner.c) enters init's namespaces and groups, invisible to the
 * container, and clones the process; that one makes itself what
 * process.c makes of init.
 */
#include "base/file.h"
#include "base/role.h"
#include "base/timing.h"
#include "host/namespace_kind.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/create.h"
#include "runtime/intel_rdt.h"
#include "runtime/process.h"
#include "runtime/seccomp_plan.h"
#include "runtime/spawn.h"
#include "runtime/supervise.h"
#include "runtime/sync.h"
#include "spec/names.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

struct exec {
	const struct exec_request *request;
	struct container *container;
	struct spec_process process;
	struct seccomp_program seccomp;
	bool has_seccomp;
	struct listener listener;
	struct console console;
	bool is_supervised; /* the terminal is not relayed to our own standard streams */
	int root_fd;      /* container without a mount namespace: its root; or -EBADF */
	int preserve_fds, listen_fds;
	int namespaces;   /* to enter */
	int sync;
	struct spawned child;
};

/* ---- the process document ----------------------------------------------------------- */

static int parse_user(const char *text, struct spec_user *user, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	char *rest = copy, *uid_text = strsep(&rest, ":");
	uint64_t uid, gid = 0;

	if (str_to_u64(uid_text, 10, &uid) < 0 || uid > UINT32_MAX - 1 || (rest && (str_to_u64(rest, 10, &gid) < 0 || gid > UINT32_MAX - 1)))
		return error_set(err, ERROR_INVALID, 0, "--user: expected UID[:GID] in numbers, found '%s'", text);
	user->uid = (uint32_t)uid;
	user->gid = (uint32_t)gid;
	return 0;
}

static int add_capabilities(struct arena *arena, char *const *names, struct spec_process *process, struct error *err)
{
	struct spec_capabilities *sets = arena_alloc(arena, 1, sizeof *sets);

	if (process->capabilities)
		*sets = *process->capabilities;
	for (size_t i = 0; names && names[i]; i++) {
		uint32_t number;

		if (!spec_name_value(SPEC_CAPABILITIES, names[i], strlen(names[i]), &number))
			return error_set(err, ERROR_INVALID, 0, "--cap: unknown capability '%s'", names[i]);
		sets->bounding |= 1ULL << number;
		sets->effective |= 1ULL << number;
		sets->permitted |= 1ULL << number;
		/* Ambient too where the kernel allows it, or a user other than root would lose it by the execve (capabilities(7)). */
		sets->ambient |= sets->inheritable & 1ULL << number;
	}
	process->capabilities = sets;
	return 0;
}

/* ADDED variables replace those of the same name. */
static char **merge_env(struct arena *arena, char *const *old, char *const *added)
{
	size_t n = strv_length(old), m = strv_length(added), used = 0;
	char **env = arena_alloc(arena, n + m + 1, sizeof *env);

	for (size_t i = 0; i < n; i++) {
		size_t name = strcspn(old[i], "=") + 1;
		bool replaced = false;

		for (size_t j = 0; j < m; j++)
			replaced |= strncmp(old[i], added[j], name) == 0;
		if (!replaced)
			env[used++] = old[i];
	}
	for (size_t j = 0; j < m; j++)
		env[used++] = added[j];
	return env;
}

static int make_process(struct exec *exec, struct error *err)
{
	const struct exec_request *request = exec->request;
	struct container *container = exec->container;
	struct spec_process *process = &exec->process;
	int r;

	if (request->process) {
		*process = *request->process;
		process->terminal |= request->terminal;
		return process->args && process->args[0] ? 0 : error_set(err, ERROR_INVALID, 0, "process.args: required, at least one");
	}
	*process = *container->config->process;
	process->args = request->args;
	process->terminal = request->terminal;
	process->console_width = request->console_width;
	process->console_height = request->console_height;
	process->env = merge_env(container->arena, process->env, request->env);
	if (request->cwd)
		process->cwd = (char *)request->cwd;
	if (request->user) {
		r = parse_user(request->user, &process->user, err);
		if (r < 0)
			return r;
	}
	if (request->additional_gid_count || request->drops_gids) {
		process->user.additional_gids = (uint32_t *)request->additional_gids;
		process->user.additional_gid_count = request->additional_gid_count;
	}
	process->no_new_privileges |= request->no_new_privileges;
	if (request->apparmor_profile)
		process->apparmor_profile = (char *)request->apparmor_profile;
	if (request->selinux_label)
		process->selinux_label = (char *)request->selinux_label;
	return add_capabilities(container->arena, request->capabilities, process, err);
}

/* ---- where to ----------------------------------------------------------------------------- */

/* Those namespaces of init's that are not ours; entering our own user namespace again would be refused. */
static int find_namespaces(struct exec *exec, struct error *err)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		struct stat ours, theirs;
		char path[64];

		snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_kinds[i].file);
		if (stat(path, &ours) < 0)
			continue; /* a kernel without this kind */
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)exec->container->state->init_pid, namespace_kinds[i].file);
		if (stat(path, &theirs) < 0)
			return error_errno(err, errno, "cannot look at the namespaces of container '%s'", exec->container->state->id);
		if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
			exec->namespaces |= namespace_kinds[i].flag;
	}
	if (!(exec->namespaces & CLONE_NEWNS)) {
		char path[64];

		snprintf(path, sizeof path, "/proc/%d/root", (int)exec->container->state->init_pid);
		exec->root_fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (exec->root_fd < 0)
			return error_errno(err, errno, "cannot open the root of container '%s'", exec->container->state->id);
	}
	return 0;
}

static int find_groups(struct exec *exec, struct error *err)
{
	struct container *container = exec->container;
	const struct cgroup_group *failed = NULL;
	int r = container_open_groups(container, err);

	for (char **group = exec->request->cgroups; r == 0 && group && *group; group++)
		r = cgroup_set_descend(&container->groups, *group, err);
	if (r < 0)
		return r;
	r = cgroup_set_prepare_entry(&container->groups, CGROUP_ENTRY_WITHOUT_V2, &failed);
	if (r < 0) {
		_cleanup_free_ char *path = failed ? cgroup_file_path(failed, NULL) : str_dup("?");

		return error_errno(err, -r, "cannot enter control group '%s'", path);
	}
	return 0;
}

static int check_descriptors(struct exec *exec, struct error *err)
{
	return process_count_descriptors(exec->request->preserve_fds, &exec->listen_fds, &exec->preserve_fds, err);
}

static int open_console_socket(struct exec *exec, struct error *err)
{
	const char *path = exec->request->console_socket;
	int r;

	if (!exec->process.terminal)
		return path ? error_set(err, ERROR_INVALID, 0, "--console-socket is of no use without a terminal") : 0;
	if (!path && exec->request->detach)
		return error_set(err, ERROR_INVALID, 0, "a detached process with a terminal needs --console-socket");
	r = console_open(path, &exec->console, err);
	if (exec->is_supervised)
		exec->console.plain_newlines = false;
	return r;
}

static int make_filter(struct exec *exec, struct error *err)
{
	const struct spec_seccomp *seccomp = exec->container->config->linux_.seccomp;
	struct spec_oci_state state;
	int r;

	if (!seccomp)
		return 0;
	r = seccomp_plan_make(seccomp, &exec->seccomp, err);
	if (r < 0)
		return r;
	exec->has_seccomp = true;
	container_describe(exec->container, CONTAINER_RUNNING, &state);
	return listener_connect(seccomp, &exec->seccomp, &state, &exec->listener, err);
}

/* ---- the child ------------------------------------------------------------------------------- */

static int make_terminal(const struct exec *exec, struct error *err)
{
	_cleanup_close_ int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC), master = -EBADF, slave = -EBADF;
	int r;

	if (!exec->process.terminal)
		return 0;
	if (root < 0)
		return error_errno(err, errno, "cannot open the container's root");
	r = console_make(&exec->process, root, &master, &slave, err);
	return r < 0 ? r : console_hand_over(&exec->console, master, slave, err);
}

static int become_program(const struct exec *exec, int sync, struct error *err)
{
	const struct container *container = exec->container;
	struct process_context process;
	int64_t since = timing_now();
	int r;

	process_init(&process, &exec->process, &container->config->linux_, container->state, sync);
	process.seccomp = exec->has_seccomp ? &exec->seccomp : NULL;
	process.listener = exec->listener.socket >= 0 ? &exec->listener : NULL;
	process.own_user_namespace = exec->namespaces & CLONE_NEWUSER;
	process.listen_fds = exec->listen_fds;
	process.preserve_fds = exec->preserve_fds;
	process.final_affinity = exec->process.cpu_affinity_final;
	setsid(); /* fails only for the leader of a group, which a fresh child is not */
	if (exec->root_fd >= 0 && (fchdir(exec->root_fd) < 0 || chroot(".") < 0))
		return error_errno(err, errno, "cannot enter the container's root");
	r = make_terminal(exec, err);
	if (r == 0)
		r = process_prepare(&process, err);
	timing_phase("user and capabilities", since);
	if (r < 0)
		return r;
	if (sync_ask(sync, SYNC_READY, 0) < 0)
		return error_set(err, ERROR_INTERNAL, 0, "the runtime that executes the process is gone");
	return process_exec(&process, err);
}

static _noreturn_ void child(void *context, int sync)
{
	struct error err = ERROR_INIT;

	role_set("process");
	ignore_result(become_program(context, sync, &err)); /* it only returns with an error */
	ignore_result(sync_send_error(sync, &err)); /* nobody else to tell */
	_exit(err.exit_status ? err.exit_status : 1);
}

/* ---- the parent --------------------------------------------------------------------------------- */

static int spawn_process(struct exec *exec, struct error *err)
{
	struct container *container = exec->container;
	struct spawn_request request = {
		.target_pidfd = container->pidfd,
		.target_namespaces = exec->namespaces,
		.become_root = exec->namespaces & CLONE_NEWUSER,
		.initial_affinity = exec->process.cpu_affinity_initial,
		.groups = &container->groups,
		.follow_pid = exec->request->cgroups && exec->request->cgroups[0] ? 0 : (pid_t)container->state->init_pid,
		.in_order_to_exec = true,
		.child = child,
		.context = exec,
	};
	int64_t since;
	int ends[2], r = sync_pair(ends);

	if (r < 0)
		return error_errno(err, -r, "cannot make a socket pair");
	request.sync_parent = exec->sync = ends[0];
	request.sync_child = ends[1];
	since = timing_now();
	r = spawn(&request, &exec->child, err);
	timing_phase("join the namespaces", since);
	close_and_forget(&exec->console.socket);
	return r;
}

/* Serves the child until it is ready, then until it has executed its program. */
static int serve(struct exec *exec, struct error *err)
{
	int64_t since = timing_now();
	bool ready = false;

	for (;;) {
		struct sync_message message;
		int r = sync_receive(exec->sync, &message, NULL);

		if (r < 0 && ready) {
			timing_phase("filter and exec", since);
			return 0; /* closed by the exec */
		}
		if (r < 0)
			return error_set(err, ERROR_INTERNAL, 0, "the process ended before it could execute its program");
		if (message.type == SYNC_ERROR) {
			*err = message.error;
			return message.error.code ? -message.error.code : -EINVAL;
		}
		r = 0;
		if (message.type == SYNC_LIMITS)
			r = process_set_limits(&exec->process, exec->child.pid, err);
		else if (message.type == SYNC_READY)
			ready = true;
		else
			r = error_set(err, ERROR_INTERNAL, 0, "unexpected message %u from the process", message.type);
		if (r == 0 && ready)
			r = creation_write_pid_file(exec->request->pid_file, exec->child.pid, err);
		if (r == 0 && ready)
			r = creation_send_pidfd(exec->request->pidfd_socket, exec->child.pidfd, err);
		if (r < 0)
			return r;
		if (sync_send(exec->sync, SYNC_GO, 0, -1) < 0)
			return error_set(err, ERROR_INTERNAL, 0, "the process ended before it could execute its program");
	}
}

static int start_process(struct exec *exec, struct error *err)
{
	int r = make_process(exec, err);

	if (r == 0)
		r = check_descriptors(exec, err);
	if (r == 0)
		r = find_namespaces(exec, err);
	if (r == 0)
		r = find_groups(exec, err);
	if (r == 0)
		r = open_console_socket(exec, err);
	if (r == 0)
		r = make_filter(exec, err);
	if (r == 0)
		r = spawn_process(exec, err);
	if (r < 0)
		return r;
	if (exec->listener.socket >= 0)
		listener_set_pid(&exec->listener, exec->child.pid);
	if (spec_namespace_find(exec->container->config, CLONE_NEWUSER))
		creation_give_streams(&exec->container->config->linux_, &exec->process);
	r = intel_rdt_enter_recorded(exec->container->state, exec->container->config->linux_.intel_rdt, exec->child.pid, err);
	if (r == 0)
		r = creation_set_oom_score(&exec->process, exec->child.pid, err);
	if (r == 0)
		r = serve(exec, err);
	if (r < 0)
		spawned_kill(&exec->child);
	return r;
}

static int stay(struct exec *exec, int *ret_status, struct error *err)
{
	_cleanup_close_ int master = -EBADF;
	struct supervision supervision = { .pidfd = exec->child.pidfd, .terminal = -EBADF, .notify_socket = -EBADF };
	int r = console_take(&exec->console, &master, err);

	if (r < 0)
		return r;
	supervision.terminal = master;
	return supervise(&supervision, ret_status, err);
}

static int check_status(struct container *container, const struct exec_request *request, struct error *err)
{
	enum container_status status = container_status(container);

	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return error_set(err, ERROR_CONFLICT, 0, "cannot exec in container '%s': it is %s", request->id, container_status_name(status));
	if (status == CONTAINER_PAUSED && !request->ignore_paused) {
		error_set(err, ERROR_CONFLICT, 0, "cannot exec in container '%s': it is paused", request->id);
		error_hint(err, "`resume` it, or give --ignore-paused");
		return -EINVAL;
	}
	return 0;
}

static int load(const struct runtime *runtime, const struct exec_request *request, struct container *container, struct error *err)
{
	int r = container_load(runtime, request->id, container, err);

	return r < 0 ? r : check_status(container, request, err);
}

static void exec_init(struct exec *exec, const struct exec_request *request, struct container *container)
{
	*exec = (struct exec){
		.request = request,
		.container = container,
		.listener = LISTENER_NONE,
		.console = CONSOLE_NONE,
		.root_fd = -EBADF,
		.sync = -EBADF,
		.child = { .pidfd = -EBADF },
	};
}

static void exec_done(struct exec *exec)
{
	if (exec->has_seccomp)
		seccomp_program_done(&exec->seccomp);
	listener_done(&exec->listener);
	console_done(&exec->console);
	close_and_forget(&exec->root_fd);
	close_and_forget(&exec->sync);
	close_and_forget(&exec->child.pidfd);
}

int runtime_exec(const struct runtime *runtime, const struct exec_request *request, int *ret_status, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	struct exec exec;
	sigset_t old;
	int r = load(runtime, request, &container, err);

	if (r < 0)
		return r;
	if (!request->detach)
		supervise_block_signals(&old);
	exec_init(&exec, request, &container);
	r = start_process(&exec, err);
	if (r == 0 && request->detach)
		*ret_status = 0;
	else if (r == 0)
		r = stay(&exec, ret_status, err);
	exec_done(&exec);
	if (!request->detach)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

int runtime_exec_start(const struct runtime *runtime, const struct exec_request *request, struct exec_report *ret, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int terminal = -EBADF;
	struct exec exec;
	int64_t since = timing_now();
	int r = load(runtime, request, &container, err);

	timing_phase("read the container", since);
	if (r < 0)
		return r;
	exec_init(&exec, request, &container);
	exec.is_supervised = true;
	r = start_process(&exec, err);
	if (r == 0) {
		r = console_take(&exec.console, &terminal, err);
		if (r < 0)
			spawned_kill(&exec.child);
	}
	if (r == 0)
		*ret = (struct exec_report){ .pid = exec.child.pid, .pidfd = TAKE_FD(exec.child.pidfd), .terminal = terminal };
	exec_done(&exec);
	return r;
}
