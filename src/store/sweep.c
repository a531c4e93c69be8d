/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sweep.h"
#include "store/blobs.h"
#include "store/layers.h"
#include "store/lock.h"
#include "store/reachable.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* ---- debris --------------------------------------------------------------------- */

typedef int each_name(const struct store *store, const char *name, int64_t age_s);

static int for_each_name(const struct store *store, int directory_fd, each_name *each, int64_t age_s)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int r = directory ? 0 : -errno;

	while (r == 0) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (!entry)
			return -errno;
		if (entry->d_name[0] != '.')
			r = each(store, entry->d_name, age_s);
	}
	return r;
}

/* What still is locked is being made; what is gone by now another sweep has removed. */
static int sweep_stage(const struct store *store, const char *name, int64_t age_s _unused_)
{
	_cleanup_close_ int fd = -EBADF;
	int r = lock_abandoned(store->staging_fd, name, &fd);

	if (r == 0)
		r = tree_remove_at(store->staging_fd, name);
	return r == -EBUSY || r == -ENOENT ? 0 : r;
}

static int sweep_partial(const struct store *store, const char *name, int64_t age_s)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat status;
	int r = lock_abandoned(store->partial_fd, name, &fd);

	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r < 0 || status.st_mtime > time(NULL) - age_s)
		return r;
	return unlinkat(store->partial_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int store_sweep_debris(const struct store *store, int64_t age_s, struct error *err)
{
	int r = for_each_name(store, store->staging_fd, sweep_stage, 0);

	if (r == 0)
		r = for_each_name(store, store->partial_fd, sweep_partial, age_s);
	return r < 0 ? error_errno(err, -r, "cannot remove what is left over in the store '%s'", store->path) : 0;
}

/* ---- content ----------------------------------------------------------------------- */

struct removal {
	const struct store *store;
	const struct sweep *sweep;
	const struct reachable *kept;
	struct sweep_report report;
};

static int remove_blob(void *context, const char *digest, const struct stat *status)
{
	struct removal *removal = context;
	int r = 0;

	if (path_set_has(removal->kept->blobs, digest))
		return 0;
	if (removal->sweep->dry_run)
		removal->report.freed_bytes += (uint64_t)status->st_blocks * 512;
	else
		r = blob_remove(removal->store, digest, &removal->report.freed_bytes);
	if (r < 0)
		return r;
	removal->report.blobs++;
	if (removal->sweep->removed)
		removal->sweep->removed(removal->sweep->context, digest, false);
	return 0;
}

static int remove_layer(void *context, const char *chain_id)
{
	struct removal *removal = context;
	int r = 0;

	if (path_set_has(removal->kept->layers, chain_id))
		return 0;
	if (!removal->sweep->dry_run)
		r = layer_retire(removal->store, chain_id);
	if (r < 0)
		return r;
	removal->report.layers++;
	if (removal->sweep->removed)
		removal->sweep->removed(removal->sweep->context, chain_id, true);
	return 0;
}

/* All that happens under the lock: no layer's files are touched yet. */
static int remove_unreachable(struct removal *removal, struct error *err)
{
	_cleanup_reachable_ struct reachable kept = REACHABLE_INIT;
	_cleanup_close_ int lock = -EBADF;
	int r = lock_exclusive(removal->store, STORE_LOCK_CONTENT, &lock);

	if (r < 0)
		return error_errno(err, -r, "cannot lock the content of '%s'", removal->store->path);
	r = reachable_find(removal->store, removal->sweep->roots, &kept, err);
	if (r < 0)
		return r;
	removal->kept = &kept;
	r = blob_list(removal->store, remove_blob, removal);
	if (r == 0)
		r = layer_list(removal->store, remove_layer, removal);
	removal->kept = NULL;
	return r < 0 ? error_errno(err, -r, "cannot remove content of the store '%s'", removal->store->path) : 0;
}

int store_sweep(const struct store *store, const struct sweep *sweep, struct sweep_report *ret, struct error *err)
{
	struct removal removal = { .store = store, .sweep = sweep };
	int r = remove_unreachable(&removal, err);

	if (r == 0 && !sweep->dry_run)
		r = store_sweep_debris(store, SWEEP_PARTIAL_AGE_S, err);
	if (r == 0)
		*ret = removal.report;
	return r;
}
