/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blobs.h"
#include "base/file.h"
#include "base/memory.h"
#include "spec/image_digest.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#define COPY_BLOCK ((size_t)64 << 10)

static const char *const algorithms[] = { [STORE_SHA256] = "sha256", [STORE_SHA512] = "sha512" };

/* The directory of the digest's algorithm, or -EBADF. Then the encoded part is a plain file name. */
static int directory_of(const struct store *store, const char *digest)
{
	if (!spec_digest_is_verifiable(digest))
		return -EBADF;
	return store->blobs_fd[str_starts_with(digest, "sha512:") ? STORE_SHA512 : STORE_SHA256];
}

static int refuse_digest(const char *digest, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "'%.200s' is no digest that content can be stored by", digest);
}

/* ---- reading ------------------------------------------------------------------ */

bool blob_exists(const struct store *store, const char *digest, uint64_t size)
{
	struct stat status;

	return fstatat(directory_of(store, digest), spec_digest_is_verifiable(digest) ? spec_digest_encoded(digest) : "", &status,
		       AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode) && (size == UINT64_MAX || (uint64_t)status.st_size == size);
}

int blob_open(const struct store *store, const char *digest, int *ret_fd, uint64_t *ret_size, struct error *err)
{
	int directory = directory_of(store, digest);
	_cleanup_close_ int fd = -EBADF;
	struct stat status;

	if (directory < 0)
		return refuse_digest(digest, err);
	fd = openat(directory, spec_digest_encoded(digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(err, errno, "cannot open the blob '%s'", digest);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INTERNAL, 0, "the blob '%s' is no file", digest);
	*ret_fd = TAKE_FD(fd);
	*ret_size = (uint64_t)status.st_size;
	return 0;
}

int blob_read(const struct store *store, const char *digest, size_t limit, struct buf *out, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t size = 0;
	int r = blob_open(store, digest, &fd, &size, err);

	if (r < 0)
		return r;
	r = fd_read_all(fd, limit, out);
	if (r == -EFBIG)
		return error_set(err, ERROR_INVALID, EFBIG, "cannot read the blob '%s'", digest);
	return r < 0 ? error_errno(err, -r, "cannot read the blob '%s'", digest) : 0;
}

/* ---- writing ------------------------------------------------------------------- */

int blob_begin(const struct store *store, const char *digest, struct blob_writer *ret, struct error *err)
{
	struct blob_writer writer = { .store = store, .fd = -EBADF };
	off_t end;
	int r;

	if (directory_of(store, digest) < 0)
		return refuse_digest(digest, err);
	writer.digest = str_dup(digest);
	writer.name = str_dup(digest);
	*strchr(writer.name, ':') = '-';
	r = lock_own_file(store->partial_fd, writer.name, &writer.fd);
	end = r < 0 ? -1 : lseek(writer.fd, 0, SEEK_END);
	if (r == 0 && end < 0)
		r = -errno;
	if (r < 0) {
		blob_pause(&writer);
		return error_errno(err, -r, "cannot write the blob '%s'", digest);
	}
	writer.length = (uint64_t)end;
	*ret = writer;
	return 0;
}

int blob_restart(struct blob_writer *writer, struct error *err)
{
	if (ftruncate(writer->fd, 0) < 0 || lseek(writer->fd, 0, SEEK_SET) < 0)
		return error_errno(err, errno, "cannot write the blob '%s'", writer->digest);
	writer->length = 0;
	return 0;
}

int blob_commit(struct blob_writer *writer, struct error *err)
{
	const struct store *store = writer->store;
	int r = 0;

	/* Still locked, and by its old name: renaming is what makes it a blob. Another one there has the same bytes. */
	if (fchmod(writer->fd, 0400) < 0 ||
	    renameat(store->partial_fd, writer->name, directory_of(store, writer->digest), spec_digest_encoded(writer->digest)) < 0)
		r = error_errno(err, errno, "cannot store the blob '%s'", writer->digest);
	blob_pause(writer);
	return r;
}

void blob_pause(struct blob_writer *writer)
{
	close_and_forget(&writer->fd);
	free(writer->digest);
	free(writer->name);
	writer->digest = writer->name = NULL;
}

void blob_abort(struct blob_writer *writer)
{
	if (writer->fd >= 0)
		ignore_result(unlinkat(writer->store->partial_fd, writer->name, 0)); /* the sweep finds it */
	blob_pause(writer);
}

int blob_put(const struct store *store, const char *digest, const void *bytes, size_t length, struct error *err)
{
	_cleanup_blob_writer_ struct blob_writer writer = BLOB_WRITER_INIT;
	int r;

	if (blob_exists(store, digest, length))
		return 0;
	r = blob_begin(store, digest, &writer, err);
	if (r == 0)
		r = blob_restart(&writer, err);
	if (r < 0)
		return r;
	r = fd_write_all(writer.fd, bytes, length);
	if (r < 0) {
		error_errno(err, -r, "cannot write the blob '%s'", digest);
		blob_abort(&writer);
		return r;
	}
	return blob_commit(&writer, err);
}

/* From its beginning. */
static int copy_file(int from_fd, int to_fd)
{
	_cleanup_free_ char *block = memory_new(1, COPY_BLOCK);
	off_t offset = 0;

	for (;;) {
		ssize_t n = pread(from_fd, block, COPY_BLOCK, offset);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = fd_write_all(to_fd, block, (size_t)n);
		if (r < 0)
			return r;
		offset += n;
	}
}

static int put_copy(const struct store *store, const char *digest, int fd, struct error *err)
{
	_cleanup_blob_writer_ struct blob_writer writer = BLOB_WRITER_INIT;
	int r = blob_begin(store, digest, &writer, err);

	if (r == 0)
		r = blob_restart(&writer, err);
	if (r < 0)
		return r;
	r = copy_file(fd, writer.fd);
	if (r < 0) {
		error_errno(err, -r, "cannot write the blob '%s'", digest);
		blob_abort(&writer);
		return r;
	}
	return blob_commit(&writer, err);
}

int blob_adopt(const struct store *store, const char *digest, int fd, struct error *err)
{
	int directory = directory_of(store, digest);
	char path[40];

	if (directory < 0)
		return refuse_digest(digest, err);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	/* As complete at once as by a rename (store.h, 1). */
	if (fchmod(fd, 0400) < 0)
		return error_errno(err, errno, "cannot store the blob '%s'", digest);
	if (linkat(AT_FDCWD, path, directory, spec_digest_encoded(digest), AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST)
		return 0;
	/* A file that has had a name and lost it: linkat(2). */
	if (errno == ENOENT)
		return put_copy(store, digest, fd, err);
	return error_errno(err, errno, "cannot store the blob '%s'", digest);
}

/* ---- all of them ------------------------------------------------------------------ */

int blob_remove(const struct store *store, const char *digest, uint64_t *freed_bytes)
{
	int directory = directory_of(store, digest);
	struct stat status;
	int r;

	if (directory < 0)
		return -EINVAL;
	if (fstatat(directory, spec_digest_encoded(digest), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	r = tree_remove_at(directory, spec_digest_encoded(digest)); /* a file, but for damage */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	*freed_bytes += (uint64_t)status.st_blocks * 512;
	return 0;
}

/* A name that is no digest is passed over: it is not ours. */
struct listing {
	int directory_fd;
	const char *algorithm;
	blob_each *each;
	void *context;
};

static int list_one(void *context, const char *name)
{
	const struct listing *listing = context;
	_cleanup_free_ char *digest = str_printf("%s:%s", listing->algorithm, name);
	struct stat status;

	if (!spec_digest_is_verifiable(digest) || fstatat(listing->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return listing->each(listing->context, digest, &status);
}

int blob_list(const struct store *store, blob_each *each, void *context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(algorithms); i++) {
		struct listing listing = { store->blobs_fd[i], algorithms[i], each, context };

		r = file_each_name(store->blobs_fd[i], list_one, &listing);
	}
	return r;
}
