/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcurl pushes is pulled: a blob's reader moves its transfer on when it
 * has used up what came, so that little is held, and a slow reader makes for a
 * slow sender.
 */
#include "transfer/registry_source.h"

#include "base/memory.h"
#include "spec/image_digest.h"

#include <stdatomic.h>

#define STEP_MS 100 /* how soon a wait hears of the end */
#define FULL_BYTES ((size_t)256 << 10)

/* A blob of which mirrors had something else. */
struct distrust {
	struct distrust *next;
	char *digest;
	size_t first_place;
};

struct registry_source {
	struct remote *remote;
	atomic_bool cancelled;
	pthread_mutex_t lock;
	struct distrust *distrusts;
};

struct registry_source *registry_source_new(struct remote *remote)
{
	struct registry_source *source = memory_new(1, sizeof *source);

	source->remote = remote;
	pthread_mutex_init(&source->lock, NULL);
	return source;
}

void registry_source_free(struct registry_source *source)
{
	if (!source)
		return;
	while (source->distrusts) {
		struct distrust *distrust = source->distrusts;

		source->distrusts = distrust->next;
		free(distrust->digest);
		free(distrust);
	}
	pthread_mutex_destroy(&source->lock);
	free(source);
}

/* ---- documents ---------------------------------------------------------------------- */

static int get_document(void *context, const char *reference, struct source_document *ret, struct error *err)
{
	struct registry_source *source = context;
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct remote_line *line = NULL;
	int r = remote_call(source->remote, &line, err);

	if (r < 0)
		return r;
	r = client_get_manifest(line->client, reference, &manifest, err);
	remote_hang_up(source->remote, line);
	if (r == -ENOENT && !spec_digest_is_valid(reference))
		error_hint(err, "`bivy image tags %s/%s` lists what there is", source->remote->host, source->remote->repository);
	if (r < 0)
		return r;
	*ret = (struct source_document){ .body = manifest.body, .media_type = TAKE_PTR(manifest.media_type), .digest = TAKE_PTR(manifest.digest) };
	manifest.body = BUF_INIT;
	return 0;
}

/* ---- blobs --------------------------------------------------------------------------- */

struct open_blob {
	struct registry_source *source;
	struct remote_line *line;
	char *digest;
	struct client_blob_request request;
	struct client_blob *blob;
	struct buf come, given; /* bytes: those not given yet, and those that were given last */
	bool ended;
};

static int take_bytes(void *context, const void *bytes, size_t length, struct error *err _unused_)
{
	struct open_blob *open_blob = context;

	buf_add(&open_blob->come, bytes, length);
	return 0;
}

static bool is_full(void *context)
{
	return ((struct open_blob *)context)->come.length >= FULL_BYTES;
}

/* Waits until something has come, or nothing more will. */
static int wait_for_bytes(struct open_blob *open_blob, struct error *err)
{
	struct client *client = open_blob->line->client;

	while (open_blob->come.length == 0 && !open_blob->ended) {
		if (open_blob->source->cancelled)
			return error_errno(err, ECANCELED, "cannot fetch the blob '%s'", open_blob->digest);
		if (client_blob_is_done(open_blob->blob)) {
			int r = client_settle_blob(client, open_blob->blob, err);

			if (r < 0)
				return r;
			open_blob->ended = r == 0;
			continue;
		}
		/* What is there already is not to wait for more. */
		client_step(client, 0);
		if (open_blob->come.length == 0)
			client_step(client, STEP_MS);
	}
	return 0;
}

static int next_of_blob(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct open_blob *open_blob = context;
	struct buf used = open_blob->given;
	int r = wait_for_bytes(open_blob, err);

	if (r < 0)
		return r;
	/* The two take turns; neither is allocated anew. */
	open_blob->given = open_blob->come;
	used.length = 0;
	open_blob->come = used;
	*ret_bytes = (const uint8_t *)open_blob->given.data;
	*ret_length = open_blob->given.length;
	return 0;
}

static void close_open(struct open_blob *open_blob)
{
	client_blob_free(open_blob->blob);
	remote_hang_up(open_blob->source->remote, open_blob->line);
	buf_done(&open_blob->come);
	buf_done(&open_blob->given);
	free(open_blob->digest);
	free(open_blob);
}

static struct distrust *find_distrust(struct registry_source *source, const char *digest)
{
	struct distrust *distrust = source->distrusts;

	while (distrust && !str_equal(distrust->digest, digest))
		distrust = distrust->next;
	return distrust;
}

static size_t first_place_of(struct registry_source *source, const char *digest)
{
	const struct distrust *distrust;
	size_t place;

	pthread_mutex_lock(&source->lock);
	distrust = find_distrust(source, digest);
	place = distrust ? distrust->first_place : 0;
	pthread_mutex_unlock(&source->lock);
	return place;
}

static int open_blob(void *context, const struct spec_descriptor *blob, uint64_t offset, struct source_blob *ret, struct error *err)
{
	struct registry_source *source = context;
	struct open_blob *open_blob = memory_new(1, sizeof *open_blob);
	int r;

	open_blob->source = source;
	open_blob->digest = str_dup(blob->digest);
	open_blob->request = (struct client_blob_request){ .digest = open_blob->digest, .size = blob->size, .offset = offset, .sink = take_bytes, .sink_is_full = is_full,
							   .sink_context = open_blob, .first_place = first_place_of(source, blob->digest) };
	r = remote_call(source->remote, &open_blob->line, err);
	if (r == 0)
		r = client_start_blob(open_blob->line->client, &open_blob->request, &open_blob->blob, err);
	if (r < 0) {
		close_open(open_blob);
		return r;
	}
	*ret = (struct source_blob){ .stream = { next_of_blob, open_blob }, .offset = offset, .state = open_blob };
	return 0;
}

static void close_blob(void *context _unused_, struct source_blob *blob)
{
	close_open(blob->state);
}

/* ---- the rest --------------------------------------------------------------------------- */

static size_t count_places(struct registry_source *source)
{
	struct remote_line *line = NULL;
	size_t count;

	if (remote_call(source->remote, &line, NULL) < 0)
		return 0;
	count = client_place_count(line->client);
	remote_hang_up(source->remote, line);
	return count;
}

/* After a mirror the next place is asked; what the registry itself has is all there is. */
static bool distrust(void *context, const char *digest)
{
	struct registry_source *source = context;
	size_t count = count_places(source);
	struct distrust *entry;
	bool is_left;

	pthread_mutex_lock(&source->lock);
	entry = find_distrust(source, digest);
	if (!entry) {
		entry = memory_new(1, sizeof *entry);
		entry->digest = str_dup(digest);
		entry->next = source->distrusts;
		source->distrusts = entry;
	}
	entry->first_place++;
	is_left = entry->first_place < count;
	pthread_mutex_unlock(&source->lock);
	return is_left;
}

static void cancel(void *context)
{
	((struct registry_source *)context)->cancelled = true;
}

static const struct source_ops ops = {
	.phase = SPEC_TRANSFER_DOWNLOADING,
	.get_document = get_document,
	.open_blob = open_blob,
	.close_blob = close_blob,
	.distrust = distrust,
	.cancel = cancel,
};

struct image_source registry_source_interface(struct registry_source *source)
{
	return (struct image_source){ &ops, source };
}
