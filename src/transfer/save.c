/* SPDX-License-Identifier: Apache-2.0 */
/* save: images of the store go into an archive or a directory. */
#include "base/json.h"
#include "base/clock.h"
#include "spec/image_digest.h"
#include "store/blobs.h"
#include "store/digest.h"
#include "transfer/layout_writer.h"
#include "transfer/output.h"
#include "transfer/saved_images.h"
#include "transfer/spool.h"

/* How often anybody is told how far a blob is. */
#define TELL_EVERY_MS 100

enum save_format {
	SAVE_DOCKER_ARCHIVE, /* an image layout, and what docker before version 25 and others look for beside it */
	SAVE_OCI_ARCHIVE,
	SAVE_OCI_DIRECTORY,
};

static const char *const format_words[] = {
	[SAVE_DOCKER_ARCHIVE] = "docker-archive", [SAVE_OCI_ARCHIVE] = "oci-archive", [SAVE_OCI_DIRECTORY] = "oci-dir",
};

static const char *const compression_words[] = { [SAVED_NONE] = "none", [SAVED_GZIP] = "gzip", [SAVED_ZSTD] = "zstd" };

struct save_request {
	const char *output;
	int format;      /* enum save_format */
	int compression; /* enum saved_compression */
	char **names, **annotations;
	bool is_content, familiar_names;
};

static int find_word(const char *value, const char *const *words, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i] && str_equal(value, words[i])) {
			*(int *)target = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_format(const char *value, void *target, struct error *err)
{
	if (find_word(value, format_words, ARRAY_SIZE(format_words), target) == 0)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "expected docker-archive, oci-archive or oci-dir");
}

static int parse_compression(const char *value, void *target, struct error *err)
{
	if (find_word(value, compression_words, ARRAY_SIZE(compression_words), target) == 0)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "expected none, gzip or zstd");
}

static const struct option_entry save_entries[] = {
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct save_request, output), "FILE|DIR", "where it goes; default: the standard output" },
	{ "format", 0, OPTION_CALLBACK, 0, offsetof(struct save_request, format), "docker-archive|oci-archive|oci-dir",
		"what to write; default: docker-archive, which is an image layout, too", .parse = parse_format },
	{ "compress", 0, OPTION_CALLBACK, 0, offsetof(struct save_request, compression), "none|gzip|zstd",
		"compress layers so; default: as they were pulled", .parse = parse_compression },
	{ "familiar-names", 0, OPTION_FLAG, 0, offsetof(struct save_request, familiar_names), NULL,
		"names in manifest.json as docker writes them: debian:12" },
	{ "content", 0, OPTION_FLAG, 0, offsetof(struct save_request, is_content), NULL, "IMAGE is the digest of a manifest or index, which no image need have" },
	{ "name", 0, OPTION_LIST, 0, offsetof(struct save_request, names), "NAME", "what that is called in the archive" },
	{ "annotation", 0, OPTION_LIST, 0, offsetof(struct save_request, annotations), "KEY=VALUE", "of what names it in the archive" },
	{ 0 },
};

/* ---- blobs ------------------------------------------------------------------------ */

struct save {
	const struct transfer_globals *globals;
	const struct saved_images *saved;
	enum save_format format;
	struct layout_writer writer;
	uint64_t written;
};

/* A blob that is read: counted, digested, and told about. */
struct reading {
	const struct save *save;
	const struct saved_blob *blob;
	struct stream_memory memory;
	struct spool_part part;
	struct digest_tap tap;
	int64_t told_ms;
};

static int tell(const struct save *save, const struct saved_blob *blob, enum spec_transfer_phase phase, uint64_t current, struct error *err)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ITEM, .phase = phase, .current = current, .total = blob->size };
	char item[13];

	snprintf(item, sizeof item, "%s", spec_digest_encoded(blob->digest));
	event.item = item;
	return session_tell(save->globals, &event, err);
}

static int next_of_reading(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct reading *reading = context;
	int64_t now = clock_monotonic_ms();
	int r = 0;

	if (now - reading->told_ms >= TELL_EVERY_MS) {
		reading->told_ms = now;
		r = tell(reading->save, reading->blob, SPEC_TRANSFER_WRITING, reading->tap.length, err);
	}
	return r < 0 ? r : stream_next(digest_stream(&reading->tap), ret_bytes, ret_length, err);
}

static int write_blob(const struct save *save, const struct saved_blob *blob, int fd, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new(blob->digest);
	struct reading reading = { .save = save, .blob = blob, .memory = { .bytes = blob->bytes, .length = blob->size },
		.part = { .fd = fd, .offset = blob->offset, .left = blob->size }, .told_ms = clock_monotonic_ms(), .tap = { .digest = digest } };
	char text[DIGEST_TEXT_SIZE];
	_cleanup_free_ char *name = str_printf("blobs/%.*s/%s", (int)spec_digest_algorithm_length(blob->digest), blob->digest,
		spec_digest_encoded(blob->digest));
	int r;

	reading.tap.upstream = blob->bytes ? stream_of_memory(&reading.memory) : spool_stream(&reading.part);
	r = layout_writer_add_file(&save->writer, name, blob->size, (struct stream){ next_of_reading, &reading }, err);
	spool_part_done(&reading.part);
	if (r < 0)
		return r;
	digest_finish(digest, text);
	if (strcmp(text, blob->digest) == 0)
		return tell(save, blob, SPEC_TRANSFER_COMPLETE, blob->size, err);
	error_set(err, ERROR_INVALID, 0, "the blob '%s' is damaged", blob->digest);
	error_hint(err, "'bivy system check --repair', and pull or load it again");
	return -EINVAL;
}

static int add_blob(struct save *save, const struct saved_blob *blob, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t size;
	int r = 0;

	save->written += blob->size;
	if (blob->bytes || blob->fd >= 0)
		return write_blob(save, blob, blob->fd, err);
	r = blob_open(save->saved->store, blob->digest, &fd, &size, err);
	return r < 0 ? r : write_blob(save, blob, fd, err);
}

/* Sorted, so that a directory comes before what is in it, and each once. */
static int add_blobs(struct save *save, struct error *err)
{
	const char *algorithm = "";
	int r = layout_writer_add_directory(&save->writer, "blobs", err);

	for (size_t i = 0; r == 0 && i < save->saved->blob_count; i++) {
		const struct saved_blob *blob = &save->saved->blobs[i];
		size_t length = spec_digest_algorithm_length(blob->digest);

		if (strncmp(algorithm, blob->digest, length + 1) != 0) {
			_cleanup_free_ char *name = str_printf("blobs/%.*s", (int)length, blob->digest);

			r = layout_writer_add_directory(&save->writer, name, err);
			algorithm = blob->digest;
		}
		if (r == 0)
			r = add_blob(save, blob, err);
	}
	return r;
}

/* What is small and tells of the rest comes first, for who reads from a pipe. */
static int add_all(struct save *save, struct error *err)
{
	_cleanup_buf_ struct buf layout = BUF_INIT, index = BUF_INIT, docker = BUF_INIT;
	int r;

	buf_add_text(&layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	saved_images_index(save->saved, &index);
	r = layout_writer_add_text(&save->writer, "oci-layout", &layout, err);
	if (r == 0)
		r = layout_writer_add_text(&save->writer, "index.json", &index, err);
	if (r == 0 && save->format == SAVE_DOCKER_ARCHIVE) {
		saved_images_docker(save->saved, &docker);
		r = layout_writer_add_text(&save->writer, SPEC_DOCKER_ARCHIVE_NAME, &docker, err);
	}
	return r < 0 ? r : add_blobs(save, err);
}

/* ---- where it goes ------------------------------------------------------------------ */

static int write_archive(struct save *save, const struct output *output, struct error *err)
{
	_cleanup_tar_writer_ struct tar_writer *tar = tar_writer_new(sink_to_file(&output->fd));
	int r;

	save->writer = (struct layout_writer){ .tar = tar, .directory_fd = -EBADF };
	r = add_all(save, err);
	return r < 0 ? r : tar_writer_finish(tar, err);
}

static void report(const struct save *save, const char *output, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "format", format_words[save->format]);
	json_write_string(&w, "output", output);
	json_write_uint(&w, "size", save->written);
	json_write_open(&w, "images", '[');
	for (size_t i = 0; i < save->saved->entry_count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_string(&w, "name", spec_descriptor_annotation(&save->saved->entries[i], SPEC_ANNOTATION_REF_NAME));
		json_write_string(&w, "digest", save->saved->entries[i].digest);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* ---- the command ----------------------------------------------------------------------- */

static int check_format(const struct save_request *request, const struct saved_images *saved, struct error *err)
{
	if (request->format != SAVE_DOCKER_ARCHIVE || saved->image_count)
		return 0;
	error_set(err, ERROR_UNSUPPORTED, 0, "what is no image cannot be in a docker archive");
	error_hint(err, "--format oci-archive holds it");
	return -EOPNOTSUPP;
}

static int write_output(struct save *save, struct output *output, struct error *err)
{
	int r;

	if (save->format == SAVE_OCI_DIRECTORY) {
		save->writer = (struct layout_writer){ .directory_fd = output->fd };
		r = add_all(save, err);
	} else {
		r = write_archive(save, output, err);
	}
	return r < 0 ? error_wrap(err, "cannot save to '%.300s'", output_name(output)) : 0;
}

static void add_annotations(const struct save_request *request, struct saved_images *saved)
{
	size_t count = request->annotations ? strv_length(request->annotations) : 0;

	saved->annotations = arena_alloc(saved->arena, count + 1, sizeof *saved->annotations);
	for (size_t i = 0; i < count; i++) {
		const char *text = request->annotations[i], *equals = strchr(text, '=');

		saved->annotations[saved->annotation_count++] = (struct spec_pair){
			arena_strndup(saved->arena, text, equals ? (size_t)(equals - text) : strlen(text)), (char *)(equals ? equals + 1 : "") };
	}
}

static int run_save(const struct command_call *call, struct buf *out, struct error *err)
{
	static char *no_names[] = { NULL };
	const struct save_request *request = call->request;
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_saved_images_ struct saved_images saved = { .arena = NULL };
	_cleanup_output_ struct output output = OUTPUT_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct save save = { .globals = call->globals, .saved = &saved, .format = (enum save_format)request->format };
	int r = output_open(request->output, save.format == SAVE_OCI_DIRECTORY ? OUTPUT_DIRECTORY : OUTPUT_FILE, &output, err);

	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r < 0)
		return r;
	output_confine(&output, &store);
	r = saved_images_begin(&store, (enum saved_compression)request->compression, &saved, err);
	saved.familiar_names = request->familiar_names;
	if (r == 0)
		add_annotations(request, &saved);
	for (char **image = call->operands; r == 0 && *image; image++)
		r = request->is_content ? saved_images_add_content(&saved, *image, request->names ? request->names : no_names, err)
					: saved_images_add(&saved, *image, err);
	if (r == 0)
		r = check_format(request, &saved, err);
	if (r < 0)
		return r;
	saved_images_sort(&saved);
	r = write_output(&save, &output, err);
	if (r == 0)
		r = output_commit(&output, err);
	if (r < 0)
		return r;
	report(&save, output.path, &text);
	return output_report(&output, call->globals, &text, out, err);
}

const struct command transfer_save = {
	.command = {
		.name = "save",
		.operands = "IMAGE…",
		.summary = "save images to an archive",
		.description = "Writes images of the store, by name or id, into one archive, or an OCI image layout in a directory that is new or empty. "
			"A name without a tag means all tags that there are. The bytes are the same for the same images. What was written is "
			"printed as JSON, or told as an event if the archive itself goes to the standard output.",
		.entries = save_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct save_request),
	.run = run_save,
};
