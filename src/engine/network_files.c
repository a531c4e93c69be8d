/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_files.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/container_names.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

#define LOCK ".lock"

/* ---- ROOT/networks ------------------------------------------------------------------ */

int network_open_all(const struct directories *directories, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks", directories->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;

	if (fd < 0 && errno == ENOENT) {
		r = file_make_directories(path, 0700);
		fd = r < 0 ? -EBADF : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return error_errno(err, r < 0 ? -r : errno, "cannot open '%s'", path);
	*ret_fd = fd;
	return 0;
}

static int lock_file(int directory_fd, const char *name, int operation, int *ret_fd)
{
	_cleanup_close_ int fd = openat(directory_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int sweep_entry(void *context, const char *name)
{
	int r = str_starts_with(name, ".new-") || str_starts_with(name, ".gone-") ? tree_remove_at(*(const int *)context, name) : 0;

	if (r < 0)
		log_warning("cannot remove '%s', which a killed command left: %s, ignoring", name, error_words(-r));
	return 0;
}

int network_lock_all(const struct directories *directories, int *ret_fd, int *ret_lock_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	int r = network_open_all(directories, &fd, err);

	if (r < 0)
		return r;
	r = lock_file(fd, LOCK, LOCK_EX, &lock_fd);
	if (r == 0)
		r = file_each_name(fd, sweep_entry, &fd);
	if (r < 0)
		return error_errno(err, -r, "cannot lock the networks in '%s/networks'", directories->root);
	*ret_fd = TAKE_FD(fd);
	*ret_lock_fd = TAKE_FD(lock_fd);
	return 0;
}

/* ---- records ---------------------------------------------------------------------------- */

int network_read_record(struct arena *arena, int networks_fd, const char *name, const struct spec_network **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" NETWORK_DOCUMENT, name);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_network *network = NULL;
	struct stat status;
	int r = file_read_regular_at(networks_fd, path, SPEC_NETWORK_LIMIT, &text);

	/* Who removes a record takes its name first. */
	if ((r == -ENOENT && fstatat(networks_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) || r == -ENOTDIR)
		return error_errno(err, -r, "cannot read the record of the network '%s'", name);
	/* Want of memory or descriptors is no damage. */
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return error_errno(err, -r, "cannot read the record of the network '%s'", name);
	if (r < 0)
		error_errno(err, -r, "cannot read '" NETWORK_DOCUMENT "'");
	else
		r = spec_network_decode(arena, text.data ? text.data : "", text.length, &network, err);
	if (r == 0 && !str_equal(network->name, name))
		r = error_set(err, ERROR_INVALID, 0, "it is that of the network '%s'", network->name);
	if (r < 0) {
		error_wrap(err, "the network '%s' is damaged", name);
		error_hint(err, "'bivy system check --repair' mends it if it is in use, 'bivy network rm --force' removes it");
		return -EBADMSG;
	}
	*ret = network;
	return 0;
}

int network_write_record(int networks_fd, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *scratch = str_printf(".new-%s", network->id), *path = str_printf("%s/" NETWORK_DOCUMENT, scratch);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = 0;

	spec_network_encode(network, &text);
	if (mkdirat(networks_fd, scratch, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = file_replace_at(networks_fd, path, text.data, text.length, 0600);
	if (r == 0 && syscall(SYS_renameat2, networks_fd, scratch, networks_fd, network->name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	ignore_result(tree_remove_at(networks_fd, scratch)); /* else the next maker does */
	return r == -EEXIST ? r : error_errno(err, -r, "cannot write the record of the network '%s'", network->name);
}

struct reading {
	struct arena *arena;
	int fd;
	const struct spec_network **list;
	size_t count, capacity;
};

/* Damaged ones are logged and left out, as containers are. */
static int read_entry(void *context, const char *name)
{
	struct reading *reading = context;
	const struct spec_network *network = NULL;
	struct error err = ERROR_INIT;
	int r = name[0] == '.' ? -ENOENT : network_read_record(reading->arena, reading->fd, name, &network, &err);

	if (r < 0) {
		if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
			return r;
		if (r != -ENOENT && r != -ENOTDIR)
			log_warning("%s, left out", err.message);
		return 0;
	}
	if (reading->count == reading->capacity) {
		const struct spec_network **larger = arena_alloc(reading->arena, reading->capacity * 2 + 16, sizeof *larger);

		if (reading->count)
			memcpy(larger, reading->list, reading->count * sizeof *larger);
		reading->list = larger;
		reading->capacity = reading->capacity * 2 + 16;
	}
	reading->list[reading->count++] = network;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct spec_network *const *)a)->name, (*(const struct spec_network *const *)b)->name);
}

int network_read_all(struct arena *arena, const struct directories *directories, const struct spec_network ***ret, size_t *ret_count,
	struct error *err)
{
	struct reading reading = { .arena = arena };
	_cleanup_close_ int fd = -EBADF;
	int r = network_open_all(directories, &fd, err);

	if (r < 0)
		return r;
	reading.fd = fd;
	r = file_each_name(fd, read_entry, &reading);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/networks'", directories->root);
	if (reading.count)
		qsort(reading.list, reading.count, sizeof *reading.list, compare_names);
	*ret = reading.list;
	*ret_count = reading.count;
	return 0;
}

/* ---- RUN_ROOT/networks/ID ------------------------------------------------------------------- */

char *network_run_path(struct arena *arena, const struct directories *directories, const char *id)
{
	return arena_printf(arena, "%s/networks/%s", directories->run_root, id);
}

static int open_run(const char *path, int *ret_fd)
{
	static const char *const parts[] = { "leases", "names" };
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = file_make_directories(path, 0700);
		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (mkdirat(fd, parts[i], 0755) < 0 && errno != EEXIST)
			return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int network_open_leases(const struct directories *directories, const struct spec_network *network, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks/%s/leases", directories->run_root, network->id);
	_cleanup_close_ int run_fd = -EBADF;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;

	if (fd < 0 && errno == ENOENT) {
		path[strlen(path) - strlen("/leases")] = '\0';
		r = open_run(path, &run_fd);
		fd = r < 0 ? -EBADF : openat(run_fd, "leases", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return error_errno(err, r < 0 ? -r : errno, "cannot open the addresses of the network '%s'", network->name);
	*ret_fd = fd;
	return 0;
}

/* Whether the record is still that of NETWORK: it was removed, and perhaps made anew, while nobody had a lock. */
static int check_record(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int fd = -EBADF;
	const struct spec_network *now = NULL;
	int r = network_open_all(directories, &fd, err);

	if (r < 0)
		return r;
	r = network_read_record(arena, fd, network->name, &now, err);
	if (r == -ENOENT || (r == 0 && !str_equal(now->id, network->id)))
		return error_set(err, ERROR_NOT_FOUND, 0, "the network '%s' was removed", network->name);
	return r;
}

int network_lock(const struct directories *directories, const struct spec_network *network, int operation, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks/%s", directories->run_root, network->id);
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	struct stat locked, named;
	int r;

	/* Again, if the one whose lock we waited for has removed it all. */
	do {
		close_and_forget(&lock_fd);
		close_and_forget(&fd);
		r = open_run(path, &fd);
		if (r == 0)
			r = lock_file(fd, "lock", operation, &lock_fd);
		if (r < 0 && r != -ENOENT)
			return error_errno(err, -r, "cannot lock the network '%s'", network->name);
		r = check_record(directories, network, err);
		if (r < 0)
			return r;
	} while (lock_fd < 0 || fstat(lock_fd, &locked) < 0 || fstatat(fd, "lock", &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		 locked.st_ino != named.st_ino);
	*ret_fd = TAKE_FD(lock_fd);
	return 0;
}
