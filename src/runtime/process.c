/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/process.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/narration.h"
#include "host/caps.h"
#include "host/keyring.h"
#include "host/landlock.h"
#include "host/lsm.h"
#include "host/procfs.h"
#include "host/scheduler.h"
#include "host/syscalls.h"
#include "runtime/landlock_limits.h"
#include "runtime/passwd.h"
#include "runtime/sync.h"
#include "spec/names.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define CAP_SYS_ADMIN_BIT (1ULL << 21)
#define LISTEN_FDS_LIMIT 1024
#define PRESERVE_FDS_LIMIT (1 << 16)

/* ---- descriptors that are handed over ------------------------------------------ */

int process_count_descriptors(int preserve, int *ret_listen_fds, int *ret_all, struct error *err)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t listen_fds = 0, listen_pid = 0;

	if (fds && pid && str_to_u64(pid, 10, &listen_pid) == 0 && listen_pid == (uint64_t)getpid() &&
		(str_to_u64(fds, 10, &listen_fds) < 0 || listen_fds > LISTEN_FDS_LIMIT))
		return error_set(err, ERROR_INVALID, 0, "environment variable LISTEN_FDS is not a number of descriptors: '%s'", fds);
	if (preserve < 0 || preserve > PRESERVE_FDS_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "--preserve-fds: %d is out of range", preserve);
	for (int fd = 3; fd < 3 + (int)listen_fds + preserve; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return error_set(err, ERROR_INVALID, EBADF, "cannot preserve descriptor %d", fd);
	*ret_listen_fds = (int)listen_fds;
	*ret_all = (int)listen_fds + preserve;
	return 0;
}

/* ---- environment and program ------------------------------------------------ */

static const char *env_value(char **env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; env[i]; i++)
		if (strncmp(env[i], name, length) == 0 && env[i][length] == '=')
			return env[i] + length + 1;
	return NULL;
}

/* Is the variable of ENV[0] given once more further on? */
static bool is_given_again(char **env)
{
	size_t name = strcspn(*env, "=") + 1;

	for (char **later = env + 1; *later; later++)
		if (strncmp(*env, *later, name) == 0)
			return true;
	return false;
}

/*
 * The environment as given, but each variable once, the last one counting: a
 * program that looks for the first must see no other value than one that looks
 * for the last. HOME if it is missing or empty, and the variables of systemd's
 * socket activation.
 */
static char **make_env(const struct process_context *context)
{
	char **given = context->process->env;
	size_t n = strv_length(given), used = 0;
	char **env = memory_new(n + 4, sizeof *env);

	for (size_t i = 0; i < n; i++)
		if (!is_given_again(given + i) && strcmp(given[i], "HOME=") != 0)
			env[used++] = given[i];
	if (str_is_empty(env_value(env, "HOME"))) {
		_cleanup_free_ char *home = NULL;

		ignore_result(passwd_find_at(AT_FDCWD, "/etc/passwd", context->process->user.uid, NULL, &home)); /* one that cannot be read tells of no home */
		env[used++] = str_printf("HOME=%s", home ? home : "/");
	}
	if (context->listen_fds > 0) {
		env[used++] = str_printf("LISTEN_FDS=%d", context->listen_fds);
		env[used++] = str_dup("LISTEN_PID=1");
	}
	return env;
}

/* 0 if PATH can be executed by the caller as it is now; a directory cannot. */
static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int not_executable(struct error *err, const char *name, int code, bool searched)
{
	bool missing = code == ENOENT || code == ENOTDIR;

	if (searched && missing)
		error_set(err, ERROR_NOT_FOUND, 0, "cannot execute \"%s\": executable file not found in $PATH", name);
	else
		error_errno(err, code, "cannot execute \"%s\"", name);
	if (err)
		err->exit_status = missing ? 127 : 126;
	return -code;
}

/* execvp(3)'s search, in the container's PATH, so that a failure is known before `start`. */
static int find_program(const char *name, char **env, char **ret, struct error *err)
{
	const char *path = env_value(env, "PATH");
	_cleanup_free_ char *copy = NULL;
	char *rest, *part;
	int seen = -ENOENT;

	if (strchr(name, '/')) {
		int r = check_executable(name);

		if (r < 0)
			return not_executable(err, name, -r, false);
		*ret = str_dup(name);
		return 0;
	}
	copy = str_dup(path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	rest = copy;
	while ((part = strsep(&rest, ":"))) {
		_cleanup_free_ char *candidate = str_printf("%s/%s", *part ? part : ".", name);
		int r = check_executable(candidate);

		if (r == 0) {
			*ret = TAKE_PTR(candidate);
			return 0;
		}
		if (r == -EACCES)
			seen = r;
	}
	return not_executable(err, name, -seen, true);
}

/* ---- one step each ------------------------------------------------------------ */

int process_take_terminal(int slave, struct error *err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_errno(err, errno, "cannot make the terminal the controlling one");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return error_errno(err, errno, "cannot make the terminal the standard streams");
	return 0;
}

void process_give_streams(uint32_t uid)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat status;

		if (fstat(fd, &status) < 0 || status.st_uid == uid)
			continue;
		if (S_ISCHR(status.st_mode) && !isatty(fd))
			continue; /* /dev/null and its like keep their owner */
		if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
			continue; /* a file of the caller: not ours to give away */
		if (fchown(fd, uid, (gid_t)-1) < 0)
			log_debug("process: cannot give descriptor %d to user %u: %s, ignoring", fd, uid, error_words(errno));
	}
}

int process_set_limits(const struct spec_process *process, pid_t pid, struct error *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };

		if (prlimit(pid, limit->resource, &value, NULL) < 0)
			return error_errno(err, errno, "cannot set process.rlimits[%zu] %s to %llu:%llu", i, limit->name,
				(unsigned long long)limit->soft, (unsigned long long)limit->hard);
		narrate("prlimit(%s, %llu, %llu)", limit->name, (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	}
	return 0;
}

static int set_limits(const struct process_context *context, struct error *err)
{
	int r;

	/* Raising a hard limit takes CAP_SYS_RESOURCE of the first user namespace: the parent does it. */
	if (context->process->rlimit_count == 0 || !context->own_user_namespace)
		return process_set_limits(context->process, 0, err);
	r = sync_ask(context->sync, SYNC_LIMITS, 0);
	return r < 0 ? error_errno(err, -r, "cannot have the resource limits set") : 0;
}

static int set_scheduling(const struct process_context *context, struct error *err)
{
	const struct spec_process *process = context->process;
	int r;

	if (process->scheduler) {
		const struct spec_scheduler *s = process->scheduler;
		struct scheduler_attributes attributes = { s->policy, s->nice, s->priority, s->flags, s->runtime, s->deadline, s->period };

		r = scheduler_set(&attributes);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.scheduler");
	}
	if (process->io_priority) {
		r = scheduler_set_io_priority(process->io_priority->class, process->io_priority->priority);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.ioPriority");
	}
	if (context->final_affinity) {
		r = scheduler_set_affinity(context->final_affinity);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.execCPUAffinity.final to '%s'", context->final_affinity);
	}
	if (context->memory_policy) {
		const struct spec_memory_policy *policy = context->memory_policy;

		r = scheduler_set_memory_policy(policy->mode, policy->flags, policy->nodes);
		if (r < 0)
			return error_errno(err, -r, "cannot set linux.memoryPolicy");
	}
	return 0;
}

static int set_labels(const struct spec_process *process, struct error *err)
{
	_cleanup_close_ int procfs = -EBADF;
	int r;

	if (!process->apparmor_profile && !process->selinux_label)
		return 0;
	r = procfs_open_root(&procfs);
	if (r < 0)
		return error_errno(err, -r, "cannot open procfs to set the security label");
	if (!str_is_empty(process->apparmor_profile)) {
		r = lsm_set_apparmor_profile(procfs, process->apparmor_profile);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.apparmorProfile '%s'", process->apparmor_profile);
	}
	if (!str_is_empty(process->selinux_label)) {
		r = lsm_set_selinux_label(procfs, process->selinux_label);
		if (r < 0)
			return error_errno(err, -r, "cannot set process.selinuxLabel '%s'", process->selinux_label);
	}
	return 0;
}

static int set_groups(const struct spec_user *user, struct error *err)
{
	gid_t *groups = memory_new(user->additional_gid_count, sizeof *groups);
	int r;

	for (size_t i = 0; i < user->additional_gid_count; i++)
		groups[i] = user->additional_gids[i];
	r = sys_setgroups(user->additional_gid_count, groups) < 0 ? -errno : 0;
	free(groups);
	/* Where setgroups(2) is denied (a user namespace made without privilege) having none to set but its own is no failure. */
	if (r == -EPERM && (user->additional_gid_count == 0 || (user->additional_gid_count == 1 && user->additional_gids[0] == user->gid)))
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot set process.user.additionalGids");
	return 0;
}

/* process.user, by the bare calls: one thread, no broadcast to others wanted. */
static int set_user(const struct spec_user *user, struct error *err)
{
	int r = set_groups(user, err);

	if (r < 0)
		return r;
	if (sys_setresgid(user->gid, user->gid, user->gid) < 0)
		return error_errno(err, errno, "cannot set process.user.gid to %u", user->gid);
	if (sys_setresuid(user->uid, user->uid, user->uid) < 0)
		return error_errno(err, errno, "cannot set process.user.uid to %u", user->uid);
	narrate("setgroups(%zu), setresgid(%u), setresuid(%u)", user->additional_gid_count, user->gid, user->uid);
	if (user->has_umask)
		umask(user->umask);
	else
		umask(022);
	return 0;
}

static void narrate_capabilities(const struct spec_capabilities *wanted)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	uint32_t value = 0;
	const char *name;

	if (!narration_is_on())
		return;
	for (size_t i = 0; (name = spec_name_at(SPEC_CAPABILITIES, i, &value)); i++)
		if (wanted->bounding & (1ULL << value))
			buf_printf(&names, " %s", name);
	narrate("prctl(PR_CAPBSET_DROP) of all but%s", names.data ? names.data : " none");
	narrate("capset(effective %#llx, permitted %#llx, inheritable %#llx), ambient %#llx", (unsigned long long)wanted->effective,
		(unsigned long long)wanted->permitted, (unsigned long long)wanted->inheritable, (unsigned long long)wanted->ambient);
}

/*
 * The five sets, around the change of user. CAP_SYS_ADMIN may stay effective
 * until the exec, because loading a filter, and entering limits of Landlock,
 * without no_new_privs takes it; the exec computes the sets anew and drops it
 * (capabilities(7)): it is then only in the permitted set of this process, which
 * never counts for the new program.
 */
static int set_capabilities(const struct process_context *context, struct error *err)
{
	static const struct spec_capabilities nothing;
	const struct spec_capabilities *wanted = context->process->capabilities;
	bool keep_admin = (context->seccomp || context->landlock) && !context->process->no_new_privileges;
	uint64_t have = 0, extra;
	int r;

	if (!wanted)
		wanted = &nothing;
	r = caps_drop_bounding(wanted->bounding);
	if (r < 0)
		return error_errno(err, -r, "cannot drop process.capabilities.bounding");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot keep capabilities over the change of user");
	r = set_user(&context->process->user, err);
	if (r < 0)
		return r;
	r = caps_get_permitted(&have);
	if (r < 0)
		return error_errno(err, -r, "cannot read capabilities");
	extra = keep_admin ? have & CAP_SYS_ADMIN_BIT : 0;
	/* What is not ours to give is left out, as other runtimes do: a user namespace's init asked for nothing else. */
	r = caps_set((wanted->effective & have) | extra, (wanted->permitted & have) | extra, wanted->inheritable & have);
	if (r < 0)
		return error_errno(err, -r, "cannot set process.capabilities");
	r = caps_set_ambient(wanted->ambient & wanted->permitted & wanted->inheritable & have);
	if (r < 0)
		return error_errno(err, -r, "cannot set process.capabilities.ambient");
	narrate_capabilities(wanted);
	return 0;
}

/* Closes all that is not needed, for good, before a path of the container is walked (CVE-2024-21626). */
static int close_others(const struct process_context *context, struct error *err)
{
	int keep[] = { context->sync, context->keep, context->keep_too, context->listener ? context->listener->socket : -EBADF, log_fd(), narration_fd() };
	unsigned first = 3 + (unsigned)(context->preserve_fds > 0 ? context->preserve_fds : 0);

	for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
		for (size_t j = i + 1; j < ARRAY_SIZE(keep); j++)
			if (keep[j] < keep[i]) {
				int swapped = keep[i];

				keep[i] = keep[j];
				keep[j] = swapped;
			}
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		if (keep[i] < (int)first)
			continue;
		if ((unsigned)keep[i] > first && sys_close_range(first, (unsigned)keep[i] - 1, 0) < 0)
			return error_errno(err, errno, "cannot close descriptors");
		first = (unsigned)keep[i] + 1;
	}
	if (sys_close_range(first, ~0U, 0) < 0)
		return error_errno(err, errno, "cannot close descriptors");
	return 0;
}

static int change_directory(const char *cwd, struct error *err)
{
	char here[PATH_MAX];

	if (chdir(cwd) < 0)
		return error_errno(err, errno, "cannot change to process.cwd '%s'", cwd);
	/* The kernel says "(unreachable)…" for a directory outside of the root (getcwd(3)). */
	if (!getcwd(here, sizeof here))
		return error_errno(err, errno, "cannot tell where process.cwd '%s' is", cwd);
	if (here[0] != '/')
		return error_set(err, ERROR_DENIED, 0, "process.cwd '%s' is outside of the container's root", cwd);
	return 0;
}

void process_init(struct process_context *ret, const struct spec_process *process, const struct spec_linux *linux_, const struct spec_state *state, int sync)
{
	*ret = (struct process_context){
		.process = process,
		.keyring_id = state->no_new_keyring ? NULL : state->id,
		.has_personality = linux_->has_personality,
		.personality = linux_->personality,
		.memory_policy = linux_->memory_policy,
		.landlock = linux_->landlock,
		.limits = -EBADF,
		.sync = sync,
		.keep = -EBADF,
		.keep_too = -EBADF,
	};
}

static int join_keyring(const struct process_context *context, struct error *err)
{
	_cleanup_free_ char *name = context->keyring_id ? str_printf("_ses.%s", context->keyring_id) : NULL;
	int r = name ? keyring_join_session(name, context->process->selinux_label) : 0;

	return r < 0 && r != -ENOSYS ? error_errno(err, -r, "cannot make a session keyring") : 0;
}

int process_prepare(struct process_context *context, struct error *err)
{
	const struct spec_process *process = context->process;
	bool in_directory;
	int r;

	r = join_keyring(context, err);
	if (r < 0)
		return r;
	r = set_scheduling(context, err);
	if (r == 0)
		r = set_labels(process, err);
	if (r < 0)
		return r;
	if (context->has_personality && personality(context->personality) < 0)
		return error_errno(err, errno, "cannot set linux.personality");
	r = close_others(context, err);
	if (r < 0)
		return r;
	/* While all paths can be found. */
	r = context->landlock ? landlock_limits_open(context->landlock, &context->limits, err) : 0;
	if (r < 0)
		return r;
	if (!process->terminal || isatty(STDIN_FILENO))
		process_give_streams(process->user.uid);
	/* With the rights of now if that works (a directory the user may not enter, made by a volume), else with the user's. */
	in_directory = change_directory(process->cwd, err) == 0;
	if (!in_directory && (!err || err->code != EACCES))
		return -EINVAL;
	/* A filter that an unprivileged process loads needs it; and it must come before the user's last say. */
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot set process.noNewPrivileges");
	if (process->no_new_privileges)
		narrate("prctl(PR_SET_NO_NEW_PRIVS)");
	r = set_limits(context, err);
	if (r == 0)
		r = set_capabilities(context, err);
	if (r == 0 && !in_directory)
		r = change_directory(process->cwd, err);
	if (r < 0)
		return r;
	context->env = make_env(context);
	return find_program(process->args[0], context->env, &context->program, err);
}

int process_exec(struct process_context *context, struct error *err)
{
	unsigned first = 3 + (unsigned)(context->preserve_fds > 0 ? context->preserve_fds : 0);
	sigset_t none;
	int code, r;

	/* Preserved descriptors may be CLOEXEC in us; the program is to have them. */
	for (unsigned fd = 3; fd < first; fd++)
		if (fcntl((int)fd, F_SETFD, 0) < 0)
			return error_errno(err, errno, "cannot pass on descriptor %u", fd);
	/* Every change of ids and capabilities before this would have cleared it (prctl(2)). */
	if (context->ends_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_errno(err, errno, "cannot tie the process to its supervisor");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot mark descriptors close-on-exec");
	r = context->limits >= 0 ? landlock_enter(context->limits) : 0;
	if (r < 0)
		return error_errno(err, -r, "cannot enter linux.landlock");
	/* Nothing is told from here on: the filter may have something against a write. */
	if (context->seccomp)
		narrate("seccomp(SECCOMP_SET_MODE_FILTER): %u instructions", context->seccomp->length);
	narrate("execve(\"%s\")", context->program);
	if (context->seccomp) {
		bool has_listener = context->listener && context->listener->socket >= 0;
		r = has_listener ? listener_load(context->listener, context->seccomp, err) : seccomp_install(context->seccomp, err);

		if (r < 0)
			return r;
	}
	execve(context->program, context->process->args, context->env);
	code = errno;
	error_errno(err, code, "cannot execute \"%s\"", context->process->args[0]);
	if (code == ENOEXEC)
		error_hint(err, "is it built for this machine's architecture, and does a script start with #! and an interpreter?");
	if (err)
		err->exit_status = code == ENOENT ? 127 : 126;
	return -code;
}
