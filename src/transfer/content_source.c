/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/content_source.h"

#include "spec/image_digest.h"
#include "store/digest.h"

struct content {
	const char *digest;
	const void *bytes;  /* in memory; or */
	const char *member; /* in the archive; or */
	int fd;             /* in a file */
	struct tar_span span;
};

struct content_source content_source_begin(const struct archive *archive)
{
	return (struct content_source){ .archive = archive, .arena = arena_new() };
}

void content_source_done(struct content_source *source)
{
	if (source->arena)
		arena_free(source->arena);
	free(source->items);
	*source = (struct content_source){ .arena = NULL };
}

/* ---- what there is ---------------------------------------------------------------- */

static struct content *add(struct content_source *source, const char *digest)
{
	/* Doubled at each power of two. */
	if ((source->count & (source->count - 1)) == 0)
		source->items = memory_resize(source->items, source->count ? 2 * source->count : 1, sizeof *source->items);
	source->items[source->count] = (struct content){ .digest = arena_strdup(source->arena, digest), .fd = -EBADF };
	return &source->items[source->count++];
}

static char *digest_of(const void *bytes, size_t length)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	char text[DIGEST_TEXT_SIZE];

	digest_add(digest, bytes, length);
	digest_finish(digest, text);
	return str_dup(text);
}

char *content_source_add_bytes(struct content_source *source, const void *bytes, size_t length)
{
	_cleanup_free_ char *digest = digest_of(bytes, length);
	struct content *item = add(source, digest);

	item->bytes = arena_strndup(source->arena, bytes, length);
	item->span.size = length;
	return (char *)item->digest;
}

void content_source_add_file(struct content_source *source, const char *digest, int fd, const struct tar_span *span)
{
	struct content *item = add(source, digest);

	item->fd = fd;
	item->span = *span;
}

void content_source_add_member(struct content_source *source, const char *digest, const char *name)
{
	add(source, digest)->member = arena_strdup(source->arena, name);
}

char *content_source_add_manifest(struct content_source *source, const struct spec_manifest *manifest)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_manifest_encode(manifest, &text);
	return content_source_add_bytes(source, text.data, text.length);
}

/* ---- looking it up ------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	return strcmp(((const struct content *)a)->digest, ((const struct content *)b)->digest);
}

/* Whatever DIGEST names, as an item; one that was not added is in FALLBACK. NULL if there is none. */
static const struct content *find(const struct content_source *source, const char *digest, struct content *fallback, struct buf *name)
{
	const struct content key = { .digest = digest };
	const struct content *item = source->count ? bsearch(&key, source->items, source->count, sizeof key, compare_items) : NULL;

	if (item || !source->has_blobs || !spec_digest_is_valid(digest))
		return item;
	buf_printf(name, "blobs/%.*s/%s", (int)spec_digest_algorithm_length(digest), digest, spec_digest_encoded(digest));
	*fallback = (struct content){ .digest = digest, .member = name->data, .fd = -EBADF };
	return fallback;
}

/* An opened blob: of its bytes in memory, or of a part of a file. */
struct opened {
	struct stream_memory memory;
	struct archive_member member;
	struct spool_part part;
};

static int open_item(const struct content_source *source, const char *digest, struct opened *ret, struct error *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct content fallback;
	const struct content *item = find(source, digest, &fallback, &name);
	int r = 0;

	*ret = (struct opened){ .member = ARCHIVE_MEMBER_INIT };
	if (!item)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "'%s'", digest);
	if (item->bytes)
		ret->memory = (struct stream_memory){ .bytes = item->bytes, .length = (size_t)item->span.size };
	else if (item->member)
		r = archive_find(source->archive, item->member, &ret->member, err);
	else
		ret->member = (struct archive_member){ .fd = item->fd, .span = item->span };
	ret->part = (struct spool_part){ .fd = ret->member.fd, .offset = ret->member.span.offset, .left = ret->member.span.size };
	return r;
}

static void close_opened(struct opened *opened)
{
	archive_member_done(&opened->member);
	spool_part_done(&opened->part);
}

static struct stream stream_of_opened(struct opened *opened)
{
	return opened->part.fd >= 0 ? spool_stream(&opened->part) : stream_of_memory(&opened->memory);
}

static uint64_t size_of_opened(const struct opened *opened)
{
	return opened->part.fd >= 0 ? opened->part.left : opened->memory.length;
}

int content_source_read(const struct content_source *source, const char *digest, size_t limit, struct buf *out, struct error *err)
{
	_cleanup_(close_opened) struct opened opened = { .member = ARCHIVE_MEMBER_INIT };
	int r = open_item(source, digest, &opened, err);

	if (r < 0)
		return r;
	if (size_of_opened(&opened) > limit)
		return error_set(err, ERROR_INVALID, EFBIG, "'%s'", digest);
	buf_add(out, "", 0);
	return stream_copy(stream_of_opened(&opened), sink_to_buf(out), UINT64_MAX, NULL, err);
}

bool content_source_has(const struct content_source *source, const char *digest)
{
	_cleanup_(close_opened) struct opened opened = { .member = ARCHIVE_MEMBER_INIT };

	return open_item(source, digest, &opened, NULL) == 0;
}

/* ---- as a source ------------------------------------------------------------------------ */

static int get_document(void *context, const char *reference, struct source_document *ret, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	int r = content_source_read(context, reference, SPEC_MANIFEST_LIMIT, &body, err);

	if (r < 0)
		return r;
	*ret = (struct source_document){ .digest = digest_of(body.data, body.length), .body = body };
	body = BUF_INIT;
	return 0;
}

static int open_blob(void *context, const struct spec_descriptor *blob, uint64_t offset, struct source_blob *ret, struct error *err)
{
	struct opened *opened = memory_new(1, sizeof *opened);
	int r = open_item(context, blob->digest, opened, err);

	if (r < 0) {
		free(opened);
		return r;
	}
	if (offset > size_of_opened(opened))
		offset = size_of_opened(opened);
	opened->part.offset += offset;
	opened->part.left -= opened->part.fd >= 0 ? offset : 0;
	if (opened->part.fd < 0) {
		opened->memory.bytes += offset;
		opened->memory.length -= (size_t)offset;
	}
	*ret = (struct source_blob){ .stream = stream_of_opened(opened), .offset = offset, .state = opened };
	return 0;
}

static void close_blob(void *context _unused_, struct source_blob *blob)
{
	if (blob->state)
		close_opened(blob->state);
	free(blob->state);
	blob->state = NULL;
}

struct image_source content_source(struct content_source *source)
{
	static const struct source_ops ops = {
		.phase = SPEC_TRANSFER_READING,
		.get_document = get_document,
		.open_blob = open_blob,
		.close_blob = close_blob,
	};

	if (source->count)
		qsort(source->items, source->count, sizeof *source->items, compare_items);
	return (struct image_source){ &ops, source };
}
