/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"
#include "base/file.h"
#include "host/keyring.h"
#include "host/lsm.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/mappings.h"
#include "runtime/process.h"
#include "runtime/seccomp_plan.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* ---- the bundle -------------------------------------------------------------- */

static int find_bundle(struct plan *plan, struct error *err)
{
	const char *given = plan->request->bundle ? plan->request->bundle : ".";
	char *resolved = realpath(given, NULL);

	if (!resolved)
		return error_errno(err, errno, "cannot use bundle '%s'", given);
	plan->bundle = arena_strdup(plan->arena, resolved);
	free(resolved);
	return 0;
}

static int read_config(struct plan *plan, struct error *err)
{
	char *path = arena_printf(plan->arena, "%s/config.json", plan->bundle);
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &plan->config_text);

	if (r < 0) {
		error_errno(err, -r, "cannot read '%s'", path);
		if (r == -ENXIO)
			error_hint(err, "it is not a regular file");
		if (r == -ENOENT)
			error_hint(err, "is '%s' an OCI bundle? `bivy-runtime spec` makes a config.json", plan->bundle);
		return r;
	}
	r = spec_config_decode(plan->arena, plan->config_text.data, plan->config_text.length, &plan->config, err);
	if (r < 0)
		error_wrap(err, "invalid '%s'", path);
	return r;
}

static int find_rootfs(struct plan *plan, struct error *err)
{
	const char *given = plan->config->root_path;
	_cleanup_free_ char *path = NULL;
	struct stat status;
	char *resolved;

	/* The mount itself; the path only says where it is attached before it becomes the root (rootfs.c). */
	if (plan->request->has_root) {
		plan->rootfs_path = arena_strdup(plan->arena, "/");
		return 0;
	}
	if (str_is_empty(given))
		return error_set(err, ERROR_INVALID, 0, "root.path: required");
	path = given[0] == '/' ? str_dup(given) : str_printf("%s/%s", plan->bundle, given);
	resolved = realpath(path, NULL);
	if (!resolved)
		return error_errno(err, errno, "root.path: cannot use '%s'", path);
	plan->rootfs_path = arena_strdup(plan->arena, resolved);
	free(resolved);
	if (stat(plan->rootfs_path, &status) < 0)
		return error_errno(err, errno, "root.path: cannot use '%s'", plan->rootfs_path);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID, ENOTDIR, "root.path: cannot use '%s'", plan->rootfs_path);
	if (str_equal(plan->rootfs_path, "/"))
		return error_set(err, ERROR_INVALID, 0, "root.path: the host's root '/' cannot be a container's");
	return 0;
}

/* ---- process, terminal, descriptors --------------------------------------------- */

static int check_process(const struct plan *plan, struct error *err)
{
	const struct spec_process *process = plan->config->process;
	const struct create_request *request = plan->request;
	bool has_socket = request->console_socket != NULL;

	if (!process)
		return error_set(err, ERROR_INVALID, 0, "process: required");
	if (!process->args || !process->args[0])
		return error_set(err, ERROR_INVALID, 0, "process.args: required, at least one");
	if (has_socket && !process->terminal)
		return error_set(err, ERROR_INVALID, 0, "--console-socket is of no use: process.terminal is false");
	if (process->apparmor_profile && *process->apparmor_profile && !lsm_apparmor_is_enabled())
		return error_set(err, ERROR_UNSUPPORTED, 0, "process.apparmorProfile: AppArmor is not enabled on this host");
	if (process->selinux_label && *process->selinux_label && !lsm_selinux_is_enabled())
		return error_set(err, ERROR_UNSUPPORTED, 0, "process.selinuxLabel: SELinux is not enabled on this host");
	return 0;
}

static int check_descriptors(struct plan *plan, struct error *err)
{
	return process_count_descriptors(plan->request->preserve_fds, &plan->listen_fds, &plan->preserve_fds, err);
}

void plan_set_console_size(const struct plan *plan)
{
	const struct create_request *request = plan->request;
	struct spec_process *process = plan->config->process;

	if (!process || (request->console_width == 0 && request->console_height == 0))
		return;
	process->console_width = request->console_width;
	process->console_height = request->console_height;
}

/* ---- namespaces --------------------------------------------------------------------- */

static int check_namespaces(struct plan *plan, struct error *err)
{
	const struct spec_linux *linux_ = &plan->config->linux_;

	for (size_t i = 0; i < linux_->namespace_count; i++) {
		const struct spec_namespace *entry = &linux_->namespaces[i];

		if (entry->path || (plan->request->namespaces && (entry->flag & PLAN_GIVEN_NAMESPACES)))
			plan->joined_namespaces |= entry->flag;
		else
			plan->new_namespaces |= entry->flag;
	}
	if (plan->request->namespaces && (plan->joined_namespaces & PLAN_GIVEN_NAMESPACES) != PLAN_GIVEN_NAMESPACES)
		return error_set(err, ERROR_INVALID, 0, "linux.namespaces: a user and a network namespace are there for the container, but not wanted");
	if (plan->new_namespaces & CLONE_NEWUSER) {
		if (linux_->uid_mapping_count == 0 || linux_->gid_mapping_count == 0)
			return error_set(err, ERROR_INVALID, 0, "linux.%s: required with a new user namespace", linux_->uid_mapping_count ? "gidMappings" : "uidMappings");
		plan->ids = mappings_of_container(plan->arena, linux_);
	}
	if (linux_->net_device_count && !((plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWNET))
		return error_set(err, ERROR_INVALID, 0, "linux.netDevices: only with a network namespace of its own");
	if (geteuid() != 0 && !((plan->new_namespaces | plan->joined_namespaces) & CLONE_NEWUSER)) {
		error_set(err, ERROR_INVALID, 0, "linux.namespaces: an ordinary user needs a user namespace");
		error_hint(err, "`bivy-runtime spec --rootless` makes a fitting config.json");
		return -EINVAL;
	}
	return 0;
}

static int check_paths(char *const *paths, const char *member, struct error *err)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (paths[i][0] != '/')
			return error_set(err, ERROR_INVALID, 0, "linux.%s[%zu]: '%s' is not absolute", member, i, paths[i]);
	return 0;
}

static unsigned rootfs_flags(const struct plan *plan)
{
	int changed = plan->new_namespaces | plan->joined_namespaces;

	return (plan->request->flags & CREATE_NO_PIVOT ? ROOTFS_NO_PIVOT : 0) |
	       (changed & CLONE_NEWUSER ? ROOTFS_NEW_USER_NAMESPACE : 0) |
	       (changed & CLONE_NEWCGROUP ? ROOTFS_NEW_CGROUP_NAMESPACE : 0) |
	       (plan->joined_namespaces & CLONE_NEWNS ? ROOTFS_JOINED_MOUNT_NAMESPACE : 0) |
	       (changed & CLONE_NEWNS ? 0 : ROOTFS_NO_MOUNT_NAMESPACE);
}

/* ---- NOTIFY_SOCKET --------------------------------------------------------------------- */

/* The container sees /run/notify/notify.sock; what it says there is passed on (notify.c). */
static void add_notify_socket(struct plan *plan, const struct runtime *runtime)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	struct spec_config *config = plan->config;
	struct spec_process *process = config->process;
	struct spec_mount *mounts;
	size_t n = strv_length(process->env);
	char **env;

	if (str_is_empty(socket))
		return;
	plan->notify_socket = arena_strdup(plan->arena, socket);
	mounts = arena_alloc(plan->arena, config->mount_count + 1, sizeof *mounts);
	memcpy(mounts, config->mounts, config->mount_count * sizeof *mounts);
	mounts[config->mount_count] = (struct spec_mount){
		.destination = (char *)"/run/notify",
		.type = (char *)"bind",
		.source = arena_printf(plan->arena, "%s/%s/notify", runtime->root, plan->request->id),
		.options = arena_alloc(plan->arena, 1, sizeof(char *)),
		.set_flags = MS_BIND | MS_NOSUID | MS_NOEXEC | MS_NODEV,
	};
	config->mounts = mounts;
	config->mount_count++;
	env = arena_alloc(plan->arena, n + 2, sizeof *env);
	memcpy(env, process->env, n * sizeof *env);
	env[n] = (char *)"NOTIFY_SOCKET=/run/notify/notify.sock";
	process->env = env;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int plan_groups(struct plan *plan, struct error *err)
{
	const struct spec_linux *linux_ = &plan->config->linux_;
	int r = cgroup_world_load(&plan->world);

	if (r < 0)
		return error_errno(err, -r, "cannot read which control groups this host has");
	cgroup_set_draw(&plan->world, linux_->cgroups_path, plan->request->id, &plan->groups);
	return resources_plan(linux_->resources, NULL, &plan->groups, plan->rootless ? RESOURCES_NO_DEVICES : 0, &plan->resources, err);
}

static int plan_rootfs(struct plan *plan, struct error *err)
{
	int r;

	plan->rootfs = (struct rootfs){
		.config = plan->config,
		.path = plan->rootfs_path,
		.bundle = plan->bundle,
		.flags = rootfs_flags(plan),
		.given_fd = plan->request->has_root ? plan->request->root_fd : -EBADF,
		.given_mounts = plan->request->mounts,
		.given_mount_count = plan->request->mount_count,
	};
	r = rootfs_init(&plan->rootfs, err);
	plan->has_rootfs_plan = r == 0;
	return r;
}

static int plan_seccomp(struct plan *plan, struct error *err)
{
	int r;

	if (!plan->config->linux_.seccomp)
		return 0;
	r = seccomp_plan_make(plan->config->linux_.seccomp, &plan->seccomp, err);
	plan->has_seccomp = r == 0;
	return r;
}

static int fill(struct plan *plan, const struct runtime *runtime, struct error *err)
{
	int r = container_check_id(plan->request->id, err);

	if (r == 0)
		r = find_bundle(plan, err);
	if (r == 0)
		r = read_config(plan, err);
	if (r == 0)
		r = find_rootfs(plan, err);
	if (r == 0)
		r = check_process(plan, err);
	if (r == 0)
		r = check_descriptors(plan, err);
	if (r == 0)
		r = check_namespaces(plan, err);
	if (r == 0)
		r = check_paths(plan->config->linux_.masked_paths, "maskedPaths", err);
	if (r == 0)
		r = check_paths(plan->config->linux_.readonly_paths, "readonlyPaths", err);
	if (r < 0)
		return r;
	plan_set_console_size(plan);
	add_notify_socket(plan, runtime);
	r = plan_groups(plan, err);
	if (r == 0)
		r = intel_rdt_plan(plan->arena, plan->config->linux_.intel_rdt, plan->request->id, &plan->rdt, err);
	if (r == 0)
		r = plan_rootfs(plan, err);
	if (r == 0)
		r = plan_seccomp(plan, err);
	return r;
}

int plan_make(const struct runtime *runtime, const struct create_request *request, struct plan *ret, struct error *err)
{
	int r;

	*ret = (struct plan){
		.arena = arena_new(),
		.request = request,
		.rootless = runtime->rootless || geteuid() != 0,
		.rdt = INTEL_RDT_NONE,
	};
	r = fill(ret, runtime, err);
	if (r < 0)
		plan_done(ret);
	return r;
}

void plan_done(struct plan *plan)
{
	if (plan->has_seccomp)
		seccomp_program_done(&plan->seccomp);
	if (plan->has_rootfs_plan)
		rootfs_done(&plan->rootfs);
	intel_rdt_done(&plan->rdt);
	resource_plan_done(&plan->resources);
	cgroup_set_done(&plan->groups);
	cgroup_world_done(&plan->world);
	buf_done(&plan->config_text);
	arena_free(plan->arena);
	*plan = (struct plan){ 0 };
}
