/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_work.h"
#include "spec/decode.h"
#include "spec/image_digest.h"

#include <limits.h>

/* Of a string that is a document or a file: as long as all of it may be. */
#define TEXT_LIMIT ((size_t)SPEC_BUILD_WORK_LIMIT)

typedef void encode_element(struct json_writer *w, const void *element);

static void encode_list(struct json_writer *w, const char *key, const void *elements, size_t count, size_t size, encode_element *encode)
{
	if (!count)
		return;
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		encode(w, (const char *)elements + i * size);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_text(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_write_string(w, key, text);
}

static int decode_text(const struct decoder *d, const struct json *value, char **ret)
{
	return decode_string(d, value, TEXT_LIMIT, ret);
}

static int decode_fd(const struct decoder *d, const struct json *value, int *ret)
{
	uint64_t fd = 0;
	int r = decode_uint(d, value, INT_MAX, &fd);

	if (r == 0)
		*ret = (int)fd;
	return r;
}

static int decode_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	return r == 0 && !spec_digest_is_valid(*ret) ? decode_fail(d, value, "expected a digest") : r;
}

/* Decodes all of a document into OBJECT, by FIELDS. */
struct shape {
	const struct field *fields;
	size_t count;
	decode_own *own;
};

static int decode_document(struct arena *arena, const char *text, size_t length, const struct shape *shape, void *object, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "work", .prefix = "", .err = err };
	int r;

	if (length > SPEC_BUILD_WORK_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "work");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_expect(&d, d.root, JSON_OBJECT);
	return r == 0 ? decode_fields(&d, d.root, shape->fields, shape->count, object, shape->own) : r;
}

static struct json_writer begin(struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	return w;
}

static void end(struct json_writer *w)
{
	json_write_close(w, '}');
	buf_add_char(w->out, '\n');
}

#define FIELDS(table) table, ARRAY_SIZE(table)

/* ---- what is taken ---------------------------------------------------------------------- */

enum take_field { TAKE_ROOT, TAKE_IGNORE };

static const struct field take_fields[] = {
	FIELD_BY(TAKE_ROOT, "root", FIELD_REQUIRED),
	FIELD_BY(TAKE_IGNORE, "ignore", 0),
	FIELD(STRING, struct spec_build_take, ignore_name, "ignoreName"),
	FIELD(STRING, struct spec_build_take, index, "index"),
	FIELD(STRINGS, struct spec_build_take, sources, "sources"),
	FIELD(BOOL, struct spec_build_take, parents, "parents"),
	FIELD(STRINGS, struct spec_build_take, excludes, "excludes"),
	FIELD(BOOL, struct spec_build_take, is_context, "isContext"),
	FIELD(BOOL, struct spec_build_take, unpack, "unpack"),
};

static int decode_take_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_take *take = object;

	switch ((enum take_field)id) {
	case TAKE_ROOT:
		return decode_fd(d, value, &take->root_fd);
	case TAKE_IGNORE:
		return decode_text(d, value, &take->ignore);
	}
	return -EINVAL;
}

static int decode_take(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_build_take *take = element;
	int r = decode_fields(d, value, FIELDS(take_fields), take, decode_take_field);

	if (r == 0 && !take->sources)
		take->sources = arena_alloc(d->arena, 1, sizeof *take->sources);
	return r;
}

static int decode_takes(const struct decoder *d, const struct json *value, struct spec_build_take **ret, size_t *ret_count)
{
	return decode_list(d, value, JSON_ARRAY, sizeof **ret, decode_take, ret, ret_count);
}

static void encode_take(struct json_writer *w, const void *element)
{
	const struct spec_build_take *take = element;

	json_write_int(w, "root", take->root_fd);
	encode_text(w, "ignore", take->ignore);
	encode_given_fields(w, FIELDS(take_fields), take);
}

static void encode_takes(struct json_writer *w, const struct spec_build_take *takes, size_t count)
{
	encode_list(w, "takes", takes, count, sizeof *takes, encode_take);
}

/* ---- digest ---------------------------------------------------------------------------------- */

static const struct field digest_fields[] = {
	FIELD_BY(0, "takes", FIELD_REQUIRED),
};

static int decode_digest_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_build_digest *work = object;

	return decode_takes(d, value, &work->takes, &work->take_count);
}

int spec_build_digest_decode(struct arena *arena, const char *text, size_t length, struct spec_build_digest *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(digest_fields), decode_digest_field };
	struct spec_build_digest work = { .take_count = 0 };
	int r = decode_document(arena, text, length, &shape, &work, err);

	if (r == 0)
		*ret = work;
	return r;
}

void spec_build_digest_encode(const struct spec_build_digest *work, struct buf *out)
{
	struct json_writer w = begin(out);

	if (!work->take_count) {
		json_write_open(&w, "takes", '[');
		json_write_close(&w, ']');
	}
	encode_takes(&w, work->takes, work->take_count);
	end(&w);
}

static const struct field taken_fields[] = {
	FIELD_BY(0, "digest", FIELD_REQUIRED),
	FIELD(U64, struct spec_build_taken, entries, "entries"),
	FIELD(U64, struct spec_build_taken, bytes, "bytes"),
};

static int decode_taken_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	return decode_digest(d, value, &((struct spec_build_taken *)object)->digest);
}

static int decode_taken(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(taken_fields), element, decode_taken_field);
}

static void encode_taken(struct json_writer *w, const void *element)
{
	const struct spec_build_taken *taken = element;

	json_write_string(w, "digest", taken->digest);
	encode_given_fields(w, FIELDS(taken_fields), taken);
}

static int decode_digest_report_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_build_digest_report *report = object;

	return decode_list(d, value, JSON_ARRAY, sizeof *report->takes, decode_taken, &report->takes, &report->take_count);
}

int spec_build_digest_report_decode(struct arena *arena, const char *text, size_t length, struct spec_build_digest_report *ret, struct error *err)
{
	static const struct field fields[] = { FIELD_BY(0, "takes", 0) };
	static const struct shape shape = { FIELDS(fields), decode_digest_report_field };
	struct spec_build_digest_report report = { .take_count = 0 };
	int r = decode_document(arena, text, length, &shape, &report, err);

	if (r == 0)
		*ret = report;
	return r;
}

void spec_build_digest_report_encode(const struct spec_build_digest_report *report, struct buf *out)
{
	struct json_writer w = begin(out);

	encode_list(&w, "takes", report->takes, report->take_count, sizeof *report->takes, encode_taken);
	end(&w);
}

/* ---- layer ------------------------------------------------------------------------------------------ */

enum layer_field { LAYER_PARENT, LAYER_CLONE };

static const struct field layer_fields[] = {
	FIELD(STRING, struct spec_build_layer, upper, "upper"),
	FIELD_BY(LAYER_PARENT, "parent", 0),
	FIELD_BY(LAYER_CLONE, "clone", 0),
	FIELD(STRINGS, struct spec_build_layer, mountpoints, "mountpoints"),
	FIELD(STRINGS, struct spec_build_layer, merge, "merge"),
	FIELD_WITH(I64, struct spec_build_layer, epoch, has_epoch, "epoch"),
	FIELD(BOOL, struct spec_build_layer, rewrites_times, "rewritesTimes"),
	FIELD(BOOL, struct spec_build_layer, wants_blob, "wantsBlob"),
	FIELD(STRING, struct spec_build_layer, compression, "compression"),
	FIELD(I64, struct spec_build_layer, compression_level, "compressionLevel"),
};

static int decode_layer_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_layer *work = object;

	return decode_digest(d, value, id == LAYER_PARENT ? &work->parent : &work->clone);
}

static int check_layer(const struct spec_build_layer *work, struct error *err)
{
	if (!!work->upper + !!work->clone + !!work->merge != 1)
		return error_set(err, ERROR_INVALID, 0, "expected one of upper, clone and merge");
	for (char **chain_id = work->merge; chain_id && *chain_id; chain_id++)
		if (!spec_digest_is_valid(*chain_id))
			return error_set(err, ERROR_INVALID, 0, "merge: '%.200s' is no digest", *chain_id);
	return 0;
}

int spec_build_layer_decode(struct arena *arena, const char *text, size_t length, struct spec_build_layer *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(layer_fields), decode_layer_field };
	struct spec_build_layer work = { .upper = NULL };
	int r = decode_document(arena, text, length, &shape, &work, err);

	if (r == 0)
		r = check_layer(&work, err);
	if (r == 0)
		*ret = work;
	return r;
}

static void write_layer(struct json_writer *w, const struct spec_build_layer *work)
{
	encode_text(w, "parent", work->parent);
	encode_text(w, "clone", work->clone);
	encode_given_fields(w, FIELDS(layer_fields), work);
}

void spec_build_layer_encode(const struct spec_build_layer *work, struct buf *out)
{
	struct json_writer w = begin(out);

	write_layer(&w, work);
	end(&w);
}

enum layer_report_field { LAYER_REPORT_CHAIN_ID, LAYER_REPORT_DIFF_ID, LAYER_REPORT_BLOB };

static const struct field layer_report_fields[] = {
	FIELD_BY(LAYER_REPORT_CHAIN_ID, "chainId", FIELD_REQUIRED),
	FIELD_BY(LAYER_REPORT_DIFF_ID, "diffId", FIELD_REQUIRED),
	FIELD_BY(LAYER_REPORT_BLOB, "blob", 0),
	FIELD(STRING, struct spec_build_layer_report, media_type, "mediaType"),
	FIELD(U64, struct spec_build_layer_report, blob_size, "blobSize"),
	FIELD(U64, struct spec_build_layer_report, size, "size"),
	FIELD(U64, struct spec_build_layer_report, members, "members"),
};

static int decode_layer_report_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_layer_report *report = object;

	switch ((enum layer_report_field)id) {
	case LAYER_REPORT_CHAIN_ID:
		return decode_digest(d, value, &report->chain_id);
	case LAYER_REPORT_DIFF_ID:
		return decode_digest(d, value, &report->diff_id);
	case LAYER_REPORT_BLOB:
		return decode_digest(d, value, &report->blob);
	}
	return -EINVAL;
}

int spec_build_layer_report_decode(struct arena *arena, const char *text, size_t length, struct spec_build_layer_report *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(layer_report_fields), decode_layer_report_field };
	struct spec_build_layer_report report = { .size = 0 };
	int r = decode_document(arena, text, length, &shape, &report, err);

	if (r == 0)
		*ret = report;
	return r;
}

static void write_layer_report(struct json_writer *w, const struct spec_build_layer_report *report)
{
	json_write_string(w, "chainId", report->chain_id);
	json_write_string(w, "diffId", report->diff_id);
	encode_text(w, "blob", report->blob);
	encode_given_fields(w, FIELDS(layer_report_fields), report);
}

void spec_build_layer_report_encode(const struct spec_build_layer_report *report, struct buf *out)
{
	struct json_writer w = begin(out);

	write_layer_report(&w, report);
	end(&w);
}

/* ---- copy ---------------------------------------------------------------------------------------- */

static const struct field file_fields[] = {
	FIELD_MUST(STRING, struct spec_build_file, name, "name"),
	FIELD_BY(0, "content", FIELD_REQUIRED),
};

static int decode_file_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	return decode_text(d, value, &((struct spec_build_file *)object)->content);
}

static int decode_file(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(file_fields), element, decode_file_field);
}

static void encode_file(struct json_writer *w, const void *element)
{
	const struct spec_build_file *file = element;

	json_write_string(w, "name", file->name);
	json_write_string(w, "content", file->content);
}

static const struct field statement_fields[] = {
	FIELD_MUST(STRING, struct spec_build_statement, name, "name"),
	FIELD_MUST(STRING, struct spec_build_statement, type, "type"),
	FIELD_BY(0, "predicate", FIELD_REQUIRED),
};

static int decode_statement_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	return decode_text(d, value, &((struct spec_build_statement *)object)->predicate);
}

static int decode_statement(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(statement_fields), element, decode_statement_field);
}

static void encode_statement(struct json_writer *w, const void *element)
{
	const struct spec_build_statement *statement = element;

	json_write_string(w, "name", statement->name);
	json_write_string(w, "type", statement->type);
	json_write_string(w, "predicate", statement->predicate);
}

enum copy_field { COPY_TAKES, COPY_FILES, COPY_STATEMENTS, COPY_ROOT, COPY_DESTINATION, COPY_LAYER };

static const struct field copy_fields[] = {
	FIELD_BY(COPY_TAKES, "takes", 0),
	FIELD_BY(COPY_FILES, "files", 0),
	FIELD_BY(COPY_STATEMENTS, "statements", 0),
	FIELD_BY(COPY_ROOT, "root", FIELD_REQUIRED),
	FIELD_BY(COPY_DESTINATION, "destination", FIELD_REQUIRED),
	FIELD(STRING, struct spec_build_copy, chown, "chown"),
	FIELD(STRING, struct spec_build_copy, chmod, "chmod"),
	FIELD_WITH(I64, struct spec_build_copy, epoch, has_epoch, "epoch"),
	FIELD(BOOL, struct spec_build_copy, directory_only, "directoryOnly"),
	FIELD(BOOL, struct spec_build_copy, wants_digest, "wantsDigest"),
	FIELD_BY(COPY_LAYER, "layer", 0),
};

static int decode_copy_layer(const struct decoder *d, const struct json *value, struct spec_build_copy *work)
{
	work->layer = arena_alloc(d->arena, 1, sizeof *work->layer);
	return decode_fields(d, value, FIELDS(layer_fields), work->layer, decode_layer_field);
}

static int decode_copy_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_copy *work = object;

	switch ((enum copy_field)id) {
	case COPY_TAKES:
		return decode_takes(d, value, &work->takes, &work->take_count);
	case COPY_FILES:
		return decode_list(d, value, JSON_ARRAY, sizeof *work->files, decode_file, &work->files, &work->file_count);
	case COPY_STATEMENTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *work->statements, decode_statement, &work->statements, &work->statement_count);
	case COPY_ROOT:
		return decode_fd(d, value, &work->root_fd);
	case COPY_DESTINATION:
		return decode_absolute_path(d, value, &work->destination);
	case COPY_LAYER:
		return decode_copy_layer(d, value, work);
	}
	return -EINVAL;
}

int spec_build_copy_decode(struct arena *arena, const char *text, size_t length, struct spec_build_copy *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(copy_fields), decode_copy_field };
	struct spec_build_copy work = { .take_count = 0 };
	int r = decode_document(arena, text, length, &shape, &work, err);

	if (r == 0 && work.layer && !work.layer->upper)
		r = error_set(err, ERROR_INVALID, 0, "layer: expected upper");
	if (r == 0 && work.layer)
		r = check_layer(work.layer, err);
	if (r == 0)
		*ret = work;
	return r;
}

void spec_build_copy_encode(const struct spec_build_copy *work, struct buf *out)
{
	struct json_writer w = begin(out);

	encode_takes(&w, work->takes, work->take_count);
	encode_list(&w, "files", work->files, work->file_count, sizeof *work->files, encode_file);
	encode_list(&w, "statements", work->statements, work->statement_count, sizeof *work->statements, encode_statement);
	json_write_int(&w, "root", work->root_fd);
	json_write_string(&w, "destination", work->destination);
	encode_given_fields(&w, FIELDS(copy_fields), work);
	if (work->layer) {
		json_write_open(&w, "layer", '{');
		write_layer(&w, work->layer);
		json_write_close(&w, '}');
	}
	end(&w);
}

enum copy_report_field { COPY_REPORT_DIGEST, COPY_REPORT_LAYER };

static const struct field copy_report_fields[] = {
	FIELD_BY(COPY_REPORT_DIGEST, "digest", 0),
	FIELD_BY(COPY_REPORT_LAYER, "layer", 0),
	FIELD(U64, struct spec_build_copy_report, entries, "entries"),
	FIELD(U64, struct spec_build_copy_report, bytes, "bytes"),
};

static int decode_copy_report_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_copy_report *report = object;

	if (id == COPY_REPORT_DIGEST)
		return decode_digest(d, value, &report->digest);
	report->layer = arena_alloc(d->arena, 1, sizeof *report->layer);
	return decode_fields(d, value, FIELDS(layer_report_fields), report->layer, decode_layer_report_field);
}

int spec_build_copy_report_decode(struct arena *arena, const char *text, size_t length, struct spec_build_copy_report *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(copy_report_fields), decode_copy_report_field };
	struct spec_build_copy_report report = { .entries = 0 };
	int r = decode_document(arena, text, length, &shape, &report, err);

	if (r == 0)
		*ret = report;
	return r;
}

void spec_build_copy_report_encode(const struct spec_build_copy_report *report, struct buf *out)
{
	struct json_writer w = begin(out);

	encode_text(&w, "digest", report->digest);
	encode_given_fields(&w, FIELDS(copy_report_fields), report);
	if (report->layer) {
		json_write_open(&w, "layer", '{');
		write_layer_report(&w, report->layer);
		json_write_close(&w, '}');
	}
	end(&w);
}

/* ---- image --------------------------------------------------------------------------------------------- */

enum image_layer_field { IMAGE_LAYER_CHAIN_ID, IMAGE_LAYER_DIFF_ID, IMAGE_LAYER_DIGEST };

static const struct field image_layer_fields[] = {
	FIELD_BY(IMAGE_LAYER_CHAIN_ID, "chainId", 0),
	FIELD_BY(IMAGE_LAYER_DIFF_ID, "diffId", 0),
	FIELD_BY(IMAGE_LAYER_DIGEST, "digest", 0),
	FIELD(STRING, struct spec_build_image_layer, media_type, "mediaType"),
	FIELD(U64, struct spec_build_image_layer, size, "size"),
	FIELD(STRING, struct spec_build_image_layer, directory, "directory"),
	FIELD(BOOL, struct spec_build_image_layer, is_elsewhere, "isElsewhere"),
};

static int decode_image_layer_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_image_layer *layer = object;

	switch ((enum image_layer_field)id) {
	case IMAGE_LAYER_CHAIN_ID:
		return decode_digest(d, value, &layer->chain_id);
	case IMAGE_LAYER_DIFF_ID:
		return decode_digest(d, value, &layer->diff_id);
	case IMAGE_LAYER_DIGEST:
		return decode_digest(d, value, &layer->digest);
	}
	return -EINVAL;
}

static int decode_image_layer(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_build_image_layer *layer = element;
	int r = decode_fields(d, value, FIELDS(image_layer_fields), layer, decode_image_layer_field);

	return r == 0 && layer->digest && !layer->media_type ? decode_fail_missing(d, value, "mediaType") : r;
}

static void encode_image_layer(struct json_writer *w, const void *element)
{
	const struct spec_build_image_layer *layer = element;

	encode_text(w, "chainId", layer->chain_id);
	encode_text(w, "diffId", layer->diff_id);
	encode_text(w, "digest", layer->digest);
	encode_given_fields(w, FIELDS(image_layer_fields), layer);
}

static int decode_layers(const struct decoder *d, const struct json *value, struct spec_build_image_layer **ret, size_t *ret_count)
{
	return decode_list(d, value, JSON_ARRAY, sizeof **ret, decode_image_layer, ret, ret_count);
}

/* Of an image: each is one of the store's. */
static int check_image_layer(const struct decoder *d, const struct json *value, const struct spec_build_image_part *part, const struct spec_build_image_layer *layer)
{
	bool is_free = part->artifact_type && (layer->directory || (layer->is_elsewhere && layer->digest));

	if (!is_free && (!layer->chain_id || !layer->diff_id))
		return decode_fail_member(d, value, "layers", "expected chainId and diffId");
	return is_free || !(layer->directory || layer->is_elsewhere) ? 0 : decode_fail_member(d, value, "layers", "only an artifact has others than the store's");
}

enum image_part_field { IMAGE_PART_CONFIG, IMAGE_PART_LAYERS, IMAGE_PART_STATEMENTS };

static const struct field image_part_fields[] = {
	FIELD_BY(IMAGE_PART_CONFIG, "config", FIELD_REQUIRED),
	FIELD_MUST(STRING, struct spec_build_image_part, platform, "platform"),
	FIELD(STRING, struct spec_build_image_part, artifact_type, "artifactType"),
	FIELD_BY(IMAGE_PART_LAYERS, "layers", 0),
	FIELD_LIST(PAIRS, struct spec_build_image_part, annotations, annotation_count, "annotations"),
	FIELD_LIST(PAIRS, struct spec_build_image_part, descriptor_annotations, descriptor_annotation_count, "descriptorAnnotations"),
	FIELD_BY(IMAGE_PART_STATEMENTS, "statements", 0),
};

static int decode_image_part_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_image_part *part = object;

	switch ((enum image_part_field)id) {
	case IMAGE_PART_CONFIG:
		return decode_text(d, value, &part->config);
	case IMAGE_PART_LAYERS:
		return decode_layers(d, value, &part->layers, &part->layer_count);
	case IMAGE_PART_STATEMENTS:
		return decode_pairs(d, value, TEXT_LIMIT, &part->statements, &part->statement_count);
	}
	return -EINVAL;
}

static int decode_image_part(const struct decoder *d, const struct json *value, void *element)
{
	const struct spec_build_image_part *part = element;
	int r = decode_fields(d, value, FIELDS(image_part_fields), element, decode_image_part_field);

	for (size_t i = 0; r == 0 && i < part->layer_count; i++)
		r = check_image_layer(d, value, part, &part->layers[i]);
	return r;
}

static void encode_image_part(struct json_writer *w, const void *element)
{
	const struct spec_build_image_part *part = element;

	json_write_string(w, "config", part->config);
	encode_given_fields(w, FIELDS(image_part_fields), part);
	encode_list(w, "layers", part->layers, part->layer_count, sizeof *part->layers, encode_image_layer);
	if (part->statement_count)
		encode_pairs(w, "statements", part->statements, part->statement_count);
}

static const struct field image_fields[] = {
	FIELD_BY(0, "parts", FIELD_REQUIRED),
	FIELD(BOOL, struct spec_build_image, wants_index, "wantsIndex"),
	FIELD(BOOL, struct spec_build_image, docker_types, "dockerTypes"),
	FIELD(STRING, struct spec_build_image, compression, "compression"),
	FIELD(BOOL, struct spec_build_image, force_compression, "forceCompression"),
	FIELD(I64, struct spec_build_image, compression_level, "compressionLevel"),
	FIELD_LIST(PAIRS, struct spec_build_image, annotations, annotation_count, "annotations"),
	FIELD(STRINGS, struct spec_build_image, names, "names"),
	FIELD(BOOL, struct spec_build_image, is_unlisted, "isUnlisted"),
	FIELD(STRING, struct spec_build_image, created, "created"),
};

static int decode_image_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_build_image *work = object;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *work->parts, decode_image_part, &work->parts, &work->part_count);

	return r == 0 && !work->part_count ? decode_fail(d, value, "expected at least one") : r;
}

int spec_build_image_decode(struct arena *arena, const char *text, size_t length, struct spec_build_image *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(image_fields), decode_image_field };
	struct spec_build_image work = { .part_count = 0 };
	int r = decode_document(arena, text, length, &shape, &work, err);

	if (r == 0 && !work.names)
		work.names = arena_alloc(arena, 1, sizeof *work.names);
	if (r == 0)
		*ret = work;
	return r;
}

void spec_build_image_encode(const struct spec_build_image *work, struct buf *out)
{
	struct json_writer w = begin(out);

	encode_list(&w, "parts", work->parts, work->part_count, sizeof *work->parts, encode_image_part);
	encode_given_fields(&w, FIELDS(image_fields), work);
	end(&w);
}

enum made_field { MADE_ID, MADE_DIGEST, MADE_LAYERS };

static const struct field made_fields[] = {
	FIELD_BY(MADE_ID, "id", FIELD_REQUIRED),
	FIELD_BY(MADE_DIGEST, "digest", FIELD_REQUIRED),
	FIELD_BY(MADE_LAYERS, "layers", 0),
};

static int decode_made_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_image_made *made = object;

	switch ((enum made_field)id) {
	case MADE_ID:
		return decode_digest(d, value, &made->id);
	case MADE_DIGEST:
		return decode_digest(d, value, &made->digest);
	case MADE_LAYERS:
		return decode_layers(d, value, &made->layers, &made->layer_count);
	}
	return -EINVAL;
}

static int decode_made(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, FIELDS(made_fields), element, decode_made_field);
}

static void encode_made(struct json_writer *w, const void *element)
{
	const struct spec_build_image_made *made = element;

	json_write_string(w, "id", made->id);
	json_write_string(w, "digest", made->digest);
	encode_list(w, "layers", made->layers, made->layer_count, sizeof *made->layers, encode_image_layer);
}

enum image_report_field { IMAGE_REPORT_ID, IMAGE_REPORT_DIGEST, IMAGE_REPORT_PARTS };

static const struct field image_report_fields[] = {
	FIELD_BY(IMAGE_REPORT_ID, "id", FIELD_REQUIRED),
	FIELD_BY(IMAGE_REPORT_DIGEST, "digest", FIELD_REQUIRED),
	FIELD_MUST(STRING, struct spec_build_image_report, media_type, "mediaType"),
	FIELD(U64, struct spec_build_image_report, size, "size"),
	FIELD_BY(IMAGE_REPORT_PARTS, "parts", 0),
};

static int decode_image_report_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_image_report *report = object;

	switch ((enum image_report_field)id) {
	case IMAGE_REPORT_ID:
		return decode_digest(d, value, &report->id);
	case IMAGE_REPORT_DIGEST:
		return decode_digest(d, value, &report->digest);
	case IMAGE_REPORT_PARTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *report->parts, decode_made, &report->parts, &report->part_count);
	}
	return -EINVAL;
}

int spec_build_image_report_decode(struct arena *arena, const char *text, size_t length, struct spec_build_image_report *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(image_report_fields), decode_image_report_field };
	struct spec_build_image_report report = { .size = 0 };
	int r = decode_document(arena, text, length, &shape, &report, err);

	if (r == 0)
		*ret = report;
	return r;
}

void spec_build_image_report_encode(const struct spec_build_image_report *report, struct buf *out)
{
	struct json_writer w = begin(out);

	json_write_string(&w, "id", report->id);
	json_write_string(&w, "digest", report->digest);
	encode_given_fields(&w, FIELDS(image_report_fields), report);
	encode_list(&w, "parts", report->parts, report->part_count, sizeof *report->parts, encode_made);
	end(&w);
}

/* ---- fetch ----------------------------------------------------------------------------------------------- */

static const struct field fetch_fields[] = {
	FIELD_BY(0, "layers", FIELD_REQUIRED),
	FIELD(BOOL, struct spec_build_fetch, blobs_only, "blobsOnly"),
	FIELD(STRING, struct spec_build_fetch, directory, "directory"),
};

/* What a fetch of that kind needs to know of each. */
static int check_fetch(const struct spec_build_fetch *work, struct error *err)
{
	bool is_chain = !work->blobs_only && !work->directory;

	if (work->directory && work->layer_count != 1)
		return error_set(err, ERROR_INVALID, 0, "layers: expected one");
	for (size_t i = 0; i < work->layer_count; i++) {
		const struct spec_build_image_layer *layer = &work->layers[i];

		if (is_chain ? !layer->chain_id || !layer->diff_id : !layer->digest)
			return error_set(err, ERROR_INVALID, 0, "layers[%zu].%s: missing", i, is_chain ? layer->chain_id ? "diffId" : "chainId" : "digest");
	}
	return 0;
}

static int decode_fetch_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_build_fetch *work = object;

	return decode_layers(d, value, &work->layers, &work->layer_count);
}

int spec_build_fetch_decode(struct arena *arena, const char *text, size_t length, struct spec_build_fetch *ret, struct error *err)
{
	static const struct shape shape = { FIELDS(fetch_fields), decode_fetch_field };
	struct spec_build_fetch work = { .layer_count = 0 };
	int r = decode_document(arena, text, length, &shape, &work, err);

	if (r == 0)
		r = check_fetch(&work, err);
	if (r == 0)
		*ret = work;
	return r;
}

void spec_build_fetch_encode(const struct spec_build_fetch *work, struct buf *out)
{
	struct json_writer w = begin(out);

	if (!work->layer_count) {
		json_write_open(&w, "layers", '[');
		json_write_close(&w, ']');
	}
	encode_list(&w, "layers", work->layers, work->layer_count, sizeof *work->layers, encode_image_layer);
	encode_given_fields(&w, FIELDS(fetch_fields), work);
	end(&w);
}
