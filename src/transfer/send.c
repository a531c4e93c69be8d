/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/send.h"

#include "registry/referrers.h"
#include "registry/upload.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/path_set.h"
#include "transfer/item.h"
#include "transfer/tasks.h"

#include <stdatomic.h>

/* A break of a longer upload costs no more than that. */
#define PIECE_BYTES ((uint64_t)256 << 20)
#define INDEX_DEPTH_LIMIT 4

/* A manifest or an index; those that others name come before those. */
struct outgoing {
	const char *digest, *media_type, *text;
	size_t length;
	enum spec_media_kind kind;
	const struct spec_manifest *manifest; /* of that kind; or NULL */
};

struct outgoing_blob {
	const struct spec_descriptor *descriptor;
	struct item item; /* without .id: nobody is told of it */
};

struct sending {
	const struct image_source *source;
	struct remote *remote;
	const struct send_request *request;
	struct arena *arena;
	struct outgoing *documents;
	size_t document_count;
	struct outgoing_blob *blobs;
	size_t blob_count;
	struct path_set *known; /* digests of all of those */
	struct teller teller;
	pthread_mutex_t lock;   /* of the next two */
	uint64_t sent_bytes;
	bool is_new;
	atomic_bool cancelled;
};

/* ---- what there is to send ------------------------------------------------------------ */

static void add_blob(struct sending *s, const struct spec_descriptor *blob)
{
	if (!path_set_add(s->known, blob->digest))
		return;
	/* Doubled at each power of two. */
	if ((s->blob_count & (s->blob_count - 1)) == 0)
		s->blobs = memory_resize(s->blobs, s->blob_count ? 2 * s->blob_count : 1, sizeof *s->blobs);
	s->blobs[s->blob_count] = (struct outgoing_blob){ .descriptor = blob };
	/* A configuration is nothing that people wait for. */
	if (spec_media_kind(blob->media_type) != SPEC_MEDIA_CONFIG)
		s->blobs[s->blob_count].item = item_of(s->arena, &s->teller, blob->digest, blob->size);
	s->blob_count++;
}

static void add_document(struct sending *s, const struct outgoing *document)
{
	if ((s->document_count & (s->document_count - 1)) == 0)
		s->documents = memory_resize(s->documents, s->document_count ? 2 * s->document_count : 1, sizeof *s->documents);
	s->documents[s->document_count++] = *document;
}

static int add_manifest(struct sending *s, struct outgoing *document, struct error *err)
{
	struct spec_manifest *manifest = NULL;
	int r = spec_manifest_decode(s->arena, document->text, document->length, &manifest, err);

	if (r < 0)
		return error_wrap(err, "cannot read the manifest '%s'", document->digest);
	document->media_type = manifest->media_type;
	document->manifest = manifest;
	add_blob(s, &manifest->config);
	for (size_t i = 0; i < manifest->layer_count; i++)
		add_blob(s, &manifest->layers[i]);
	add_document(s, document);
	return 0;
}

static int add_reference(struct sending *s, const char *reference, const char *media_type, unsigned depth, struct error *err);

/* All that the index names and then itself; or the one manifest that is wanted instead of it. */
static int add_index(struct sending *s, struct outgoing *document, unsigned depth, struct error *err)
{
	const struct spec_descriptor *chosen;
	struct spec_index *index = NULL;
	int r = spec_index_decode(s->arena, document->text, document->length, &index, err);

	if (r < 0)
		return error_wrap(err, "cannot read the index '%s'", document->digest);
	if (depth == INDEX_DEPTH_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "indexes name each other more than %d times", INDEX_DEPTH_LIMIT);
	if (!(s->request->properties & SEND_ALL_PLATFORMS)) {
		chosen = spec_index_select(index, s->request->platform);
		if (chosen)
			return add_reference(s, chosen->digest, chosen->media_type, depth + 1, err);
		return error_set(err, ERROR_NOT_FOUND, 0, "there is none for the platform '%s', but for: %s",
				 spec_platform_text(s->arena, s->request->platform), spec_index_platforms(s->arena, index));
	}
	document->media_type = index->media_type;
	for (size_t i = 0; r == 0 && i < index->manifest_count; i++)
		if (path_set_add(s->known, index->manifests[i].digest))
			r = add_reference(s, index->manifests[i].digest, index->manifests[i].media_type, depth + 1, err);
	if (r == 0)
		add_document(s, document);
	return r;
}

static int add_reference(struct sending *s, const char *reference, const char *media_type, unsigned depth, struct error *err)
{
	_cleanup_source_document_ struct source_document source = { .body = BUF_INIT };
	struct outgoing document;
	int r = s->source->ops->get_document(s->source->context, reference, &source, err);

	if (r < 0)
		return r;
	if (!media_type && spec_media_kind(source.media_type) != SPEC_MEDIA_UNKNOWN)
		media_type = arena_strdup(s->arena, source.media_type);
	document = (struct outgoing){ .digest = arena_strdup(s->arena, source.digest), .length = source.body.length,
				      .text = arena_strndup(s->arena, source.body.data ? source.body.data : "", source.body.length) };
	r = spec_manifest_kind(document.text, document.length, media_type, &document.kind, err);
	if (r < 0)
		return r;
	return document.kind == SPEC_MEDIA_INDEX ? add_index(s, &document, depth, err) : add_manifest(s, &document, err);
}

/* ---- one blob ------------------------------------------------------------------------- */

static int tell(struct outgoing_blob *blob, enum spec_transfer_phase phase, uint64_t current, const char *detail, struct error *err)
{
	return blob->item.id ? item_tell(&blob->item, phase, current, detail, err) : 0;
}

/* The bytes of a blob at any offset, from a stream that is opened anew when the next ones wanted are others. */
struct giving {
	struct sending *sending;
	struct outgoing_blob *blob;
	struct source_blob source;
	bool is_open;
	uint64_t position; /* of .bytes */
	const uint8_t *bytes;
	size_t length;
};

static void close_giving(struct giving *g)
{
	const struct image_source *source = g->sending->source;

	if (g->is_open)
		source->ops->close_blob(source->context, &g->source);
	g->is_open = false;
	g->length = 0;
}

/* Drops what is before OFFSET; opens the source there, where that cannot lead to it. */
static int seek_giving(struct giving *g, uint64_t offset, struct error *err)
{
	const struct image_source *source = g->sending->source;
	int r;

	if (g->is_open && offset >= g->position)
		return 0;
	close_giving(g);
	r = source->ops->open_blob(source->context, g->blob->descriptor, offset, &g->source, err);
	if (r < 0)
		return r;
	g->is_open = true;
	g->position = g->source.offset;
	return 0;
}

/* At the byte OFFSET, something is there afterwards. */
static int fill_giving(struct giving *g, uint64_t offset, struct error *err)
{
	int r = seek_giving(g, offset, err);

	while (r == 0 && g->position + g->length <= offset) {
		g->position += g->length;
		r = stream_next(g->source.stream, &g->bytes, &g->length, err);
		if (r == 0 && g->length == 0)
			r = error_set(err, ERROR_INVALID, EBADMSG, "the blob '%s' has less than its %llu bytes", g->blob->descriptor->digest,
				      (unsigned long long)g->blob->descriptor->size);
	}
	return r;
}

static ssize_t give(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	struct giving *g = context;
	size_t skip, n;
	int r;

	if (g->sending->cancelled)
		return error_errno(err, ECANCELED, "cannot send the blob");
	r = tell(g->blob, SPEC_TRANSFER_UPLOADING, offset, NULL, err);
	if (r == 0)
		r = fill_giving(g, offset, err);
	if (r < 0)
		return r;
	skip = (size_t)(offset - g->position);
	n = g->length - skip < length ? g->length - skip : length;
	memcpy(bytes, g->bytes + skip, n);
	return (ssize_t)n;
}

static int upload(struct sending *s, struct outgoing_blob *blob, const char *mount_from, enum upload_result *ret, struct error *err)
{
	const struct spec_descriptor *descriptor = blob->descriptor;
	struct giving giving = { .sending = s, .blob = blob };
	struct upload_request request = { .digest = descriptor->digest, .size = descriptor->size, .source = give, .source_context = &giving,
					  .mount_from = mount_from, .piece_bytes = descriptor->size > PIECE_BYTES ? PIECE_BYTES : 0 };
	struct remote_line *line = NULL;
	int r = remote_call(s->remote, &line, err);

	if (r < 0)
		return r;
	r = upload_blob(line->client, &request, ret, err);
	remote_hang_up(s->remote, line);
	close_giving(&giving);
	return r;
}

static int send_blob(void *context, size_t index, struct error *err)
{
	static const enum spec_transfer_phase phases[] = {
		[UPLOAD_PRESENT] = SPEC_TRANSFER_EXISTS,
		[UPLOAD_MOUNTED] = SPEC_TRANSFER_MOUNTED,
		[UPLOAD_SENT] = SPEC_TRANSFER_COMPLETE,
	};
	struct sending *s = context;
	struct outgoing_blob *blob = &s->blobs[index];
	const struct spec_descriptor *descriptor = blob->descriptor;
	const char *from = s->request->mount_from ? s->request->mount_from(s->request->mount_context, descriptor->digest) : NULL;
	enum upload_result result = UPLOAD_PRESENT;
	int r;

	if (spec_media_is_foreign(descriptor->media_type))
		return tell(blob, SPEC_TRANSFER_SKIPPED, 0, NULL, err);
	r = upload(s, blob, from, &result, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	s->sent_bytes += result == UPLOAD_SENT ? descriptor->size : 0;
	s->is_new = s->is_new || result != UPLOAD_PRESENT;
	pthread_mutex_unlock(&s->lock);
	return tell(blob, phases[result], descriptor->size, result == UPLOAD_MOUNTED ? from : NULL, err);
}

static void cancel(void *context)
{
	struct sending *s = context;

	s->cancelled = true;
	if (s->source->ops->cancel)
		s->source->ops->cancel(s->source->context);
}

static int send_blobs(struct sending *s, struct error *err)
{
	struct tasks tasks = { .count = s->blob_count, .at_once = s->request->at_once ? s->request->at_once : SEND_DEFAULT_AT_ONCE,
			       .run = send_blob, .cancel = cancel, .context = s };
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->blob_count; i++)
		r = tell(&s->blobs[i], SPEC_TRANSFER_WAITING, 0, NULL, err);
	return r < 0 ? r : tasks_run(&tasks, err);
}

/* ---- documents ------------------------------------------------------------------------ */

static bool has_document(struct client *client, const char *reference, const char *digest)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };

	return client_head_manifest(client, reference, &manifest, NULL) == 0 && str_equal(manifest.digest, digest);
}

/* Whoever looks for what refers to the subject has to find it, also where the registry does not know of that. */
static int add_referrer(struct client *client, const struct outgoing *document, struct error *err)
{
	const struct spec_manifest *manifest = document->manifest;
	const struct spec_descriptor referrer = {
		.media_type = (char *)document->media_type, .digest = (char *)document->digest, .size = document->length,
		.annotations = manifest->annotations, .annotation_count = manifest->annotation_count,
		.artifact_type = manifest->artifact_type ? manifest->artifact_type : manifest->config.media_type,
	};

	return referrers_add(client, manifest->subject->digest, &referrer, err);
}

static int put_document(struct client *client, const struct outgoing *document, const char *reference, struct error *err)
{
	bool knows_subject = false;
	int r = client_put_manifest(client, reference, document->media_type, document->text, document->length, &knows_subject, err);

	if (r == 0 && document->manifest && document->manifest->subject && !knows_subject)
		r = add_referrer(client, document, err);
	return r;
}

static int send_document(struct sending *s, const struct outgoing *document, const char *reference, struct error *err)
{
	struct remote_line *line = NULL;
	bool is_there;
	int r = remote_call(s->remote, &line, err);

	if (r < 0)
		return r;
	is_there = has_document(line->client, reference, document->digest);
	/* One that refers to another may be there without being found by it. */
	if (!is_there || (document->manifest && document->manifest->subject))
		r = put_document(line->client, document, reference, err);
	s->is_new = s->is_new || !is_there;
	remote_hang_up(s->remote, line);
	return r;
}

/* The last one is what the tag names: when it can be seen, all is there. */
static int send_documents(struct sending *s, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->document_count; i++) {
		const char *tag = i + 1 == s->document_count ? s->request->tag : NULL;

		r = send_document(s, &s->documents[i], tag ? tag : s->documents[i].digest, err);
	}
	return r;
}

/* ---- all of it -------------------------------------------------------------------------- */

static void sending_done(struct sending *s)
{
	free(s->documents);
	free(s->blobs);
	path_set_free(s->known);
	teller_done(&s->teller);
	pthread_mutex_destroy(&s->lock);
}

int send_image(const struct image_source *source, struct remote *remote, const struct send_request *request, struct arena *arena,
	       struct send_report *ret, struct error *err)
{
	_cleanup_(sending_done) struct sending s = { .source = source, .remote = remote, .request = request, .arena = arena,
						     .known = path_set_new(), .teller = TELLER_INIT(request->progress), .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct outgoing *last;
	int r = add_reference(&s, request->reference, NULL, 0, err);

	if (r == 0)
		r = send_blobs(&s, err);
	if (r == 0)
		r = send_documents(&s, err);
	if (r < 0)
		return r;
	last = &s.documents[s.document_count - 1];
	*ret = (struct send_report){ .digest = last->digest, .media_type = last->media_type, .size = last->length, .sent_bytes = s.sent_bytes,
				     .is_new = s.is_new };
	return 0;
}
