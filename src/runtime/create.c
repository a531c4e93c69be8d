/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/create.h"
#include "base/file.h"
#include "base/log.h"
#include "base/timing.h"
#include "host/cgroup_delegate.h"
#include "host/fdpass.h"
#include "host/pidfd.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "runtime/hooks.h"
#include "runtime/init.h"
#include "runtime/net_devices.h"
#include "runtime/notify.h"
#include "runtime/process.h"
#include "runtime/sync.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* ---- 1. the record --------------------------------------------------------------- */

static char *time_stamp(struct arena *arena)
{
	struct timespec now;
	struct tm utc;
	char seconds[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
	return arena_printf(arena, "%s.%09ldZ", seconds, now.tv_nsec);
}

static void name_groups(struct plan *plan, const struct cgroup_set *set, struct spec_state *state)
{
	state->groups = arena_alloc(plan->arena, set->count + 1, sizeof *state->groups);
	state->group_count = set->count;
	for (size_t i = 0; i < set->count; i++)
		state->groups[i] = (struct spec_state_group){
			.hierarchy = arena_strdup(plan->arena, set->groups[i].mount),
			.path = arena_strdup(plan->arena, set->groups[i].path),
			.made = true, /* about to be; taking over an empty one is making it ours, too */
		};
}

static void fill_state(struct creation *creation)
{
	struct plan *plan = creation->plan;
	int namespaces = plan->new_namespaces | plan->joined_namespaces;

	creation->state = (struct spec_state){
		.id = (char *)plan->request->id,
		.bundle = plan->bundle,
		.rootfs = plan->rootfs_path,
		.created = time_stamp(plan->arena),
		.owner = geteuid(),
		.rootless = plan->rootless,
		.no_new_keyring = plan->request->flags & CREATE_NO_NEW_KEYRING,
		.user_namespace = namespaces & CLONE_NEWUSER,
		.annotations = plan->config->annotations,
		.annotation_count = plan->config->annotation_count,
	};
	name_groups(plan, &plan->groups, &creation->state);
	intel_rdt_record(&plan->rdt, &creation->state);
}

static int make_record(struct creation *creation, struct error *err)
{
	struct plan *plan = creation->plan;
	int r;

	fill_state(creation);
	r = container_reserve(creation->runtime, &creation->state, plan->config_text.data, plan->config_text.length,
		&creation->dir_fd, &creation->lock_fd, err);
	creation->has_record = r == 0;
	return r;
}

/* ---- 2. groups ------------------------------------------------------------------------ */

static bool may_divide_groups(const struct spec_config *config)
{
	const struct spec_namespace *user = spec_namespace_find(config, CLONE_NEWUSER), *cgroup = spec_namespace_find(config, CLONE_NEWCGROUP);

	if (!user || user->path || !cgroup || cgroup->path)
		return false;
	for (size_t i = 0; i < config->mount_count; i++)
		if (str_equal(config->mounts[i].type, "cgroup") && !(config->mounts[i].set_flags & MS_RDONLY))
			return true;
	return false;
}

static bool map_id(const struct spec_id_mapping *mappings, size_t count, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].container_id && id - mappings[i].container_id < mappings[i].size) {
			*ret = mappings[i].host_id + (id - mappings[i].container_id);
			return true;
		}
	return false;
}

/* Groups that a container with ids of its own can write to are its process's (runtime-spec, config-linux.md, "Cgroup ownership"). */
static int give_groups(struct creation *creation, struct error *err)
{
	const struct spec_config *config = creation->plan->config;
	const struct spec_linux *l = &config->linux_;
	const struct cgroup_group *failed = NULL;
	_cleanup_free_ char *path = NULL;
	uint32_t uid = 0, gid = 0;
	int r;

	if (!config->process || !may_divide_groups(config) || !map_id(l->uid_mappings, l->uid_mapping_count, config->process->user.uid, &uid) ||
	    !map_id(l->gid_mappings, l->gid_mapping_count, config->process->user.gid, &gid))
		return 0;
	r = cgroup_delegate(&creation->groups, uid, gid, &failed);
	if (r == 0 || (r == -EPERM && creation->plan->rootless))
		return 0;
	path = cgroup_file_path(failed, NULL);
	return error_errno(err, -r, "cannot give the control group '%s' to the container", path);
}

static int make_groups(struct creation *creation, struct error *err)
{
	struct plan *plan = creation->plan;
	const struct cgroup_group *failed = NULL;
	unsigned flags = (plan->rootless ? CGROUP_TOLERATE : 0) | (plan->request->flags & CREATE_HAS_GROUPS ? CGROUP_PREPARED : 0);
	int r = cgroup_set_create(&plan->world, plan->config->linux_.cgroups_path, plan->request->id, flags, &creation->groups, err);

	if (r < 0)
		return r;
	creation->has_groups = true;
	if (creation->groups.count == plan->groups.count) {
		r = resources_apply(&plan->resources, &creation->groups, err);
	} else {
		/* Some hierarchies may not be written: the limits that are left are planned again for those that may. */
		_cleanup_resource_plan_ struct resource_plan resources = RESOURCE_PLAN_INIT;

		r = resources_plan(plan->config->linux_.resources, NULL, &creation->groups, RESOURCES_NO_DEVICES, &resources, err);
		if (r == 0)
			r = resources_apply(&resources, &creation->groups, err);
		name_groups(plan, &creation->groups, &creation->state);
	}
	if (r == 0)
		r = give_groups(creation, err);
	if (r < 0)
		return r;
	plan->rootfs.groups = &creation->groups;
	r = cgroup_set_prepare_entry(&creation->groups, CGROUP_ENTRY_WITHOUT_V2, &failed);
	if (r < 0) {
		_cleanup_free_ char *path = cgroup_file_path(failed, NULL);

		return error_errno(err, -r, "cannot enter control group '%s'", path);
	}
	return 0;
}

void creation_describe(const struct creation *creation, const char *status, struct spec_oci_state *ret)
{
	*ret = (struct spec_oci_state){
		.id = creation->state.id,
		.status = status,
		.bundle = creation->state.bundle,
		.pid = creation->init.pid,
		.annotations = creation->state.annotations,
		.annotation_count = creation->state.annotation_count,
	};
}

/* ---- 3. sockets --------------------------------------------------------------------------- */

static int open_console_socket(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->plan->request;
	int r;

	if (!creation->plan->config->process->terminal)
		return 0;
	if (!request->console_socket && (creation->start_socket >= 0 || (request->flags & CREATE_DETACH)))
		return error_set(err, ERROR_INVALID, 0, "process.terminal: a detached container with a terminal needs --console-socket");
	r = console_open(request->console_socket, &creation->console, err);
	if (request->flags & CREATE_SUPERVISED)
		creation->console.plain_newlines = false;
	return r;
}

static int open_sockets(struct creation *creation, bool run, struct error *err)
{
	int r = 0;

	if (!run) {
		r = fdpass_bind_at(creation->dir_fd, "start", SOCK_SEQPACKET, &creation->start_socket);
		if (r < 0)
			return error_errno(err, -r, "cannot make the socket that start uses");
	}
	if (creation->plan->notify_socket && mkdirat(creation->dir_fd, "notify", 0755) < 0)
		return error_errno(err, errno, "cannot make the directory of NOTIFY_SOCKET");
	/* The program may look for it at once: it is there before the program is. `start` binds it for a created one. */
	if (creation->plan->notify_socket && run)
		r = notify_open(creation->dir_fd, &creation->notify_socket, err);
	if (r == 0)
		r = open_console_socket(creation, err);
	if (r == 0 && creation->plan->has_seccomp) {
		struct spec_oci_state state;

		creation_describe(creation, "creating", &state);
		r = listener_connect(creation->plan->config->linux_.seccomp, &creation->plan->seccomp, &state, &creation->listener, err);
	}
	return r;
}

/* ---- 5. init ------------------------------------------------------------------------------- */

/* In place of new ones. */
static int add_given(const struct create_namespaces *given, struct spawn_request *request, struct error *err)
{
	const struct spawn_join joins[] = {
		{ .flag = CLONE_NEWUSER, .fd = given->user_fd, .name = "the user namespace that is there for it" },
		{ .flag = CLONE_NEWNET, .fd = given->network_fd, .name = "the network namespace that is there for it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(joins); i++) {
		struct spawn_join *join = &request->joins[request->join_count];

		*join = joins[i];
		join->fd = fcntl(joins[i].fd, F_DUPFD_CLOEXEC, 3);
		if (join->fd < 0)
			return error_errno(err, errno, "cannot use %s", join->name);
		request->join_count++;
	}
	return 0;
}

/* Namespaces to join are opened here, by the names the caller gave, and are checked to be of their kind by setns(2). */
static int open_joins(struct arena *arena, const struct spec_linux *linux_, struct spawn_request *request, struct error *err)
{
	for (size_t i = 0; i < linux_->namespace_count; i++) {
		const struct spec_namespace *entry = &linux_->namespaces[i];
		int fd;

		if (!entry->path)
			continue;
		fd = openat(AT_FDCWD, entry->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_errno(err, errno, "linux.namespaces[%zu].path: cannot open '%s'", i, entry->path);
		request->joins[request->join_count++] = (struct spawn_join){
			.flag = entry->flag,
			.fd = fd,
			.name = arena_printf(arena, "%s namespace '%s'", entry->name, entry->path),
		};
	}
	return 0;
}

static void close_joins(struct spawn_request *request)
{
	for (size_t i = 0; i < request->join_count; i++)
		close_and_forget(&request->joins[i].fd);
}

static int spawn_init(struct creation *creation, struct init_context *context, struct error *err)
{
	struct plan *plan = creation->plan;
	const struct spec_linux *linux_ = &plan->config->linux_;
	struct spawn_request request = {
		.new_namespaces = plan->new_namespaces,
		.ids = &plan->ids,
		.monotonic = &linux_->monotonic,
		.boottime = &linux_->boottime,
		.target_pidfd = -EBADF,
		.become_root = plan->joined_namespaces & CLONE_NEWUSER,
		.groups = &creation->groups,
		.child = init_run,
		.context = context,
	};
	int ends[2], r = sync_pair(ends);

	if (r < 0)
		return error_errno(err, -r, "cannot make a socket pair");
	request.sync_parent = creation->sync = ends[0];
	request.sync_child = ends[1];
	r = open_joins(plan->arena, linux_, &request, err);
	if (r == 0 && plan->request->namespaces)
		r = add_given(plan->request->namespaces, &request, err);
	if (r == 0)
		r = spawn(&request, &creation->init, err);
	close_and_forget(&request.sync_child);
	close_joins(&request);
	close_and_forget(&creation->console.socket);
	return r;
}

static int open_network(const struct creation *creation, int *ret_fd, struct error *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)creation->init.pid);
	*ret_fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? error_errno(err, errno, "cannot open the container's network namespace") : 0;
}

static int move_links(const struct creation *creation, struct error *err)
{
	const struct spec_linux *linux_ = &creation->plan->config->linux_;
	_cleanup_close_ int netns = -EBADF;
	int r;

	if (linux_->net_device_count == 0)
		return 0;
	r = open_network(creation, &netns, err);
	return r == 0 ? net_devices_move(linux_->net_devices, linux_->net_device_count, netns, err) : r;
}

static int prepare_network(const struct creation *creation, int netns_fd, struct error *err)
{
	const struct create_request *request = creation->plan->request;
	int64_t since = timing_now();
	int r = netns_fd >= 0 ? request->prepare_network(request->network_context, netns_fd, err) : 0;

	if (netns_fd >= 0)
		timing_phase("links and addresses", since);
	return r;
}

/* "net.ipv4.conf.eth0.forwarding", "net/ipv6/neigh/…": there are none before the interface is. */
static bool is_of_interface(const char *sysctl)
{
	return str_starts_with(sysctl, "net") && (strstr(sysctl, "conf") || strstr(sysctl, "neigh"));
}

/* Whether something needs the network while init is setting up; else that is made meanwhile. */
static bool is_network_needed_early(const struct plan *plan)
{
	const struct spec_hooks *hooks = &plan->config->hooks;

	if (!plan->request->prepare_network)
		return false;
	for (size_t i = 0; i < plan->config->linux_.sysctl_count; i++)
		if (is_of_interface(plan->config->linux_.sysctl[i].key))
			return true;
	return hooks->count[HOOK_PRESTART] || hooks->count[HOOK_CREATE_RUNTIME] || hooks->count[HOOK_CREATE_CONTAINER];
}

void creation_give_streams(const struct spec_linux *linux_, const struct spec_process *process)
{
	uint32_t uid = process->user.uid;

	if (process->terminal)
		return;
	for (size_t i = 0; i < linux_->uid_mapping_count; i++) {
		const struct spec_id_mapping *range = &linux_->uid_mappings[i];

		if (uid >= range->container_id && uid - range->container_id < range->size)
			process_give_streams(range->host_id + (uid - range->container_id));
	}
}

int creation_set_oom_score(const struct spec_process *process, pid_t pid, struct error *err)
{
	_cleanup_close_ int procfs = -EBADF;
	char path[64], value[16];
	int r;

	if (!process->has_oom_score_adj)
		return 0;
	snprintf(path, sizeof path, "%d/oom_score_adj", (int)pid);
	snprintf(value, sizeof value, "%d", process->oom_score_adj);
	r = procfs_open_host(&procfs);
	if (r == 0)
		r = procfs_write(procfs, path, value);
	if (r < 0) {
		error_errno(err, -r, "cannot set process.oomScoreAdj to %d", process->oom_score_adj);
		if (r == -EACCES)
			error_hint(err, "lowering it takes CAP_SYS_RESOURCE");
	}
	return r;
}

static int run_runtime_hooks(struct creation *creation, struct error *err)
{
	const struct spec_config *config = creation->plan->config;
	struct spec_oci_state state;
	int r;

	creation->hooks_ran = true;
	creation_describe(creation, "creating", &state);
	r = hooks_run(config, HOOK_PRESTART, &state, NULL, err);
	if (r == 0)
		r = hooks_run(config, HOOK_CREATE_RUNTIME, &state, NULL, err);
	return r;
}

static int init_is_gone(struct error *err)
{
	error_set(err, ERROR_INTERNAL, 0, "the container's first process ended before it was ready");
	error_hint(err, "a memory limit that is too small for it ends it, too");
	return -EINVAL;
}

/* Answers init until it is ready. */
static int serve_init(struct creation *creation, struct error *err)
{
	for (;;) {
		struct sync_message message;
		int r = 0;

		if (sync_receive(creation->sync, &message, NULL) < 0)
			return init_is_gone(err);
		switch (message.type) {
		case SYNC_HOOKS:
			r = run_runtime_hooks(creation, err);
			break;
		case SYNC_LIMITS:
			r = process_set_limits(creation->plan->config->process, creation->init.pid, err);
			break;
		case SYNC_READY:
			return 0;
		case SYNC_ERROR:
			*err = message.error;
			return message.error.code ? -message.error.code : -EINVAL;
		default:
			return error_set(err, ERROR_INTERNAL, 0, "unexpected message %u from the container's first process", message.type);
		}
		if (r < 0)
			return r;
		if (sync_send(creation->sync, SYNC_GO, 0, -1) < 0)
			return init_is_gone(err);
	}
}

static int make_init(struct creation *creation, struct error *err)
{
	struct plan *plan = creation->plan;
	bool network_first = is_network_needed_early(plan);
	struct init_context context = {
		.plan = plan,
		.state = &creation->state,
		.lock = creation->lock_fd,
		.start_socket = creation->start_socket,
		.console = &creation->console,
		.listener = creation->listener.socket >= 0 ? &creation->listener : NULL,
		.waits_first = (plan->new_namespaces & CLONE_NEWUSER) || plan->config->linux_.net_device_count || network_first,
	};
	_cleanup_close_ int netns = -EBADF;
	int64_t since = timing_now();
	int r = spawn_init(creation, &context, err);

	timing_phase("clone and map ids", since);
	if (r < 0)
		return r;
	if (context.listener)
		listener_set_pid(&creation->listener, creation->init.pid);
	if ((plan->new_namespaces & CLONE_NEWUSER) || plan->request->namespaces)
		creation_give_streams(&plan->config->linux_, plan->config->process);
	r = intel_rdt_enter(&plan->rdt, creation->init.pid, err);
	if (r == 0)
		r = creation_set_oom_score(plan->config->process, creation->init.pid, err);
	if (r == 0)
		r = move_links(creation, err);
	/* Opened while init waits or is young: if it fails meanwhile, its own words count. */
	if (r == 0 && plan->request->prepare_network)
		r = open_network(creation, &netns, err);
	if (r == 0 && network_first)
		r = prepare_network(creation, netns, err);
	if (r < 0)
		return r;
	if (context.waits_first && sync_send(creation->sync, SYNC_GO, 0, -1) < 0)
		return init_is_gone(err);
	if (!network_first)
		r = prepare_network(creation, netns, err);
	since = timing_now();
	if (r == 0)
		r = serve_init(creation, err);
	timing_phase("wait for init", since);
	return r;
}

/* ---- 6. ---------------------------------------------------------------------------------------- */

int creation_write_pid_file(const char *path, pid_t pid, struct error *err)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d", (int)pid);
	int r;

	if (!path)
		return 0;
	r = file_replace_at(AT_FDCWD, path, text, (size_t)length, 0644);
	return r < 0 ? error_errno(err, -r, "cannot write pid file '%s'", path) : 0;
}

int creation_send_pidfd(const char *path, int pidfd, struct error *err)
{
	_cleanup_close_ int socket = -EBADF;
	int r;

	if (!path)
		return 0;
	r = fdpass_connect(path, &socket);
	if (r == 0)
		r = fdpass_send(socket, pidfd, "pidfd", sizeof "pidfd");
	return r < 0 ? error_errno(err, -r, "cannot hand the pidfd to socket '%s'", path) : 0;
}

static int publish(struct creation *creation, struct error *err)
{
	const struct create_request *request = creation->plan->request;
	int r = pidfd_start_time(creation->init.pid, &creation->state.init_start);

	if (r < 0)
		return init_is_gone(err);
	creation->state.init_pid = creation->init.pid;
	r = container_save_state(creation->dir_fd, &creation->state, err);
	if (r == 0)
		r = creation_write_pid_file(request->pid_file, creation->init.pid, err);
	if (r == 0)
		r = creation_send_pidfd(request->pidfd_socket, creation->init.pidfd, err);
	return r;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

int creation_make(const struct runtime *runtime, struct plan *plan, bool run, struct creation *ret, struct error *err)
{
	int64_t since = timing_now();
	int r;

	*ret = (struct creation){
		.runtime = runtime,
		.plan = plan,
		.dir_fd = -EBADF,
		.lock_fd = -EBADF,
		.start_socket = -EBADF,
		.notify_socket = -EBADF,
		.console = CONSOLE_NONE,
		.sync = -EBADF,
		.listener = LISTENER_NONE,
		.init = { .pidfd = -EBADF },
	};
	r = make_record(ret, err);
	timing_phase("runtime record", since);
	since = timing_now();
	if (r == 0)
		r = make_groups(ret, err);
	timing_phase("control groups", since);
	if (r == 0)
		r = intel_rdt_make(&plan->rdt, err);
	if (r == 0)
		r = open_sockets(ret, run, err);
	if (r == 0)
		r = rootfs_open_sources(&plan->rootfs, err);
	if (r == 0)
		r = make_init(ret, err);
	since = timing_now();
	if (r == 0)
		r = publish(ret, err);
	timing_phase("publish", since);
	if (r == 0 && sync_send(ret->sync, SYNC_GO, 0, -1) < 0)
		r = init_is_gone(err);
	if (r < 0) {
		creation_undo(ret);
		creation_done(ret);
	}
	return r;
}

void creation_unlock(struct creation *creation)
{
	ignore_result(flock(creation->dir_fd, LOCK_UN)); /* cannot fail for a descriptor that is open */
}

void creation_leave_groups(struct creation *creation)
{
	int64_t since = timing_now();

	if (flock(creation->dir_fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (container_is_recorded(creation->runtime, creation->state.id, creation->dir_fd))
		creation->has_left_groups = cgroup_set_remove(&creation->groups, 0, NULL) == 0;
	creation_unlock(creation);
	timing_phase("remove the control groups", since);
}

int creation_remove(struct creation *creation, struct error *err)
{
	struct spec_oci_state state;
	int64_t since = timing_now();
	int r = 0;

	while (flock(creation->dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the record of container '%s'", creation->state.id);
	/* Deleted by somebody else meanwhile. */
	if (!container_is_recorded(creation->runtime, creation->state.id, creation->dir_fd))
		return 0;
	/* Mostly all ended with the first process. Others may have joined, or had no pid namespace that ended them with it. */
	if (!creation->has_left_groups && cgroup_set_remove(&creation->groups, 0, NULL) < 0) {
		ignore_result(cgroup_set_signal_all(&creation->groups, SIGKILL)); /* what is left is seen by the removal */
		r = container_remove_groups(&creation->groups, err);
	}
	if (!creation->has_left_groups)
		timing_phase("remove the control groups", since);
	if (r == 0)
		r = intel_rdt_remove_recorded(&creation->state, creation->plan->config->linux_.intel_rdt, err);
	if (r < 0)
		return r;
	creation->init.pid = 0;
	creation_describe(creation, "stopped", &state);
	hooks_run_all(creation->plan->config, HOOK_POSTSTOP, &state);
	return container_retire_record(creation->runtime, creation->state.id, err);
}

int creation_wait_for_exec(struct creation *creation, struct error *err)
{
	struct sync_message message;
	int64_t since = timing_now();
	int r = sync_receive(creation->sync, &message, NULL);

	timing_phase("filter and exec", since);
	/* The socket closes by the exec. */
	if (r < 0)
		return 0;
	if (message.type == SYNC_ERROR)
		*err = message.error;
	else
		error_set(err, ERROR_INTERNAL, 0, "unexpected message %u from the container's first process", message.type);
	creation_undo(creation);
	return -EINVAL;
}

void creation_done(struct creation *creation)
{
	close_and_forget(&creation->dir_fd);
	close_and_forget(&creation->lock_fd);
	close_and_forget(&creation->start_socket);
	close_and_forget(&creation->notify_socket);
	console_done(&creation->console);
	close_and_forget(&creation->sync);
	close_and_forget(&creation->init.pidfd);
	listener_done(&creation->listener);
	cgroup_set_done(&creation->groups);
	creation->plan->rootfs.groups = NULL;
}

/* Those that were there for it, and are not opened yet: the record names them, which makes them ours. */
static void remove_given_groups(struct cgroup_set *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		groups->groups[i].made = groups->groups[i].path[1] != '\0';
	ignore_result(cgroup_set_remove(groups, 0, NULL)); /* what stays is told of by who made them */
}

void creation_undo(struct creation *creation)
{
	struct error ignored = ERROR_INIT;

	spawned_kill(&creation->init);
	if (creation->has_groups) {
		ignore_result(cgroup_set_signal_all(&creation->groups, SIGKILL)); /* what is left is seen by the removal */
		cgroup_set_undo(&creation->groups);
	} else if (creation->has_record && creation->plan->request->flags & CREATE_HAS_GROUPS) {
		remove_given_groups(&creation->plan->groups);
	}
	creation->has_groups = false;
	intel_rdt_undo(&creation->plan->rdt);
	if (creation->hooks_ran) {
		struct spec_oci_state state;

		creation->init.pid = 0;
		creation_describe(creation, "stopped", &state);
		hooks_run_all(creation->plan->config, HOOK_POSTSTOP, &state);
	}
	creation->hooks_ran = false;
	if (creation->has_record && container_remove_record(creation->runtime, creation->state.id, &ignored) < 0)
		log_warning("%s, ignoring", ignored.message);
	creation->has_record = false;
}

int runtime_create(const struct runtime *runtime, const struct create_request *request, struct error *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	struct creation creation;
	int r = plan_make(runtime, request, &plan, err);

	if (r < 0)
		return r;
	r = creation_make(runtime, &plan, false, &creation, err);
	if (r == 0)
		creation_done(&creation);
	return r;
}

int runtime_explain(const struct runtime *runtime, const struct create_request *request, struct buf *out, struct error *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	int r = plan_make(runtime, request, &plan, err);

	if (r == 0)
		plan_explain(&plan, out);
	return r;
}
