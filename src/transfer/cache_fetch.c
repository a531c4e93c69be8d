/* SPDX-License-Identifier: Apache-2.0 */
/* cache-fetch: layers come from a build cache into the store, or the files of a cache mount into a directory. */
#include "base/file.h"
#include "spec/build_work.h"
#include "store/blobs.h"
#include "store/decompress.h"
#include "store/lease.h"
#include "transfer/cache_place.h"
#include "transfer/chain.h"
#include "transfer/item.h"
#include "transfer/session.h"
#include "transfer/tasks.h"

#include <fcntl.h>

#define AT_ONCE 4u

struct fetch_request {
	struct cache_place_request place;
	int64_t work, lease; /* descriptors; .lease 0: none */
};

static const struct option_entry entries[] = {
	{ "work-fd", 0, OPTION_INT, 0, offsetof(struct fetch_request, work), "FD", "what to do: a JSON document, open", .minimum = STDERR_FILENO + 1,
		.maximum = INT32_MAX },
	{ "lease-fd", 0, OPTION_INT, 0, offsetof(struct fetch_request, lease), "FD", "a lease of the store, open: what comes is kept as long as that",
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	CACHE_PLACE_ENTRIES(struct fetch_request, place),
	{ 0 },
};

/* A layer that is missing. */
struct piece {
	struct job *job;
	const struct spec_build_image_layer *layer;
	struct spec_descriptor blob;
	struct item item;
	struct fetch_result result;
};

struct job {
	struct arena *arena;
	struct cache_place place;
	struct store store;
	struct lease lease;
	struct spec_build_fetch work;
	enum layer_form form;
	struct piece *pieces; /* as many as the work has layers; those without .layer are nothing to do */
	const char **chain_ids;
	int directory_fd;
	struct teller teller;
	atomic_bool cancelled;
};

static void job_done(struct job *job)
{
	for (size_t i = 0; job->pieces && i < job->work.layer_count; i++)
		fetch_result_done(&job->pieces[i].result);
	close_and_forget(&job->directory_fd);
	lease_end(&job->lease);
	store_close(&job->store);
	cache_place_close(&job->place);
	teller_done(&job->teller);
	arena_free(job->arena);
}

/* ---- one ---------------------------------------------------------------------------------- */

static int tell(void *context, enum spec_transfer_phase phase, uint64_t current, struct error *err)
{
	return item_tell(&((struct piece *)context)->item, phase, current, NULL, err);
}

static bool is_made(void *context)
{
	const struct piece *piece = context;

	return layer_exists(&piece->job->store, piece->layer->chain_id);
}

static int run_piece(void *context, size_t index, struct error *err)
{
	struct job *job = context;
	struct piece *piece = &job->pieces[index];
	bool extracts = !job->work.blobs_only && !job->work.directory;
	const struct fetch fetch = { .store = &job->store, .source = &job->place.source, .blob = &piece->blob,
		.diff_id = extracts && piece->layer ? piece->layer->diff_id : NULL, .form = job->form, .cancelled = &job->cancelled, .progress = tell,
		.is_made = is_made, .context = piece };
	int r;

	if (!piece->layer)
		return 0;
	r = fetch_blob(&fetch, &piece->result, err);
	return r < 0 ? r : tell(piece, SPEC_TRANSFER_COMPLETE, piece->blob.size, err);
}

static void cancel(void *context)
{
	struct job *job = context;

	job->cancelled = true;
	if (job->place.source.ops->cancel)
		job->place.source.ops->cancel(job->place.source.context);
}

/* ---- all ------------------------------------------------------------------------------------ */

static bool is_missing(const struct job *job, const struct spec_build_image_layer *layer)
{
	if (job->work.blobs_only || job->work.directory)
		return true;
	return !layer_exists(&job->store, layer->chain_id);
}

/* What there will be is in the lease before it is looked for. */
static int hold(struct job *job, const struct spec_build_image_layer *layer, struct error *err)
{
	int r = layer->chain_id ? lease_add(&job->lease, layer->chain_id, err) : 0;

	return r == 0 && layer->digest ? lease_add(&job->lease, layer->digest, err) : r;
}

static int list_pieces(struct job *job, struct error *err)
{
	size_t count = job->work.layer_count;

	job->pieces = arena_alloc(job->arena, count + 1, sizeof *job->pieces);
	job->chain_ids = arena_alloc(job->arena, count + 1, sizeof *job->chain_ids);
	for (size_t i = 0; i < count; i++)
		job->pieces[i].result = FETCH_RESULT_INIT;
	for (size_t i = 0; i < count; i++) {
		const struct spec_build_image_layer *layer = &job->work.layers[i];
		struct piece *piece = &job->pieces[i];
		int r = hold(job, layer, err);

		if (r < 0)
			return r;
		piece->job = job;
		job->chain_ids[i] = layer->chain_id;
		if (!is_missing(job, layer))
			continue;
		if (!layer->digest)
			return error_set(err, ERROR_NOT_FOUND, 0, "the layer '%s' is not in the cache", layer->diff_id);
		piece->layer = layer;
		piece->blob = (struct spec_descriptor){ .digest = layer->digest, .media_type = layer->media_type, .size = layer->size };
		piece->item = item_of(job->arena, &job->teller, layer->digest, layer->size);
	}
	return 0;
}

static int commit(struct job *job, struct error *err)
{
	const char *parent = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < job->work.layer_count; i++) {
		struct piece *piece = &job->pieces[i];
		const struct spec_layer record = { .diff_id = job->work.layers[i].diff_id, .parent = (char *)parent, .size = piece->result.report.bytes };

		if (piece->layer && !piece->result.is_made)
			r = chain_commit(&job->store, &piece->result, job->chain_ids, i, &record, err);
		parent = job->chain_ids[i];
	}
	return r;
}

/* The blob's files, as they were when it was made. */
static int unpack(struct job *job, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	_cleanup_decompress_ struct decompress *decompress = NULL;
	_cleanup_layer_report_ struct layer_report report = { .members = 0 };
	_cleanup_close_ int fd = -EBADF;
	uint64_t size;
	int r = blob_open(&job->store, job->work.layers[0].digest, &fd, &size, err);

	if (r < 0)
		return r;
	file.fd = fd;
	decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	return layer_apply(job->directory_fd, decompress_stream(decompress), LAYER_FORM_FLAT, &LAYER_LIMITS, &report, err);
}

static int fetch_all(struct job *job, struct error *err)
{
	const struct tasks tasks = { .count = job->work.layer_count, .at_once = AT_ONCE, .run = run_piece, .cancel = cancel, .context = job };
	int r = list_pieces(job, err);

	if (r == 0 && tasks.count)
		r = tasks_run(&tasks, err);
	if (r < 0 || job->work.blobs_only)
		return r;
	return job->work.directory ? unpack(job, err) : commit(job, err);
}

/* ---- the command ------------------------------------------------------------------------------ */

static int read_work(struct job *job, int fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fd > 0 ? fd_read_all(fd, SPEC_BUILD_WORK_LIMIT, &text) : -EBADF;

	if (r < 0)
		return error_errno(err, -r, "cannot read descriptor %d", fd);
	return spec_build_fetch_decode(job->arena, text.data ? text.data : "", text.length, &job->work, err);
}

static int open_all(struct job *job, const struct command_call *call, struct error *err)
{
	const struct fetch_request *request = call->request;
	int r = read_work(job, (int)request->work, err);

	if (r == 0)
		r = session_open_store(call->globals, &job->store, err);
	if (r == 0)
		r = request->lease ? lease_join(&job->store, (int)request->lease, &job->lease, err) : lease_begin(&job->store, &job->lease, err);
	if (r == 0)
		r = cache_place_open(&job->place, &request->place, job->arena, err);
	if (r < 0 || !job->work.directory)
		return r;
	job->directory_fd = open(job->work.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return job->directory_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", job->work.directory) : 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new(), .place = CACHE_PLACE_INIT, .store = STORE_INIT, .lease = LEASE_INIT,
		.directory_fd = -EBADF, .teller = TELLER_INIT(session_progress(call->globals)) };
	int r = open_all(&job, call, err);

	if (r < 0)
		return r;
	job.form = chain_choose_form(&job.store);
	cache_place_confine(&job.place, (const int[]){ job.store.fd, job.directory_fd }, job.directory_fd >= 0 ? 2 : 1);
	r = fetch_all(&job, err);
	if (r == 0)
		buf_add_text(out, "{}\n");
	else
		session_hint_full(err);
	return r;
}

const struct command transfer_cache_fetch = {
	.command = {
		.name = "cache-fetch",
		.summary = "get layers of a build cache",
		.description = "Brings the blobs of layers that its work names into the store, and extracts them there, or into a directory.",
		.entries = entries,
	},
	.request_size = sizeof(struct fetch_request),
	.run = run,
};
