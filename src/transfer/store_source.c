/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/store_source.h"

#include "base/memory.h"
#include "store/blobs.h"

static int get_document(void *context, const char *reference, struct source_document *ret, struct error *err)
{
	_cleanup_source_document_ struct source_document document = { .digest = str_dup(reference) };
	int r = blob_read(context, reference, SPEC_MANIFEST_LIMIT, &document.body, err);

	if (r < 0)
		return r;
	*ret = document;
	document = (struct source_document){ .body = BUF_INIT };
	return 0;
}

static void close_blob(void *context _unused_, struct source_blob *blob)
{
	struct stream_file *file = blob->state;

	close_and_forget(&file->fd);
	stream_file_done(file);
	free(file);
}

static int open_blob(void *context, const struct spec_descriptor *blob, uint64_t offset, struct source_blob *ret, struct error *err)
{
	struct stream_file *file;
	uint64_t size = 0;
	int fd = -EBADF;
	int r = blob_open(context, blob->digest, &fd, &size, err);

	if (r < 0)
		return r;
	file = memory_new(1, sizeof *file);
	file->fd = fd;
	*ret = (struct source_blob){ .stream = stream_of_file(file), .offset = offset, .state = file };
	if (lseek(fd, (off_t)offset, SEEK_SET) >= 0)
		return 0;
	r = error_errno(err, errno, "cannot read the blob '%s'", blob->digest);
	close_blob(context, ret);
	return r;
}

static const struct source_ops ops = {
	.phase = SPEC_TRANSFER_READING,
	.get_document = get_document,
	.open_blob = open_blob,
	.close_blob = close_blob,
};

struct image_source store_source(const struct store *store)
{
	return (struct image_source){ &ops, (void *)store };
}
