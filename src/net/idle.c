/* SPDX-License-Identifier: Apache-2.0 */
#include "net/idle.h"

#include "base/file.h"
#include "base/log.h"
#include "net/bridge.h"
#include "net/leases.h"
#include "net/resolver.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define UP "up.json"
#define RESOLVER_OWNER "resolver-" /* whose lease is no member's (engine/network_resolver.c) */

/* ---- members ------------------------------------------------------------------------ */

struct members {
	int fd; /* of leases/ */
	bool found;
};

static int look_at_lease(void *context, const char *name)
{
	struct members *members = context;
	char owner[NET_LEASE_OWNER_LIMIT];

	if (name[0] == '.' || !net_lease_owner(members->fd, name, owner))
		return 0;
	members->found |= !str_starts_with(owner, RESOLVER_OWNER);
	return members->found;
}

/* What cannot be read is taken for one that has some. */
static bool has_members(int run_fd)
{
	_cleanup_close_ int fd = openat(run_fd, "leases", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct members members = { .fd = fd };

	if (fd < 0)
		return errno != ENOENT;
	return file_each_name(fd, look_at_lease, &members) != 0 || members.found;
}

static int open_run(const char *run_path)
{
	return open(run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_due(int run_fd)
{
	return faccessat(run_fd, UP, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && !has_members(run_fd);
}

static int look_whether_due(void *context, const char *name)
{
	_cleanup_close_ int fd = name[0] == '.' ? -EBADF : openat(*(const int *)context, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && is_due(fd);
}

bool net_idle_is_any_due(const char *networks)
{
	_cleanup_close_ int fd = open_run(networks);

	return fd >= 0 && file_each_name(fd, look_whether_due, &fd) > 0;
}

/* ---- up ------------------------------------------------------------------------------- */

int net_idle_note(const char *run_path, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" UP, run_path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_network_encode(network, &text);
	r = file_replace_at(AT_FDCWD, path, text.data, text.length, 0600);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}

/* ---- down -------------------------------------------------------------------------------- */

static int read_up(struct arena *arena, int run_fd, const char *run_path, const struct spec_network **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_network *network = NULL;
	int r = file_read_regular_at(run_fd, UP, SPEC_NETWORK_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/" UP "'", run_path);
	r = spec_network_decode(arena, text.data ? text.data : "", text.length, &network, err);
	if (r < 0)
		return error_wrap(err, "cannot read '%s/" UP "'", run_path);
	*ret = network;
	return 0;
}

int net_idle_read(struct arena *arena, const char *run_path, const struct spec_network **ret, struct error *err)
{
	_cleanup_close_ int fd = open(run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? error_errno(err, errno, "cannot open '%s'", run_path) : read_up(arena, fd, run_path, ret, err);
}

/* The lock that is there now: who removes a network removes it, too. */
static int lock(int run_fd, int *ret_fd)
{
	_cleanup_close_ int fd = openat(run_fd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat locked, named;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	if (fstat(fd, &locked) < 0 || fstatat(run_fd, "lock", &named, AT_SYMLINK_NOFOLLOW) < 0 || locked.st_ino != named.st_ino)
		return -ENOENT;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* RUN_ROOT/resolvers/ID: one that has no names of its own to end with. */
static int stop_resolver(const char *run_path, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/../../resolvers/%s", run_path, network->id);

	return net_resolver_stop(path, err);
}

static int take_down(int run_fd, const char *run_path, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *network = NULL;
	int r = read_up(arena, run_fd, run_path, &network, err);

	if (r == 0)
		r = stop_resolver(run_path, network, err);
	if (r == 0)
		r = net_bridge_down(network, err);
	if (r < 0)
		return r;
	return unlinkat(run_fd, UP, 0) < 0 && errno != ENOENT ? error_errno(err, errno, "cannot remove '%s/" UP "'", run_path) : 0;
}

static int take_down_due(const char *run_path, struct error *err)
{
	_cleanup_close_ int fd = open_run(run_path), lock_fd = -EBADF;
	int r;

	if (fd < 0 || !is_due(fd))
		return 0;
	r = lock(fd, &lock_fd);
	if (r < 0)
		return r == -ENOENT ? 0 : error_errno(err, -r, "cannot lock '%s/lock'", run_path);
	return is_due(fd) ? take_down(fd, run_path, err) : 0;
}

struct taking_down {
	const char *networks;
	struct error *err;
	int result;
};

static int take_down_entry(void *context, const char *name)
{
	struct taking_down *all = context;
	_cleanup_free_ char *path = str_printf("%s/%s", all->networks, name);
	struct error later = ERROR_INIT;
	int r = name[0] == '.' ? 0 : take_down_due(path, all->result == 0 ? all->err : &later);

	if (r < 0 && all->result < 0)
		log_warning("%s, ignoring", later.message);
	if (r < 0 && all->result == 0)
		all->result = r;
	return 0;
}

int net_idle_take_down(const char *networks, struct error *err)
{
	_cleanup_close_ int fd = open_run(networks);
	struct taking_down all = { networks, err, 0 };
	int r = fd < 0 ? -errno : file_each_name(fd, take_down_entry, &all);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot look through '%s'", networks);
	return all.result;
}

/* ---- patience ------------------------------------------------------------------------------- */

/* How long it is yet until nobody has been there for long enough; a clock that was set does not make it longer. */
static int64_t remaining_ms(const struct timespec *left)
{
	struct timespec now;
	int64_t since_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	since_ms = (int64_t)(now.tv_sec - left->tv_sec) * 1000 + (now.tv_nsec - left->tv_nsec) / 1000000;
	if (since_ms < 0)
		return NET_IDLE_PATIENCE_MS;
	return since_ms > NET_IDLE_PATIENCE_MS ? 0 : NET_IDLE_PATIENCE_MS - since_ms;
}

static void sleep_ms(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

/* Until nobody has left for as long, which FD's time tells; that it has not changed is told without a look at the clock. */
static void wait_for_calm(int fd)
{
	struct stat before, after;
	int64_t ms = NET_IDLE_PATIENCE_MS;

	if (fstat(fd, &before) < 0)
		return;
	for (;;) {
		sleep_ms(ms);
		if (fstat(fd, &after) < 0 || (after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec))
			return;
		before = after;
		ms = remaining_ms(&after.st_mtim);
	}
}

/* 0: another process waits, and has seen that there is a reason to go on. */
static int wait_once(int run_fd, const char *run_path)
{
	_cleanup_close_ int fd = openat(run_fd, "idle", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct error err = ERROR_INIT;

	if (fd < 0 || futimens(fd, NULL) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	wait_for_calm(fd);
	if (take_down_due(run_path, &err) < 0) {
		log_warning("cannot take down '%s', which nobody uses: %s, ignoring", run_path, err.message);
		return 0;
	}
	return 1;
}

/*
 * Who leaves while another one is about to stop waiting leaves it to that one:
 * it looks once more when it has let go; at what is there by then, as all of it
 * may have been unmounted.
 */
static int wait_for(void *context, const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", (const char *)context, name);
	bool again = name[0] != '.';

	while (again) {
		_cleanup_close_ int fd = open_run(path);

		again = fd >= 0 && is_due(fd) && wait_once(fd, path);
	}
	return 0;
}

void net_idle_wait_all(const char *networks)
{
	_cleanup_close_ int fd = open_run(networks);

	if (fd >= 0)
		ignore_result(file_each_name(fd, wait_for, (void *)networks)); /* what cannot be listed is left */
}
