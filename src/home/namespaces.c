/* SPDX-License-Identifier: Apache-2.0 */
#include "home/namespaces.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/netns_call.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NOTE_LIMIT 256 /* bytes */

static const char *const names[HOME_NAMESPACES] = { [HOME_USER] = "user", [HOME_MOUNT] = "mnt", [HOME_NETWORK] = "net" };

void home_namespaces_done(struct home_namespaces *namespaces)
{
	for (size_t i = 0; i < HOME_NAMESPACES; i++)
		close_and_forget(&namespaces->fds[i]);
}

int home_namespaces_open_own(struct home_namespaces *namespaces, struct error *err)
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
	r = file_replace_at(directory_fd, name, text.data, text.length, 0600);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", name) : 0;
}

struct search {
	int proc_fd;
	struct home_namespaces *found;
	char *wanted[HOME_NAMESPACES]; /* "user:[4026531837]" */
	size_t left;
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

/* It may end at any moment: what was opened is looked at again. */
static void take(struct search *search, int process_fd, size_t which)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	char path[16], name[64];

	snprintf(path, sizeof path, "ns/%s", names[which]);
	fd = openat(process_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	snprintf(name, sizeof name, "%s:[%llu]", names[which], (unsigned long long)status.st_ino);
	if (!str_equal(name, search->wanted[which]))
		return;
	search->found->fds[which] = TAKE_FD(fd);
	search->left--;
}

static int look_at(void *context, const char *name)
{
	_cleanup_close_ int process_fd = -EBADF;
	struct search *search = context;

	if (name[0] < '1' || name[0] > '9' || search->left == 0)
		return 0;
	process_fd = openat(search->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; process_fd >= 0 && i < HOME_NAMESPACES; i++)
		if (search->found->fds[i] < 0 && is_in(process_fd, names[i], search->wanted[i]))
			take(search, process_fd, i);
	return 0;
}

int home_namespaces_find(int directory_fd, const char *name, struct home_namespaces *ret, struct error *err)
{
	_cleanup_close_ int proc_fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct search search = { .found = ret, .left = HOME_NAMESPACES };
	char *rest;
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
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	search.proc_fd = proc_fd;
	r = proc_fd < 0 ? -errno : file_each_name(proc_fd, look_at, &search);
	if (r < 0)
		return error_errno(err, -r, "cannot read '/proc'");
	/* A mount or network namespace is of use only to who has power over it. */
	if (ret->fds[HOME_USER] < 0)
		home_namespaces_done(ret);
	return 0;
}
