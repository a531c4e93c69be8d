/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/saved_images.h"

#include "spec/image_digest.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/compress.h"
#include "store/decompress.h"
#include "store/digest.h"
#include "transfer/spool.h"

#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

int saved_images_begin(const struct store *store, enum saved_compression compression, struct saved_images *ret, struct error *err)
{
	struct saved_images saved = { .store = store, .compression = compression, .spool_fd = -EBADF };
	int r = lease_begin(store, &saved.lease, err);

	if (r < 0)
		return r;
	saved.arena = arena_new();
	saved.seen = path_set_new();
	*ret = saved;
	return 0;
}

void saved_images_end(struct saved_images *saved)
{
	if (!saved->arena)
		return;
	lease_end(&saved->lease);
	arena_free(saved->arena);
	path_set_free(saved->seen);
	close_and_forget(&saved->spool_fd);
	free(saved->blobs);
	free(saved->entries);
	free(saved->images);
	saved->arena = NULL;
}

/* Room for one more of SIZE bytes behind COUNT; doubled at each power of two. */
static void *grow(void *list, size_t count, size_t size)
{
	return (count & (count - 1)) == 0 ? memory_resize(list, count ? 2 * count : 1, size) : list;
}

/* ---- blobs ------------------------------------------------------------------------ */

static void add_blob(struct saved_images *saved, const struct saved_blob *blob)
{
	if (!path_set_add(saved->seen, blob->digest))
		return;
	saved->blobs = grow(saved->blobs, saved->blob_count, sizeof *saved->blobs);
	saved->blobs[saved->blob_count] = *blob;
	saved->blobs[saved->blob_count++].digest = arena_strdup(saved->arena, blob->digest);
}

static int add_stored(struct saved_images *saved, const struct spec_descriptor *descriptor, struct error *err)
{
	const struct saved_blob blob = { .digest = descriptor->digest, .size = descriptor->size, .fd = -EBADF };
	int r = lease_add(&saved->lease, descriptor->digest, err);

	if (r < 0)
		return r;
	if (!blob_exists(saved->store, descriptor->digest, descriptor->size)) {
		error_set(err, ERROR_NOT_FOUND, 0, "its blob '%s' is missing or damaged", descriptor->digest);
		error_hint(err, "'bivy system check --repair', and pull or load it again");
		return -ENOENT;
	}
	add_blob(saved, &blob);
	return 0;
}

/* ---- layers that are compressed otherwise ------------------------------------------- */

static const struct {
	const char *name; /* of decompress_format() */
	enum compress_format format;
	char media_type[sizeof SPEC_OCI_LAYER_GZIP];
} compressions[] = {
	[SAVED_NONE] = { "none", COMPRESS_NONE, SPEC_OCI_LAYER },
	[SAVED_GZIP] = { "gzip", COMPRESS_GZIP, SPEC_OCI_LAYER_GZIP },
	[SAVED_ZSTD] = { "zstd", COMPRESS_ZSTD, SPEC_OCI_LAYER_ZSTD },
};

/* Writes the layer FD to the end of the spool in the compression that is wanted. */
static int recompress(struct saved_images *saved, int fd, struct saved_blob *ret, char digest_text[static DIGEST_TEXT_SIZE], struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct digest_sink tap = { .downstream = sink_to_file(&saved->spool_fd), .digest = digest };
	_cleanup_compress_ struct compress *compress = compress_new(digest_sink(&tap), compressions[saved->compression].format);
	off_t offset = lseek(saved->spool_fd, 0, SEEK_END);
	int r = offset < 0 ? error_errno(err, errno, "cannot keep a layer in the store") : 0;

	if (r == 0)
		r = stream_copy(decompress_stream(decompress), compress_sink(compress), UINT64_MAX, NULL, err);
	if (r == 0)
		r = compress_finish(compress, err);
	if (r < 0)
		return r;
	digest_finish(digest, digest_text);
	*ret = (struct saved_blob){ .digest = digest_text, .size = tap.length, .fd = saved->spool_fd, .offset = (uint64_t)offset };
	return 0;
}

/* Of a layer, by its first bytes. */
static int compression_of(int fd, const char **ret, struct error *err)
{
	_cleanup_spool_part_ struct spool_part part = { .fd = fd, .left = 1 << 16 };
	_cleanup_decompress_ struct decompress *decompress = decompress_new(spool_stream(&part), &DECOMPRESS_LIMITS);
	const uint8_t *bytes;
	size_t length;
	int r = stream_next(decompress_stream(decompress), &bytes, &length, err);

	*ret = decompress_format(decompress);
	/* A beginning that ends early is still one. */
	return *ret ? 0 : r;
}

static int add_converted_layer(struct saved_images *saved, struct spec_descriptor *layer, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	char digest[DIGEST_TEXT_SIZE];
	struct saved_blob blob;
	const char *format = NULL;
	uint64_t size;
	int r = lease_add(&saved->lease, layer->digest, err);

	if (r == 0)
		r = blob_open(saved->store, layer->digest, &fd, &size, err);
	if (r == 0)
		r = compression_of(fd, &format, err);
	if (r < 0)
		return r;
	layer->media_type = arena_strdup(saved->arena, compressions[saved->compression].media_type);
	if (str_equal(format, compressions[saved->compression].name))
		return add_stored(saved, layer, err);
	if (saved->spool_fd < 0)
		r = spool_open(saved->store, &saved->spool_fd, err);
	if (r == 0)
		r = recompress(saved, fd, &blob, digest, err);
	if (r < 0)
		return error_wrap(err, "cannot compress the layer '%s' otherwise", layer->digest);
	layer->digest = arena_strdup(saved->arena, digest);
	layer->size = blob.size;
	add_blob(saved, &blob);
	return 0;
}

/* ---- documents ------------------------------------------------------------------------ */

static int read_manifest(struct saved_images *saved, const char *digest, struct spec_manifest **ret, uint64_t *ret_size, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = lease_add(&saved->lease, digest, err);

	if (r == 0)
		r = blob_read(saved->store, digest, SPEC_MANIFEST_LIMIT, &text, err);
	if (r < 0)
		return r;
	*ret_size = text.length;
	return spec_manifest_decode(saved->arena, text.data ? text.data : "", text.length, ret, err);
}

static int add_content(struct saved_images *saved, struct spec_manifest *manifest, bool convert, struct error *err)
{
	int r = add_stored(saved, &manifest->config, err);

	for (size_t i = 0; r == 0 && i < manifest->layer_count; i++)
		r = convert ? add_converted_layer(saved, &manifest->layers[i], err) : add_stored(saved, &manifest->layers[i], err);
	return r;
}

/* The manifest as it is. */
static int add_manifest(struct saved_images *saved, const char *digest, struct spec_descriptor *ret, struct spec_manifest **ret_manifest, struct error *err)
{
	uint64_t size = 0;
	int r = read_manifest(saved, digest, ret_manifest, &size, err);

	if (r < 0)
		return r;
	*ret = (struct spec_descriptor){ .media_type = (*ret_manifest)->media_type, .digest = arena_strdup(saved->arena, digest), .size = size };
	r = add_stored(saved, ret, err);
	return r < 0 ? r : add_content(saved, *ret_manifest, false, err);
}

/* One like it with layers compressed otherwise, an OCI one: Docker's have no type for all of them. */
static int add_converted(struct saved_images *saved, const char *digest, struct spec_descriptor *ret, struct spec_manifest **ret_manifest, struct error *err)
{
	static char manifest_type[] = SPEC_OCI_MANIFEST, config_type[] = SPEC_OCI_CONFIG;
	struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;
	char digest_text[DIGEST_TEXT_SIZE];
	struct digest *computed;
	uint64_t size = 0;
	int r = read_manifest(saved, digest, &manifest, &size, err);

	if (r == 0 && !spec_manifest_is_image(manifest))
		return error_set(err, ERROR_UNSUPPORTED, 0, "it is no image, its parts cannot be compressed otherwise");
	if (r == 0)
		r = add_content(saved, manifest, true, err);
	if (r < 0)
		return r;
	manifest->media_type = manifest_type;
	manifest->config.media_type = config_type;
	spec_manifest_encode(manifest, &text);
	computed = digest_new("sha256");
	digest_add(computed, text.data, text.length);
	digest_finish(computed, digest_text);
	digest_free(computed);
	*ret = (struct spec_descriptor){ .media_type = manifest_type, .digest = arena_strdup(saved->arena, digest_text), .size = text.length };
	*ret_manifest = manifest;
	add_blob(saved, &(struct saved_blob){ .digest = ret->digest, .size = text.length, .fd = -EBADF,
		.bytes = arena_strndup(saved->arena, text.data, text.length) });
	buf_done(&text);
	return 0;
}

/* ---- indexes ----------------------------------------------------------------------------- */

static bool has_content(const struct saved_images *saved, const struct spec_manifest *manifest)
{
	for (size_t i = 0; i < manifest->layer_count; i++)
		if (!blob_exists(saved->store, manifest->layers[i].digest, manifest->layers[i].size))
			return false;
	return blob_exists(saved->store, manifest->config.digest, manifest->config.size);
}

/* Adds the index and all that it names; false, and nothing added, if not all of it is here. */
static int add_index(struct saved_images *saved, const struct image *image, bool *ret_added, struct error *err)
{
	const struct spec_descriptor target = { .digest = image->target, .size = image->target_size };
	struct spec_manifest **manifests;
	struct spec_index *index = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = blob_read(saved->store, image->target, SPEC_MANIFEST_LIMIT, &text, err);

	*ret_added = false;
	if (r == 0)
		r = spec_index_decode(saved->arena, text.data ? text.data : "", text.length, &index, err);
	if (r < 0)
		return r;
	manifests = arena_alloc(saved->arena, index->manifest_count + 1, sizeof *manifests);
	for (size_t i = 0; i < index->manifest_count; i++) {
		uint64_t size;

		if (read_manifest(saved, index->manifests[i].digest, &manifests[i], &size, NULL) < 0 || !has_content(saved, manifests[i]))
			return 0;
	}
	r = add_stored(saved, &target, err);
	for (size_t i = 0; r == 0 && i < index->manifest_count; i++) {
		r = add_stored(saved, &index->manifests[i], err);
		if (r == 0)
			r = add_content(saved, manifests[i], false, err);
	}
	*ret_added = true;
	return r;
}

/* ---- images -------------------------------------------------------------------------------- */

static char *blob_path(struct arena *arena, const char *digest)
{
	return arena_printf(arena, "blobs/%.*s/%s", (int)spec_digest_algorithm_length(digest), digest, spec_digest_encoded(digest));
}

static void add_entry(struct saved_images *saved, const struct spec_descriptor *target, const char *name)
{
	struct spec_descriptor entry = *target;

	if (name || saved->annotation_count) {
		entry.annotations = arena_alloc(saved->arena, saved->annotation_count + 2, sizeof *entry.annotations);
		entry.annotation_count = saved->annotation_count;
		if (saved->annotation_count)
			memcpy(entry.annotations, saved->annotations, saved->annotation_count * sizeof *entry.annotations);
	}
	if (name) {
		entry.annotations[entry.annotation_count++] =
			(struct spec_pair){ arena_strdup(saved->arena, ANNOTATION_CONTAINERD_NAME), arena_strdup(saved->arena, name) };
		entry.annotations[entry.annotation_count++] =
			(struct spec_pair){ arena_strdup(saved->arena, SPEC_ANNOTATION_REF_NAME), arena_strdup(saved->arena, name) };
	}
	for (size_t i = 0; i < saved->entry_count; i++)
		if (str_equal(saved->entries[i].digest, entry.digest) &&
		    str_equal(spec_descriptor_annotation(&saved->entries[i], SPEC_ANNOTATION_REF_NAME), name))
			return;
	saved->entries = grow(saved->entries, saved->entry_count, sizeof *saved->entries);
	saved->entries[saved->entry_count++] = entry;
}

static struct spec_docker_image *get_docker_image(struct saved_images *saved, const struct spec_manifest *manifest)
{
	char *config = blob_path(saved->arena, manifest->config.digest);
	struct spec_docker_image *image;

	for (size_t i = 0; i < saved->image_count; i++)
		if (str_equal(saved->images[i].config, config))
			return &saved->images[i];
	saved->images = grow(saved->images, saved->image_count, sizeof *saved->images);
	image = &saved->images[saved->image_count++];
	*image = (struct spec_docker_image){ .config = config, .layer_count = manifest->layer_count,
		.tags = arena_alloc(saved->arena, 1, sizeof(char *)), .layers = arena_alloc(saved->arena, manifest->layer_count + 1, sizeof(char *)) };
	for (size_t i = 0; i < manifest->layer_count; i++)
		image->layers[i] = blob_path(saved->arena, manifest->layers[i].digest);
	return image;
}

static void add_docker_image(struct saved_images *saved, const struct spec_manifest *manifest, const char *name)
{
	struct spec_docker_image *image = get_docker_image(saved, manifest);
	struct spec_reference reference;
	char *tag;

	/* Only names with a tag can be there. In whole, unless docker's are asked for: of "debian:12" Podman makes "localhost/debian:12". */
	if (!name || spec_reference_parse(saved->arena, name, &reference, NULL) < 0 || !reference.tag || reference.digest)
		return;
	tag = saved->familiar_names ? spec_reference_familiar(saved->arena, &reference) : arena_strdup(saved->arena, name);
	if (!strv_contains(image->tags, tag))
		image->tags = strv_append(saved->arena, image->tags, tag);
}

/* NAME is what it is called in the archive, or NULL. */
static int add_image(struct saved_images *saved, const struct image *image, const char *name, struct error *err)
{
	bool convert = saved->compression != SAVED_AS_IT_IS, added = false;
	struct spec_descriptor target = { .digest = NULL };
	struct spec_manifest *manifest = NULL;
	int r = 0;

	if (!convert && !str_equal(image->target, image->manifest))
		r = add_index(saved, image, &added, err);
	if (r == 0)
		r = (convert ? add_converted : add_manifest)(saved, image->manifest, &target, &manifest, err);
	if (r < 0)
		return error_wrap(err, "cannot save '%.300s'", image->name ? image->name : image->id);
	if (added)
		target = (struct spec_descriptor){ .media_type = arena_strdup(saved->arena, image->media_type), .size = image->target_size,
			.digest = arena_strdup(saved->arena, image->target) };
	add_entry(saved, &target, name);
	if (spec_manifest_is_image(manifest))
		add_docker_image(saved, manifest, name);
	return 0;
}

/* All tags of a repository; *RET_COUNT is how many. */
static int add_repository(struct saved_images *saved, const struct spec_reference *wanted, size_t *ret_count, struct error *err)
{
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(saved->store, saved->arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct spec_reference reference;

		if (!images[i].name || spec_reference_parse(saved->arena, images[i].name, &reference, NULL) < 0 || !reference.tag ||
		    !spec_reference_same_repository(&reference, wanted))
			continue;
		r = add_image(saved, &images[i], images[i].name, err);
		++*ret_count;
	}
	return r;
}

int saved_images_add(struct saved_images *saved, const char *text, struct error *err)
{
	struct spec_reference reference;
	bool is_name = !str_starts_with(text, "sha256:") && spec_reference_parse(saved->arena, text, &reference, NULL) == 0;
	struct image image;
	size_t count = 0;
	int r = 0;

	if (is_name && !reference.tag && !reference.digest)
		r = add_repository(saved, &reference, &count, err);
	if (r < 0 || count)
		return r;
	r = image_find(saved->store, saved->arena, text, &image, err);
	if (r < 0)
		return r;
	/* Called by its id or digest, it has no name in the archive. */
	is_name = is_name && reference.tag && !reference.digest;
	return add_image(saved, &image, is_name ? image.name : NULL, err);
}

/* With the first manifest of an index, which is an image's. */
static int find_manifest(struct saved_images *saved, const char *digest, struct image *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;
	struct spec_manifest *manifest = NULL;
	uint64_t size = 0;
	int r = spec_digest_is_verifiable(digest) ? lease_add(&saved->lease, digest, err) : error_set(err, ERROR_INVALID, 0, "'%.200s' is no digest", digest);

	if (r == 0)
		r = blob_read(saved->store, digest, SPEC_MANIFEST_LIMIT, &text, err);
	if (r < 0)
		return r;
	*ret = (struct image){ .target = arena_strdup(saved->arena, digest), .target_size = text.length, .manifest = (char *)digest };
	if (spec_index_decode(saved->arena, text.data ? text.data : "", text.length, &index, NULL) == 0 && index->manifest_count) {
		ret->media_type = index->media_type;
		ret->manifest = index->manifests[0].digest;
	}
	r = read_manifest(saved, ret->manifest, &manifest, &size, err);
	if (r == 0)
		ret->id = manifest->config.digest;
	return r;
}

int saved_images_add_content(struct saved_images *saved, const char *digest, char *const *names, struct error *err)
{
	struct image image;
	int r = find_manifest(saved, digest, &image, err);

	if (r == 0 && !names[0])
		return add_image(saved, &image, NULL, err);
	for (; r == 0 && *names; names++)
		r = add_image(saved, &image, *names, err);
	return r;
}

/* ---- texts ------------------------------------------------------------------------------------ */

void saved_images_index(const struct saved_images *saved, struct buf *out)
{
	static char type[] = SPEC_OCI_INDEX;
	const struct spec_index index = { .media_type = type, .manifests = saved->entries, .manifest_count = saved->entry_count };

	spec_index_encode(&index, out);
}

void saved_images_docker(const struct saved_images *saved, struct buf *out)
{
	const struct spec_docker_archive archive = { .images = saved->images, .image_count = saved->image_count };

	spec_docker_archive_encode(&archive, out);
}

static int compare_blobs(const void *a, const void *b)
{
	return strcmp(((const struct saved_blob *)a)->digest, ((const struct saved_blob *)b)->digest);
}

void saved_images_sort(struct saved_images *saved)
{
	if (saved->blob_count)
		qsort(saved->blobs, saved->blob_count, sizeof *saved->blobs, compare_blobs);
}
