/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container's groups: listing, signalling, freezing (host/cgroup.h). */
#include "host/cgroup.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "host/cgroup_tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

/* No pid is above 4194304, of seven digits and a newline; threads share one. */
#define PROCS_LIMIT (8u * 4194304)
#define STATE_LIMIT 4096
#define FREEZE_TIMEOUT_MS 2000

static void pause_us(unsigned microseconds)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)microseconds * 1000 }, NULL);
}

/* ---- listing ------------------------------------------------------------------ */

struct pid_list {
	pid_t *pids;
	size_t count, capacity;
};

static void add_pid(struct pid_list *list, pid_t pid)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 32;
		list->pids = memory_resize(list->pids, list->capacity, sizeof *list->pids);
	}
	list->pids[list->count++] = pid;
}

static int read_processes(int fd, void *context)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_at(fd, "cgroup.procs", PROCS_LIMIT, &text);

	/* Gone meanwhile; or a threaded group, whose processes show in the domain above it. */
	if (r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return r;
	for (char *at = text.data; *at;) {
		char *end;
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (pid > 0) /* 0: outside of our pid namespace */
			add_pid(context, (pid_t)pid);
		at = end + strspn(end, "\n");
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

/* Each process is in all groups of the set, so any tells them all; v2's list is exact and cheap. */
static const struct cgroup_group *most_reliable(const struct cgroup_set *set)
{
	static const enum cgroup_controller order[] = { CGROUP_FREEZER, CGROUP_PIDS, CGROUP_DEVICES };
	const struct cgroup_group *group = cgroup_set_v2(set);

	for (size_t i = 0; (!group || group->fd < 0) && i < ARRAY_SIZE(order); i++)
		group = cgroup_set_find(set, order[i]);
	for (size_t i = 0; (!group || group->fd < 0) && i < set->count; i++)
		group = &set->groups[i];
	return group && group->fd >= 0 ? group : NULL;
}

int cgroup_set_pids(const struct cgroup_set *set, pid_t **ret, size_t *ret_count)
{
	const struct cgroup_group *group = most_reliable(set);
	struct pid_list list = { 0 };
	struct cgroup_tree_visitor reader = { .enter = read_processes, .context = &list };
	size_t unique = 0;
	int r;

	if (!group)
		return -ENOENT;
	r = cgroup_tree_walk(group->fd, &reader);
	if (r < 0) {
		free(list.pids);
		return r;
	}
	if (list.count)
		qsort(list.pids, list.count, sizeof *list.pids, compare_pids);
	for (size_t i = 0; i < list.count; i++)
		if (unique == 0 || list.pids[i] != list.pids[unique - 1])
			list.pids[unique++] = list.pids[i];
	*ret = list.pids;
	*ret_count = unique;
	return 0;
}

/* ---- freezing -------------------------------------------------------------------- */

static const struct cgroup_group *find_freezer(const struct cgroup_set *set)
{
	const struct cgroup_group *group = cgroup_set_find(set, CGROUP_FREEZER);

	if (!group || group->fd < 0)
		group = cgroup_set_v2(set);
	return group && group->fd >= 0 ? group : NULL;
}

/*
 * v1: FREEZING lasts as long as some process cannot be stopped, or forks. See
 * freezer-subsystem.rst: to write FROZEN again and, if that does not help, to
 * thaw for a moment, is the way on.
 */
static int freeze_v1(const struct cgroup_group *group)
{
	int64_t deadline = clock_monotonic_ms() + FREEZE_TIMEOUT_MS;

	for (unsigned round = 1;; round++) {
		int r = cgroup_write(group, "freezer.state", "FROZEN");

		for (int i = 0; r == 0 && i < 25; i++) {
			_cleanup_free_ char *state = NULL;

			r = cgroup_read(group, "freezer.state", STATE_LIMIT, &state);
			if (r == 0 && strcmp(state, "FROZEN") == 0)
				return 0;
			pause_us(i < 5 ? 20 : 500);
		}
		if (r < 0) {
			ignore_result(cgroup_write(group, "freezer.state", "THAWED")); /* back to how it was; the failure is told */
			return r;
		}
		if (clock_monotonic_ms() >= deadline || round % 10 == 0)
			ignore_result(cgroup_write(group, "freezer.state", "THAWED")); /* tried once more, or -EBUSY below */
		if (clock_monotonic_ms() >= deadline)
			return -EBUSY;
	}
}

/* Waits until cgroup.events says "frozen STATE"; the kernel notifies by POLLPRI. */
static int await_frozen(const struct cgroup_group *group, char state)
{
	_cleanup_close_ int fd = openat(group->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline = clock_monotonic_ms() + FREEZE_TIMEOUT_MS;

	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd watch = { .fd = fd, .events = POLLPRI };
		char text[256];
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		const char *found;
		int64_t now = clock_monotonic_ms();

		if (n < 0)
			return -errno;
		text[n] = '\0';
		found = strstr(text, "frozen ");
		if (!found || found[7] == state)
			return found ? 0 : -EOPNOTSUPP;
		if (now >= deadline)
			return -EBUSY;
		if (poll(&watch, 1, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
	}
}

static int freeze_v2(const struct cgroup_group *group)
{
	int r = cgroup_write(group, "cgroup.freeze", "1");

	if (r == 0)
		r = await_frozen(group, '1');
	if (r < 0)
		ignore_result(cgroup_write(group, "cgroup.freeze", "0")); /* back to how it was; the failure is told */
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

int cgroup_set_freeze(const struct cgroup_set *set)
{
	const struct cgroup_group *group = find_freezer(set);

	if (!group)
		return -EOPNOTSUPP;
	return group->is_v2 ? freeze_v2(group) : freeze_v1(group);
}

int cgroup_set_thaw(const struct cgroup_set *set)
{
	const struct cgroup_group *group = find_freezer(set);
	int r;

	if (!group)
		return -EOPNOTSUPP;
	if (!group->is_v2)
		return cgroup_write(group, "freezer.state", "THAWED");
	r = cgroup_write(group, "cgroup.freeze", "0");
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

int cgroup_set_is_frozen(const struct cgroup_set *set)
{
	const struct cgroup_group *group = find_freezer(set);
	uint64_t value;
	int r;

	if (!group)
		return 0;
	/* The group's own wish, not what a group above it imposes. */
	r = cgroup_read_u64(group, group->is_v2 ? "cgroup.freeze" : "freezer.self_freezing", &value);
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	return r < 0 ? r : value != 0;
}

/* ---- signals ----------------------------------------------------------------------- */

static int signal_pids(const struct cgroup_set *set, int signal_number, size_t *ret_count)
{
	_cleanup_free_ pid_t *pids = NULL;
	int result = 0, r = cgroup_set_pids(set, &pids, ret_count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < *ret_count; i++)
		if (kill(pids[i], signal_number) < 0 && errno != ESRCH && result == 0)
			result = -errno;
	return result;
}

/* Without a freezer a process may fork while we read: again, until a round finds nobody. */
static int kill_in_rounds(const struct cgroup_set *set)
{
	for (int round = 0; round < 100; round++) {
		size_t count = 0;
		int r = signal_pids(set, SIGKILL, &count);

		if (r < 0 || count == 0)
			return r;
		pause_us(2000);
	}
	return -EBUSY;
}

static int kill_all(const struct cgroup_set *set)
{
	const struct cgroup_group *v2 = cgroup_set_v2(set);
	int r = v2 ? cgroup_write(v2, "cgroup.kill", "1") : -ENOENT;
	size_t count = 0;

	if (r == -ENODEV)
		r = 0; /* the group went away: nobody is left */
	if (r == -ENOENT || r == -EOPNOTSUPP) { /* before 5.14, or a threaded group */
		int frozen = cgroup_set_freeze(set);

		r = frozen == 0 ? signal_pids(set, SIGKILL, &count) : kill_in_rounds(set);
	}
	/* A frozen process of v1 dies only when it is let go; -EOPNOTSUPP: none is frozen. */
	ignore_result(cgroup_set_thaw(set));
	return r;
}

int cgroup_set_signal_all(const struct cgroup_set *set, int signal_number)
{
	size_t count = 0;
	int r, frozen;

	if (signal_number == SIGKILL)
		return kill_all(set);
	frozen = cgroup_set_is_frozen(set) > 0 ? -EALREADY : cgroup_set_freeze(set);
	r = signal_pids(set, signal_number, &count);
	if (frozen == 0) {
		int thawed = cgroup_set_thaw(set);

		r = r < 0 ? r : thawed;
	}
	return r;
}
