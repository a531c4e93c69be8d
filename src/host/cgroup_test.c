/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths and the walk on plain directories; everything else on the control
 * groups of this host, as root, below those of cgroup_scratch_test.h.
 */
#include "host/cgroup.h"

#include "base/file.h"
#include "host/cgroup_scratch_test.h"
#include "host/cgroup_tree.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static void test_clean(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "/" }, { "/", "/" }, { "a", "/a" }, { "/a/b", "/a/b" }, { "//a//b//", "/a/b" }, { "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" }, { "/../../a", "/a" }, { "..", "/" }, { "../../../etc", "/etc" }, { "/a/b/../../..", "/" },
		{ "/a/..b/...", "/a/..b/..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *out = cgroup_path_clean(cases[i].in);

		assert_string_equal(out, cases[i].out);
	}
}

static void test_resolve(void **state)
{
	static const struct {
		bool is_v2;
		const char *own, *given, *out;
	} cases[] = {
		{ false, "/user", NULL, "/user/web" },
		{ false, "/user", "", "/user/web" },
		{ false, "/user", "a/b", "/user/a/b" },
		{ false, "/user", "../../a", "/user/a" },
		{ false, "/user", "/a/b/", "/a/b" },
		{ false, "/user", "/../../a", "/a" },
		{ false, "/", "a", "/a" },
		{ true, "/user.slice/x.scope", NULL, "/user.slice/web" },
		{ true, "/user.slice/x.scope", "a/b", "/user.slice/a/b" },
		{ true, "/user.slice/x.scope", "/a/b", "/a/b" },
		{ true, "/", NULL, "/web" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_hierarchy hierarchy = { .own_path = (char *)cases[i].own, .is_v2 = cases[i].is_v2 };
		_cleanup_free_ char *out = cgroup_path_resolve(&hierarchy, cases[i].given, "web");

		assert_string_equal(out, cases[i].out);
	}
}

/* ---- the walk, on plain directories -------------------------------------------- */

struct order {
	struct buf text;
	int stop_after;
};

static int note_enter(int fd, void *context)
{
	struct order *order = context;
	struct buf name = BUF_INIT;

	if (file_read_at(fd, "name", 100, &name) == 0)
		buf_printf(&order->text, "+%s ", name.data);
	buf_done(&name);
	return --order->stop_after == 0 ? -ECANCELED : 0;
}

static int note_leave(int fd, const char *name, void *context)
{
	struct order *order = context;

	buf_printf(&order->text, "-%s ", name);
	return faccessat(fd, name, F_OK, 0) < 0 ? -errno : 0;
}

static int make_tree(char *root)
{
	static const char *const dirs[] = { "a", "a/b", "a/b/c", "d" };
	int fd;

	assert_non_null(mkdtemp(root));
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *name = str_printf("%s/name", dirs[i]);

		assert_int_equal(mkdirat(fd, dirs[i], 0755), 0);
		assert_int_equal(file_replace_at(fd, name, dirs[i], strlen(dirs[i]), 0644), 0);
	}
	assert_int_equal(symlinkat("/", fd, "link"), 0);
	return fd;
}

static void remove_tree(const char *root)
{
	_cleanup_free_ char *command = str_printf("rm -rf '%s'", root);

	assert_int_equal(system(command), 0);
}

static void test_walk(void **state)
{
	char root[] = "/tmp/cgroup-tree-XXXXXX";
	_cleanup_close_ int fd = make_tree(root);
	struct order order = { .text = BUF_INIT };
	struct cgroup_tree_visitor visitor = { .enter = note_enter, .leave = note_leave, .context = &order };

	(void)state;
	assert_int_equal(cgroup_tree_walk(fd, &visitor), 0);
	/* The two subtrees come in the directory's own order. */
	assert_non_null(strstr(order.text.data, "+a +a/b +a/b/c -c -b -a "));
	assert_non_null(strstr(order.text.data, "+d -d "));
	assert_int_equal(order.text.length, strlen("+a +a/b +a/b/c -c -b -a +d -d "));
	order.text.length = 0;
	order.stop_after = 3;
	assert_int_equal(cgroup_tree_walk(fd, &visitor), -ECANCELED);
	buf_done(&order.text);
	remove_tree(root);
}

static int remove_directory(int fd, const char *name, void *context)
{
	(void)context;
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Deeper than descriptors and PATH_MAX would allow, and wide. */
static void test_walk_is_not_bounded_by_depth(void **state)
{
	struct cgroup_tree_visitor remover = { .leave = remove_directory };
	char root[] = "/tmp/cgroup-tree-XXXXXX";
	_cleanup_close_ int top = -EBADF;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(root));
	top = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = dup(top);
	for (int i = 0; i < 3000; i++) {
		int below;

		assert_int_equal(mkdirat(fd, "deep", 0755), 0);
		if (i < 300)
			assert_int_equal(mkdirat(fd, "wide", 0755), 0);
		below = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	close(fd);
	assert_int_equal(cgroup_tree_walk(top, &remover), 0);
	assert_int_equal(rmdir(root), 0);
}

/* ---- on this host ------------------------------------------------------------------ */

struct host {
	struct cgroup_world world;
	char path[64];
};

static int find_host(void **state)
{
	static struct host host;
	static int number;
	_cleanup_free_ char *parent = NULL;

	if (cgroup_world_load(&host.world) < 0)
		return -1;
	parent = cgroup_scratch_path(&host.world, getpid());
	snprintf(host.path, sizeof host.path, "%s/%d", parent, ++number);
	*state = &host;
	return 0;
}

static int leave_host(void **state)
{
	struct host *host = *state;
	_cleanup_free_ char *parent = cgroup_scratch_path(&host->world, getpid());

	for (size_t i = 0; i < host->world.count; i++) {
		_cleanup_free_ char *path = str_printf("%s%s", host->world.hierarchies[i].mount, parent);

		if (rmdir(path) < 0 && errno != ENOENT)
			return -1;
	}
	cgroup_world_done(&host->world);
	return 0;
}

#define NEED_CGROUPS(host)                                                    \
	do {                                                                  \
		if (geteuid() != 0 || (host)->world.count == 0 ||             \
		    access((host)->world.hierarchies[0].mount, W_OK) < 0) {   \
			print_message("missing: root and writable cgroups\n"); \
			skip();                                               \
		}                                                             \
	} while (0)

static void make_set(struct host *host, struct cgroup_set *set)
{
	struct error err = ERROR_INIT;

	if (cgroup_set_create(&host->world, host->path, "x", 0, set, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(set->count, host->world.count);
}

/* A child's end: tells that it is ready, and waits for a signal. */
static _Noreturn void stay(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* The other side of the pipe. Closes both ends. */
static void await(const int ready[2])
{
	char byte;

	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

/* A child that enters and then waits for its end. *ret_ready is closed once it is inside. */
static pid_t start_inside(struct cgroup_set *set)
{
	size_t failed = 0;
	int ready[2];
	pid_t pid;

	assert_int_equal(cgroup_set_prepare_entry(set, 0, NULL), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_set_enter(set, &failed) < 0)
			_exit(1);
		stay(ready[1]);
	}
	await(ready);
	cgroup_set_close_entry(set);
	return pid;
}

static void test_life(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 99;
	pid_t child;
	int status;

	NEED_CGROUPS(host);
	make_set(host, &set);
	for (size_t i = 0; i < set.count; i++) {
		_cleanup_free_ char *path = cgroup_file_path(&set.groups[i], NULL);

		assert_int_equal(access(path, F_OK), 0);
		assert_true(set.groups[i].made);
		assert_string_equal(set.groups[i].path, host->path);
	}
	assert_int_equal(cgroup_set_pids(&set, &pids, &count), 0);
	assert_int_equal(count, 0);

	child = start_inside(&set);
	free(pids);
	assert_int_equal(cgroup_set_pids(&set, &pids, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(pids[0], child);
	/* It is in every group. */
	for (size_t i = 0; i < set.count; i++) {
		_cleanup_free_ char *text = NULL;

		assert_int_equal(cgroup_read(&set.groups[i], "cgroup.procs", 4096, &text), 0);
		assert_int_equal(atoi(text), child);
	}
	assert_int_equal(cgroup_set_remove(&set, 5, NULL), -EBUSY);

	assert_int_equal(cgroup_set_signal_all(&set, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	for (size_t i = 0; i < set.count; i++) {
		_cleanup_free_ char *path = cgroup_file_path(&set.groups[i], NULL);

		assert_int_equal(access(path, F_OK), -1);
	}
	/* Gone already is no failure. */
	assert_int_equal(cgroup_set_remove(&set, 0, NULL), 0);
	cgroup_set_done(&set);
}

static void test_born_inside_v2(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	struct sys_clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	_cleanup_free_ char *text = NULL;
	pid_t child;

	NEED_CGROUPS(host);
	make_set(host, &set);
	if (cgroup_set_v2_fd(&set) < 0) {
		cgroup_set_undo(&set);
		cgroup_set_done(&set);
		print_message("missing: cgroup2\n");
		skip();
	}
	args.cgroup = (uint64_t)cgroup_set_v2_fd(&set);
	child = sys_clone3(&args);
	assert_true(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	assert_int_equal(cgroup_read(cgroup_set_v2(&set), "cgroup.procs", 4096, &text), 0);
	assert_int_equal(atoi(text), child);
	assert_int_equal(cgroup_set_prepare_entry(&set, CGROUP_ENTRY_WITHOUT_V2, NULL), 0);
	assert_int_equal(cgroup_set_v2(&set)->entry_fd, -EBADF);
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);
}

/* The program in a container runs containers of its own: below a group with processes, which cannot hand controllers down. */
static void test_below_an_occupied_group(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT, below = CGROUP_SET_INIT;
	_cleanup_free_ char *path = str_printf("%s/below", host->path);
	_cleanup_free_ char *type = NULL, *handed_down = NULL;
	struct error err = ERROR_INIT;
	const struct cgroup_group *group;
	pid_t outer, inner;

	NEED_CGROUPS(host);
	make_set(host, &set);
	outer = start_inside(&set);
	if (cgroup_set_create(&host->world, path, "x", 0, &below, &err) < 0)
		fail_msg("%s", err.message);
	group = cgroup_set_v2(&below);
	if (group) {
		assert_int_equal(cgroup_read(cgroup_set_v2(&set), "cgroup.subtree_control", 4096, &handed_down), 0);
		assert_string_equal(handed_down, "");
		assert_int_equal(cgroup_read(group, "cgroup.type", 4096, &type), 0);
		assert_string_equal(type, "domain");
	}
	inner = start_inside(&below);
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(outer, NULL, 0), outer);
	assert_int_equal(waitpid(inner, NULL, 0), inner);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&below);
	cgroup_set_done(&set);
}

static void end_at_signal(int number)
{
	_exit(number);
}

static void test_freeze(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	pid_t child;
	int status;

	NEED_CGROUPS(host);
	make_set(host, &set);
	assert_int_equal(cgroup_set_is_frozen(&set), 0);
	/* v2 lets go of a frozen process for a signal that ends it, not for one that it handles. */
	signal(SIGTERM, end_at_signal);
	child = start_inside(&set);
	signal(SIGTERM, SIG_DFL);
	assert_int_equal(cgroup_set_freeze(&set), 0);
	assert_int_equal(cgroup_set_is_frozen(&set), 1);
	/* A signal to a paused container neither runs nor thaws it. */
	assert_int_equal(cgroup_set_signal_all(&set, SIGTERM), 0);
	assert_int_equal(cgroup_set_is_frozen(&set), 1);
	usleep(20000);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	assert_int_equal(cgroup_set_thaw(&set), 0);
	assert_int_equal(cgroup_set_is_frozen(&set), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SIGTERM);

	/* SIGKILL ends a paused one. */
	child = start_inside(&set);
	assert_int_equal(cgroup_set_freeze(&set), 0);
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(cgroup_set_is_frozen(&set), 0);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);
}

static void test_taken_over_only_when_empty(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT, again = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;
	pid_t child;

	NEED_CGROUPS(host);
	make_set(host, &set);
	make_set(host, &again);
	assert_true(again.groups[0].made);
	cgroup_set_done(&again);

	child = start_inside(&set);
	assert_int_equal(cgroup_set_create(&host->world, host->path, "x", 0, &again, &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.message, host->path));
	assert_non_null(strstr(err.message, "is not empty: 1 process"));
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);

	assert_int_equal(cgroup_set_freeze(&set), 0);
	assert_int_equal(cgroup_set_create(&host->world, host->path, "x", 0, &again, &err), -EBUSY);
	assert_non_null(strstr(err.message, "is frozen"));
	assert_int_equal(cgroup_set_thaw(&set), 0);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);
}

/* What is there is opened as it is, what is not is made. */
static void test_prepared(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT, again = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;
	const struct cgroup_group *cpuset;
	pid_t child;

	NEED_CGROUPS(host);
	make_set(host, &set);
	child = start_inside(&set);
	assert_int_equal(cgroup_set_create(&host->world, host->path, "x", CGROUP_PREPARED, &again, &err), 0);
	assert_int_equal(again.count, set.count);
	for (size_t i = 0; i < again.count; i++) {
		assert_true(again.groups[i].made);
		assert_string_equal(again.groups[i].path, set.groups[i].path);
		assert_int_equal(faccessat(again.groups[i].fd, "cgroup.procs", F_OK, 0), 0);
	}
	cgroup_set_done(&again);
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);

	assert_int_equal(cgroup_set_create(&host->world, host->path, "x", CGROUP_PREPARED, &set, &err), 0);
	cpuset = cgroup_set_find(&set, CGROUP_CPUSET);
	if (cpuset && !cpuset->is_v2) {
		_cleanup_free_ char *cpus = NULL;

		assert_int_equal(cgroup_read(cpuset, "cpuset.cpus", 1000, &cpus), 0);
		assert_string_not_equal(cpus, "");
	}
	cgroup_set_undo(&set);
	for (size_t i = 0; i < set.count; i++)
		assert_int_equal(faccessat(set.groups[i].fd, "cgroup.procs", F_OK, 0), -1);
	cgroup_set_done(&set);
}

/* The first hierarchies are made, a later one refuses: nothing may stay, the parents included. */
static void test_undo(void **state)
{
	struct host *host = *state;
	struct cgroup_world damaged = host->world;
	struct cgroup_hierarchy list[64];
	struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;

	NEED_CGROUPS(host);
	memcpy(list, host->world.hierarchies, host->world.count * sizeof *list);
	list[host->world.count] = (struct cgroup_hierarchy){ .mount = (char *)"/proc", .own_path = (char *)"/" };
	damaged.hierarchies = list;
	damaged.count++;
	assert_true(cgroup_set_create(&damaged, host->path, "x", 0, &set, &err) < 0);
	assert_non_null(strstr(err.message, "cannot make cgroup '/proc/bivy-unit-"));
	for (size_t i = 0; i < host->world.count; i++) {
		_cleanup_free_ char *parent = str_printf("%s/bivy-unit-%d", host->world.hierarchies[i].mount, (int)getpid());

		assert_int_equal(access(parent, F_OK), -1);
	}
	/* Tolerated, the odd one is left out. */
	assert_int_equal(cgroup_set_create(&damaged, host->path, "x", CGROUP_TOLERATE, &set, &err), 0);
	assert_int_equal(set.count, host->world.count);
	cgroup_set_undo(&set);
	cgroup_set_done(&set);
}

static void test_groups_below(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT, below = CGROUP_SET_INIT;
	struct cgroup_place places[64] = { 0 };
	_cleanup_free_ pid_t *pids = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;
	pid_t child;

	NEED_CGROUPS(host);
	make_set(host, &set);
	for (size_t i = 0; i < set.count; i++) {
		struct cgroup_group *group = &set.groups[i];

		places[i] = (struct cgroup_place){ group->mount, group->path, true };
		assert_int_equal(mkdirat(group->fd, "in", 0755), 0);
		assert_int_equal(mkdirat(group->fd, "in/ner", 0755), 0);
		if (group->controllers & CGROUP_BIT(CGROUP_CPUSET) && !group->is_v2)
			for (const char *const *file = (const char *const[]){ "cpuset.cpus", "cpuset.mems", NULL }; *file; file++)
				for (const char *const *dir = (const char *const[]){ "in", "in/ner", NULL }; *dir; dir++) {
					_cleanup_free_ char *name = str_printf("%s/%s", *dir, *file), *value = NULL;

					assert_int_equal(cgroup_read(group, *file, 4096, &value), 0);
					assert_true(value[0] != '\0'); /* the container's own was filled */
					assert_int_equal(file_put_at(group->fd, name, value), 0);
				}
	}
	assert_int_equal(cgroup_set_open_in(&host->world, places, set.count, &below, &err), 0);
	assert_true(cgroup_set_descend(&below, "..", &err) < 0);
	assert_true(cgroup_set_descend(&below, "in/../../..", &err) < 0);
	assert_non_null(strstr(err.message, "leads out"));
	assert_true(cgroup_set_descend(&below, "nowhere", &err) < 0);
	assert_non_null(strstr(err.message, "nowhere"));
	assert_true(cgroup_set_descend(&below, "nosuch:in", &err) < 0);
	assert_non_null(strstr(err.message, "nosuch"));
	assert_int_equal(cgroup_set_descend(&below, "/in/ner", &err), 0);
	child = start_inside(&below);
	assert_int_equal(cgroup_set_pids(&set, &pids, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(pids[0], child);
	assert_int_equal(cgroup_set_signal_all(&set, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&below);

	/* What is gone opens as gone. */
	assert_int_equal(cgroup_set_open(places, set.count, &below, &err), 0);
	assert_int_equal(below.groups[0].fd, -EBADF);
	free(pids);
	pids = NULL;
	assert_int_equal(cgroup_set_pids(&below, &pids, &count), -ENOENT);
	assert_int_equal(cgroup_set_is_frozen(&below), 0);
	cgroup_set_done(&below);
	cgroup_set_done(&set);
}

static void test_descend_one_controller(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	struct error err = ERROR_INIT;
	const struct cgroup_group *pids;

	NEED_CGROUPS(host);
	make_set(host, &set);
	pids = cgroup_set_find(&set, CGROUP_PIDS);
	if (pids && set.count > 1) {
		assert_int_equal(mkdirat(pids->fd, "below", 0755), 0);
		assert_int_equal(cgroup_set_descend(&set, "pids:below", &err), 0);
		for (size_t i = 0; i < set.count; i++)
			assert_int_equal(strstr(set.groups[i].path, "/below") != NULL, &set.groups[i] == pids);
		assert_int_equal(unlinkat(pids->fd, "../below", AT_REMOVEDIR), 0);
		free(set.groups[pids - set.groups].path);
		set.groups[pids - set.groups].path = str_dup(host->path);
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);
}

static void test_follow(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	struct sys_clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	int fd;

	NEED_CGROUPS(host);
	make_set(host, &set);
	if (cgroup_set_v2_fd(&set) >= 0) {
		pid_t child;
		_cleanup_free_ char *inner = str_printf("%s/a/b", host->path);

		assert_int_equal(cgroup_set_follow(&set, getpid()), -ENOENT);
		assert_int_equal(mkdirat(cgroup_set_v2_fd(&set), "a", 0755), 0);
		assert_int_equal(mkdirat(cgroup_set_v2_fd(&set), "a/b", 0755), 0);
		fd = openat(cgroup_set_v2_fd(&set), "a/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		args.cgroup = (uint64_t)fd;
		child = sys_clone3(&args);
		assert_true(child >= 0);
		if (child == 0)
			for (;;)
				pause();
		close(fd);
		assert_int_equal(cgroup_set_follow(&set, child), 0);
		assert_string_equal(cgroup_set_v2(&set)->path, inner);
		assert_int_equal(cgroup_set_follow(&set, child), 0);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		/* Back to the top for the removal. */
		for (size_t i = 0; i < set.count; i++)
			if (set.groups[i].is_v2) {
				free(set.groups[i].path);
				set.groups[i].path = str_dup(host->path);
			}
	}
	assert_int_equal(cgroup_set_remove(&set, 1000, NULL), 0);
	cgroup_set_done(&set);
}

static void test_files(void **state)
{
	struct host *host = *state;
	struct cgroup_set set = CGROUP_SET_INIT;
	const struct cgroup_group *pids;
	_cleanup_free_ char *text = NULL;
	uint64_t value = 0;

	NEED_CGROUPS(host);
	make_set(host, &set);
	pids = cgroup_set_find(&set, CGROUP_PIDS);
	if (pids) {
		assert_int_equal(cgroup_read_u64(pids, "pids.max", &value), 0);
		assert_true(value == UINT64_MAX);
		assert_int_equal(cgroup_write(pids, "pids.max", "17"), 0);
		assert_int_equal(cgroup_read_u64(pids, "pids.max", &value), 0);
		assert_int_equal(value, 17);
		assert_int_equal(cgroup_write(pids, "pids.max", "many"), -EINVAL);
		assert_int_equal(cgroup_write(pids, "pids.nosuch", "1"), -ENOENT);
		assert_int_equal(cgroup_read(pids, "pids.max", 1, &text), -EFBIG);
	}
	cgroup_set_undo(&set);
	cgroup_set_done(&set);
}

/* A test that is killed with one of its groups occupied; the one that calls cgroup_scratch_sweep() is left alone. */
static void test_sweep(void **state)
{
	struct host *host = *state;
	_cleanup_cgroup_set_ struct cgroup_set own = CGROUP_SET_INIT;
	int ready[2];
	pid_t killed;

	NEED_CGROUPS(host);
	make_set(host, &own);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	killed = fork();
	assert_true(killed >= 0);
	if (killed == 0) {
		struct cgroup_set set = CGROUP_SET_INIT;
		struct error err = ERROR_INIT;

		snprintf(host->path, sizeof host->path, "/" CGROUP_SCRATCH_NAME "%d/1", (int)getpid());
		if (cgroup_set_create(&host->world, host->path, "x", 0, &set, &err) < 0)
			_exit(1);
		start_inside(&set);
		stay(ready[1]);
	}
	await(ready);
	kill(killed, SIGKILL);
	assert_int_equal(waitpid(killed, NULL, 0), killed);
	cgroup_scratch_sweep(&host->world);
	for (size_t i = 0; i < host->world.count; i++) {
		const struct cgroup_hierarchy *hierarchy = &host->world.hierarchies[i];
		_cleanup_free_ char *path = str_printf("%s%s/" CGROUP_SCRATCH_NAME "%d", hierarchy->mount, hierarchy->top_path ? hierarchy->top_path : "", (int)killed);

		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(faccessat(own.groups[i].fd, "cgroup.procs", F_OK, 0), 0);
	}
	assert_int_equal(cgroup_set_remove(&own, 1000, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_is_not_bounded_by_depth),
		cmocka_unit_test_setup_teardown(test_life, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_born_inside_v2, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_below_an_occupied_group, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_freeze, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_taken_over_only_when_empty, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_prepared, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_undo, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_groups_below, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_descend_one_controller, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_follow, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_files, find_host, leave_host),
		cmocka_unit_test_setup_teardown(test_sweep, find_host, leave_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
