/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_blob.h"

#include "spec/media_type.h"
#include "store/blobs.h"
#include "store/decompress.h"
#include "store/layer_diff.h"
#include "store/layers.h"
#include "transfer/build_compress.h"
#include "transfer/build_work.h"
#include "transfer/spool.h"

#include <fcntl.h>

static const struct {
	enum compress_format format;
	const char *media_type, *name;
} types[] = {
	{ COMPRESS_NONE, SPEC_OCI_LAYER, "uncompressed" },
	{ COMPRESS_GZIP, SPEC_OCI_LAYER_GZIP, "gzip" },
	{ COMPRESS_ZSTD, SPEC_OCI_LAYER_ZSTD, "zstd" },
};

int build_blob_choose(const char *compression, int64_t level, struct build_blob_form *ret, struct error *err)
{
	const char *wanted = compression ? compression : "gzip";

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_equal(types[i].name, wanted))
			continue;
		*ret = (struct build_blob_form){ .format = types[i].format, .level = (int)level, .threads = build_work_threads() };
		return 0;
	}
	error_set(err, ERROR_INVALID, 0, "unknown compression '%.100s'", wanted);
	error_hint(err, "gzip, zstd or uncompressed");
	return -EINVAL;
}

bool build_blob_format(const char *media_type, enum compress_format *ret)
{
	const char *oci = spec_media_to_oci(media_type);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!str_equal(oci, types[i].media_type))
			continue;
		*ret = types[i].format;
		return true;
	}
	return false;
}

static const char *media_type_of(enum compress_format format)
{
	size_t i = 0;

	while (types[i].format != format)
		i++;
	return types[i].media_type;
}

/* Whether the blob that there is will do. */
static bool is_right(const struct lease *lease, const struct build_blob_form *form, const struct spec_build_image_layer *layer)
{
	enum compress_format format;

	if (!layer->digest || !blob_exists(lease->store, layer->digest, UINT64_MAX))
		return false;
	return !form->is_forced || (build_blob_format(layer->media_type, &format) && format == form->format);
}

struct source {
	const struct lease *lease;
	const struct spec_build_image_layer *layer;
};

/* From the blob in another form, if there is one: it is what came; else from the files. */
static int write_archive(void *context, struct sink sink, struct error *err)
{
	const struct source *source = context;
	const struct lease *lease = source->lease;
	const struct spec_build_image_layer *layer = source->layer;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	_cleanup_decompress_ struct decompress *decompress = NULL;
	struct layer_diff_report report;
	uint64_t size = 0;
	int r;

	if (layer->digest && blob_open(lease->store, layer->digest, &fd, &size, NULL) == 0) {
		file.fd = fd;
		decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
		return stream_copy(decompress_stream(decompress), sink, UINT64_MAX, NULL, err);
	}
	r = layer_open(lease->store, layer->chain_id, &fd, err);
	return r < 0 ? r : layer_diff(fd, sink, LAYER_DIFF_UPPER, &report, err);
}

struct counted {
	struct sink downstream;
	struct build_progress *progress;
};

static int write_counted(void *context, const void *bytes, size_t length, struct error *err)
{
	const struct counted *counted = context;

	build_progress_add(counted->progress, length);
	return sink_write(counted->downstream, bytes, length, err);
}

int build_blob_write(struct lease *lease, const struct build_blob_form *form, const struct build_blob_archive *archive,
	char ret_diff_id[static DIGEST_TEXT_SIZE], struct build_blob *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_digest_ struct digest *digest = digest_new("sha256"), *diff_id = digest_new(archive->algorithm);
	struct digest_sink outer = { .downstream = sink_to_file(&fd), .digest = digest }, inner = { .digest = diff_id };
	_cleanup_build_compress_ struct build_compress *compress = build_compress_new(digest_sink(&outer), form->format, form->level, form->threads);
	struct counted counted = { .progress = archive->progress };
	int r = diff_id ? spool_open(lease->store, &fd, err) : error_set(err, ERROR_INVALID, 0, "'%.200s' cannot be verified", archive->algorithm);

	inner.downstream = build_compress_sink(compress);
	counted.downstream = digest_sink(&inner);
	if (r == 0)
		r = archive->write(archive->context, (struct sink){ write_counted, &counted }, err);
	if (r == 0)
		r = build_compress_finish(compress, err);
	if (r < 0)
		return r;
	digest_finish(diff_id, ret_diff_id);
	digest_finish(digest, ret->digest);
	ret->size = outer.length;
	ret->media_type = media_type_of(form->format);
	r = archive->judge ? archive->judge(archive->context, ret_diff_id, err) : 0;
	if (r == 0)
		r = lease_add(lease, ret->digest, err);
	return r < 0 ? r : blob_adopt(lease->store, ret->digest, fd, err);
}

static int use_blob(struct lease *lease, const struct spec_build_image_layer *layer, struct build_blob *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = blob_open(lease->store, layer->digest, &fd, &ret->size, err);

	snprintf(ret->digest, sizeof ret->digest, "%s", layer->digest);
	ret->media_type = spec_media_to_oci(layer->media_type);
	return r;
}

static int judge_archive(void *context, const char *diff_id, struct error *err)
{
	const struct source *source = context;

	if (str_equal(diff_id, source->layer->diff_id))
		return 0;
	error_set(err, ERROR_CONFLICT, 0, "the layer '%.200s' is no longer what it was: it makes '%s'", source->layer->diff_id, diff_id);
	error_hint(err, "pull or build the image again that it came with");
	return -EINVAL;
}

int build_blob_make(struct lease *lease, const struct build_blob_form *form, const struct spec_build_image_layer *layer,
	struct build_progress *progress, struct build_blob *ret, struct error *err)
{
	struct source source = { lease, layer };
	const struct build_blob_archive archive = { layer->diff_id, progress, write_archive, judge_archive, &source };
	char diff_id[DIGEST_TEXT_SIZE];
	int r = layer->digest ? lease_add(lease, layer->digest, err) : 0;

	if (r == 0 && is_right(lease, form, layer))
		return use_blob(lease, layer, ret, err);
	return r < 0 ? r : build_blob_write(lease, form, &archive, diff_id, ret, err);
}

/* ---- files that are no layer ------------------------------------------------------------- */

static int write_files(const struct build_blob_form *form, const char *directory, int fd, struct build_blob *made, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct digest_sink outer = { .downstream = sink_to_file(&fd), .digest = digest };
	_cleanup_build_compress_ struct build_compress *compress = build_compress_new(digest_sink(&outer), form->format, form->level, form->threads);
	_cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct layer_diff_report report;
	int r = directory_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", directory)
				 : layer_diff(directory_fd, build_compress_sink(compress), LAYER_DIFF_WHOLE, &report, err);

	if (r == 0)
		r = build_compress_finish(compress, err);
	if (r < 0)
		return r;
	digest_finish(digest, made->digest);
	made->size = outer.length;
	made->media_type = types[form->format].media_type;
	return 0;
}

int build_blob_make_archive(struct lease *lease, const struct build_blob_form *form, const struct spec_build_image_layer *layer, struct build_blob *ret,
	struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = spool_open(lease->store, &fd, err);

	if (r == 0)
		r = write_files(form, layer->directory, fd, ret, err);
	if (r == 0)
		r = lease_add(lease, ret->digest, err);
	if (r == 0)
		r = blob_adopt(lease->store, ret->digest, fd, err);
	return r;
}
