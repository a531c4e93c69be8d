/* SPDX-License-Identifier: Apache-2.0 */
#include "home/namespaces.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/netns_call.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>

#define MARK_SOURCE "bivy-home-"
#define MOUNTS_LIMIT (16u << 20) /* bytes */
#define NOTE_LIMIT 256 /* bytes */

static const char *const names[HOME_NAMESPACES] = { [HOME_USER] = "user", [HOME_MOUNT] = "mnt", [HOME_NETWORK] = "net" };

void home_namespaces_done(struct home_namespaces *namespaces)
{
	for (size_t i = 0; i < HOME_NAMESPACES; i++)
		close_and_forget(&namespaces->fds[i]);
}

static int set_mark(struct home_namespaces *namespaces, const char *directory, struct error *err)
{
	_cleanup_free_ char *source = NULL, *path = str_printf("%s/" HOME_MARK_DIRECTORY, directory);
	uint64_t words[2];

	if (getrandom(words, sizeof words, 0) != sizeof words)
		return error_errno(err, errno, "cannot have random numbers");
	snprintf(namespaces->mark, sizeof namespaces->mark, "%016llx%016llx", (unsigned long long)words[0], (unsigned long long)words[1]);
	source = str_printf(MARK_SOURCE "%s", namespaces->mark);
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) ||
	    mount(source, path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k,mode=500") < 0)
		return error_errno(err, errno, "cannot mark the mount namespace at '%s'", path);
	return 0;
}

int home_namespaces_open_own(struct home_namespaces *namespaces, const char *directory, struct error *err)
{
	int r = 0;

	for (size_t i = HOME_USER; i <= HOME_MOUNT; i++) {
		char path[32];

		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		close_and_forget(&namespaces->fds[i]);
		namespaces->fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (namespaces->fds[i] < 0)
			return error_errno(err, errno, "cannot open '%s'", path);
	}
	if (!namespaces->mark[0])
		r = set_mark(namespaces, directory, err);
	if (r < 0)
		return r;
	if (namespaces->fds[HOME_NETWORK] < 0)
		r = netns_make(&namespaces->fds[HOME_NETWORK]);
	return r < 0 ? error_errno(err, -r, "cannot make a network namespace") : 0;
}

/* ---- those of a holder that is gone ------------------------------------------------- */

int home_namespaces_note(const struct home_namespaces *namespaces, int directory_fd, const char *name, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	for (size_t i = 0; i < HOME_NAMESPACES; i++) {
		struct stat status;

		if (fstat(namespaces->fds[i], &status) < 0)
			return error_errno(err, errno, "cannot look at the namespace '%s'", names[i]);
		buf_printf(&text, "%s:[%llu]\n", names[i], (unsigned long long)status.st_ino);
	}
	buf_printf(&text, "%s\n", namespaces->mark);
	r = file_replace_at(directory_fd, name, text.data, text.length, 0600);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", name) : 0;
}

struct search {
	int proc_fd;
	struct home_namespaces *found;
	char *wanted[HOME_NAMESPACES]; /* "user:[4026531837]" */
	char *mark;                    /* what stands in the table of mounts */
};

static bool is_in(int process_fd, const char *name, const char *wanted)
{
	char path[16], link[64];
	ssize_t length;

	snprintf(path, sizeof path, "ns/%s", name);
	length = readlinkat(process_fd, path, link, sizeof link - 1);
	if (length < 0)
		return false;
	link[length] = '\0';
	return str_equal(link, wanted);
}

static int open_of(int process_fd, size_t which)
{
	char path[16];

	snprintf(path, sizeof path, "ns/%s", names[which]);
	return openat(process_fd, path, O_RDONLY | O_CLOEXEC);
}

static bool has_mark(int process_fd, const char *mark)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(process_fd, "mountinfo", MOUNTS_LIMIT, &text) == 0 && text.data && strstr(text.data, mark);
}

/* The home's mount namespace, and the user namespace that it belongs to. It may end at any moment: what was opened is looked at, not the process. */
static void take_mount(struct search *search, int process_fd)
{
	_cleanup_close_ int mount_fd = -EBADF, user_fd = -EBADF;

	if (!is_in(process_fd, names[HOME_MOUNT], search->wanted[HOME_MOUNT]) || !has_mark(process_fd, search->mark))
		return;
	mount_fd = open_of(process_fd, HOME_MOUNT);
	if (mount_fd < 0 || !has_mark(process_fd, search->mark))
		return;
	user_fd = ioctl(mount_fd, NS_GET_USERNS);
	if (user_fd < 0)
		return;
	search->found->fds[HOME_MOUNT] = TAKE_FD(mount_fd);
	search->found->fds[HOME_USER] = TAKE_FD(user_fd);
}

static bool belongs_to(int fd, int user_fd)
{
	_cleanup_close_ int owner_fd = ioctl(fd, NS_GET_USERNS);
	struct stat owner, user;

	return owner_fd >= 0 && fstat(owner_fd, &owner) == 0 && fstat(user_fd, &user) == 0 && owner.st_ino == user.st_ino && owner.st_dev == user.st_dev;
}

static void take_network(struct search *search, int process_fd)
{
	_cleanup_close_ int fd = -EBADF;

	if (!is_in(process_fd, names[HOME_NETWORK], search->wanted[HOME_NETWORK]))
		return;
	fd = open_of(process_fd, HOME_NETWORK);
	if (fd >= 0 && belongs_to(fd, search->found->fds[HOME_USER]))
		search->found->fds[HOME_NETWORK] = TAKE_FD(fd);
}

static int look_at(void *context, const char *name)
{
	_cleanup_close_ int process_fd = -EBADF;
	struct search *search = context;

	if (name[0] < '1' || name[0] > '9')
		return 0;
	process_fd = openat(search->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process_fd < 0)
		return 0;
	if (search->found->fds[HOME_MOUNT] < 0)
		take_mount(search, process_fd);
	else if (search->found->fds[HOME_NETWORK] < 0)
		take_network(search, process_fd);
	return 0;
}

int home_namespaces_find(int directory_fd, const char *name, struct home_namespaces *ret, struct error *err)
{
	_cleanup_close_ int proc_fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *mark = NULL;
	struct search search = { .found = ret };
	char *rest, *word;
	int r = file_read_at(directory_fd, name, NOTE_LIMIT, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", name);
	rest = text.data;
	for (size_t i = 0; i < HOME_NAMESPACES; i++) {
		search.wanted[i] = rest ? strsep(&rest, "\n") : NULL;
		if (!search.wanted[i] || !str_starts_with(search.wanted[i], names[i]))
			return 0; /* cut off: nobody can tell */
	}
	word = rest ? strsep(&rest, "\n") : NULL;
	if (!word || strlen(word) != HOME_MARK_SIZE - 1)
		return 0; /* likewise */
	search.mark = mark = str_printf(" " MARK_SOURCE "%s ", word);
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	search.proc_fd = proc_fd;
	/* The mount namespace first, in whichever order processes come. */
	r = proc_fd < 0 ? -errno : file_each_name(proc_fd, look_at, &search);
	if (r == 0 && ret->fds[HOME_MOUNT] >= 0 && ret->fds[HOME_NETWORK] < 0)
		r = file_each_name(proc_fd, look_at, &search);
	if (r < 0)
		return error_errno(err, -r, "cannot read '/proc'");
	if (ret->fds[HOME_MOUNT] >= 0)
		memcpy(ret->mark, word, HOME_MARK_SIZE);
	return 0;
}
