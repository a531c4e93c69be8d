/* SPDX-License-Identifier: Apache-2.0 */
#include "host/overlay.h"

#include "base/memory.h"
#include "base/str.h"
#include "host/child_test.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "host/user_namespace.h"
#include "host/seccomp.h"
#include "host/syscalls.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* What the bodies share: they run in children. */
static struct error err;

/* ---- a place, and what lies in it ---------------------------------------------------- */

static bool can_be_mapped(void)
{
	static const struct idmap_range range = { 0, 100000, 1 };
	static const struct idmap map = { .uids = &range, .gids = &range, .uid_count = 1, .gid_count = 1 };
	int fd = -EBADF, userns_fd = -EBADF, procfs_fd = -EBADF;

	return procfs_open_root(&procfs_fd) == 0 && idmap_make_namespace(procfs_fd, &map, &userns_fd, NULL) == 0 &&
	       mount_clone_tree(AT_FDCWD, "/mnt", false, &fd) == 0 &&
	       mount_set_attributes(fd, &(struct mount_attributes){ .set = MOUNT_ATTR_IDMAP, .userns_fd = userns_fd }) == 0;
}

/* Something to write to on /mnt, and to mount on: /mnt/merged. */
static bool make_place(void)
{
	umask(022);
	return mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") == 0 && mkdir("/mnt/merged", 0755) == 0;
}

static char *place; /* on the disk */

static void remove_place(void)
{
	_cleanup_free_ char *command = NULL;

	if (!place)
		return;
	umount2("/mnt/merged", MNT_DETACH);
	umount2("/mnt/merged2", MNT_DETACH);
	command = str_printf("rm -rf --one-file-system '%s'", place);
	ignore_result(system(command)); /* nothing depends on it */
}

/* The same, if it can be mapped; before Linux 6.3, a directory on the disk. */
static bool make_place_to_map(void)
{
	const char *parent = getenv("TMPDIR");
	_cleanup_free_ char *path = str_printf("%s/bivy-overlay.XXXXXX", parent ? parent : "/var/tmp");

	if (make_place() && can_be_mapped())
		return true;
	if (!mkdtemp(path) || mount(path, "/mnt", NULL, MS_BIND, NULL) < 0)
		return false;
	place = TAKE_PTR(path);
	return chmod("/mnt", 0755) == 0 && can_be_mapped() && mkdir("/mnt/merged", 0755) == 0;
}

static bool put_file(const char *path, const char *text, uid_t owner)
{
	FILE *file = fopen(path, "we");

	return file && fputs(text, file) >= 0 && fclose(file) == 0 && lchown(path, owner, owner) == 0;
}

static bool holds(const char *path, const char *text)
{
	char line[64] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	fclose(file);
	return strcmp(line, text) == 0;
}

static bool is_owned(const char *path, uid_t uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == uid && st.st_gid == uid;
}

/* Directories /mnt/0 and on, the uppermost first. */
static char **make_lowers(struct arena *arena, size_t count)
{
	char **lowers = arena_alloc(arena, count + 1, sizeof *lowers);

	for (size_t i = 0; i < count; i++) {
		lowers[i] = arena_printf(arena, "/mnt/%zu", i);
		if (mkdir(lowers[i], 0755) < 0)
			return NULL;
	}
	return lowers;
}

static int mount_it(const struct overlay *overlay, const char *target)
{
	_cleanup_close_ int procfs_fd = -EBADF, fd = -EBADF, target_fd = open(target, O_PATH | O_CLOEXEC);
	int r = procfs_open_root(&procfs_fd);

	if (r == 0)
		r = overlay_mount(procfs_fd, overlay, &fd, NULL, &err);
	if (r < 0)
		fprintf(stderr, "# %s\n# %s\n", err.message, err.hint);
	return r < 0 ? r : mount_attach(fd, target_fd);
}

/* The kernel as it was before 6.13, as far as that matters here. */
static bool grow_old(void)
{
	static char *names[] = { "fsconfig", NULL };
	static const struct seccomp_condition by_fd = { .argument = 1, .comparison = SECCOMP_IS_EQ, .value = SYS_FSCONFIG_SET_FD };
	static const struct seccomp_rule rule = { names, SECCOMP_RET_ERRNO | EINVAL, &by_fd, 1 };
	struct seccomp_program program;

	return seccomp_compile(&(struct seccomp_policy){ .default_action = SECCOMP_RET_ALLOW, .rules = &rule, .rule_count = 1 }, &program) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_attach(&program, NULL) == 0;
}

/* ---- what can be mounted ------------------------------------------------------------------ */

static int reading_and_writing(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 3, .writable = "/mnt/rw" };
	struct stat st;

	CHECK(make_place() && (overlay.lowers = make_lowers(arena, 3)) && mkdir("/mnt/rw", 0755) == 0);
	CHECK(put_file("/mnt/2/a", "lowest", 0) && put_file("/mnt/2/b", "lowest", 0) && put_file("/mnt/2/c", "lowest", 0));
	CHECK(put_file("/mnt/1/a", "middle", 0) && put_file("/mnt/1/b", "middle", 0) && put_file("/mnt/0/a", "top", 0));
	CHECK(mknod("/mnt/0/c", S_IFCHR, 0) == 0);
	CHECK(chmod("/mnt/0", 01711) == 0 && chown("/mnt/0", 5, 6) == 0 && setxattr("/mnt/0", "trusted.overlay.opaque", "n", 1, 0) == 0);
	CHECK(overlay_make_writable(&overlay, &err) == 0);
	CHECK(mount_it(&overlay, "/mnt/merged") == 0);
	CHECK(holds("/mnt/merged/a", "top") && holds("/mnt/merged/b", "middle") && access("/mnt/merged/c", F_OK) < 0);
	CHECK(stat("/mnt/merged", &st) == 0 && (st.st_mode & 07777) == 01711 && st.st_uid == 5 && st.st_gid == 6);
	CHECK(put_file("/mnt/merged/b", "new", 0) && holds("/mnt/rw/upper/b", "new") && holds("/mnt/1/b", "middle"));
	CHECK(getxattr("/mnt/rw/upper", "trusted.overlay.opaque", NULL, 0) < 0);
	return 0;
}

/* What there is, is not changed. */
static int writable_again(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 1, .writable = "/mnt/rw" };
	struct stat st;

	CHECK(make_place() && (overlay.lowers = make_lowers(arena, 1)) && mkdir("/mnt/rw", 0755) == 0);
	CHECK(overlay_make_writable(&overlay, &err) == 0);
	CHECK(chmod("/mnt/rw/upper", 0700) == 0 && put_file("/mnt/rw/upper/kept", "kept", 0));
	CHECK(overlay_make_writable(&overlay, &err) == 0);
	CHECK(stat("/mnt/rw/upper", &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(mount_it(&overlay, "/mnt/merged") == 0 && holds("/mnt/merged/kept", "kept"));
	return 0;
}

/* What a volatile mount has written is there for those that follow, of either kind. */
static int volatile_again(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .writable = "/mnt/w", .is_volatile = true };

	CHECK(make_place() && mkdir("/mnt/w", 0755) == 0);
	overlay.lowers = make_lowers(arena, 1);
	overlay.lower_count = 1;
	CHECK(overlay_make_writable(&overlay, &err) == 0);
	for (int i = 0; i < 3; i++) {
		overlay.is_volatile = i < 2;
		CHECK(mount_it(&overlay, "/mnt/merged") == 0);
		CHECK((access("/mnt/w/work/work/incompat/volatile", F_OK) == 0) == overlay.is_volatile);
		CHECK(i == 0 ? put_file("/mnt/merged/new", "written", 0) : holds("/mnt/merged/new", "written"));
		CHECK(umount("/mnt/merged") == 0);
	}
	return 0;
}

static int reading(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 2 };

	CHECK(make_place() && (overlay.lowers = make_lowers(arena, 2)) && put_file("/mnt/1/a", "a", 0));
	for (size_t count = 0; count <= 2; count++) {
		overlay.lower_count = count;
		overlay.lowers += count == 1; /* that with the file */
		CHECK(mount_it(&overlay, "/mnt/merged") == 0);
		overlay.lowers -= count == 1;
		CHECK(count == 0 || holds("/mnt/merged/a", "a"));
		CHECK(mkdir("/mnt/merged/new", 0755) < 0 && errno == EROFS);
		CHECK(umount2("/mnt/merged", MNT_DETACH) == 0);
	}
	CHECK(mkdir("/mnt/1/new", 0755) == 0);
	return 0;
}

/* An image without layers. */
static int writing_alone(void)
{
	struct overlay overlay = { .writable = "/mnt/rw" };
	struct stat st;

	CHECK(make_place() && mkdir("/mnt/rw", 0755) == 0 && overlay_make_writable(&overlay, &err) == 0);
	CHECK(mount_it(&overlay, "/mnt/merged") == 0);
	CHECK(stat("/mnt/merged", &st) == 0 && (st.st_mode & 07777) == 0755);
	CHECK(put_file("/mnt/merged/a", "a", 0) && holds("/mnt/rw/upper/a", "a"));
	return 0;
}

static int many_layers(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = OVERLAY_LOWER_LIMIT, .writable = "/mnt/rw" };

	CHECK(make_place() && (overlay.lowers = make_lowers(arena, OVERLAY_LOWER_LIMIT + 1)) && mkdir("/mnt/rw", 0755) == 0);
	CHECK(put_file("/mnt/499/a", "lowest", 0) && overlay_make_writable(&overlay, &err) == 0);
	CHECK(mount_it(&overlay, "/mnt/merged") == 0 && holds("/mnt/merged/a", "lowest"));
	overlay.lower_count++;
	CHECK(mount_it(&overlay, "/mnt/merged") < 0 && err.kind == ERROR_UNSUPPORTED);
	CHECK(str_equal(err.message, "cannot mount 501 layers: overlay takes 500"));
	return 0;
}

/* Who is who in the ranges of ids that begin at FIRST. */
static int mount_mapped(const struct overlay *overlay, uint32_t first, const char *target)
{
	const struct idmap_range range = { 0, first, 2000 };
	const struct idmap map = { .uids = &range, .gids = &range, .uid_count = 1, .gid_count = 1 };
	struct overlay mapped = *overlay;

	mapped.idmap = &map;
	return mount_it(&mapped, target);
}

enum action { MAKE, CHANGE, REMOVE };

static int act(enum action action, const char *path)
{
	return action == MAKE ? mkdir(path, 0755) : action == CHANGE ? chmod(path, 0600) : unlink(path);
}

static int act_as(uid_t uid, enum action action, const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 || act(action, path) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* One copy of the layers for two ranges of ids at once. */
static int map_twice(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 2, .writable = "/mnt/rw" };

	if (!make_place_to_map())
		SKIP("a file system that can be mounted with mapped owners");
	CHECK((overlay.lowers = make_lowers(arena, 2)) && mkdir("/mnt/rw", 0755) == 0 && mkdir("/mnt/rw2", 0755) == 0 && mkdir("/mnt/merged2", 0755) == 0);
	CHECK(put_file("/mnt/1/a", "a", 0) && put_file("/mnt/0/b", "b", 1000) && put_file("/mnt/0/outside", "c", 2000));
	CHECK(overlay_make_writable(&overlay, &err) == 0 && mount_mapped(&overlay, 100000, "/mnt/merged") == 0);
	overlay.writable = "/mnt/rw2";
	CHECK(overlay_make_writable(&overlay, &err) == 0 && mount_mapped(&overlay, 200000, "/mnt/merged2") == 0);

	CHECK(is_owned("/mnt/merged", 100000) && is_owned("/mnt/merged/a", 100000) && is_owned("/mnt/merged/b", 101000));
	CHECK(is_owned("/mnt/merged2", 200000) && is_owned("/mnt/merged2/a", 200000) && is_owned("/mnt/merged2/b", 201000));
	CHECK(is_owned("/mnt/merged/outside", 65534));
	CHECK(act_as(100000, MAKE, "/mnt/merged/new") == 0 && act_as(200000, MAKE, "/mnt/merged2/new") == 0);
	CHECK(act_as(100000, MAKE, "/mnt/merged2/other") < 0 && act_as(100000, CHANGE, "/mnt/merged/outside") < 0);
	CHECK(act_as(101000, CHANGE, "/mnt/merged/b") == 0 && is_owned("/mnt/merged/b", 101000) && is_owned("/mnt/rw/upper/b", 1000));
	CHECK(act_as(100000, REMOVE, "/mnt/merged/a") == 0 && access("/mnt/merged/a", F_OK) < 0 && access("/mnt/rw/upper/a", F_OK) == 0);
	CHECK(is_owned("/mnt/merged/new", 100000) && is_owned("/mnt/rw/upper/new", 0) && is_owned("/mnt/rw2/upper/new", 0));
	CHECK(is_owned("/mnt/1/a", 0) && is_owned("/mnt/0/b", 1000));

	/* To be read only: two directories, one, none. */
	overlay.writable = NULL;
	for (size_t count = 0; count <= 2; count++) {
		overlay.lower_count = count;
		CHECK(umount2("/mnt/merged", MNT_DETACH) == 0 && mount_mapped(&overlay, 300000, "/mnt/merged") == 0);
		CHECK(count == 0 || is_owned("/mnt/merged/b", 301000));
		CHECK(mkdir("/mnt/merged/more", 0755) < 0 && errno == EROFS);
	}
	return 0;
}

static int mapping(void)
{
	int r = map_twice();

	remove_place();
	return r;
}

/* ---- what cannot ---------------------------------------------------------------------------- */

static int on_overlay(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 1, .writable = "/mnt/rw" };

	CHECK(make_place() && (overlay.lowers = make_lowers(arena, 1)) && mkdir("/mnt/rw", 0755) == 0);
	CHECK(overlay_make_writable(&overlay, &err) == 0 && mount_it(&overlay, "/mnt/merged") == 0);
	CHECK(mkdir("/mnt/merged/rw", 0755) == 0);
	overlay.writable = "/mnt/merged/rw";
	for (int i = 0; i < 2; i++) {
		err = ERROR_INIT;
		CHECK((i ? mount_it(&overlay, "/mnt/merged") : overlay_make_writable(&overlay, &err)) < 0 && err.kind == ERROR_UNSUPPORTED);
		CHECK(str_equal(err.message, "cannot write in '/mnt/merged/rw': it lies in an overlay mount, and overlay cannot write to another"));
		CHECK(strstr(err.hint, "--root DIR"));
	}
	return 0;
}

static int without_attributes(void)
{
	struct overlay overlay = { .writable = "/mnt/rw" };

	CHECK(mount("ramfs", "/mnt", "ramfs", 0, NULL) == 0 && mkdir("/mnt/rw", 0755) == 0);
	CHECK(overlay_make_writable(&overlay, &err) == -EOPNOTSUPP && err.kind == ERROR_UNSUPPORTED);
	CHECK(strstr(err.message, "cannot set an extended attribute in '/mnt/rw/work', which overlay needs: ") && strstr(err.hint, "ext4"));
	CHECK(access("/mnt/rw/upper", F_OK) < 0);
	return 0;
}

static int without_mapping(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 2 };

	CHECK(mount("ramfs", "/mnt", "ramfs", 0, NULL) == 0 && mkdir("/mnt/merged", 0755) == 0 && (overlay.lowers = make_lowers(arena, 2)));
	CHECK(mount_mapped(&overlay, 100000, "/mnt/merged") == -EINVAL);
	CHECK(strstr(err.message, "cannot map the owners of the files in '/mnt/0'") && strstr(err.hint, "ext4"));
	return 0;
}

/* The kernel mounts it all the same, to be read only. */
static int work_in_use(void)
{
	struct overlay overlay = { .writable = "/mnt/rw" };

	CHECK(make_place() && mkdir("/mnt/rw", 0755) == 0 && overlay_make_writable(&overlay, &err) == 0);
	CHECK(mkdir("/mnt/rw/work/work", 0700) == 0 && mount("proc", "/mnt/rw/work/work", "proc", 0, NULL) == 0);
	CHECK(mount_it(&overlay, "/mnt/merged") < 0 && strstr(err.message, "'/mnt/rw'") && strstr(err.hint, "dmesg"));
	return 0;
}

static int missing(void)
{
	char *lowers[] = { (char *)"/mnt/0", (char *)"/mnt/nothing" };
	struct overlay overlay = { .lowers = lowers, .lower_count = 2 };

	CHECK(make_place() && mkdir("/mnt/0", 0755) == 0);
	CHECK(mount_it(&overlay, "/mnt/merged") == -ENOENT && strstr(err.message, "'/mnt/nothing'"));
	return 0;
}

/* ---- in a user namespace ----------------------------------------------------------------------- */

static bool put_map(const char *path)
{
	FILE *file = fopen(path, "we");

	return file && fputs("0 0 65536", file) >= 0 && fclose(file) == 0;
}

/* Its mount namespace is another than that which still belongs to the host's root. */
static bool enter_user_namespace(void)
{
	int ready[2];
	pid_t pid;
	int status;

	/* The maps have to be written from outside. */
	if (pipe(ready) < 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		char byte, path[64];

		snprintf(path, sizeof path, "/proc/%d/uid_map", (int)getppid());
		if (read(ready[0], &byte, 1) != 1 || !put_map(path))
			_exit(1);
		snprintf(path, sizeof path, "/proc/%d/gid_map", (int)getppid());
		_exit(!put_map(path));
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || write(ready[1], "", 1) != 1)
		return false;
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int in_user_namespace(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 2, .writable = "/mnt/rw" };

	if (!enter_user_namespace())
		SKIP("user namespaces");
	user_namespace_entered();
	CHECK(make_place() && (overlay.lowers = make_lowers(arena, 2)) && mkdir("/mnt/rw", 0755) == 0);
	if (setxattr("/mnt/rw", "user.test", "y", 1, 0) < 0)
		SKIP("a tmpfs with user's attributes (Linux 6.6)");
	CHECK(mkdir("/mnt/1/d", 0755) == 0 && put_file("/mnt/1/d/hidden", "a", 0));
	CHECK(mkdir("/mnt/0/d", 0755) == 0 && put_file("/mnt/0/d/seen", "b", 0) && setxattr("/mnt/0/d", "user.overlay.opaque", "y", 1, 0) == 0);
	CHECK(overlay_make_writable(&overlay, &err) == 0 && mount_it(&overlay, "/mnt/merged") == 0);
	CHECK(holds("/mnt/merged/d/seen", "b") && access("/mnt/merged/d/hidden", F_OK) < 0);
	CHECK(put_file("/mnt/merged/d/seen", "new", 0) && holds("/mnt/rw/upper/d/seen", "new"));
	return 0;
}

static int map_in_user_namespace(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct overlay overlay = { .lower_count = 2, .has_user_marks = true };

	if (!make_place_to_map())
		SKIP("a file system that can be mounted with mapped owners");
	CHECK((overlay.lowers = make_lowers(arena, 2)));
	if (!enter_user_namespace())
		SKIP("user namespaces");
	CHECK(mount_mapped(&overlay, 10, "/mnt/merged") == -EPERM);
	CHECK(strstr(err.message, "cannot map the owners of the files in '/mnt/0'") && strstr(err.hint, "only root of the host"));
	return 0;
}

static int mapping_in_user_namespace(void)
{
	int r = map_in_user_namespace();

	remove_place();
	return r;
}

/* ---- both ways ------------------------------------------------------------------------------------ */

#define ways(body)                                                  \
	static int body##_old(void)                                 \
	{                                                           \
		return grow_old() ? body() : 1;                     \
	}                                                           \
	static void test_##body(void **state _unused_)              \
	{                                                           \
		run_in_child(CLONE_NEWNS, body);                    \
	}                                                           \
	static void test_##body##_on_old_kernel(void **state _unused_) \
	{                                                           \
		run_in_child(CLONE_NEWNS, body##_old);              \
	}

ways(reading_and_writing)
ways(writable_again)
ways(volatile_again)
ways(reading)
ways(writing_alone)
ways(many_layers)
ways(mapping)
ways(on_overlay)
ways(without_attributes)
ways(without_mapping)
ways(work_in_use)
ways(missing)
ways(in_user_namespace)
ways(mapping_in_user_namespace)

#define both_ways(body) cmocka_unit_test(test_##body), cmocka_unit_test(test_##body##_on_old_kernel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both_ways(reading_and_writing),
		both_ways(writable_again),
		both_ways(volatile_again),
		both_ways(reading),
		both_ways(writing_alone),
		both_ways(many_layers),
		both_ways(mapping),
		both_ways(on_overlay),
		both_ways(without_attributes),
		both_ways(without_mapping),
		both_ways(work_in_use),
		both_ways(missing),
		both_ways(in_user_namespace),
		both_ways(mapping_in_user_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
