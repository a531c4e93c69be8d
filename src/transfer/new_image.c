/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/new_image.h"

#include "base/json.h"
#include "base/moment.h"
#include "spec/reference.h"
#include "store/codec.h"
#include "store/decompress.h"
#include "store/digest.h"
#include "transfer/content_source.h"

#include <time.h>

char *new_image_time(struct arena *arena)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct timespec moment = { 0 };
	uint64_t seconds = 0;

	if (!epoch || str_to_u64(epoch, 10, &seconds) < 0 || seconds > INT32_MAX * (uint64_t)60)
		clock_gettime(CLOCK_REALTIME, &moment);
	else
		moment.tv_sec = (time_t)seconds;
	moment_add(&moment, &text);
	return arena_strndup(arena, text.data, text.length);
}

int new_image_names(struct arena *arena, const char *name, char ***ret, struct error *err)
{
	struct spec_reference reference;
	int r = spec_reference_parse(arena, name, &reference, err);

	if (r < 0)
		return r;
	if (reference.digest)
		return error_set(err, ERROR_INVALID, 0, "'%.280s': the digest of a new image is what it comes out as, it cannot be its name", name);
	spec_reference_add_default_tag(&reference);
	*ret = arena_alloc(arena, 2, sizeof **ret);
	(*ret)[0] = spec_reference_text(arena, &reference);
	return 0;
}

/* ---- the layer ------------------------------------------------------------------ */

struct layer {
	struct tar_span span;
	int fd;
	const char *media_type;
	char digest[DIGEST_TEXT_SIZE], diff_id[DIGEST_TEXT_SIZE];
};

static int digest_stream_of(struct spool_part *part, struct layer *layer, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256"), *diff_id = digest_new("sha256");
	struct digest_tap tap = { .upstream = spool_stream(part), .digest = digest }, plain = { .digest = diff_id };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(digest_stream(&tap), &DECOMPRESS_LIMITS);
	int r;

	plain.upstream = decompress_stream(decompress);
	r = stream_drain(digest_stream(&plain), err);
	if (r < 0)
		return r;
	digest_finish(digest, layer->digest);
	digest_finish(diff_id, layer->diff_id);
	layer->span = (struct tar_span){ 0, tap.length };
	return 0;
}

/* Into the file *SPOOL_FD, which is made. */
static int decompress_to_spool(const struct store *store, struct spool_part *part, int *spool_fd, struct layer *layer, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	_cleanup_decompress_ struct decompress *decompress = decompress_new(spool_stream(part), &DECOMPRESS_LIMITS);
	struct digest_tap tap = { .upstream = decompress_stream(decompress), .digest = digest };
	int r = spool_open(store, spool_fd, err);

	if (r == 0)
		r = spool_add(*spool_fd, digest_stream(&tap), &layer->span.size, err);
	if (r < 0)
		return r;
	digest_finish(digest, layer->digest);
	memcpy(layer->diff_id, layer->digest, sizeof layer->diff_id);
	layer->fd = *spool_fd;
	return 0;
}

/* *SPOOL_FD is to be closed when the layer is no longer needed. */
static int measure_layer(const struct store *store, int fd, int *spool_fd, struct layer *ret, struct error *err)
{
	_cleanup_spool_part_ struct spool_part part = { .fd = fd, .left = INT64_MAX };
	uint8_t magic[CODEC_MAGIC_SIZE] = { 0 };
	const struct codec *codec;

	*ret = (struct layer){ .fd = fd, .media_type = SPEC_OCI_LAYER };
	if (pread(fd, magic, sizeof magic, 0) < 0)
		return error_errno(err, errno, "cannot read");
	codec = codec_find(magic);
	if (codec && !str_equal(codec->name, "gzip") && !str_equal(codec->name, "zstd"))
		return decompress_to_spool(store, &part, spool_fd, ret, err);
	if (codec)
		ret->media_type = str_equal(codec->name, "gzip") ? SPEC_OCI_LAYER_GZIP : SPEC_OCI_LAYER_ZSTD;
	return digest_stream_of(&part, ret, err);
}

/* ---- the image --------------------------------------------------------------------- */

/* COUNT elements of FROM, and room for one more. */
static void *extended(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *list = arena_alloc(arena, count + 2, size);

	if (count)
		memcpy(list, from, count * size);
	return list;
}

static char *add_config(struct content_source *content, const struct new_image *image, const struct layer *layer, uint64_t *ret_size)
{
	static const struct spec_image_config nothing;
	const struct spec_image_config *base = image->base ? image->base->config : &nothing;
	bool has_layer = image->layer_fd >= 0;
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_image_config config = { .created = image->created, .author = image->author, .platform = *image->platform,
		.execution = *image->execution, .diff_id_count = base->diff_id_count + has_layer, .history_count = base->history_count + 1 };

	config.diff_ids = extended(arena, base->diff_ids, base->diff_id_count, sizeof *config.diff_ids);
	if (has_layer)
		config.diff_ids[base->diff_id_count] = (char *)layer->diff_id;
	config.history = extended(arena, base->history, base->history_count, sizeof *config.history);
	config.history[base->history_count] = (struct spec_history){ .created = image->created, .created_by = image->created_by,
		.author = image->author, .comment = image->comment, .empty_layer = !has_layer };
	spec_image_config_encode(&config, &text);
	*ret_size = text.length;
	return content_source_add_bytes(content, text.data, text.length);
}

static char *add_manifest(struct content_source *content, const struct new_image *image, const struct layer *layer)
{
	static char manifest_type[] = SPEC_OCI_MANIFEST, config_type[] = SPEC_OCI_CONFIG;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_manifest *base = image->base ? image->base->manifest : NULL;
	size_t count = base ? base->layer_count : 0;
	struct spec_descriptor *layers = extended(arena, base ? base->layers : NULL, count, sizeof *layers);
	struct spec_manifest manifest = { .media_type = manifest_type, .config = { .media_type = config_type }, .layers = layers, .layer_count = count };

	/* A manifest of OCI's has layers of OCI's types. */
	for (size_t i = 0; i < count; i++)
		layers[i].media_type = (char *)spec_media_to_oci(layers[i].media_type);
	if (image->layer_fd >= 0) {
		layers[manifest.layer_count++] = (struct spec_descriptor){ .media_type = (char *)layer->media_type, .digest = (char *)layer->digest,
			.size = layer->span.size };
		content_source_add_file(content, layer->digest, layer->fd, &layer->span);
	}
	manifest.config.digest = add_config(content, image, layer, &manifest.config.size);
	return content_source_add_manifest(content, &manifest);
}

int new_image_put(const struct transfer_globals *globals, const struct store *store, const struct new_image *image, struct arena *arena,
	struct ingest_report *ret, struct error *err)
{
	_cleanup_content_source_ struct content_source content = content_source_begin(NULL);
	_cleanup_close_ int spool_fd = -EBADF;
	struct ingest_request request = { .title = image->title, .names = image->names, .platform = image->platform,
		.progress = session_progress(globals) };
	struct image_source source;
	struct layer layer = { .fd = -EBADF };
	int r = image->layer_fd >= 0 ? measure_layer(store, image->layer_fd, &spool_fd, &layer, err) : 0;

	if (r < 0)
		return r;
	request.reference = add_manifest(&content, image, &layer);
	source = content_source(&content);
	return ingest_image(store, &source, &request, arena, ret, err);
}

void new_image_report(const struct new_image *image, const struct ingest_report *report, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "name", image->names[0]);
	json_write_string(&w, "id", report->id);
	json_write_string(&w, "digest", report->target);
	json_write_string(&w, "platform", report->platform);
	json_write_uint(&w, "size", report->size);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
