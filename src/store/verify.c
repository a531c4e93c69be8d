/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"
#include "base/str.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/digest.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/lock.h"

struct check {
	const struct store *store;
	const struct verify *verify;
	size_t faults;
};

static void report(struct check *check, enum verify_fault fault, const char *digest, const char *image)
{
	check->faults++;
	if (check->verify->found)
		check->verify->found(check->verify->context, fault, digest, image);
}

/* ---- blobs ----------------------------------------------------------------------- */

static bool has_digest(int fd, const char *digest)
{
	_cleanup_digest_ struct digest *computed = digest_new(digest);
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	struct digest_tap tap = { .upstream = stream_of_file(&file), .digest = computed };
	char text[DIGEST_TEXT_SIZE];

	if (!computed || stream_drain(digest_stream(&tap), NULL) < 0)
		return false;
	digest_finish(computed, text);
	return str_equal(text, digest);
}

static int remove_damaged_blob(const struct store *store, const char *digest)
{
	_cleanup_close_ int lock = -EBADF;
	uint64_t freed = 0;
	int r = lock_exclusive(store, STORE_LOCK_CONTENT, &lock);

	return r < 0 ? r : blob_remove(store, digest, &freed);
}

static int check_blob(void *context, const char *digest, const struct stat *status _unused_)
{
	struct check *check = context;
	_cleanup_close_ int fd = -EBADF;
	uint64_t size = 0;
	int r = blob_open(check->store, digest, &fd, &size, NULL);

	if (r == -ENOENT || (r == 0 && has_digest(fd, digest)))
		return 0;
	report(check, VERIFY_BLOB_DAMAGED, digest, NULL);
	return check->verify->repair ? remove_damaged_blob(check->store, digest) : 0;
}

/* ---- layers ---------------------------------------------------------------------- */

static bool is_whole_layer(const struct store *store, const char *chain_id)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int fd = -EBADF;
	struct spec_layer layer;

	return layer_read(store, arena, chain_id, &layer, NULL) == 0 && layer_open(store, chain_id, &fd, NULL) == 0;
}

static int check_layer(void *context, const char *chain_id)
{
	struct check *check = context;
	_cleanup_close_ int lock = -EBADF;
	int r;

	/* One that was removed meanwhile is no fault. */
	if (is_whole_layer(check->store, chain_id) || !layer_exists(check->store, chain_id))
		return 0;
	report(check, VERIFY_LAYER_DAMAGED, chain_id, NULL);
	if (!check->verify->repair)
		return 0;
	r = lock_exclusive(check->store, STORE_LOCK_CONTENT, &lock);
	return r < 0 ? r : layer_retire(check->store, chain_id);
}

/* ---- images ----------------------------------------------------------------------- */

static void need_blob(struct check *check, const char *digest, uint64_t size, const char *image)
{
	if (!blob_exists(check->store, digest, size))
		report(check, VERIFY_BLOB_MISSING, digest, image);
}

/* The manifest that is used here, and what it names; a damaged one was reported as a blob. */
static void check_manifest(struct check *check, struct arena *arena, const struct image *image)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;

	need_blob(check, image->manifest, UINT64_MAX, image->name);
	if (blob_read(check->store, image->manifest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 || !text.data ||
	    spec_manifest_decode(arena, text.data, text.length, &manifest, NULL) < 0)
		return;
	need_blob(check, manifest->config.digest, manifest->config.size, image->name);
	for (size_t i = 0; i < manifest->layer_count; i++)
		need_blob(check, manifest->layers[i].digest, manifest->layers[i].size, image->name);
}

/* From the uppermost layer down to the first that is missing: what is below that nobody can tell. */
static void check_stack(struct check *check, struct arena *arena, const struct image *image)
{
	const char *chain_id = image->top_layer;

	for (size_t depth = 0; chain_id && depth < SPEC_LAYER_LIMIT; depth++) {
		struct spec_layer layer;

		if (!layer_exists(check->store, chain_id)) {
			report(check, VERIFY_LAYER_MISSING, chain_id, image->name);
			return;
		}
		if (layer_read(check->store, arena, chain_id, &layer, NULL) < 0)
			return;
		chain_id = layer.parent;
	}
}

static int check_images(struct check *check, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(check->store, arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!str_equal(images[i].target, images[i].manifest))
			need_blob(check, images[i].target, images[i].target_size, images[i].name);
		check_manifest(check, arena, &images[i]);
		check_stack(check, arena, &images[i]);
	}
	return r;
}

int store_verify(const struct store *store, const struct verify *verify, size_t *ret_faults, struct error *err)
{
	struct check check = { .store = store, .verify = verify };
	int r = blob_list(store, check_blob, &check);

	if (r == 0)
		r = layer_list(store, check_layer, &check);
	if (r < 0)
		return error_errno(err, -r, "cannot check the store '%s'", store->path);
	r = check_images(&check, err);
	if (r == 0)
		*ret_faults = check.faults;
	return r;
}
