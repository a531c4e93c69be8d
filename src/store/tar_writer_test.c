/* SPDX-License-Identifier: Apache-2.0 */
/* What is written, our reader, GNU tar and bsdtar read as it was meant. */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/tar_writer.h"

#include <fcntl.h>

static char long_path[700], path_of_256[257], long_directory[201];

static const struct tar_xattr xattrs[] = {
	{ "user.z", (const uint8_t *)"last", 4 },
	{ "security.capability", (const uint8_t *)"\0\n=\0", 4 },
};

static const struct tar_entry entries[] = {
	{ .type = TAR_DIRECTORY, .path = "d", .mode = 01755, .mtime = { 1, 0 } },
	{ .type = TAR_FILE, .path = "d/f", .mode = 04755, .uid = 02000000, .gid = 010000000, .size = 1300, .mtime = { 1234567890, 120000000 } },
	{ .type = TAR_HARD_LINK, .path = "d/h", .target = "d/f", .mode = 0644 },
	{ .type = TAR_SYMLINK, .path = "s", .target = long_path, .mode = 0777, .uid = 4294967294, .mtime = { 8589934592, 0 } },
	{ .type = TAR_CHARACTER_DEVICE, .path = "c", .mode = 0600, .major = 4095, .minor = 1048575, .mtime = { -1, 0 } },
	{ .type = TAR_BLOCK_DEVICE, .path = "b", .mode = 0600, .major = 8, .minor = 1 },
	{ .type = TAR_FIFO, .path = "p", .mode = 0, .mtime = { -2, 500000000 } },
	{ .type = TAR_FILE, .path = long_path, .mode = 0644, .size = 512 },
	{ .type = TAR_FILE, .path = path_of_256, .mode = 0644 },
	{ .type = TAR_DIRECTORY, .path = long_directory, .mode = 0755 },
	{ .type = TAR_FILE, .path = "x", .mode = 0644, .xattrs = xattrs, .xattr_count = 2, .size = 1, .mtime = { 0, 1 } },
};

static void make_names(void)
{
	memset(long_path, 'l', sizeof long_path - 1);
	memset(path_of_256, 'p', 256);
	path_of_256[155] = '/';
	memset(long_directory, 'd', 200);
	long_directory[99] = '/';
	/* A file system takes 255 bytes of a name. */
	for (size_t i = 200; i < sizeof long_path - 1; i += 200)
		long_path[i] = '/';
}

static void write_archive(struct buf *out)
{
	_cleanup_tar_writer_ struct tar_writer *writer = tar_writer_new(sink_to_buf(out));
	char data[2000];

	make_names();
	memset(data, 'x', sizeof data);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		assert_int_equal(tar_writer_add(writer, &entries[i], NULL), 0);
		if (entries[i].size)
			assert_int_equal(tar_writer_data(writer, data, entries[i].size, NULL), 0);
	}
	assert_int_equal(tar_writer_finish(writer, NULL), 0);
}

static void expect_entry(const struct tar_entry *found, const struct tar_entry *expected)
{
	size_t length = strlen(expected->path);

	assert_int_equal(found->type, expected->type);
	assert_memory_equal(found->path, expected->path, length);
	assert_string_equal(found->path + length, expected->type == TAR_DIRECTORY ? "/" : "");
	assert_true(str_equal(found->target, expected->target));
	assert_int_equal(found->mode, expected->mode);
	assert_int_equal(found->uid, expected->uid);
	assert_int_equal(found->gid, expected->gid);
	assert_int_equal(found->size, expected->size);
	assert_int_equal(found->mtime.tv_sec, expected->mtime.tv_sec);
	assert_int_equal(found->mtime.tv_nsec, expected->mtime.tv_nsec);
	assert_int_equal(found->major, expected->major);
	assert_int_equal(found->minor, expected->minor);
	assert_int_equal(found->xattr_count, expected->xattr_count);
	for (size_t i = 0; i < found->xattr_count; i++) {
		/* Sorted: the other way round than above. */
		const struct tar_xattr *xattr = &expected->xattrs[found->xattr_count - 1 - i];

		assert_string_equal(found->xattrs[i].name, xattr->name);
		assert_int_equal(found->xattrs[i].length, xattr->length);
		assert_memory_equal(found->xattrs[i].value, xattr->value, xattr->length);
	}
}

static void test_our_reader(void **state)
{
	_cleanup_buf_ struct buf archive = BUF_INIT, again = BUF_INIT;
	struct stream_memory memory;
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(stream_of_memory(&memory));
	struct tar_entry entry;

	(void)state;
	write_archive(&archive);
	assert_int_equal(archive.length % 512, 0);
	write_archive(&again);
	assert_int_equal(again.length, archive.length);
	assert_memory_equal(again.data, archive.data, archive.length);
	memory = (struct stream_memory){ (const uint8_t *)archive.data, archive.length, 0 };
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		assert_int_equal(tar_reader_next(reader, &entry, NULL), 1);
		expect_entry(&entry, &entries[i]);
	}
	assert_int_equal(tar_reader_next(reader, &entry, NULL), 0);
}

static void test_gnu_tar_and_bsdtar(void **state)
{
	_cleanup_buf_ struct buf archive = BUF_INIT;
	_cleanup_free_ char *path = str_printf("%s/archive.tar", shell_scratch), *found = NULL, *expected = NULL;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	write_archive(&archive);
	assert_int_equal(fd_write_all(fd, archive.data, archive.length), 0);
	found = shell("TZ=UTC tar tv --numeric-owner --full-time -f archive.tar | tr -s ' '");
	/* A second and a half before 1970: GNU tar prints the half on the wrong side, and unpacks it well. */
	expected = str_printf("drwxr-xr-t 0/0 0 1970-01-01 00:00:01 d/\n"
		"-rwsr-xr-x 524288/2097152 1300 2009-02-13 23:31:30.12 d/f\n"
		"hrw-r--r-- 0/0 0 1970-01-01 00:00:00 d/h link to d/f\n"
		"lrwxrwxrwx 4294967294/0 0 2242-03-16 12:56:32 s -> %1$s\n"
		"crw------- 0/0 4095,1048575 1969-12-31 23:59:59 c\n"
		"brw------- 0/0 8,1 1970-01-01 00:00:00 b\n"
		"p--------- 0/0 0 1969-12-31 23:59:59.5 p\n"
		"-rw-r--r-- 0/0 512 1970-01-01 00:00:00 %1$s\n"
		"-rw-r--r-- 0/0 0 1970-01-01 00:00:00 %2$s\n"
		"drwxr-xr-x 0/0 0 1970-01-01 00:00:00 %3$s/\n"
		"-rw-r--r-- 0/0 1 1970-01-01 00:00:00.000000001 x\n", long_path, path_of_256, long_directory);
	assert_string_equal(found, expected);
	shell_run("tar x -f archive.tar p 2>&1 | grep -v implausibly; TZ=UTC stat -c %y p | grep -q 23:59:58.5");
	shell_need("bsdtar");
	shell_run("tar tf archive.tar >one && bsdtar -tf archive.tar >two && cmp one two");
}

static void test_misuse_and_limits(void **state)
{
	static char value[1 << 20];
	struct tar_xattr attribute = { "user.a=b", (const uint8_t *)value, 1 };
	struct tar_entry entry = { .path = "f", .size = 3, .xattrs = &attribute };
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_tar_writer_ struct tar_writer *writer = tar_writer_new(sink_to_buf(&out));
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(tar_writer_add(writer, &entry, &err), 0);
	assert_true(tar_writer_data(writer, "1234", 4, &err) < 0);
	assert_string_equal(err.message, "'f' has more data than it said");
	assert_int_equal(tar_writer_data(writer, "12", 2, &err), 0);
	assert_true(tar_writer_finish(writer, &err) < 0);
	assert_string_equal(err.message, "'f' lacks 1 bytes of data");
	assert_int_equal(tar_writer_data(writer, "3", 1, &err), 0);
	entry.xattr_count = 1;
	assert_true(tar_writer_add(writer, &entry, &err) < 0);
	assert_string_equal(err.message, "no archive can hold the extended attribute 'user.a=b' of 'f'");
	attribute = (struct tar_xattr){ "user.a", (const uint8_t *)value, sizeof value };
	assert_true(tar_writer_add(writer, &entry, &err) < 0);
	assert_string_equal(err.message, "'f' has more than 1 MiB of names and extended attributes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_our_reader),
		shell_test(test_gnu_tar_and_bsdtar),
		cmocka_unit_test(test_misuse_and_limits),
	};

	return cmocka_run_group_tests_name("tar_writer", tests, NULL, NULL);
}
