/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/archive_source.h"

#include "spec/docker_archive.h"
#include "spec/image_config.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "spec/reference.h"
#include "store/codec.h"
#include "store/decompress.h"
#include "store/digest.h"

/* Containerd's and docker's: the whole name, where the specification's is often a tag alone. */
#define ANNOTATION_NAME "io.containerd.image.name"

/* ---- names ---------------------------------------------------------------------- */

static int normalize_name(struct arena *arena, const char *text, char **ret, struct error *err)
{
	struct spec_reference reference;
	int r = spec_reference_parse(arena, text, &reference, err);

	if (r < 0)
		return r;
	spec_reference_add_default_tag(&reference);
	*ret = spec_reference_text(arena, &reference);
	return 0;
}

static void add_name(struct arena *arena, struct archive_image *image, char *name)
{
	if (strv_contains(image->names, name))
		return;
	image->names = strv_append(arena, image->names, name);
	image->title = image->names[0];
}

/* The image with that manifest, which is new if there was none. */
static struct archive_image *get_image(struct archive_source *source, const char *digest)
{
	struct archive_image *image = source->images;

	while (image < source->images + source->count && !str_equal(image->digest, digest))
		image++;
	if (image == source->images + source->count) {
		*image = (struct archive_image){ .digest = digest, .title = digest, .names = arena_alloc(source->content.arena, 1, sizeof(char *)) };
		source->count++;
	}
	return image;
}

/* ---- the form of docker save -------------------------------------------------------- */

/* What is known of a layer's bytes before they are read in whole. */
struct layer {
	const char *name; /* of the member */
	const char *diff_id;
	struct archive_member member;
	const struct codec *codec; /* NULL: not compressed */
};

static int look_at_layer(const struct archive_source *source, struct layer *layer, struct error *err)
{
	uint8_t magic[CODEC_MAGIC_SIZE] = { 0 };
	size_t length;
	int r = archive_find(&source->archive, layer->name, &layer->member, err);

	if (r < 0)
		return r;
	length = layer->member.span.size < sizeof magic ? (size_t)layer->member.span.size : sizeof magic;
	if (pread(layer->member.fd, magic, length, (off_t)layer->member.span.offset) < 0)
		return error_errno(err, errno, "'%.300s'", layer->name);
	layer->codec = codec_find(magic);
	return 0;
}

static struct spool_part part_of(const struct archive_member *member)
{
	return (struct spool_part){ .fd = member->fd, .offset = member->span.offset, .left = member->span.size };
}

static int digest_layer(const struct layer *layer, char ret[static DIGEST_TEXT_SIZE], struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	_cleanup_spool_part_ struct spool_part part = part_of(&layer->member);
	struct digest_tap tap = { .upstream = spool_stream(&part), .digest = digest };
	int r = stream_drain(digest_stream(&tap), err);

	if (r == 0)
		digest_finish(digest, ret);
	return r;
}

/* No media type tells of its compression: what counts is the archive inside. */
static int spool_layer(const struct store *store, struct archive_source *source, const struct layer *layer, struct tar_span *ret, struct error *err)
{
	_cleanup_spool_part_ struct spool_part part = part_of(&layer->member);
	_cleanup_decompress_ struct decompress *decompress = decompress_new(spool_stream(&part), &DECOMPRESS_LIMITS);
	off_t end;
	int r = source->spool_fd < 0 ? spool_open(store, &source->spool_fd, err) : 0;

	if (r < 0)
		return r;
	end = lseek(source->spool_fd, 0, SEEK_END);
	if (end < 0)
		return error_errno(err, errno, "cannot keep what was read in the store");
	ret->offset = (uint64_t)end;
	return spool_add(source->spool_fd, decompress_stream(decompress), &ret->size, err);
}

/*
 * The layer as content, and its descriptor. Bytes that are not compressed have
 * the digest that the configuration says, or are not those that it means: who
 * reads them finds out, and they need not be read twice.
 */
static int add_layer(const struct store *store, struct archive_source *source, const struct layer *layer, struct spec_descriptor *ret, struct error *err)
{
	static char plain[] = SPEC_OCI_LAYER, gzip[] = SPEC_OCI_LAYER_GZIP, zstd[] = SPEC_OCI_LAYER_ZSTD;
	struct arena *arena = source->content.arena;
	struct tar_span span = layer->member.span;
	char digest[DIGEST_TEXT_SIZE];
	int r = 0;

	*ret = (struct spec_descriptor){ .media_type = plain, .digest = arena_strdup(arena, layer->diff_id), .size = span.size };
	if (!layer->codec) {
		content_source_add_member(&source->content, ret->digest, layer->name);
	} else if (str_equal(layer->codec->name, "gzip") || str_equal(layer->codec->name, "zstd")) {
		r = digest_layer(layer, digest, err);
		if (r < 0)
			return r;
		ret->media_type = str_equal(layer->codec->name, "gzip") ? gzip : zstd;
		ret->digest = arena_strdup(arena, digest);
		content_source_add_member(&source->content, ret->digest, layer->name);
	} else {
		r = spool_layer(store, source, layer, &span, err);
		if (r < 0)
			return r;
		ret->size = span.size;
		content_source_add_file(&source->content, ret->digest, source->spool_fd, &span);
	}
	return 0;
}

static int add_layers(const struct store *store, struct archive_source *source, const struct spec_docker_image *image,
	const struct spec_image_config *config, struct spec_manifest *manifest, struct error *err)
{
	if (config->diff_id_count != image->layer_count)
		return error_set(err, ERROR_INVALID, 0, "'%.300s': it is about %zu layers, but the archive has %zu", image->config,
			config->diff_id_count, image->layer_count);
	manifest->layers = arena_alloc(source->content.arena, image->layer_count + 1, sizeof *manifest->layers);
	for (; manifest->layer_count < image->layer_count; manifest->layer_count++) {
		struct layer layer = { .name = image->layers[manifest->layer_count], .diff_id = config->diff_ids[manifest->layer_count],
			.member = ARCHIVE_MEMBER_INIT };
		int r = look_at_layer(source, &layer, err);

		if (r == 0) {
			r = add_layer(store, source, &layer, &manifest->layers[manifest->layer_count], err);
			if (r < 0)
				error_wrap(err, "'%.300s'", layer.name);
		}
		archive_member_done(&layer.member);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_docker_image(const struct store *store, struct archive_source *source, const struct spec_docker_image *image, struct error *err)
{
	static char config_type[] = SPEC_OCI_CONFIG, manifest_type[] = SPEC_OCI_MANIFEST;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest manifest = { .media_type = manifest_type };
	struct spec_image_config *config = NULL;
	struct archive_image *added;
	int r = archive_read(&source->archive, image->config, SPEC_IMAGE_CONFIG_LIMIT, &text, err);

	if (r < 0)
		return r;
	r = spec_image_config_decode(arena, text.data, text.length, &config, err);
	if (r < 0)
		return error_wrap(err, "'%.300s'", image->config);
	manifest.config = (struct spec_descriptor){ .media_type = config_type, .size = text.length,
		.digest = content_source_add_bytes(&source->content, text.data, text.length) };
	r = add_layers(store, source, image, config, &manifest, err);
	if (r < 0)
		return r;
	added = get_image(source, content_source_add_manifest(&source->content, &manifest));
	for (char **tag = image->tags; *tag; tag++) {
		char *name = NULL;

		r = normalize_name(source->content.arena, *tag, &name, err);
		if (r < 0)
			return error_wrap(err, "'" SPEC_DOCKER_ARCHIVE_NAME "'");
		add_name(source->content.arena, added, name);
	}
	return 0;
}

static int open_docker_archive(const struct store *store, struct archive_source *source, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_docker_archive archive = { .images = NULL };
	int r = archive_read(&source->archive, SPEC_DOCKER_ARCHIVE_NAME, SPEC_DOCKER_ARCHIVE_LIMIT, &text, err);

	if (r == 0)
		r = spec_docker_archive_decode(source->content.arena, text.data, text.length, &archive, err);
	source->images = arena_alloc(source->content.arena, archive.image_count + 1, sizeof *source->images);
	for (size_t i = 0; r == 0 && i < archive.image_count; i++)
		r = add_docker_image(store, source, &archive.images[i], err);
	return r;
}

/* ---- image layouts ------------------------------------------------------------------------ */

/* Whether the blobs that the manifest names are there; one that cannot be read is for who needs it. */
static bool manifest_is_whole(const struct archive_source *source, const char *digest)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;

	if (content_source_read(&source->content, digest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0)
		return false;
	if (spec_manifest_decode(arena, text.data, text.length, &manifest, NULL) < 0)
		return true;
	for (size_t i = 0; i < manifest->layer_count; i++)
		if (!content_source_has(&source->content, manifest->layers[i].digest))
			return false;
	return content_source_has(&source->content, manifest->config.digest);
}

static bool index_is_whole(const struct archive_source *source, const char *digest)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;

	if (content_source_read(&source->content, digest, SPEC_MANIFEST_LIMIT, &text, NULL) < 0 ||
	    spec_index_decode(arena, text.data, text.length, &index, NULL) < 0)
		return false;
	for (size_t i = 0; i < index->manifest_count; i++)
		if (!manifest_is_whole(source, index->manifests[i].digest))
			return false;
	return true;
}

/*
 * The whole name of an entry, NULL if it has none. A single word is a tag of
 * what only the file's name tells: of nothing that could be found again.
 */
static const char *name_of_entry(const struct spec_descriptor *entry)
{
	const char *name = spec_descriptor_annotation(entry, ANNOTATION_NAME);

	if (name)
		return name;
	name = spec_descriptor_annotation(entry, SPEC_ANNOTATION_REF_NAME);
	return name && strpbrk(name, ":/") ? name : NULL;
}

static int add_entry(struct archive_source *source, const struct spec_descriptor *entry, struct error *err)
{
	const char *text = name_of_entry(entry);
	struct archive_image *image;
	char *name = NULL;
	int r = text ? normalize_name(source->content.arena, text, &name, err) : 0;

	if (r < 0)
		return error_wrap(err, "'index.json'");
	image = get_image(source, entry->digest);
	image->is_whole = spec_media_kind(entry->media_type) == SPEC_MEDIA_INDEX && index_is_whole(source, entry->digest);
	if (name)
		add_name(source->content.arena, image, name);
	return 0;
}

static int open_layout(struct archive_source *source, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_index *index = NULL;
	int r = archive_read(&source->archive, "index.json", SPEC_MANIFEST_LIMIT, &text, err);

	if (r < 0)
		return r;
	r = spec_index_decode(source->content.arena, text.data, text.length, &index, err);
	if (r < 0)
		return error_wrap(err, "'index.json'");
	source->content.has_blobs = true;
	source->images = arena_alloc(source->content.arena, index->manifest_count + 1, sizeof *source->images);
	for (size_t i = 0; r == 0 && i < index->manifest_count; i++)
		r = add_entry(source, &index->manifests[i], err);
	return r;
}

/* -------------------------------------------------------------------------------------------- */

/* Today's `docker save` writes both forms into one archive: the one with manifests counts. */
static int find_images(const struct store *store, struct archive_source *source, struct error *err)
{
	int r = 0;

	if (archive_has(&source->archive, "index.json"))
		r = open_layout(source, err);
	else if (archive_has(&source->archive, SPEC_DOCKER_ARCHIVE_NAME))
		r = open_docker_archive(store, source, err);
	if (r < 0 || source->count)
		return r;
	if (archive_has(&source->archive, "repositories"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "it is of a docker before 1.10, which nothing writes since 2016");
	error_set(err, ERROR_INVALID, 0, "there are no images in it");
	error_hint(err, "for the archive of a root file system there is 'bivy import'");
	return -EINVAL;
}

int archive_source_open(const struct store *store, const char *path, struct archive_source *ret, struct error *err)
{
	int r;

	*ret = (struct archive_source){ .archive = ARCHIVE_INIT, .spool_fd = -EBADF };
	r = archive_open(store, path, &ret->archive, err);
	if (r < 0)
		return r;
	ret->content = content_source_begin(&ret->archive);
	r = find_images(store, ret, err);
	if (r < 0) {
		error_wrap(err, "cannot load '%.400s'", ret->archive.name);
		archive_source_close(ret);
		return r;
	}
	ret->source = content_source(&ret->content);
	return 0;
}

void archive_source_close(struct archive_source *source)
{
	content_source_done(&source->content);
	close_and_forget(&source->spool_fd);
	archive_close(&source->archive);
}
