/* SPDX-License-Identifier: Apache-2.0 */
#include "host/idmap.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/narration.h"
#include "base/str.h"
#include "host/netlink_link.h"
#include "host/procfs.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <stdbool.h>

static bool are_identical(const struct idmap_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].inside != ranges[i].outside)
			return false;
	return true;
}

bool idmap_is_identity(const struct idmap *map)
{
	return are_identical(map->uids, map->uid_count) && are_identical(map->gids, map->gid_count);
}

/* ---- by ourselves --------------------------------------------------------- */

/* One of the two maps: the file, the program that may write it for us, and the id that needs no help. */
struct map {
	const char *file, *program;
	const struct idmap_range *ranges;
	size_t count;
	uint32_t own_id;
	bool needs_helper;
};

static int put(int procfs_fd, pid_t pid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof path, "%d/%s", (int)pid, file);
	return procfs_write(procfs_fd, path, text);
}

/* In a user namespace a range that lies in two of its own is written as two. */
static void add_range(struct buf *text, struct idmap_range range, bool is_gid_map)
{
	while (range.size > 0) {
		uint32_t run = user_namespace_is_first() ? range.size : user_namespace_run(is_gid_map, range.outside, range.size);

		buf_printf(text, "%u %u %u\n", range.inside, range.outside, run);
		range = (struct idmap_range){ range.inside + run, range.outside + run, range.size - run };
	}
}

/* The kernel takes the whole map in one write(2). */
static int write_map(int procfs_fd, pid_t pid, const struct map *map, bool is_gid_map)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < map->count; i++)
		add_range(&text, map->ranges[i], is_gid_map);
	return put(procfs_fd, pid, map->file, text.data ? text.data : "");
}

static bool is_own_id(const struct map *map)
{
	return map->count == 1 && map->ranges[0].size == 1 && map->ranges[0].outside == map->own_id;
}

static int write_directly(int procfs_fd, pid_t pid, struct map *map, bool is_gid_map)
{
	int r = write_map(procfs_fd, pid, map, is_gid_map);

	if (r == -EPERM && is_gid_map && is_own_id(map)) {
		/* Since 3.19 a user without CAP_SETGID must give setgroups(2) up first, see user_namespaces(7). */
		r = put(procfs_fd, pid, "setgroups", "deny");
		if (r == 0)
			r = write_map(procfs_fd, pid, map, is_gid_map);
	}
	map->needs_helper = r == -EPERM && !is_own_id(map);
	return map->needs_helper ? 0 : r;
}

/* ---- by newuidmap and newgidmap -------------------------------------------- */

struct helper {
	pid_t pid;
	const struct map *map;
};

static char **helper_arguments(struct arena *arena, pid_t pid, const struct map *map)
{
	char **argv = arena_alloc(arena, 3 + 3 * map->count, sizeof *argv);
	size_t n = 0;

	argv[n++] = arena_strdup(arena, map->program);
	argv[n++] = arena_printf(arena, "%d", (int)pid);
	for (size_t i = 0; i < map->count; i++) {
		argv[n++] = arena_printf(arena, "%u", map->ranges[i].inside);
		argv[n++] = arena_printf(arena, "%u", map->ranges[i].outside);
		argv[n++] = arena_printf(arena, "%u", map->ranges[i].size);
	}
	return argv;
}

/* Starts the program with its messages on OUTPUT_FD. */
static int start_helper(struct helper *helper, pid_t pid, const struct map *map, int output_fd)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char **argv = helper_arguments(arena, pid, map);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		if (dup2(output_fd, STDERR_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	*helper = (struct helper){ .pid = child, .map = map };
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The program's own words, one line. */
static int helper_failed(const struct helper *helper, int status, char *output, struct error *err)
{
	str_trim_end(output);
	for (char *p = output; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (status == 127) {
		error_set(err, ERROR_NOT_FOUND, 0, "cannot execute '%s': it is not installed", helper->map->program);
		error_hint(err, "install the package uidmap, or map a single id");
		return -EINVAL;
	}
	error_set(err, ERROR_DENIED, 0, "'%s' refused the mapping%s%s", helper->map->program, *output ? ": " : "", output);
	error_hint(err, "ranges of ids are granted in /etc/subuid and /etc/subgid");
	return -EINVAL;
}

static int run_helpers(pid_t pid, const struct map *maps, size_t count, struct error *err)
{
	struct helper helpers[2] = { 0 };
	_cleanup_close_ int reading = -EBADF, writing = -EBADF;
	char output[512] = "";
	size_t started = 0, used = 0;
	ssize_t n;
	int fds[2], result = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	reading = fds[0];
	writing = fds[1];
	for (size_t i = 0; i < count; i++) {
		if (!maps[i].needs_helper)
			continue;
		result = start_helper(&helpers[started], pid, &maps[i], writing);
		if (result < 0) {
			error_errno(err, -result, "cannot start '%s'", maps[i].program);
			break;
		}
		started++;
	}
	close_and_forget(&writing);
	while (used + 1 < sizeof output && (n = read(reading, output + used, sizeof output - 1 - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	close_and_forget(&reading);
	for (size_t i = 0; i < started; i++) {
		int status = wait_for(helpers[i].pid);

		if (status != 0 && result == 0)
			result = helper_failed(&helpers[i], status, output, err);
	}
	return result;
}

/* ---- both ------------------------------------------------------------------- */

/* What the process is called in that procfs: maps written under the number that it has for us could be another's. */
static int find_number(int procfs_fd, pid_t pid, pid_t *ret)
{
	_cleanup_close_ int pidfd = sys_pidfd_open(pid, 0);

	return pidfd < 0 ? -errno : procfs_number(procfs_fd, pidfd, ret);
}

int idmap_write(int procfs_fd, pid_t pid, const struct idmap *map, struct error *err)
{
	struct map maps[] = {
		{ "uid_map", "newuidmap", map->uids, map->uid_count, geteuid(), false },
		{ "gid_map", "newgidmap", map->gids, map->gid_count, getegid(), false },
	};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[i].count > IDMAP_LIMIT)
			return error_set(err, ERROR_INVALID, E2BIG, "cannot write %s with %zu ranges", maps[i].file, maps[i].count);
	r = find_number(procfs_fd, pid, &pid);
	if (r < 0)
		return error_errno(err, -r, "cannot find the new process in /proc");
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		r = write_directly(procfs_fd, pid, &maps[i], i == 1);
		if (r < 0)
			return error_errno(err, -r, "cannot write %s of the user namespace", maps[i].file);
	}
	if (!maps[0].needs_helper && !maps[1].needs_helper)
		return 0;
	return run_helpers(pid, maps, ARRAY_SIZE(maps), err);
}

/* ---- a namespace for the sake of its maps ------------------------------------- */

/* A child in new namespaces (FLAGS) that waits for its end; *ret_pid is its. Its status is 0, or that the loopback link is not up. */
static int start_holder(int flags, pid_t *ret_pid, int *ret_hold_fd)
{
	struct sys_clone_args args = { .flags = (uint64_t)(unsigned)flags, .exit_signal = SIGCHLD };
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = sys_clone3(&args);
	if (pid == 0) {
		char byte;
		int r = flags & CLONE_NEWNET ? netlink_set_loopback_up() : 0;

		close(fds[1]);
		while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(r < 0);
	}
	if (pid < 0) {
		int code = errno;

		close(fds[0]);
		close(fds[1]);
		return -code;
	}
	narrate("clone3(CLONE_NEWUSER%s) = %d: a user namespace whose maps mounts get", flags & CLONE_NEWNET ? "|CLONE_NEWNET" : "", (int)pid);
	close(fds[0]);
	*ret_pid = pid;
	*ret_hold_fd = fds[1];
	return 0;
}

static int open_namespace(int procfs_fd, pid_t pid, const char *name, int *ret_fd)
{
	_cleanup_close_ int ns_fd = -EBADF;
	char path[64];
	int fd, r = find_number(procfs_fd, pid, &pid);

	snprintf(path, sizeof path, "%d/ns", (int)pid);
	if (r >= 0)
		r = procfs_open(procfs_fd, path, O_PATH | O_DIRECTORY, &ns_fd);
	if (r < 0)
		return r;
	fd = openat(ns_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int idmap_make_namespaces(int procfs_fd, const struct idmap *map, int *ret_fd, int *ret_network_fd, struct error *err)
{
	_cleanup_close_ int hold_fd = -EBADF, fd = -EBADF, network_fd = -EBADF;
	pid_t pid = 0;
	int status, r = start_holder(CLONE_NEWUSER | (ret_network_fd ? CLONE_NEWNET : 0), &pid, &hold_fd);

	if (r < 0)
		return error_errno(err, -r, "cannot make a user namespace for the mappings");
	r = idmap_write(procfs_fd, pid, map, err);
	if (r == 0) {
		r = open_namespace(procfs_fd, pid, "user", &fd);
		if (r == 0 && ret_network_fd)
			r = open_namespace(procfs_fd, pid, "net", &network_fd);
		if (r < 0)
			error_errno(err, -r, "cannot open the user namespace of the mappings");
	}
	close_and_forget(&hold_fd);
	status = wait_for(pid);
	if (r == 0 && ret_network_fd && status != 0)
		r = error_set(err, ERROR_INTERNAL, 0, "cannot set the loopback link up");
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	if (ret_network_fd)
		*ret_network_fd = TAKE_FD(network_fd);
	return 0;
}

int idmap_make_namespace(int procfs_fd, const struct idmap *map, int *ret_fd, struct error *err)
{
	return idmap_make_namespaces(procfs_fd, map, ret_fd, NULL, err);
}
