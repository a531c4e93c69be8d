/* SPDX-License-Identifier: Apache-2.0 */
/* compress and decompress: files of logs that are not written any more. */
#include "base/file.h"
#include "store/compress.h"
#include "store/decompress.h"
#include "transfer/command.h"
#include "transfer/confine.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>

/* ---- compress ------------------------------------------------------------------------- */

struct compress_request {
	int format; /* enum compress_format */
};

static const char *const suffixes[] = { [COMPRESS_GZIP] = ".gz", [COMPRESS_ZSTD] = ".zst" };

static int parse_format(const char *value, void *target, struct error *err)
{
	if (str_equal(value, "gzip"))
		*(int *)target = COMPRESS_GZIP;
	else if (str_equal(value, "zstd"))
		*(int *)target = COMPRESS_ZSTD;
	else
		return error_set(err, ERROR_INVALID, 0, "expected gzip or zstd");
	return 0;
}

static const struct option_entry compress_entries[] = {
	{ "format", 0, OPTION_CALLBACK, 0, offsetof(struct compress_request, format), "gzip|zstd", "how to compress; default: zstd", .parse = parse_format },
	{ 0 },
};

/* The file, and the one that takes its place, which has no name yet: if we are killed, nothing is left. */
struct replacement {
	char *path;
	const char *name; /* in the directory; a part of .path */
	int directory_fd, from_fd, to_fd;
	struct stat status; /* of the file */
};

static void done(struct replacement *replacement)
{
	close_and_forget(&replacement->from_fd);
	close_and_forget(&replacement->to_fd);
	free(replacement->path);
}

/* The file PATH, in the directory that .directory_fd has open. */
static int open_replacement(const char *path, struct replacement *ret, struct error *err)
{
	ret->path = str_dup(path);
	ret->name = strrchr(ret->path, '/') ? strrchr(ret->path, '/') + 1 : ret->path;
	ret->from_fd = openat(ret->directory_fd, ret->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (ret->from_fd < 0 || fstat(ret->from_fd, &ret->status) < 0)
		return error_errno(err, errno, "cannot open '%s'", path);
	if (!S_ISREG(ret->status.st_mode))
		return error_set(err, ERROR_INVALID, 0, "'%s' is no file", path);
	ret->to_fd = openat(ret->directory_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, ret->status.st_mode & 0777);
	return ret->to_fd < 0 ? error_errno(err, errno, "cannot make a file beside '%s'", path) : 0;
}

static int write_replacement(const struct replacement *replacement, enum compress_format format, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = replacement->from_fd };
	_cleanup_compress_ struct compress *compress = compress_new(sink_to_file(&replacement->to_fd), format);
	const struct timespec times[] = { replacement->status.st_atim, replacement->status.st_mtim };
	int r = stream_copy(stream_of_file(&file), compress_sink(compress), UINT64_MAX, NULL, err);

	if (r >= 0)
		r = compress_finish(compress, err);
	/* Who reads logs back goes by the time of the last line. */
	if (r >= 0 && futimens(replacement->to_fd, times) < 0)
		r = error_errno(err, errno, "cannot set the time of what takes the place of '%s'", replacement->path);
	return r;
}

/* The replacement gets its name and the file loses its own, unless that means another file by now. */
static int commit(const struct replacement *replacement, enum compress_format format, struct error *err)
{
	_cleanup_free_ char *name = str_printf("%s%s", replacement->name, suffixes[format]);
	char magic[40];
	struct stat now;

	/* Who gives other names to files here holds this lock, and asks for no more than a moment of patience. */
	if (fd_lock_exclusive(replacement->directory_fd) < 0)
		return error_errno(err, errno, "cannot lock the directory of '%s'", replacement->path);
	if (fstatat(replacement->directory_fd, replacement->name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot replace '%s'", replacement->path);
	if (now.st_ino != replacement->status.st_ino || now.st_dev != replacement->status.st_dev || now.st_size != replacement->status.st_size)
		return error_set(err, ERROR_CONFLICT, EBUSY, "cannot replace '%s', which has changed", replacement->path);
	snprintf(magic, sizeof magic, "/proc/self/fd/%d", replacement->to_fd);
	/* One that is there already was made by somebody who was killed before the next line. */
	if (linkat(AT_FDCWD, magic, replacement->directory_fd, name, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make '%s%s'", replacement->path, suffixes[format]);
	return unlinkat(replacement->directory_fd, replacement->name, 0) < 0 ? error_errno(err, errno, "cannot remove '%s'", replacement->path) : 0;
}

static int compress_file(int directory_fd, const char *path, enum compress_format format, struct error *err)
{
	_cleanup_(done) struct replacement replacement = { .directory_fd = directory_fd, .from_fd = -EBADF, .to_fd = -EBADF };
	int r = open_replacement(path, &replacement, err);

	if (r == 0)
		r = write_replacement(&replacement, format, err);
	return r < 0 ? r : commit(&replacement, format, err);
}

/* All are in the directory of the first: nothing else can be written to afterwards. */
static int open_directory(char *const *paths, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *first = str_dup(paths[0]);
	const char *directory = dirname(first);
	int fd;

	for (char *const *path = paths + 1; *path; path++) {
		_cleanup_free_ char *other = str_dup(*path);

		if (!str_equal(dirname(other), directory))
			return error_set(err, ERROR_INVALID, 0, "'%s' is not in the directory '%s'", *path, directory);
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s'", paths[0]);
	*ret_fd = fd;
	return 0;
}

/* One that fails does not keep the others from being compressed. */
static int run_compress(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct compress_request *request = call->request;
	enum compress_format format = request->format ? (enum compress_format)request->format : COMPRESS_ZSTD;
	_cleanup_close_ int directory_fd = -EBADF;
	int result, r = open_directory(call->operands, &directory_fd, err);

	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &directory_fd, .writable_count = 1 });
	result = compress_file(directory_fd, call->operands[0], format, err);
	for (char **path = call->operands + 1; *path; path++) {
		r = compress_file(directory_fd, *path, format, result < 0 ? NULL : err);
		result = result < 0 ? result : r;
	}
	return result;
}

const struct command transfer_compress = {
	.command = {
		.name = "compress",
		.operands = "FILE…",
		.summary = "replace files by compressed ones",
		.description = "FILE.zst, or FILE.gz, takes the place of the file, and has its times. What had that name before stays. If this does "
			"not come to its end, the file stays as it was. Several are compressed one after the other; they are in one directory.",
		.entries = compress_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct compress_request),
	.run = run_compress,
};

/* ---- decompress ------------------------------------------------------------------------- */

static int run_decompress(const struct command_call *call _unused_, struct buf *out _unused_, struct error *err)
{
	const int output_fd = STDOUT_FILENO;
	_cleanup_stream_file_ struct stream_file file = { .fd = STDIN_FILENO };
	_cleanup_decompress_ struct decompress *decompress = NULL;

	confine(&(struct confinement){ .writable = NULL });
	decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	return stream_copy(decompress_stream(decompress), sink_to_file(&output_fd), DECOMPRESS_LIMITS.bytes, NULL, err);
}

const struct command transfer_decompress = {
	.command = {
		.name = "decompress",
		.summary = "decompress the standard input onto the standard output",
		.description = "The format is found by its first bytes: gzip, zstd, xz or bzip2. What is none of these passes as it is.",
	},
	.run = run_decompress,
};
