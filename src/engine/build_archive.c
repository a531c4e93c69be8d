/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_archive.h"
#include "base/file.h"
#include "engine/build_copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TAR_BLOCK 512
#define TAR_CHECKSUM 148
#define TAR_CHECKSUM_LENGTH 8

/* ---- its first bytes ----------------------------------------------------------------------- */

/* The sum of a header's bytes is in it, in octal, that field counting as blanks: so also those are known that have no "ustar". */
static bool is_tar(const unsigned char *bytes, size_t length)
{
	unsigned long sum = 0, noted = 0;
	size_t at = TAR_CHECKSUM;

	if (length < TAR_BLOCK || !bytes[0])
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= TAR_CHECKSUM && i < TAR_CHECKSUM + TAR_CHECKSUM_LENGTH ? ' ' : bytes[i];
	while (at < TAR_CHECKSUM + TAR_CHECKSUM_LENGTH && bytes[at] == ' ')
		at++;
	for (; at < TAR_CHECKSUM + TAR_CHECKSUM_LENGTH && bytes[at] >= '0' && bytes[at] <= '7'; at++)
		noted = noted * 8 + (unsigned long)(bytes[at] - '0');
	return noted == sum;
}

bool build_archive_begins(const unsigned char *bytes, size_t length)
{
	static const struct {
		const char *bytes;
		size_t length;
	} compressed[] = { { "\x1f\x8b", 2 }, { "BZh", 3 }, { "\xfd" "7zXZ\0", 6 }, { "\x28\xb5\x2f\xfd", 4 } };

	for (size_t i = 0; i < ARRAY_SIZE(compressed); i++)
		if (length >= compressed[i].length && memcmp(bytes, compressed[i].bytes, compressed[i].length) == 0)
			return true;
	return is_tar(bytes, length);
}

/* ---- as a context ------------------------------------------------------------------------------ */

static int unpack(struct build *build, int from_fd, const char *to, struct error *err)
{
	char *sources[] = { (char *)BUILD_ARCHIVE_NAME, NULL };
	struct spec_build_take take = { .root_fd = from_fd, .sources = sources, .unpack = true };
	struct stat status;
	int r = build_copy_take(build, (size_t)-1, &take, "/", to, err);

	/* What it does not know is copied as it is. */
	if (r == 0 && fstatat(AT_FDCWD, arena_printf(build->arena, "%s/%s", to, BUILD_ARCHIVE_NAME), &status, AT_SYMLINK_NOFOLLOW) == 0)
		r = error_set(err, ERROR_INVALID, 0, "it is compressed, but not a tar archive with anything in it");
	return r;
}

static int read_dockerfile(struct build *build, int fd, struct build_context *context, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fd_read_all(fd, DOCKERFILE_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "it is no archive, and cannot be read as a Dockerfile");
	if (text.length == 0)
		return error_set(err, ERROR_INVALID, 0, "it is empty");
	context->dockerfile = arena_strndup(build->arena, text.data, text.length);
	context->dockerfile_length = text.length;
	return 0;
}

int build_archive_take(struct build *build, const char *directory, struct build_context *context, struct error *err)
{
	_cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = directory_fd < 0 ? -EBADF : openat(directory_fd, BUILD_ARCHIVE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unsigned char bytes[TAR_BLOCK];
	ssize_t length = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
	int r;

	if (length < 0)
		return error_errno(err, errno, "cannot read it again");
	r = build_work_make(build, &context->temporary, err);
	if (r == 0)
		r = build_archive_begins(bytes, (size_t)length) ? unpack(build, directory_fd, context->temporary, err) : read_dockerfile(build, fd, context, err);
	if (r < 0)
		return r;
	/* It may be large. */
	return unlinkat(directory_fd, BUILD_ARCHIVE_NAME, 0) < 0 ? error_errno(err, errno, "cannot remove '%s/%s'", directory, BUILD_ARCHIVE_NAME) : 0;
}
