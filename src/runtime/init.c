/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps, numbered as in create.c where the parent takes part:
 *   1. wait for the parent if it has to prepare us (id maps, network links)
 *   2. be root of a new user namespace; a session of our own
 *   3. host name, domain name, loopback
 *   4. mounts and devices
 *   5. the parent runs prestart and createRuntime hooks; createContainer hooks here
 *   6. the terminal
 *   7. the root becomes our root; masks, read-only paths, sysctls
 *   8. user, capabilities, limits, working directory; the program is searched
 *   9. READY: the parent records us; without its GO we end
 *  10. `start` connects and speaks (not for run)
 *  11. startContainer hooks
 *  12. filter, exec
 *
 * Until 9 the parent may be killed at any time: the next thing that we ask of
 * it fails and we end, and with us the namespaces and mounts.
 */
#include "runtime/init.h"
#include "base/file.h"
#include "base/log.h"
#include "base/narration.h"
#include "base/role.h"
#include "base/timing.h"
#include "host/beneath.h"
#include "host/netlink_link.h"
#include "host/syscalls.h"
#include "runtime/console.h"
#include "runtime/hooks.h"
#include "runtime/process.h"
#include "runtime/sync.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int parent_is_gone(struct error *err)
{
	return error_set(err, ERROR_INTERNAL, 0, "the runtime that creates the container is gone");
}

/* 1., 2. */
static int begin(const struct init_context *context, int sync, struct error *err)
{
	struct sync_message message;

	if (context->waits_first && (sync_receive(sync, &message, NULL) < 0 || message.type != SYNC_GO))
		return parent_is_gone(err);
	if (context->plan->new_namespaces & CLONE_NEWUSER) {
		/* Where 0 is not mapped we stay who we are; the capabilities are the same. */
		if (sys_setresgid(0, 0, 0) < 0 && errno != EINVAL)
			return error_errno(err, errno, "cannot become root of the user namespace");
		if (sys_setgroups(0, NULL) < 0 && errno != EPERM)
			return error_errno(err, errno, "cannot drop groups in the user namespace");
		if (sys_setresuid(0, 0, 0) < 0 && errno != EINVAL)
			return error_errno(err, errno, "cannot become root of the user namespace");
		narrate("setresgid(0, 0, 0), setgroups(0), setresuid(0, 0, 0): root of the user namespace");
	}
	setsid(); /* fails only for the leader of a group, which a fresh child is not */
	umask(0); /* modes of what is made are exact */
	return 0;
}

/* 3. */
static int set_names(const struct plan *plan, struct error *err)
{
	const struct spec_config *config = plan->config;

	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return error_errno(err, errno, "cannot set hostname '%s'", config->hostname);
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return error_errno(err, errno, "cannot set domainname '%s'", config->domainname);
	if (config->hostname)
		narrate("sethostname(\"%s\")", config->hostname);
	if (config->domainname)
		narrate("setdomainname(\"%s\")", config->domainname);
	if (plan->new_namespaces & CLONE_NEWNET) {
		int r = netlink_set_loopback_up();

		if (r < 0)
			return error_errno(err, -r, "cannot set the loopback link up");
		narrate("RTM_NEWLINK: lo up");
	}
	return 0;
}

static int run_hooks(const struct init_context *context, enum spec_hook_kind kind, const char *status, const struct seccomp_program *filter, struct error *err)
{
	const struct spec_config *config = context->plan->config;
	struct spec_oci_state state = {
		.id = context->state->id,
		.status = status,
		.bundle = context->state->bundle,
		.pid = getpid(),
		.annotations = config->annotations,
		.annotation_count = config->annotation_count,
	};

	if (config->hooks.count[kind] == 0)
		return 0;
	return hooks_run(config, kind, &state, filter, err);
}

/* 5. */
static int run_create_hooks(const struct init_context *context, int sync, struct error *err)
{
	const struct spec_hooks *hooks = &context->plan->config->hooks;

	if (hooks->count[HOOK_PRESTART] || hooks->count[HOOK_CREATE_RUNTIME])
		if (sync_ask(sync, SYNC_HOOKS, 0) < 0)
			return parent_is_gone(err);
	/* They have the root as their working directory, as with runc, for it is what they are there to change. */
	if (hooks->count[HOOK_CREATE_CONTAINER] && fchdir(context->plan->rootfs.root_fd) < 0)
		return error_errno(err, errno, "cannot change to the root for hooks.createContainer");
	return run_hooks(context, HOOK_CREATE_CONTAINER, "creating", NULL, err);
}

/* 6. The slave is kept open on the standard streams; the master travels to whoever asked for the terminal. */
static int make_terminal(const struct init_context *context, struct error *err)
{
	const struct spec_process *process = context->plan->config->process;
	_cleanup_close_ int master = -EBADF, slave = -EBADF;
	int r;

	if (!process || !process->terminal)
		return 0;
	r = console_make(process, context->plan->rootfs.root_fd, &master, &slave, err);
	if (r == 0)
		r = rootfs_attach_console(&context->plan->rootfs, slave, err);
	return r < 0 ? r : console_hand_over(context->console, master, slave, err);
}

/* A missing working directory is made, as other runtimes do; inside the root by descriptor. */
static int make_working_directory(const struct plan *plan, struct error *err)
{
	const struct spec_process *process = plan->config->process;
	int fd = -EBADF, r;

	if (!process || str_equal(process->cwd, "/"))
		return 0;
	r = beneath_make_directory(plan->rootfs.root_fd, process->cwd, 0755, 0, &fd);
	close_and_forget(&fd);
	/* On a read-only root or one of somebody else's, let changing to it say what is wrong. */
	if (r < 0 && r != -EROFS && r != -EACCES && r != -EPERM && r != -EEXIST && r != -ENOTDIR && r != -ELOOP)
		return error_errno(err, -r, "cannot make process.cwd '%s'", process->cwd);
	return 0;
}

/* 4. to 7. */
static int make_root(const struct init_context *context, int sync, struct error *err)
{
	struct rootfs *rootfs = &context->plan->rootfs;
	int64_t since = timing_now();
	int r = rootfs_set_up(rootfs, err);

	timing_phase("mounts and devices", since);
	since = timing_now();
	if (r == 0)
		r = run_create_hooks(context, sync, err);
	if (r == 0)
		r = make_terminal(context, err);
	if (r == 0)
		r = make_working_directory(context->plan, err);
	if (r == 0)
		r = rootfs_pivot(rootfs, err);
	if (r == 0)
		r = rootfs_finish(rootfs, err);
	timing_phase("pivot and masks", since);
	return r;
}

static _noreturn_ void end_by_signal(int number)
{
	_exit(128 + number);
}

/*
 * The first process of a pid namespace is sent only the signals that it catches
 * (pid_namespaces(7)). A container that waits for its start ends by those that
 * ask for it, so that who stops it need not wait and kill.
 */
static void catch_ends(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		signal(numbers[i], end_by_signal);
		sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* 10. Returns the connection, on which a failure is told; it closes by the exec. */
static int wait_for_start(int start_socket, struct error *err)
{
	for (;;) {
		struct sync_message request;
		int connection = accept4(start_socket, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (connection < 0)
			return error_errno(err, errno, "cannot wait for start");
		/* A `start` that was killed before it spoke is none. */
		if (sync_receive(connection, &request, NULL) == 0 && request.type == SYNC_GO)
			return connection;
		close(connection);
	}
}

/* 8. to 12. Only returns on failure; *ret_report is then where to tell it. */
static int become_program(const struct init_context *context, int sync, int *ret_report, struct error *err)
{
	const struct plan *plan = context->plan;
	struct process_context process;
	int64_t since = timing_now();
	int r;

	process_init(&process, plan->config->process, &plan->config->linux_, context->state, sync);
	process.seccomp = plan->has_seccomp ? &plan->seccomp : NULL;
	process.listener = context->listener;
	process.own_user_namespace = plan->rootfs.flags & ROOTFS_NEW_USER_NAMESPACE;
	process.ends_with_parent = plan->request->flags & CREATE_SUPERVISED;
	process.listen_fds = plan->listen_fds;
	process.preserve_fds = plan->preserve_fds;
	process.keep = context->lock;
	process.keep_too = context->start_socket;
	r = process_prepare(&process, err);
	timing_phase("user and capabilities", since);
	since = timing_now();
	if (r < 0)
		return r;
	if (sync_ask(sync, SYNC_READY, 0) < 0)
		return parent_is_gone(err);
	timing_phase("wait for the runtime", since);
	if (context->start_socket >= 0) {
		close(sync);
		*ret_report = -EBADF;
		catch_ends();
		r = wait_for_start(context->start_socket, err);
		if (r < 0)
			return r;
		*ret_report = r;
		close(context->start_socket);
	}
	process.sync = *ret_report;
	environ = process.env; /* which hooks without one of their own have */
	r = run_hooks(context, HOOK_START_CONTAINER, "created", process.seccomp, err);
	if (r < 0)
		return r;
	return process_exec(&process, err);
}

_noreturn_ void init_run(void *argument, int sync)
{
	struct init_context *context = argument;
	struct error err = ERROR_INIT;
	int64_t since;
	int report = sync, r;

	role_set("init");
	since = timing_now();
	r = begin(context, sync, &err);
	timing_phase("wait for its ids", since);
	since = timing_now();
	if (r == 0)
		r = set_names(context->plan, &err);
	timing_phase("names and loopback", since);
	if (r == 0)
		r = make_root(context, sync, &err);
	if (r == 0)
		r = become_program(context, sync, &report, &err);
	ignore_result(sync_send_error(report, &err)); /* nobody else to tell */
	_exit(err.exit_status ? err.exit_status : 1);
}
