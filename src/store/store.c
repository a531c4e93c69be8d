/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"
#include "base/file.h"
#include "base/str.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Only its owner: layers hold set-user-id files of all images. */
#define DIRECTORY_MODE 0700

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char index_text[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}";

/* It is nearly always there. */
static int open_directory(int parent_fd, const char *name, int *ret_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent_fd, name, flags);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(parent_fd, name, DIRECTORY_MODE) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(parent_fd, name, flags);
	}
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* Makes the file with TEXT if it is missing: complete from the moment it has its name, and never over another's. */
static int make_file(int directory_fd, const char *name, const char *text)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (faccessat(directory_fd, name, F_OK, 0) == 0)
		return 0;
	temporary = str_printf(".%s.%d", name, (int)getpid());
	fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r == 0 && linkat(directory_fd, temporary, directory_fd, name, 0) < 0 && errno != EEXIST)
		r = -errno;
	ignore_result(unlinkat(directory_fd, temporary, 0)); /* nothing reads that name */
	return r;
}

static int open_parts(struct store *store, const char **ret_what)
{
	const struct {
		const char *name;
		int *fd;
	} parts[] = {
		{ "blobs", NULL },
		{ "blobs/sha256", &store->blobs_fd[STORE_SHA256] },
		{ "blobs/sha512", &store->blobs_fd[STORE_SHA512] },
		{ "layers", &store->layers_fd },
		{ "partial", &store->partial_fd },
		{ "staging", &store->staging_fd },
		{ "leases", &store->leases_fd },
		{ "locks", &store->locks_fd },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_close_ int unused = -EBADF;
		int r = open_directory(store->fd, parts[i].name, parts[i].fd ? parts[i].fd : &unused);

		if (r < 0) {
			*ret_what = parts[i].name;
			return r;
		}
	}
	return 0;
}

/* "format" comes last of all, so that a store that has it is complete. */
static int make_files(struct store *store, const char **ret_what)
{
	static const struct {
		const char *name, *text;
	} files[] = { { "oci-layout", layout_text }, { "index.json", index_text }, { "format", "1\n" } };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int r = make_file(store->fd, files[i].name, files[i].text);

		if (r < 0) {
			*ret_what = files[i].name;
			return r;
		}
	}
	return 0;
}

/* Looked at before anything is made: another format's directory is not ours to change. */
static int check_format(const struct store *store, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	uint64_t format = 0;
	int r = file_read_regular_at(store->fd, "format", 64, &text);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = str_to_u64(str_trim_end(text.data ? text.data : (char[]){ "" }), 10, &format);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/format'", store->path);
	if (format > STORE_FORMAT)
		return error_set(err, ERROR_UNSUPPORTED, 0, "the store '%s' has format %llu of a newer version, this one reads up to %d",
				 store->path, (unsigned long long)format, STORE_FORMAT);
	return 0;
}

int store_open(const char *path, struct store *ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	const char *what = NULL;
	int r = file_make_directories(path, DIRECTORY_MODE);

	if (r < 0)
		return error_errno(err, -r, "cannot make the store '%s'", path);
	store.path = str_dup(path);
	store.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.fd < 0)
		return error_errno(err, errno, "cannot open the store '%s'", path);
	r = check_format(&store, err);
	if (r < 0)
		return r;
	r = open_parts(&store, &what);
	if (r == 0)
		r = make_files(&store, &what);
	if (r < 0)
		return error_errno(err, -r, "cannot open '%s' of the store '%s'", what, path);
	*ret = store;
	store = STORE_INIT;
	return 0;
}

void store_close(struct store *store)
{
	int *fds[] = { &store->fd, &store->partial_fd, &store->staging_fd, &store->leases_fd, &store->locks_fd, &store->layers_fd,
		       &store->blobs_fd[STORE_SHA256], &store->blobs_fd[STORE_SHA512] };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close_and_forget(fds[i]);
	free(store->path);
	store->path = NULL;
}

int store_sync(const struct store *store)
{
	return syncfs(store->fd) < 0 ? -errno : 0;
}
