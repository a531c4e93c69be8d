/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layers.h"
#include "base/file.h"
#include "base/random_name.h"
#include "base/str.h"
#include "spec/image_digest.h"
#include "spec/manifest.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>

#define ALGORITHM "sha256:"
#define RECORD "layer.json"

/* The directory's name; NULL for what is no chain id. */
static const char *name_of(const char *chain_id)
{
	return str_starts_with(chain_id, ALGORITHM) && spec_digest_is_valid(chain_id) ? spec_digest_encoded(chain_id) : NULL;
}

static int open_part(const struct store *store, const char *chain_id, const char *part, int flags, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (!name_of(chain_id))
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is no chain id of a layer", chain_id);
	path = str_printf("%s/%s", name_of(chain_id), part);
	fd = openat(store->layers_fd, path, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot open the layer '%s'", chain_id);
	*ret_fd = fd;
	return 0;
}

/* ---- reading ------------------------------------------------------------------- */

bool layer_exists(const struct store *store, const char *chain_id)
{
	const char *name = name_of(chain_id);

	return name && faccessat(store->layers_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layer_read(const struct store *store, struct arena *arena, const char *chain_id, struct spec_layer *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = open_part(store, chain_id, RECORD, O_RDONLY | O_NONBLOCK, &fd, err);

	if (r < 0)
		return r;
	r = fd_read_all(fd, SPEC_LAYER_RECORD_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read the layer '%s'", chain_id);
	r = spec_layer_decode(arena, text.data ? text.data : "", text.length, ret, err);
	if (r < 0)
		error_wrap(err, "cannot read the layer '%s'", chain_id);
	return r;
}

int layer_open(const struct store *store, const char *chain_id, int *ret_fd, struct error *err)
{
	return open_part(store, chain_id, "diff", O_RDONLY | O_DIRECTORY, ret_fd, err);
}

char *layer_path(struct arena *arena, const struct store *store, const char *chain_id)
{
	return arena_printf(arena, "%s/layers/%s/diff", store->path, spec_digest_encoded(chain_id));
}

int layer_stack(const struct store *store, struct arena *arena, const char *top, char ***ret_chain_ids, size_t *ret_count, struct error *err)
{
	char **list = arena_alloc(arena, SPEC_LAYER_LIMIT + 1, sizeof *list);
	size_t count = 0;

	while (top) {
		struct spec_layer layer;
		int r;

		/* Also what ends a circle, which only damage can make. */
		if (count == SPEC_LAYER_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "more than %d layers below '%s'", SPEC_LAYER_LIMIT, list[0]);
		r = layer_read(store, arena, top, &layer, err);
		if (r < 0)
			return r;
		list[count++] = arena_strdup(arena, top);
		top = layer.parent;
	}
	*ret_chain_ids = list;
	*ret_count = count;
	return 0;
}

/* ---- making --------------------------------------------------------------------- */

/* A directory in staging/ that is locked by us; a sweep may take it away between its making and the lock. */
static int make_stage(struct layer_stage *stage)
{
	int r = -ENOENT;

	while (r == -ENOENT || r == -EBUSY) {
		free(stage->name);
		stage->name = random_name();
		if (!stage->name)
			return -EIO;
		if (mkdirat(stage->store->staging_fd, stage->name, 0700) < 0)
			return -errno;
		r = lock_abandoned(stage->store->staging_fd, stage->name, &stage->fd);
	}
	return r;
}

static int make_diff(struct layer_stage *stage)
{
	if (mkdirat(stage->fd, "diff", 0755) < 0)
		return -errno;
	stage->diff_fd = openat(stage->fd, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Whatever the umask is. */
	return stage->diff_fd < 0 || fchmod(stage->diff_fd, 0755) < 0 ? -errno : 0;
}

int layer_begin(const struct store *store, struct layer_stage *ret, struct error *err)
{
	struct layer_stage stage = { .store = store, .fd = -EBADF, .diff_fd = -EBADF };
	int r = make_stage(&stage);

	if (r == 0)
		r = make_diff(&stage);
	if (r < 0) {
		layer_abort(&stage);
		return error_errno(err, -r, "cannot make a layer in '%s/staging'", store->path);
	}
	*ret = stage;
	return 0;
}

static void end_stage(struct layer_stage *stage)
{
	close_and_forget(&stage->diff_fd);
	close_and_forget(&stage->fd);
	free(stage->name);
	stage->name = NULL;
}

void layer_abort(struct layer_stage *stage)
{
	if (stage->fd >= 0)
		ignore_result(tree_remove_at(stage->store->staging_fd, stage->name)); /* the sweep finds what is left */
	end_stage(stage);
}

static int write_record(int directory_fd, const struct spec_layer *layer)
{
	_cleanup_close_ int fd = openat(directory_fd, RECORD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (fd < 0)
		return -errno;
	spec_layer_encode(layer, &text);
	return fd_write_all(fd, text.data, text.length);
}

int layer_commit(struct layer_stage *stage, const char *chain_id, const struct spec_layer *layer, struct error *err)
{
	const char *name = name_of(chain_id);
	int r;

	if (!name) {
		layer_abort(stage);
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is no chain id of a layer", chain_id);
	}
	r = write_record(stage->fd, layer);
	if (r == 0 && renameat(stage->store->staging_fd, stage->name, stage->store->layers_fd, name) < 0)
		r = -errno;
	if (r == 0) {
		end_stage(stage);
		return 0;
	}
	layer_abort(stage);
	/* rename(2) does not replace a directory that has something in it. */
	if (r == -EEXIST || r == -ENOTEMPTY)
		return 0;
	return error_errno(err, -r, "cannot store the layer '%s'", chain_id);
}

/* ---- all of them -------------------------------------------------------------------- */

int layer_retire(const struct store *store, const char *chain_id)
{
	_cleanup_free_ char *garbage = random_name();
	const char *name = name_of(chain_id);

	if (!name)
		return -EINVAL;
	if (!garbage)
		return -EIO;
	if (renameat(store->layers_fd, name, store->staging_fd, garbage) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* A name that is no chain id is passed over: it is not ours. */
struct listing {
	layer_each *each;
	void *context;
};

static int list_one(void *context, const char *name)
{
	const struct listing *listing = context;
	_cleanup_free_ char *chain_id = str_printf(ALGORITHM "%s", name);

	return name_of(chain_id) ? listing->each(listing->context, chain_id) : 0;
}

int layer_list(const struct store *store, layer_each *each, void *context)
{
	struct listing listing = { each, context };

	return file_each_name(store->layers_fd, list_one, &listing);
}
