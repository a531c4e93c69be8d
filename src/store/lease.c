/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lease.h"
#include "base/file.h"
#include "base/random_name.h"
#include "store/lock.h"

#include <fcntl.h>

/* One image has some hundred digests; `pull --all-platforms` some thousand. */
#define LEASE_LIMIT (16u << 20)

int lease_begin(const struct store *store, struct lease *ret, struct error *err)
{
	struct lease lease = { .store = store, .fd = -EBADF, .lock_fd = -EBADF, .name = random_name() };
	int r;

	if (!lease.name)
		return error_errno(err, errno, "cannot get a random number");
	r = lock_own_file(store->leases_fd, lease.name, &lease.fd);
	if (r < 0) {
		free(lease.name);
		return error_errno(err, -r, "cannot make a lease in '%s/leases'", store->path);
	}
	*ret = lease;
	return 0;
}

int lease_begin_brief(const struct store *store, struct lease *ret, struct error *err)
{
	struct lease lease = { .store = store, .fd = -EBADF, .lock_fd = -EBADF };
	int r = lock_shared(store, STORE_LOCK_CONTENT, &lease.lock_fd);

	if (r < 0)
		return error_errno(err, -r, "cannot lock the content of '%s'", store->path);
	*ret = lease;
	return 0;
}

int lease_make_lasting(struct lease *lease, struct error *err)
{
	const struct store *store = lease->store;

	if (lease->lock_fd < 0)
		return 0;
	lease_end(lease);
	return lease_begin(store, lease, err);
}

int lease_join(const struct store *store, int fd, struct lease *ret, struct error *err)
{
	struct lease lease = { .store = store, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .lock_fd = -EBADF };

	if (lease.fd < 0)
		return error_errno(err, errno, "cannot use descriptor %d as a lease", fd);
	*ret = lease;
	return 0;
}

int lease_add(struct lease *lease, const char *digest, struct error *err)
{
	_cleanup_close_ int lock = -EBADF;
	_cleanup_free_ char *line = str_printf("%s\n", digest);
	int r = 0;

	if (lease->lock_fd >= 0)
		return 0;
	r = lock_shared(lease->store, STORE_LOCK_CONTENT, &lock);
	if (r == 0)
		r = fd_write_all(lease->fd, line, strlen(line));
	if (r < 0)
		return error_errno(err, -r, "cannot write to '%s/leases/%s'", lease->store->path, lease->name ? lease->name : "");
	return 0;
}

void lease_end(struct lease *lease)
{
	if (lease->fd >= 0 && lease->name)
		ignore_result(unlinkat(lease->store->leases_fd, lease->name, 0)); /* unlocked, it counts for nothing */
	close_and_forget(&lease->fd);
	close_and_forget(&lease->lock_fd);
	free(lease->name);
	lease->name = NULL;
}

struct collection {
	const struct store *store;
	struct buf *digests;
};

static int collect_one(void *context, const char *name)
{
	const struct collection *collection = context;
	int leases_fd = collection->store->leases_fd, r;
	_cleanup_close_ int abandoned = -EBADF;

	if (name[0] == '.')
		return 0;
	r = lock_abandoned(leases_fd, name, &abandoned);
	if (r == 0)
		return unlinkat(leases_fd, name, 0) < 0 ? -errno : 0;
	if (r == -EBUSY)
		r = file_read_regular_at(leases_fd, name, LEASE_LIMIT, collection->digests);
	return r == -ENOENT ? 0 : r; /* it ended meanwhile */
}

int lease_collect(const struct store *store, struct buf *digests)
{
	struct collection collection = { store, digests };

	return file_each_name(store->leases_fd, collect_one, &collection);
}
