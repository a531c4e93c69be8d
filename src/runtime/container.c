/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container.h"
#include "base/file.h"
#include "host/pidfd.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

#define ID_LIMIT 1024
#define STATE_LIMIT (4u << 20)
#define SWEEP_AFTER_SECONDS 10
#define GONE_LIMIT 32

static const char *const status_names[] = {
	[CONTAINER_CREATING] = "creating",
	[CONTAINER_CREATED] = "created",
	[CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPED] = "stopped",
};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

int container_check_id(const char *id, struct error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.";

	if (str_is_empty(id))
		return error_set(err, ERROR_INVALID, 0, "container id cannot be empty");
	if (strlen(id) > ID_LIMIT || id[strspn(id, allowed)] || str_equal(id, ".") || str_equal(id, ".."))
		return error_set(err, ERROR_INVALID, 0, "invalid container id '%s': only letters, digits and _+-. are allowed", id);
	if (str_starts_with(id, ".new-") || str_starts_with(id, ".gone-"))
		return error_set(err, ERROR_INVALID, 0, "invalid container id '%s': names that start with .new- or .gone- are reserved", id);
	return 0;
}

static int open_root(const struct runtime *runtime)
{
	int fd = openat(AT_FDCWD, runtime->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int read_member(struct container *container, const char *id, const char *name, size_t limit, struct buf *text, struct error *err)
{
	int r = file_read_regular_at(container->dir_fd, name, limit, text);

	if (r < 0)
		return error_errno(err, -r, "cannot read %s of container '%s'", name, id);
	return 0;
}

static int load_state(struct container *container, const char *id, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_member(container, id, "state.json", STATE_LIMIT, &text, err);

	if (r < 0)
		return r;
	r = spec_state_decode(container->arena, text.data, text.length, &container->state, err);
	if (r < 0)
		error_wrap(err, "damaged state.json of container '%s'", id);
	return r;
}

static int load_config(struct container *container, const char *id, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_member(container, id, "config.json", SPEC_CONFIG_LIMIT, &text, err);

	if (r < 0)
		return r;
	r = spec_config_decode(container->arena, text.data, text.length, &container->config, err);
	if (r < 0)
		error_wrap(err, "damaged config.json of container '%s'", id);
	return r;
}

int container_load(const struct runtime *runtime, const char *id, struct container *ret, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_close_ int root = -EBADF;
	int r = container_check_id(id, err);

	if (r < 0)
		return r;
	container.runtime = runtime;
	root = open_root(runtime);
	if (root == -ENOENT)
		return error_set(err, ERROR_NOT_FOUND, 0, "container '%s' does not exist", id);
	if (root < 0)
		return error_errno(err, -root, "cannot open '%s'", runtime->root);
	container.dir_fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (container.dir_fd < 0 && errno == ENOENT)
		return error_set(err, ERROR_NOT_FOUND, 0, "container '%s' does not exist", id);
	if (container.dir_fd < 0)
		return error_errno(err, errno, "cannot open the record of container '%s'", id);
	container.arena = arena_new();
	r = load_state(&container, id, err);
	if (r == 0)
		r = load_config(&container, id, err);
	if (r < 0)
		return r;
	*ret = container;
	container = CONTAINER_INIT;
	return 0;
}

void container_done(struct container *container)
{
	if (container->groups_are_open)
		cgroup_set_done(&container->groups);
	close_and_forget(&container->pidfd);
	close_and_forget(&container->dir_fd);
	arena_free(container->arena);
	*container = CONTAINER_INIT;
}

bool container_is_recorded(const struct runtime *runtime, const char *id, int dir_fd)
{
	_cleanup_close_ int root = open_root(runtime);

	/* Where it cannot be looked it is taken for one. */
	return root != -ENOENT && (root < 0 || file_is_at(root, id, dir_fd));
}

int container_lock(struct container *container, struct error *err)
{
	_cleanup_free_ char *id = str_dup(container->state->id);

	while (flock(container->dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the record of container '%s'", id);
	/* It may have been deleted while we waited. */
	if (!container_is_recorded(container->runtime, id, container->dir_fd))
		return error_set(err, ERROR_NOT_FOUND, 0, "container '%s' does not exist", id);
	return load_state(container, id, err);
}

/* Whether the container's program has not been executed yet (invariant 4). */
static bool init_is_locked(const struct container *container)
{
	_cleanup_close_ int fd = openat(container->dir_fd, "init", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	return flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static bool is_frozen(struct container *container)
{
	struct error ignored = ERROR_INIT;

	return container_open_groups(container, &ignored) == 0 && cgroup_set_is_frozen(&container->groups);
}

enum container_status container_status(struct container *container)
{
	const struct spec_state *state = container->state;
	bool locked = init_is_locked(container);

	close_and_forget(&container->pidfd);
	if (state->init_pid == 0)
		return locked ? CONTAINER_CREATING : CONTAINER_STOPPED;
	container->pidfd = pidfd_open_same((pid_t)state->init_pid, state->init_start);
	if (container->pidfd < 0) {
		container->pidfd = -EBADF;
		return CONTAINER_STOPPED;
	}
	if (locked)
		return CONTAINER_CREATED;
	return is_frozen(container) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

int container_open_groups(struct container *container, struct error *err)
{
	const struct spec_state *state = container->state;
	struct cgroup_place *places;
	int r;

	if (container->groups_are_open)
		return 0;
	places = arena_alloc(container->arena, state->group_count + 1, sizeof *places);
	for (size_t i = 0; i < state->group_count; i++)
		places[i] = (struct cgroup_place){ state->groups[i].hierarchy, state->groups[i].path, state->groups[i].made };
	r = cgroup_set_open(places, state->group_count, &container->groups, err);
	if (r == 0)
		container->groups_are_open = true;
	return r;
}

int container_remove_groups(struct cgroup_set *groups, struct error *err)
{
	const struct cgroup_group *failed = NULL;
	int r = cgroup_set_remove(groups, CONTAINER_GONE_TIMEOUT_MS, &failed);

	if (r < 0) {
		_cleanup_free_ char *path = failed ? cgroup_file_path(failed, NULL) : str_dup("?");

		return error_errno(err, -r, "cannot remove control group '%s'", path);
	}
	return 0;
}

/* ---- making and removing --------------------------------------------------- */

static void remove_directory(int root, const char *name);

/* Whether a ".new-…" was left: one that is at work holds its lock, and as long as it is empty may be about to. */
static bool is_left_behind(int root, const char *name)
{
	_cleanup_close_ int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_close_ int init = dir < 0 ? -EBADF : openat(dir, "init", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (init >= 0)
		return flock(init, LOCK_EX | LOCK_NB) == 0;
	return fstat(dir, &status) == 0 && status.st_mtime + SWEEP_AFTER_SECONDS < time(NULL);
}

static void sweep(int root)
{
	_cleanup_close_ int again = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!dir)
		return;
	ignore_result(TAKE_FD(again)); /* dir owns it */
	while ((entry = readdir(dir))) {
		if (str_starts_with(entry->d_name, ".gone-") ||
			(str_starts_with(entry->d_name, ".new-") && is_left_behind(root, entry->d_name)))
			remove_directory(root, entry->d_name);
	}
}

void runtime_sweep(const struct runtime *runtime)
{
	_cleanup_close_ int root = open_root(runtime);

	if (root >= 0)
		sweep(root);
}

/* Nobody sees it yet: no need to write beside and rename. */
static int write_first_state(int dir_fd, const struct spec_state *state, struct error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, "state.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_state_encode(state, &text);
	r = fd < 0 ? -errno : fd_write_all(fd, text.data, text.length);
	return r < 0 ? error_errno(err, -r, "cannot write state.json of container '%s'", state->id) : 0;
}

static int fill_record(int dir_fd, const struct spec_state *state, const char *config_text, size_t config_length, int *ret_init_fd, struct error *err)
{
	_cleanup_close_ int init_fd = -EBADF, config_fd = -EBADF;
	int r;

	/* Before there is something in it; who looks whether it was left has it locked for a moment (is_left_behind()). */
	while (flock(dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot lock the record of container '%s'", state->id);
	init_fd = openat(dir_fd, "init", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (init_fd < 0 || flock(init_fd, LOCK_EX | LOCK_NB) < 0)
		return error_errno(err, errno, "cannot make the record of container '%s'", state->id);
	config_fd = openat(dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = config_fd < 0 ? -errno : fd_write_all(config_fd, config_text, config_length);
	if (r < 0)
		return error_errno(err, -r, "cannot write config.json of container '%s'", state->id);
	r = write_first_state(dir_fd, state, err);
	if (r < 0)
		return r;
	*ret_init_fd = TAKE_FD(init_fd);
	return 0;
}

int container_reserve(const struct runtime *runtime, const struct spec_state *state, const char *config_text, size_t config_length,
	int *ret_dir_fd, int *ret_init_fd, struct error *err)
{
	_cleanup_close_ int root = -EBADF, dir_fd = -EBADF, init_fd = -EBADF;
	char temporary[64];
	int r = file_make_directories(runtime->root, 0711);

	if (r < 0)
		return error_errno(err, -r, "cannot make the directory of records '%s'", runtime->root);
	root = open_root(runtime);
	if (root < 0)
		return error_errno(err, -root, "cannot open '%s'", runtime->root);
	if (faccessat(root, state->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERROR_CONFLICT, 0, "container with id '%s' exists already", state->id);
	snprintf(temporary, sizeof temporary, ".new-%d", (int)getpid());
	sweep(root);
	r = mkdirat(root, temporary, 0711);
	if (r < 0 && errno == EEXIST) { /* left by a killed process of the same number */
		remove_directory(root, temporary);
		r = mkdirat(root, temporary, 0711);
	}
	if (r < 0)
		return error_errno(err, errno, "cannot make the record of container '%s' in '%s'", state->id, runtime->root);
	dir_fd = openat(root, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = dir_fd < 0 ? error_errno(err, errno, "cannot open '%s/%s'", runtime->root, temporary)
		       : fill_record(dir_fd, state, config_text, config_length, &init_fd, err);
	if (r < 0)
		goto remove_temporary;
	if (syscall(SYS_renameat2, root, temporary, root, state->id, RENAME_NOREPLACE) < 0) {
		r = errno == EEXIST ? error_set(err, ERROR_CONFLICT, 0, "container with id '%s' exists already", state->id)
				    : error_errno(err, errno, "cannot make the record of container '%s'", state->id);
		goto remove_temporary;
	}
	*ret_dir_fd = TAKE_FD(dir_fd);
	*ret_init_fd = TAKE_FD(init_fd);
	return 0;

remove_temporary:
	remove_directory(root, temporary);
	return r;
}

int container_save_state(int dir_fd, const struct spec_state *state, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_state_encode(state, &text);
	r = file_replace_at(dir_fd, "state.json", text.data, text.length, 0600);
	if (r < 0)
		return error_errno(err, -r, "cannot write state.json of container '%s'", state->id);
	return 0;
}

/* Two levels are all that a record has; what else is there makes the last unlinkat fail, and stays. */
static void remove_entries(int dir_fd, int depth)
{
	_cleanup_close_ int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!dir)
		return;
	ignore_result(TAKE_FD(again)); /* dir owns it */
	while ((entry = readdir(dir))) {
		if (str_equal(entry->d_name, ".") || str_equal(entry->d_name, ".."))
			continue;
		if (unlinkat(dir_fd, entry->d_name, 0) == 0 || errno != EISDIR || depth == 0)
			continue;
		_cleanup_close_ int sub = openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (sub >= 0)
			remove_entries(sub, depth - 1);
		ignore_result(unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR)); /* the caller sees what is left */
	}
}

static void remove_directory(int root, const char *name)
{
	static const char *const usual[] = { "init", "config.json", "state.json" };
	_cleanup_close_ int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	/* What is no directory was put there by somebody else; a link goes, what it points to stays. */
	if (fd < 0) {
		ignore_result(unlinkat(root, name, 0)); /* the caller sees what is left */
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		ignore_result(unlinkat(fd, usual[i], 0)); /* all that there mostly is */
	if (unlinkat(root, name, AT_REMOVEDIR) == 0)
		return;
	remove_entries(fd, 1);
	ignore_result(unlinkat(root, name, AT_REMOVEDIR)); /* the caller sees what is left */
}

/* What a record of ours is called when it is one no more. */
static void name_gone(char gone[static GONE_LIMIT])
{
	snprintf(gone, GONE_LIMIT, ".gone-%d", (int)getpid());
}

int container_retire_record(const struct runtime *runtime, const char *id, struct error *err)
{
	_cleanup_close_ int root = open_root(runtime);
	char gone[GONE_LIMIT];
	int r;

	if (root == -ENOENT)
		return 0;
	if (root < 0)
		return error_errno(err, -root, "cannot open '%s'", runtime->root);
	name_gone(gone);
	r = renameat(root, id, root, gone);
	if (r < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)) { /* left by a killed process of the same number */
		remove_directory(root, gone);
		r = renameat(root, id, root, gone);
	}
	return r == 0 || errno == ENOENT ? 0 : error_errno(err, errno, "cannot remove the record of container '%s'", id);
}

/* Whether it is there no more. */
static bool remove_retired(const struct runtime *runtime)
{
	_cleanup_close_ int root = open_root(runtime);
	char gone[GONE_LIMIT];

	name_gone(gone);
	if (root < 0 || faccessat(root, gone, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	remove_directory(root, gone);
	return faccessat(root, gone, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

void container_remove_retired(const struct runtime *runtime)
{
	ignore_result(remove_retired(runtime)); /* what is left the next sweep removes */
}

int container_remove_record(const struct runtime *runtime, const char *id, struct error *err)
{
	int r = container_retire_record(runtime, id, err);

	if (r == 0 && !remove_retired(runtime))
		return error_set(err, ERROR_INTERNAL, ENOTEMPTY, "cannot remove the record of container '%s'", id);
	return r;
}

void container_describe(const struct container *container, enum container_status status, struct spec_oci_state *ret)
{
	const struct spec_state *state = container->state;

	*ret = (struct spec_oci_state){
		.id = state->id,
		.status = container_status_name(status),
		.bundle = state->bundle,
		.pid = status == CONTAINER_STOPPED || status == CONTAINER_CREATING ? 0 : state->init_pid,
		.annotations = state->annotations,
		.annotation_count = state->annotation_count,
	};
}
