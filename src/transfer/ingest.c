/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/ingest.h"

#include "base/timing.h"
#include "spec/image_config.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/chain_id.h"
#include "store/digest.h"
#include "store/images.h"
#include "store/lease.h"
#include "store/path_set.h"
#include "store/sweep.h"
#include "transfer/chain.h"
#include "transfer/document.h"
#include "transfer/early_sync.h"
#include "transfer/fetch.h"
#include "transfer/item.h"
#include "transfer/tasks.h"

#include <pthread.h>

enum piece_state { PIECE_PENDING, PIECE_EXTRACTED, PIECE_DONE };

/* Something to fetch: a layer that is extracted, or a blob that is only kept. */
struct piece {
	struct ingest *ingest;
	const struct spec_descriptor *blob;
	const char *diff_id, *chain_id, *parent; /* of a layer; parent: chain id, or NULL */
	struct item item;                        /* without .id: nobody is told of it */
	uint64_t position;                       /* of the blob, as far as it has got */
	enum piece_state state;                  /* under the lock */
	struct fetch_result result;
};

struct ingest {
	const struct store *store;
	const struct image_source *source;
	const struct ingest_request *request;
	struct arena *arena;
	struct lease lease;
	enum layer_form form;

	/* the image */
	const char *target, *media_type, *manifest_digest;
	uint64_t target_size;
	struct spec_manifest *manifest;
	struct spec_image_config *config; /* NULL: an artifact */
	const char *platform;

	/* the layers of the manifest first, the base before all others */
	struct piece *pieces;
	size_t count, room, layer_count;
	const char **chain_ids; /* of the layers */
	struct path_set *kept; /* digests of the pieces that are blobs only */

	struct teller teller;
	struct early_sync *early_sync;
	pthread_mutex_t lock;
	size_t committed; /* layers from the base up */
	uint64_t fetched_bytes;
	bool changed;     /* something was fetched or extracted */
	atomic_bool cancelled;
};

/* ---- telling ------------------------------------------------------------------------ */

static int tell_piece(struct piece *piece, enum spec_transfer_phase phase, uint64_t current, struct error *err)
{
	return piece->item.id ? item_tell(&piece->item, phase, current, NULL, err) : 0;
}

static int get_document(struct ingest *in, const char *reference, const char *media_type, struct document *ret, struct error *err)
{
	return document_get(&in->lease, in->source, reference, media_type, in->arena, ret, err);
}

/* ---- what there is to do ------------------------------------------------------------------- */

static struct piece *add_piece(struct ingest *in, const struct spec_descriptor *blob)
{
	struct piece *piece;

	if (in->count == in->room) {
		in->room = in->room ? 2 * in->room : 64;
		in->pieces = memory_resize(in->pieces, in->room, sizeof *in->pieces);
	}
	piece = &in->pieces[in->count++];
	*piece = (struct piece){ .ingest = in, .blob = blob, .result = FETCH_RESULT_INIT,
				 .item = item_of(in->arena, &in->teller, blob->digest, blob->size) };
	return piece;
}

static void keep_blob(struct ingest *in, const struct spec_descriptor *blob)
{
	if (path_set_add(in->kept, blob->digest))
		add_piece(in, blob);
}

static void keep_blobs(struct ingest *in, const struct spec_manifest *manifest)
{
	keep_blob(in, &manifest->config);
	for (size_t i = 0; i < manifest->layer_count; i++)
		keep_blob(in, &manifest->layers[i]);
}

static int decode_manifest(struct ingest *in, const struct document *document, struct spec_manifest **ret, struct error *err)
{
	if (document->kind != SPEC_MEDIA_MANIFEST)
		return error_set(err, ERROR_UNSUPPORTED, 0, "'%s' is an index within an index", document->digest);
	return spec_manifest_decode(in->arena, document->text, document->length, ret, err);
}

static int use_manifest(struct ingest *in, const struct document *document, struct error *err)
{
	in->manifest_digest = document->digest;
	return decode_manifest(in, document, &in->manifest, err);
}

/* All manifests of the index but the one that is used here. */
static int keep_other_manifests(struct ingest *in, const struct spec_index *index, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < index->manifest_count; i++) {
		struct spec_manifest *manifest = NULL;
		struct document document;

		if (str_equal(index->manifests[i].digest, in->manifest_digest))
			continue;
		r = get_document(in, index->manifests[i].digest, index->manifests[i].media_type, &document, err);
		if (r == 0)
			r = decode_manifest(in, &document, &manifest, err);
		if (r == 0)
			keep_blobs(in, manifest);
	}
	return r;
}

static int use_index(struct ingest *in, const struct document *document, struct spec_index **ret, struct error *err)
{
	const struct spec_platform *wanted = in->request->platform;
	bool all = in->request->properties & INGEST_ALL_PLATFORMS;
	const struct spec_descriptor *chosen;
	struct document manifest;
	int r = spec_index_decode(in->arena, document->text, document->length, ret, err);

	if (r < 0)
		return r;
	chosen = spec_index_select(*ret, wanted);
	if (!chosen && all && (*ret)->manifest_count)
		chosen = &(*ret)->manifests[0];
	if (!chosen)
		return error_set(err, ERROR_NOT_FOUND, 0, "there is none for the platform '%s', but for: %s", spec_platform_text(in->arena, wanted),
				 spec_index_platforms(in->arena, *ret));
	r = get_document(in, chosen->digest, chosen->media_type, &manifest, err);
	return r < 0 ? r : use_manifest(in, &manifest, err);
}

/* A configuration that says nothing suits everybody. */
static int check_platform(struct ingest *in, struct error *err)
{
	struct spec_platform platform = spec_platform_normalize(in->arena, &in->config->platform);
	const char *text, *wanted;

	if (str_is_empty(platform.os) || str_is_empty(platform.architecture))
		return 0;
	text = in->platform = spec_platform_text(in->arena, &platform);
	if (in->request->properties & INGEST_ALL_PLATFORMS || spec_platform_rank(in->request->platform, &platform) != SPEC_PLATFORM_NO_MATCH)
		return 0;
	wanted = spec_platform_text(in->arena, in->request->platform);
	if (in->request->properties & INGEST_STRICT_PLATFORM)
		return error_set(err, ERROR_NOT_FOUND, 0, "there is none for the platform '%s', but for: %s", wanted, text);
	return teller_tell(&in->teller, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_WARNING, .text =
			   arena_printf(in->arena, "the image's platform (%s) is not this host's (%s)", text, wanted) }, err);
}

/* ---- fetching ----------------------------------------------------------------------------------- */

static bool is_made(void *context)
{
	const struct piece *piece = context;

	return layer_exists(piece->ingest->store, piece->chain_id);
}

static int note_progress(void *context, enum spec_transfer_phase phase, uint64_t current, struct error *err)
{
	struct piece *piece = context;

	if (current > piece->position) {
		early_sync_add(piece->ingest->early_sync, current - piece->position);
		piece->position = current;
	}
	return tell_piece(piece, phase, current, err);
}

static int fetch_piece(struct piece *piece, bool extract, struct error *err)
{
	struct ingest *in = piece->ingest;
	const struct fetch fetch = { .store = in->store, .source = in->source, .blob = piece->blob, .diff_id = extract ? piece->diff_id : NULL,
				     .form = in->form, .cancelled = &in->cancelled, .progress = note_progress, .is_made = is_made, .context = piece };

	return fetch_blob(&fetch, &piece->result, err);
}

/* ---- the chain of layers ------------------------------------------------------------------------ */

static int commit_layer(struct ingest *in, size_t index, struct error *err)
{
	struct piece *piece = &in->pieces[index];
	const struct spec_layer record = { .diff_id = (char *)piece->diff_id, .parent = (char *)piece->parent, .size = piece->result.report.bytes };

	piece->state = PIECE_DONE;
	return chain_commit(in->store, &piece->result, in->chain_ids, index, &record, err);
}

/* The piece has got so far. Commits what is ready, base first; under the lock, so that one thread does it at a time. */
static int advance(struct piece *piece, enum piece_state state, struct error *err)
{
	struct ingest *in = piece->ingest;
	int r = 0;

	pthread_mutex_lock(&in->lock);
	piece->state = state;
	while (r == 0 && in->committed < in->layer_count && in->pieces[in->committed].state != PIECE_PENDING) {
		if (in->pieces[in->committed].state == PIECE_EXTRACTED)
			r = commit_layer(in, in->committed, err);
		in->committed++;
	}
	pthread_mutex_unlock(&in->lock);
	return r;
}

/* ---- one piece in one thread -------------------------------------------------------------------- */

static int run_piece(void *context, size_t index, struct error *err)
{
	struct ingest *in = context;
	struct piece *piece = &in->pieces[index];
	bool has_blob = blob_exists(in->store, piece->blob->digest, piece->blob->size);
	bool extract = piece->chain_id && !layer_exists(in->store, piece->chain_id);
	int64_t since = timing_now();
	char phase[32];
	int r;

	if (has_blob && !extract)
		r = tell_piece(piece, SPEC_TRANSFER_EXISTS, piece->blob->size, err);
	else
		r = fetch_piece(piece, extract, err);
	snprintf(phase, sizeof phase, "%s %zu of %zu", extract ? "layer" : "blob", index + 1, in->count);
	timing_phase(phase, since);
	if (r == 0)
		r = advance(piece, extract && !piece->result.is_made ? PIECE_EXTRACTED : PIECE_DONE, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&in->lock);
	in->fetched_bytes += piece->result.fetched_bytes;
	in->changed = in->changed || !has_blob || extract;
	pthread_mutex_unlock(&in->lock);
	return has_blob && !extract ? 0 : tell_piece(piece, SPEC_TRANSFER_COMPLETE, piece->blob->size, err);
}

static void cancel(void *context)
{
	struct ingest *in = context;

	in->cancelled = true;
	if (in->source->ops->cancel)
		in->source->ops->cancel(in->source->context);
}

/* All that will be there is in the lease first, and looked for afterwards. */
static int run_pieces(struct ingest *in, struct error *err)
{
	struct tasks tasks = { .count = in->count, .at_once = in->request->at_once ? in->request->at_once : INGEST_DEFAULT_AT_ONCE,
			       .run = run_piece, .cancel = cancel, .context = in };
	int r = 0;

	for (size_t i = 0; r == 0 && i < in->count; i++) {
		r = lease_add(&in->lease, in->pieces[i].blob->digest, err);
		if (r == 0 && in->pieces[i].chain_id)
			r = lease_add(&in->lease, in->pieces[i].chain_id, err);
	}
	for (size_t i = 0; r == 0 && i < in->count; i++)
		r = tell_piece(&in->pieces[i], SPEC_TRANSFER_WAITING, 0, err);
	if (r < 0)
		return r;
	in->early_sync = early_sync_new(in->store->fd);
	r = tasks_run(&tasks, err);
	early_sync_free(TAKE_PTR(in->early_sync));
	return r;
}

/* ---- the image ---------------------------------------------------------------------------------- */

/* The configuration comes before the layers: it says what they are. */
static int get_config(struct ingest *in, struct error *err)
{
	const struct spec_descriptor *blob = &in->manifest->config;
	struct piece piece = { .ingest = in, .blob = blob, .result = FETCH_RESULT_INIT };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (blob->size > SPEC_IMAGE_CONFIG_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "the configuration '%s' has %llu bytes", blob->digest, (unsigned long long)blob->size);
	r = lease_add(&in->lease, blob->digest, err);
	in->changed = r == 0 && !blob_exists(in->store, blob->digest, blob->size);
	if (r == 0)
		r = fetch_piece(&piece, false, err);
	if (r == 0)
		r = blob_read(in->store, blob->digest, SPEC_IMAGE_CONFIG_LIMIT, &text, err);
	if (r < 0)
		return r;
	path_set_add(in->kept, blob->digest);
	r = spec_image_config_decode(in->arena, text.data ? text.data : "", text.length, &in->config, err);
	if (r < 0)
		error_wrap(err, "cannot read the configuration '%s'", blob->digest);
	return r;
}

static int add_layers(struct ingest *in, struct error *err)
{
	const char *parent = NULL;

	if (in->config->diff_id_count != in->manifest->layer_count)
		return error_set(err, ERROR_INVALID, 0, "the manifest '%s' has %zu layers, its configuration %zu", in->manifest_digest,
				 in->manifest->layer_count, in->config->diff_id_count);
	in->chain_ids = arena_alloc(in->arena, in->manifest->layer_count + 1, sizeof *in->chain_ids);
	for (size_t i = 0; i < in->manifest->layer_count; i++) {
		struct piece *piece = add_piece(in, &in->manifest->layers[i]);
		char chain_id[DIGEST_TEXT_SIZE];

		piece->diff_id = in->config->diff_ids[i];
		if (!spec_digest_is_verifiable(piece->diff_id))
			return error_set(err, ERROR_UNSUPPORTED, 0, "the diff id '%.200s' cannot be verified", piece->diff_id);
		piece->parent = parent;
		chain_id_compute(parent, piece->diff_id, chain_id);
		parent = piece->chain_id = in->chain_ids[i] = arena_strdup(in->arena, chain_id);
		path_set_add(in->kept, piece->blob->digest);
	}
	in->layer_count = in->manifest->layer_count;
	return 0;
}

/* Reads the documents, and makes of them the list of pieces. */
static int plan(struct ingest *in, struct error *err)
{
	struct spec_index *index = NULL;
	struct document target;
	int r = get_document(in, in->request->reference, NULL, &target, err);

	if (r < 0)
		return r;
	in->target = target.digest;
	in->target_size = target.length;
	r = target.kind == SPEC_MEDIA_INDEX ? use_index(in, &target, &index, err) : use_manifest(in, &target, err);
	if (r < 0)
		return r;
	in->media_type = index ? index->media_type : in->manifest->media_type;
	if (spec_manifest_is_image(in->manifest)) {
		r = get_config(in, err);
		if (r == 0)
			r = check_platform(in, err);
		if (r == 0)
			r = add_layers(in, err);
	} else {
		keep_blobs(in, in->manifest);
	}
	if (r == 0 && index && in->request->properties & INGEST_ALL_PLATFORMS)
		r = keep_other_manifests(in, index, err);
	return r;
}

static const char *top_layer(const struct ingest *in)
{
	return in->layer_count ? in->pieces[in->layer_count - 1].chain_id : NULL;
}

static int sum_layers(struct ingest *in, uint64_t *ret, struct error *err)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < in->layer_count; i++) {
		struct spec_layer record;
		int r = layer_read(in->store, in->arena, in->pieces[i].chain_id, &record, err);

		if (r < 0)
			return r;
		sum += record.size;
	}
	*ret = sum;
	return 0;
}

static bool is_same(const struct image *a, const struct image *b)
{
	return str_equal(a->name, b->name) && str_equal(a->target, b->target) && str_equal(a->manifest, b->manifest) &&
	       str_equal(a->top_layer, b->top_layer) && str_equal(a->id, b->id);
}

/* Names the image, unless it is named so already. */
static int put_name(struct ingest *in, const struct image *image, struct error *err)
{
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(in->store, in->arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (is_same(&images[i], image))
			return 0;
	if (r == 0)
		r = image_put(in->store, image, err);
	in->changed = true;
	return r;
}

static int put_names(struct ingest *in, struct ingest_report *ret, struct error *err)
{
	struct image image = { .media_type = (char *)in->media_type, .target = (char *)in->target, .target_size = in->target_size,
			       .manifest = (char *)in->manifest_digest, .id = in->manifest->config.digest, .top_layer = (char *)top_layer(in),
			       .platform = (char *)in->platform, .created = in->config ? in->config->created : NULL };
	char *const *names = in->request->names;
	int r = sum_layers(in, &image.size, err);

	if (r == 0 && (!names || !names[0]))
		r = put_name(in, &image, err);
	for (; r == 0 && names && *names; names++) {
		image.name = *names;
		r = put_name(in, &image, err);
	}
	*ret = (struct ingest_report){ .target = in->target, .media_type = in->media_type, .manifest = in->manifest_digest, .id = image.id,
				       .platform = in->platform, .size = image.size, .fetched_bytes = in->fetched_bytes, .is_new = in->changed };
	return r;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static void ingest_done(struct ingest *in)
{
	for (size_t i = 0; i < in->count; i++)
		fetch_result_done(&in->pieces[i].result);
	free(in->pieces);
	path_set_free(in->kept);
	lease_end(&in->lease);
	teller_done(&in->teller);
	pthread_mutex_destroy(&in->lock);
}

int ingest_image(const struct store *store, const struct image_source *source, const struct ingest_request *request, struct arena *arena,
		 struct ingest_report *ret, struct error *err)
{
	_cleanup_(ingest_done) struct ingest in = { .store = store, .source = source, .request = request, .arena = arena, .lease = LEASE_INIT,
						     .kept = path_set_new(), .teller = TELLER_INIT(request->progress),
						     .lock = PTHREAD_MUTEX_INITIALIZER };
	struct error own = ERROR_INIT;
	int64_t since = timing_now();
	int r = store_sweep_debris(store, SWEEP_PARTIAL_AGE_S, &own);

	timing_phase("sweep the store", since);
	since = timing_now();
	in.form = chain_choose_form(store);
	if (r == 0)
		r = lease_begin(store, &in.lease, &own);
	if (r == 0)
		r = plan(&in, &own);
	timing_phase("index, manifest, config", since);
	since = timing_now();
	if (r == 0)
		r = run_pieces(&in, &own);
	timing_phase("all layers", since);
	since = timing_now();
	if (r == 0)
		r = put_names(&in, ret, &own);
	timing_phase("sync and name", since);
	if (r < 0 && err)
		*err = own;
	return r;
}
