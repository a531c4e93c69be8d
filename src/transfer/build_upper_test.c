/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_upper.h"

#include <fcntl.h>
#include <sys/xattr.h>

#define LIST "cd upper && find . -mindepth 1 | LC_ALL=C sort | xargs"

static int open_directory(const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The directories `upper` and `lower` of the scratch directory. */
struct trees {
	int upper_fd, lower_fd;
	struct build_lower lower;
};

static struct trees *open_trees(void)
{
	static struct trees trees;

	trees = (struct trees){ .upper_fd = open_directory("upper"), .lower_fd = open_directory("lower") };
	trees.lower = (struct build_lower){ &trees.lower_fd, 1 };
	return &trees;
}

static void close_trees(struct trees *trees)
{
	close_and_forget(&trees->upper_fd);
	close_and_forget(&trees->lower_fd);
}

static void prune(char *const *mountpoints)
{
	struct trees *trees = open_trees();
	struct error err = ERROR_INIT;

	if (build_upper_prune(trees->upper_fd, mountpoints, &trees->lower, &err) < 0)
		fail_msg("%s", err.message);
	close_trees(trees);
}

static void test_mountpoints(void **state _unused_)
{
	shell_run("mkdir -p lower/etc lower/run lower/was upper/proc upper/etc upper/run/lock upper/a/b/c upper/keep upper/was upper/srv/x/y;"
		  "touch upper/etc/hosts upper/keep/file upper/srv/x/file; echo text >upper/etc/resolv.conf");
	prune((char *[]){ (char *)"/proc", (char *)"/etc/hosts", (char *)"/etc/resolv.conf", (char *)"/run/lock", (char *)"/a/b/c", (char *)"/keep",
		(char *)"/was", (char *)"/srv/x/y", (char *)"/not/there", NULL });
	shell_expect(LIST, "./etc ./etc/resolv.conf ./keep ./keep/file ./srv ./srv/x ./srv/x/file\n");
}

/* What a step has made otherwise than it was is a change, however empty. */
static void test_changed_mountpoints(void **state _unused_)
{
	shell_run("mkdir -p lower/d lower/e/f upper/d upper/e/f; chmod 700 upper/d; chmod 711 upper/e; echo text >lower/file; : >upper/file");
	prune((char *[]){ (char *)"/d", (char *)"/e/f", (char *)"/file", NULL });
	shell_expect(LIST, "./d ./e ./file\n");
}

static void test_mountpoints_behind_links(void **state _unused_)
{
	shell_run("mkdir -p lower/var upper/var upper/run/lock outside; ln -s ../run upper/var/run; ln -s /circle upper/circle;"
		  "ln -s ../../../outside upper/var/out; touch outside/file");
	prune((char *[]){ (char *)"/var/run/lock", (char *)"/circle/x", (char *)"/var/out/file", NULL });
	shell_expect(LIST, "./circle ./var ./var/out ./var/run\n");
	shell_expect("ls outside", "file\n");
}

static bool mark(const char *path)
{
	_cleanup_free_ char *whole = str_printf("%s/upper/%s", shell_scratch, path);

	return setxattr(whole, "user.overlay.opaque", "y", 1, 0) == 0;
}

static bool is_marked(const char *path)
{
	_cleanup_free_ char *whole = str_printf("%s/upper/%s", shell_scratch, path);
	char value;

	return getxattr(whole, "user.overlay.opaque", &value, 1) == 1;
}

static void test_marks(void **state _unused_)
{
	struct error err = ERROR_INIT;
	struct trees *trees;

	shell_run("mkdir -p lower/there upper/there upper/new/deep upper/was-file; touch lower/was-file");
	if (!mark("there") || !mark("new") || !mark("new/deep") || !mark("was-file")) {
		print_message("# missing: extended attributes of users\n");
		skip();
	}
	trees = open_trees();
	assert_int_equal(build_upper_unmark(trees->upper_fd, &trees->lower, &err), 0);
	close_trees(trees);
	assert_true(is_marked("there"));
	assert_false(is_marked("new"));
	assert_false(is_marked("new/deep"));
	assert_false(is_marked("was-file"));
}

static void test_times(void **state _unused_)
{
	struct error err = ERROR_INIT;
	struct trees *trees;

	shell_run("mkdir -p lower upper/d; touch -d @1000 upper/old; touch -d @5000 upper/new upper/d/new; ln -s x upper/link; touch -h -d @5000 upper/link; touch -d @5000 upper/d");
	trees = open_trees();
	assert_int_equal(build_upper_clamp(trees->upper_fd, 2000, &err), 0);
	close_trees(trees);
	shell_expect("cd upper && stat -c '%n %Y' d d/new link new old", "d 2000\nd/new 2000\nlink 2000\nnew 2000\nold 1000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_mountpoints), shell_test(test_changed_mountpoints), shell_test(test_mountpoints_behind_links), shell_test(test_marks),
		shell_test(test_times),
	};

	return cmocka_run_group_tests_name("transfer/build_upper", tests, NULL, NULL);
}
