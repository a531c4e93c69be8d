/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_layer.h"

#include "store/chain_id.h"
#include "store/layer_diff.h"
#include "transfer/build_blob.h"
#include "transfer/build_clone.h"
#include "transfer/build_merge.h"
#include "transfer/build_path.h"
#include "transfer/build_upper.h"
#include "transfer/build_work.h"

#include <fcntl.h>

void build_layer_done(struct build_layer *layer)
{
	build_lower_close(&layer->lower);
	layer_abort(&layer->stage);
	close_and_forget(&layer->above_fd);
}

int build_layer_begin(struct build_layer *layer, struct arena *arena, struct store *store, struct lease *lease, const struct spec_build_layer *work,
	struct error *err)
{
	int r;

	layer->arena = arena;
	layer->store = store;
	layer->lease = lease;
	layer->work = work;
	r = layer_begin(store, &layer->stage, err);
	if (r == 0)
		r = build_lower_open(store, arena, work->parent, &layer->lower, err);
	if (r < 0 || !work->upper)
		return r;
	layer->above_fd = build_work_open_above(work->upper);
	return layer->above_fd < 0 ? error_errno(err, -layer->above_fd, "cannot take '%.400s' into the store", work->upper) : 0;
}

/* ---- its files --------------------------------------------------------------------------- */

/* The upper directory in place of the stage's, which is empty. */
static int take_upper(struct build_layer *layer, struct error *err)
{
	if (renameat(layer->above_fd, build_path_base(layer->work->upper), layer->stage.fd, "diff") < 0)
		return error_errno(err, errno, "cannot take '%.400s' into the store", layer->work->upper);
	close_and_forget(&layer->stage.diff_fd);
	layer->stage.diff_fd = openat(layer->stage.fd, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return layer->stage.diff_fd < 0 ? error_errno(err, errno, "cannot open the layer") : 0;
}

static int prepare_upper(struct build_layer *layer, struct error *err)
{
	const struct spec_build_layer *work = layer->work;
	int r = take_upper(layer, err), fd = layer->stage.diff_fd;

	if (r == 0)
		r = build_upper_prune(fd, work->mountpoints, &layer->lower, err);
	if (r == 0)
		r = build_upper_unmark(fd, &layer->lower, err);
	if (r == 0 && work->rewrites_times && work->has_epoch)
		r = build_upper_clamp(fd, work->epoch, err);
	return r;
}

static int clone_layer(struct build_layer *layer, struct spec_build_layer_report *report, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct spec_layer record;
	int r = layer_read(layer->store, layer->arena, layer->work->clone, &record, err);

	if (r == 0)
		r = layer_open(layer->store, layer->work->clone, &fd, err);
	if (r == 0)
		r = build_clone(fd, layer->stage.diff_fd, &report->members, err);
	if (r < 0)
		return r;
	report->diff_id = record.diff_id;
	report->size = record.size;
	return 0;
}

static int merge_layers(struct build_layer *layer, struct error *err)
{
	int r = 0;

	for (char **chain_id = layer->work->merge; r == 0 && *chain_id; chain_id++) {
		_cleanup_close_ int fd = -EBADF;

		r = lease_add(layer->lease, *chain_id, err);
		if (r == 0)
			r = layer_open(layer->store, *chain_id, &fd, err);
		if (r == 0)
			r = build_merge(fd, layer->stage.diff_fd, &layer->lower, err);
	}
	return r < 0 ? r : build_upper_unmark(layer->stage.diff_fd, &layer->lower, err);
}

/* ---- its archive ---------------------------------------------------------------------------- */

struct archiving {
	const struct build_layer *layer;
	struct layer_diff_report diff;
};

static bool find_kept(void *context, const char *path, const struct stat *st, const void **ret)
{
	return build_kept_find(context, path, st, ret);
}

static int write_archive(void *context, struct sink sink, struct error *err)
{
	struct archiving *archiving = context;
	const struct layer_diff_content content = { find_kept, (void *)archiving->layer->kept };

	return layer_diff_upper(archiving->layer->stage.diff_fd, content.context ? &content : NULL, sink, &archiving->diff, err);
}

static int forget(void *context _unused_, const void *bytes _unused_, size_t length _unused_, struct error *err _unused_)
{
	return 0;
}

static int digest_archive(struct archiving *archiving, char ret_diff_id[static DIGEST_TEXT_SIZE], struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct digest_sink tap = { .downstream = { forget, NULL }, .digest = digest };
	int r = write_archive(archiving, digest_sink(&tap), err);

	if (r == 0)
		digest_finish(digest, ret_diff_id);
	return r;
}

static int write_blob(struct build_layer *layer, struct archiving *archiving, char ret_diff_id[static DIGEST_TEXT_SIZE],
	struct spec_build_layer_report *report, struct error *err)
{
	const struct build_blob_archive archive = { .algorithm = "sha256", .write = write_archive, .context = archiving };
	struct build_blob_form form;
	struct build_blob blob;
	int r = build_blob_choose(layer->work->compression, layer->work->compression_level, &form, err);

	if (r == 0)
		r = build_blob_write(layer->lease, &form, &archive, ret_diff_id, &blob, err);
	if (r < 0)
		return r;
	report->blob = arena_strdup(layer->arena, blob.digest);
	report->media_type = arena_strdup(layer->arena, blob.media_type);
	report->blob_size = blob.size;
	return 0;
}

static int archive_layer(struct build_layer *layer, struct spec_build_layer_report *report, struct error *err)
{
	struct archiving archiving = { .layer = layer };
	char diff_id[DIGEST_TEXT_SIZE];
	int r = layer->work->wants_blob ? write_blob(layer, &archiving, diff_id, report, err) : digest_archive(&archiving, diff_id, err);

	if (r < 0)
		return r;
	report->diff_id = arena_strdup(layer->arena, diff_id);
	report->size = archiving.diff.bytes;
	report->members = archiving.diff.members;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int commit_layer(struct build_layer *layer, struct spec_build_layer_report *report, struct error *err)
{
	const struct spec_layer record = { .diff_id = report->diff_id, .parent = layer->work->parent, .size = report->size };
	char chain_id[DIGEST_TEXT_SIZE];
	int r;

	chain_id_compute(layer->work->parent, report->diff_id, chain_id);
	report->chain_id = arena_strdup(layer->arena, chain_id);
	r = lease_add(layer->lease, chain_id, err);
	return r < 0 ? r : layer_commit(&layer->stage, chain_id, &record, err);
}

int build_layer_make(struct build_layer *layer, struct spec_build_layer_report *ret, struct error *err)
{
	const struct spec_build_layer *work = layer->work;
	struct spec_build_layer_report report = { .chain_id = NULL };
	int r = work->clone ? clone_layer(layer, &report, err) : work->merge ? merge_layers(layer, err) : prepare_upper(layer, err);

	if (r == 0 && !work->clone)
		r = archive_layer(layer, &report, err);
	if (r == 0)
		r = commit_layer(layer, &report, err);
	if (r == 0)
		*ret = report;
	return r;
}
