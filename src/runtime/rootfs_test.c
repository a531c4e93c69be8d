/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots are built in a tmpfs on /mnt of a mount namespace of the test's own:
 * /mnt/root is the container's, /mnt/evil is what its owner also controls.
 */
#include "runtime/rootfs.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/procfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#define SPACES CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS

/* A configuration with these members of its own. */
#define CONFIG(rest)                                                                                                      \
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"root\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{\"uid\":0,\"gid\":0}}," rest "}"
#define PROC "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}"
#define DEV "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"mode=755\",\"size=64k\"]}"
#define NAMESPACES "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"network\"}]"

static struct error err;

static bool make_tree(void)
{
	return mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0 && mkdir("/mnt/root", 0755) == 0 && mkdir("/mnt/evil", 0755) == 0 &&
	       mkdir("/mnt/root/proc", 0755) == 0 && mkdir("/mnt/root/dev", 0755) == 0 && mkdir("/mnt/root/dir", 0755) == 0 &&
	       file_replace_at(AT_FDCWD, "/mnt/root/dir/file", "inside", 6, 0644) == 0 &&
	       file_replace_at(AT_FDCWD, "/mnt/evil/file", "evil", 4, 0644) == 0;
}

/* All steps up to the one that fails; the calling process is then in the container. */
static int enter(const char *text, unsigned flags)
{
	struct arena *arena = arena_new();
	static struct rootfs rootfs;
	struct spec_config *config = NULL;
	int r = spec_config_decode(arena, text, strlen(text), &config, &err);

	if (r < 0)
		return r;
	rootfs = (struct rootfs){ .config = config, .path = "/mnt/root", .bundle = "/mnt", .flags = flags, .given_fd = -EBADF };
	r = rootfs_init(&rootfs, &err);
	if (r == 0)
		r = rootfs_open_sources(&rootfs, &err);
	if (r == 0)
		r = rootfs_set_up(&rootfs, &err);
	if (r == 0)
		r = rootfs_pivot(&rootfs, &err);
	if (r == 0)
		r = rootfs_finish(&rootfs, &err);
	return r;
}

static bool reads(const char *path, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(AT_FDCWD, path, 4096, &text) == 0 && strcmp(text.data ? text.data : "", expected) == 0;
}

static bool is_device(const char *path, unsigned major_number, unsigned minor_number)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major_number, minor_number);
}

/* ---- what must be there ------------------------------------------------------------ */

static int whole(void)
{
	struct statvfs fs;
	struct stat st;

	CHECK(make_tree());
	if (enter(CONFIG("\"mounts\":[" PROC "," DEV ",{\"destination\":\"/new/place\",\"type\":\"bind\",\"source\":\"evil\",\"options\":[\"bind\",\"ro\"]},"
			 "{\"destination\":\"/new/file\",\"type\":\"bind\",\"source\":\"/mnt/evil/file\"}],"
			 "\"linux\":{" NAMESPACES ",\"sysctl\":{\"kernel.msgmax\":\"4242\"},\"readonlyPaths\":[\"/proc/sys\",\"/nowhere\"],"
			 "\"maskedPaths\":[\"/proc/keys\",\"/dir\",\"/new/file\",\"/nowhere\"]}"), 0) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		return 1;
	}
	CHECK(reads("/new/place/file", "evil"));
	CHECK(statvfs("/new/place", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	CHECK(is_device("/dev/null", 1, 3) && is_device("/dev/tty", 5, 0));
	CHECK(lstat("/dev/ptmx", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(reads("/new/file", "") && is_device("/new/file", 1, 3));
	CHECK(access("/dir/file", F_OK) < 0 && statvfs("/dir", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	CHECK(reads("/proc/sys/kernel/msgmax", "4242\n"));
	CHECK(statvfs("/proc/sys", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	CHECK(statvfs("/", &fs) == 0 && !(fs.f_flag & ST_RDONLY));
	CHECK(access("/mnt", F_OK) < 0 && access("/../../mnt/evil", F_OK) < 0);
	return 0;
}

static int readonly_root(void)
{
	struct statvfs fs;

	CHECK(make_tree());
	CHECK(enter("{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"root\",\"readonly\":true},\"mounts\":["
		    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"ro\"]},{\"destination\":\"/dev/sub\",\"type\":\"tmpfs\",\"options\":[\"ro\"]}],"
		    "\"linux\":{" NAMESPACES "}}", 0) == 0);
	CHECK(statvfs("/", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	CHECK(mkdir("/x", 0755) < 0);
	/* Read-only in the end, and yet there was room for what belongs into it. */
	CHECK(statvfs("/dev", &fs) == 0 && (fs.f_flag & ST_RDONLY) && is_device("/dev/zero", 1, 5));
	CHECK(statvfs("/dev/sub", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	return 0;
}

static int without_pivot(void)
{
	CHECK(make_tree());
	CHECK(enter(CONFIG("\"mounts\":[" PROC "],\"linux\":{" NAMESPACES "}"), ROOTFS_NO_PIVOT) == 0);
	CHECK(reads("/dir/file", "inside") && access("/../mnt", F_OK) < 0);
	return 0;
}

static int without_mount_namespace(void)
{
	CHECK(make_tree());
	CHECK(enter(CONFIG("\"linux\":{\"namespaces\":[]}"), ROOTFS_NO_MOUNT_NAMESPACE) == 0);
	CHECK(reads("/dir/file", "inside") && is_device("/dev/null", 1, 3));
	return 0;
}

/* Nodes of an image: the right one stays, a wrong one is replaced, also when it is a link. */
static int old_devices(void)
{
	struct stat before, after;

	CHECK(make_tree());
	CHECK(mknod("/mnt/root/dev/zero", S_IFCHR | 0600, makedev(1, 5)) == 0 && chmod("/mnt/root/dev/zero", 0666) == 0);
	CHECK(stat("/mnt/root/dev/zero", &before) == 0);
	CHECK(file_replace_at(AT_FDCWD, "/mnt/root/dev/null", "junk", 4, 0644) == 0);
	CHECK(symlink("/dir/file", "/mnt/root/dev/full") == 0 && symlink("/dir/file", "/mnt/root/dev/ptmx") == 0);
	CHECK(enter(CONFIG("\"linux\":{" NAMESPACES "}"), 0) == 0);
	CHECK(stat("/dev/zero", &after) == 0 && after.st_ino == before.st_ino);
	CHECK(is_device("/dev/null", 1, 3) && is_device("/dev/full", 1, 7));
	CHECK(readlink("/dev/ptmx", (char[16]){ 0 }, 16) == 8);
	CHECK(reads("/dir/file", "inside"));
	return 0;
}

/* ---- attacks ----------------------------------------------------------------------------- */

/* Refused with words that name the culprit, and what is outside of the root is as it was. */
static int refused(const char *config, const char *words)
{
	CHECK(enter(config, 0) < 0);
	if (!strstr(err.message, words)) {
		fprintf(stderr, "# '%s' is not in '%s'\n", words, err.message);
		return 1;
	}
	CHECK(reads("/mnt/evil/file", "evil"));
	return 0;
}

static int dev_is_a_link(void)
{
	CHECK(make_tree());
	CHECK(rmdir("/mnt/root/dev") == 0 && symlink("/mnt/evil", "/mnt/root/dev") == 0);
	CHECK(refused(CONFIG("\"linux\":{" NAMESPACES "}"), "'/dev'") == 0);
	CHECK(access("/mnt/evil/null", F_OK) < 0);
	return 0;
}

static int dev_of_a_mount_is_a_link(void)
{
	CHECK(make_tree());
	CHECK(rmdir("/mnt/root/dev") == 0 && symlink("dir", "/mnt/root/dev") == 0);
	return refused(CONFIG("\"mounts\":[" DEV "],\"linux\":{" NAMESPACES "}"), "symbolic link");
}

static int proc_is_a_link(void)
{
	CHECK(make_tree());
	CHECK(rmdir("/mnt/root/proc") == 0 && symlink("dir", "/mnt/root/proc") == 0);
	return refused(CONFIG("\"mounts\":[" PROC "],\"linux\":{" NAMESPACES "}"), "mounts[0]");
}

static int volume_on_proc(void)
{
	CHECK(make_tree());
	return refused(CONFIG("\"mounts\":[" PROC ",{\"destination\":\"/proc\",\"type\":\"bind\",\"source\":\"evil\"}],\"linux\":{" NAMESPACES "}"), "mounts[1]");
}

static int volume_on_a_link_to_proc(void)
{
	CHECK(make_tree());
	CHECK(symlink("../../proc", "/mnt/root/innocent") == 0);
	return refused(CONFIG("\"mounts\":[" PROC ",{\"destination\":\"/innocent\",\"type\":\"bind\",\"source\":\"evil\"}],\"linux\":{" NAMESPACES "}"), "/proc");
}

static int volume_in_proc_by_a_link(void)
{
	CHECK(make_tree());
	CHECK(symlink("/proc/sys", "/mnt/root/innocent") == 0);
	return refused(CONFIG("\"mounts\":[" PROC ",{\"destination\":\"/innocent\",\"type\":\"bind\",\"source\":\"evil\"}],\"linux\":{" NAMESPACES "}"), "inside of /proc");
}

static int volume_on_proc_before_procfs(void)
{
	CHECK(make_tree());
	CHECK(symlink("/proc", "/mnt/root/innocent") == 0);
	return refused(CONFIG("\"mounts\":[{\"destination\":\"/innocent\",\"type\":\"bind\",\"source\":\"evil\"}," PROC "],\"linux\":{" NAMESPACES "}"), "mounts[0]");
}

static int volume_on_the_root_by_a_link(void)
{
	CHECK(make_tree());
	CHECK(symlink("/", "/mnt/root/innocent") == 0);
	return refused(CONFIG("\"mounts\":[{\"destination\":\"/innocent\",\"type\":\"bind\",\"source\":\"evil\"}],\"linux\":{" NAMESPACES "}"), "the root itself");
}

/* A /proc of plain files: its masks would mean nothing. */
static int forged_proc(void)
{
	CHECK(make_tree());
	CHECK(file_replace_at(AT_FDCWD, "/mnt/root/proc/keys", "fake", 4, 0644) == 0);
	CHECK(enter(CONFIG("\"linux\":{" NAMESPACES ",\"maskedPaths\":[\"/proc/keys\"]}"), 0) < 0);
	CHECK(strstr(err.message, "linux.maskedPaths[0]") && strstr(err.message, "not a procfs"));
	return 0;
}

static int link_out_of_the_root(void)
{
	CHECK(make_tree());
	CHECK(symlink("/mnt/evil", "/mnt/root/out") == 0);
	CHECK(enter(CONFIG("\"mounts\":[{\"destination\":\"/out/made\",\"type\":\"bind\",\"source\":\"/mnt/evil\"}],\"linux\":{" NAMESPACES "}"), 0) == 0);
	CHECK(reads("/mnt/evil/made/file", "evil")); /* of the container, which has a /mnt/evil of its own now */
	CHECK(access("/mnt/root", F_OK) < 0 && access("/mnt/evil/file", F_OK) < 0);
	CHECK(access("/mnt/evil/made/made", F_OK) < 0); /* the host's directory was not written to */
	return 0;
}

/* A mask through a link of the image hides what the link leads to inside, and nothing else. */
static int mask_through_a_link(void)
{
	CHECK(make_tree());
	CHECK(symlink("../../../dir/file", "/mnt/root/innocent") == 0);
	CHECK(enter(CONFIG("\"mounts\":[" DEV "],\"linux\":{" NAMESPACES ",\"maskedPaths\":[\"/innocent\"]}"), 0) == 0);
	CHECK(reads("/dir/file", ""));
	return 0;
}

/*
 * What masks files has to be a null device (CVE-2025-31133). Where /dev is a
 * volume, what is called null in it is not trusted: the host's masks.
 */
static int host_null_masks(void)
{
	CHECK(make_tree());
	CHECK(file_replace_at(AT_FDCWD, "/mnt/evil/null", "evil", 4, 0644) == 0);
	CHECK(enter(CONFIG("\"mounts\":[{\"destination\":\"/dev\",\"type\":\"bind\",\"source\":\"evil\"}],\"linux\":{" NAMESPACES
			   ",\"maskedPaths\":[\"/dir/file\",\"/dev/file\"]}"), 0) == 0);
	CHECK(reads("/dev/null", "evil"));
	CHECK(is_device("/dir/file", 1, 3) && is_device("/dev/file", 1, 3));
	return 0;
}

static int source_is_missing(void)
{
	CHECK(make_tree());
	return refused(CONFIG("\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"nothing\"}],\"linux\":{" NAMESPACES "}"),
		"mounts[0]: cannot open '/mnt/nothing' to bind it on '/x': no such file or directory");
}

IN_CHILD(whole, SPACES)
IN_CHILD(readonly_root, SPACES)
IN_CHILD(without_pivot, SPACES)
IN_CHILD(without_mount_namespace, SPACES)
IN_CHILD(old_devices, SPACES)
IN_CHILD(dev_is_a_link, SPACES)
IN_CHILD(dev_of_a_mount_is_a_link, SPACES)
IN_CHILD(proc_is_a_link, SPACES)
IN_CHILD(volume_on_proc, SPACES)
IN_CHILD(volume_on_a_link_to_proc, SPACES)
IN_CHILD(volume_in_proc_by_a_link, SPACES)
IN_CHILD(volume_on_proc_before_procfs, SPACES)
IN_CHILD(volume_on_the_root_by_a_link, SPACES)
IN_CHILD(forged_proc, SPACES)
IN_CHILD(link_out_of_the_root, SPACES)
IN_CHILD(mask_through_a_link, SPACES)
IN_CHILD(host_null_masks, SPACES)
IN_CHILD(source_is_missing, SPACES)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_readonly_root),
		cmocka_unit_test(test_without_pivot),
		cmocka_unit_test(test_without_mount_namespace),
		cmocka_unit_test(test_old_devices),
		cmocka_unit_test(test_dev_is_a_link),
		cmocka_unit_test(test_dev_of_a_mount_is_a_link),
		cmocka_unit_test(test_proc_is_a_link),
		cmocka_unit_test(test_volume_on_proc),
		cmocka_unit_test(test_volume_on_a_link_to_proc),
		cmocka_unit_test(test_volume_in_proc_by_a_link),
		cmocka_unit_test(test_volume_on_proc_before_procfs),
		cmocka_unit_test(test_volume_on_the_root_by_a_link),
		cmocka_unit_test(test_forged_proc),
		cmocka_unit_test(test_link_out_of_the_root),
		cmocka_unit_test(test_mask_through_a_link),
		cmocka_unit_test(test_host_null_masks),
		cmocka_unit_test(test_source_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
