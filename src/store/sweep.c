/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sweep.h"
#include "base/file.h"
#include "store/blobs.h"
#include "store/layers.h"
#include "store/lock.h"
#include "store/reachable.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* ---- debris --------------------------------------------------------------------- */

struct debris {
	const struct store *store;
	int64_t age_s; /* of partial blobs: younger ones stay */
};

/* What still is locked is being made; what is gone by now another sweep has removed. */
static int sweep_stage(void *context, const char *name)
{
	int staging_fd = ((const struct debris *)context)->store->staging_fd, r;
	_cleanup_close_ int fd = -EBADF;

	if (name[0] == '.')
		return 0;
	r = lock_abandoned(staging_fd, name, &fd);
	if (r == 0)
		r = tree_remove_at(staging_fd, name);
	return r == -EBUSY || r == -ENOENT ? 0 : r;
}

static int sweep_partial(void *context, const char *name)
{
	const struct debris *debris = context;
	int partial_fd = debris->store->partial_fd, r;
	_cleanup_close_ int fd = -EBADF;
	struct stat status;

	if (name[0] == '.')
		return 0;
	r = lock_abandoned(partial_fd, name, &fd);
	if (r == -EBUSY || r == -ENOENT)
		return 0;
	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r < 0 || status.st_mtime > time(NULL) - debris->age_s)
		return r;
	return unlinkat(partial_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int store_sweep_debris(const struct store *store, int64_t age_s, struct error *err)
{
	struct debris debris = { store, age_s };
	int r = file_each_name(store->staging_fd, sweep_stage, &debris);

	if (r == 0)
		r = file_each_name(store->partial_fd, sweep_partial, &debris);
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
	r = reachable_find(removal->store, &removal->sweep->roots, &kept, err);
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
