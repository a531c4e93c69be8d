/* SPDX-License-Identifier: Apache-2.0 */
/* The archive of a layer as a blob of the store, in the form that an image is to have it in. */
#ifndef BIVY_TRANSFER_BUILD_BLOB_H
#define BIVY_TRANSFER_BUILD_BLOB_H

#include "spec/build_work.h"
#include "store/compress.h"
#include "store/digest.h"
#include "store/lease.h"
#include "transfer/build_progress.h"

struct build_blob_form {
	enum compress_format format;
	int level;     /* 0: the default */
	bool is_forced; /* a blob in another form is compressed anew */
	unsigned threads; /* for one */
};

/* By name: "gzip" (NULL, too), "zstd", "uncompressed". With as many threads as are of use. */
int build_blob_choose(const char *compression, int64_t level, struct build_blob_form *ret, struct error *err) _must_check_;

/* The form of a media type of layers: true, or false for others. */
bool build_blob_format(const char *media_type, enum compress_format *ret);

struct build_blob {
	char digest[DIGEST_TEXT_SIZE];
	const char *media_type; /* OCI's */
	uint64_t size;
};

/* Where the uncompressed archive comes from. */
struct build_blob_archive {
	const char *algorithm; /* of its digest: "sha256", or a digest of it */
	struct build_progress *progress; /* in bytes; or NULL */
	int (*write)(void *context, struct sink sink, struct error *err);
	int (*judge)(void *context, const char *diff_id, struct error *err); /* before the blob is there; or NULL */
	void *context;
};

/* Makes a blob of that form of it, which is in the lease, and tells the digest of both. From any thread. */
int build_blob_write(struct lease *lease, const struct build_blob_form *form, const struct build_blob_archive *archive,
	char ret_diff_id[static DIGEST_TEXT_SIZE], struct build_blob *ret, struct error *err) _must_check_;

/*
 * PROGRESS, or NULL: of bytes before compression. Sees to it that the layer has a blob of that form, or of any if that will do,
 * and has it in the lease. From any thread. ERROR_CONFLICT: what is in the store
 * is not what .diff_id says.
 */
int build_blob_make(struct lease *lease, const struct build_blob_form *form, const struct spec_build_image_layer *layer,
	struct build_progress *progress, struct build_blob *ret, struct error *err) _must_check_;

/* The same of an archive of all files in .directory, whatever they mean to overlay. */
int build_blob_make_archive(struct lease *lease, const struct build_blob_form *form, const struct spec_build_image_layer *layer, struct build_blob *ret,
	struct error *err) _must_check_;

#endif
