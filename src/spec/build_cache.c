/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_cache.h"
#include "base/moment.h"
#include "base/sha256.h"
#include "spec/decode.h"
#include "spec/image_digest.h"

#define CREATED_LIMIT 60u /* bytes */
#define TITLE_LIMIT 1000u /* bytes; what is longer is cut off by who writes */

#define FIELDS(table) table, ARRAY_SIZE(table)

/* A digest that what comes can be verified by. */
static int decode_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_DIGEST_LIMIT, ret);

	return r == 0 && !spec_digest_is_verifiable(*ret) ? decode_fail(d, value, "expected a digest") : r;
}

/* ---- records ---------------------------------------------------------------------------- */

enum record_field { RECORD_KEYS, RECORD_DIFF_ID, RECORD_CREATED, RECORD_TITLE };

static const struct field record_fields[] = {
	FIELD_BY(RECORD_KEYS, "keys", FIELD_REQUIRED),
	FIELD_BY(RECORD_DIFF_ID, "diffId", FIELD_REQUIRED),
	FIELD_BY(RECORD_CREATED, "created", FIELD_REQUIRED),
	FIELD_BY(RECORD_TITLE, "title", 0),
};

static int decode_keys(const struct decoder *d, const struct json *value, char ***ret)
{
	size_t count;
	int r = decode_strings(d, value, SHA256_HEX_SIZE - 1, ret);

	if (r < 0)
		return r;
	count = *ret ? strv_length(*ret) : 0;
	if (count == 0 || count > SPEC_BUILD_CACHE_KEYS)
		return decode_fail(d, value, "expected 1 to %d", SPEC_BUILD_CACHE_KEYS);
	for (char **key = *ret; *key; key++)
		if (strlen(*key) != SHA256_HEX_SIZE - 1 || !spec_digest_is_hex(*key, SHA256_HEX_SIZE - 1))
			return decode_fail(d, value, "expected %d hexadecimal digits", SHA256_HEX_SIZE - 1);
	return 0;
}

/* It comes into histories of images. */
static int decode_created(const struct decoder *d, const struct json *value, char **ret)
{
	struct timespec moment;
	int r = decode_string(d, value, CREATED_LIMIT, ret);

	return r == 0 && moment_parse(*ret, &moment) < 0 ? decode_fail(d, value, "expected a moment of RFC 3339") : r;
}

static int decode_record_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_cache_record *record = object;

	switch ((enum record_field)id) {
	case RECORD_KEYS:
		return decode_keys(d, value, &record->keys);
	case RECORD_DIFF_ID:
		return decode_digest(d, value, &record->diff_id);
	case RECORD_CREATED:
		return decode_created(d, value, &record->created);
	case RECORD_TITLE:
		return decode_string(d, value, TITLE_LIMIT, &record->title);
	}
	return -EINVAL;
}

static int decode_record(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(record_fields), element, decode_record_field);
}

static void encode_record(struct json_writer *w, const struct spec_build_cache_record *record)
{
	json_write_open(w, NULL, '{');
	encode_strings(w, "keys", record->keys);
	json_write_string(w, "diffId", record->diff_id);
	json_write_string(w, "created", record->created);
	if (record->title)
		json_write_bytes(w, "title", record->title, strnlen(record->title, TITLE_LIMIT));
	json_write_close(w, '}');
}

/* ---- layers -------------------------------------------------------------------------------- */

enum layer_field { LAYER_DIFF_ID, LAYER_DIGEST };

static const struct field layer_fields[] = {
	FIELD_BY(LAYER_DIFF_ID, "diffId", 0),
	FIELD_BY(LAYER_DIGEST, "digest", 0),
	FIELD(STRING, struct spec_build_cache_layer, media_type, "mediaType"),
	FIELD(U64, struct spec_build_cache_layer, size, "size"),
};

static int decode_layer_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_cache_layer *layer = object;

	return decode_digest(d, value, id == LAYER_DIFF_ID ? &layer->diff_id : &layer->digest);
}

static int decode_layer(const struct decoder *d, const struct json *value, void *element)
{
	const struct spec_build_cache_layer *layer = element;
	int r = decode_fields(d, value, FIELDS(layer_fields), element, decode_layer_field);

	return r == 0 && layer->digest && !layer->media_type ? decode_fail_missing(d, value, "mediaType") : r;
}

static void encode_layer(struct json_writer *w, const struct spec_build_cache_layer *layer)
{
	json_write_open(w, NULL, '{');
	if (layer->diff_id)
		json_write_string(w, "diffId", layer->diff_id);
	if (layer->digest)
		json_write_string(w, "digest", layer->digest);
	encode_given_fields(w, FIELDS(layer_fields), layer);
	json_write_close(w, '}');
}

/* ---- cache mounts ---------------------------------------------------------------------------- */

static const struct field mount_fields[] = {
	FIELD_MUST(STRING, struct spec_build_cache_mount, id, "id"),
	FIELD(U64, struct spec_build_cache_mount, layer, "layer"),
};

static int decode_mount(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(mount_fields), element, NULL);
}

static void encode_mount(struct json_writer *w, const struct spec_build_cache_mount *mount)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "id", mount->id);
	json_write_uint(w, "layer", mount->layer);
	json_write_close(w, '}');
}

/* ---- the document ------------------------------------------------------------------------------ */

enum cache_field { CACHE_FORMAT, CACHE_RECORDS, CACHE_LAYERS, CACHE_MOUNTS };

static const struct field cache_fields[] = {
	FIELD_BY(CACHE_FORMAT, "format", FIELD_REQUIRED),
	FIELD_BY(CACHE_RECORDS, "records", 0),
	FIELD_BY(CACHE_LAYERS, "layers", 0),
	FIELD_BY(CACHE_MOUNTS, "mounts", 0),
};

static int check_format(const struct decoder *d, const struct json *value)
{
	uint64_t format = 0;
	int r = decode_uint(d, value, UINT64_MAX, &format);

	if (r == 0 && format > SPEC_BUILD_CACHE_FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "%s has format %llu of a newer version, this one reads up to %d", d->name,
			(unsigned long long)format, SPEC_BUILD_CACHE_FORMAT);
	return r;
}

static int decode_cache_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_cache *cache = object;

	switch ((enum cache_field)id) {
	case CACHE_FORMAT:
		return check_format(d, value);
	case CACHE_RECORDS:
		return decode_list(d, value, JSON_ARRAY, sizeof *cache->records, decode_record, &cache->records, &cache->record_count);
	case CACHE_LAYERS:
		return decode_list(d, value, JSON_ARRAY, sizeof *cache->layers, decode_layer, &cache->layers, &cache->layer_count);
	case CACHE_MOUNTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *cache->mounts, decode_mount, &cache->mounts, &cache->mount_count);
	}
	return -EINVAL;
}

static int check_mounts(const struct decoder *d, const struct spec_build_cache *cache)
{
	for (size_t i = 0; i < cache->mount_count; i++)
		if (cache->mounts[i].layer >= cache->layer_count)
			return decode_fail_member(d, d->root, "mounts", "there is no layer %llu", (unsigned long long)cache->mounts[i].layer);
	return 0;
}

int spec_build_cache_decode(struct arena *arena, const char *text, size_t length, struct spec_build_cache *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "build cache", .prefix = "", .err = err };
	struct spec_build_cache cache = { .record_count = 0 };
	int r;

	if (length > SPEC_BUILD_CACHE_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "build cache");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_expect(&d, d.root, JSON_OBJECT);
	if (r == 0)
		r = decode_fields(&d, d.root, FIELDS(cache_fields), &cache, decode_cache_field);
	if (r == 0)
		r = check_mounts(&d, &cache);
	if (r == 0)
		*ret = cache;
	return r;
}

void spec_build_cache_encode(const struct spec_build_cache *cache, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", SPEC_BUILD_CACHE_FORMAT);
	json_write_open(&w, "records", '[');
	for (size_t i = 0; i < cache->record_count; i++)
		encode_record(&w, &cache->records[i]);
	json_write_close(&w, ']');
	json_write_open(&w, "layers", '[');
	for (size_t i = 0; i < cache->layer_count; i++)
		encode_layer(&w, &cache->layers[i]);
	json_write_close(&w, ']');
	json_write_open(&w, "mounts", '[');
	for (size_t i = 0; i < cache->mount_count; i++)
		encode_mount(&w, &cache->mounts[i]);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
}

int spec_build_cache_find(struct arena *arena, const char *text, size_t length, struct buf *ret, struct error *err)
{
	struct json_writer w = { .out = ret };
	struct json *document = NULL;
	const struct json *member;
	int r = json_parse(arena, text, length, &document, err);

	if (r < 0)
		return r;
	member = document->type == JSON_OBJECT ? json_member(document, SPEC_BUILD_CACHE_MEMBER) : NULL;
	if (!member)
		return -ENOENT;
	json_write_value(&w, NULL, member);
	return 0;
}

/* ---- several as one ------------------------------------------------------------------------------- */

static void *join(struct arena *arena, const void *first, size_t count, const void *second, size_t more, size_t size)
{
	char *list = arena_alloc(arena, count + more + 1, size);

	if (count)
		memcpy(list, first, count * size);
	if (more)
		memcpy(list + count * size, second, more * size);
	return list;
}

void spec_build_cache_join(struct arena *arena, struct spec_build_cache *cache, const struct spec_build_cache *more)
{
	struct spec_build_cache_mount *mounts = join(arena, cache->mounts, cache->mount_count, more->mounts, more->mount_count, sizeof *mounts);

	for (size_t i = 0; i < more->mount_count; i++)
		mounts[cache->mount_count + i].layer += cache->layer_count;
	cache->mounts = mounts;
	cache->mount_count += more->mount_count;
	cache->records = join(arena, cache->records, cache->record_count, more->records, more->record_count, sizeof *cache->records);
	cache->record_count += more->record_count;
	cache->layers = join(arena, cache->layers, cache->layer_count, more->layers, more->layer_count, sizeof *cache->layers);
	cache->layer_count += more->layer_count;
}
