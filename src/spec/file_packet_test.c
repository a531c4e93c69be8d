/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/file_packet.h"
#include "spec/protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static int read_back(struct arena *arena, const struct spec_file_packet *packet, struct spec_file_packet *ret)
{
	struct buf out = BUF_INIT;
	int r;

	spec_file_packet_encode(packet, &out);
	r = spec_file_packet_decode(arena, arena_strndup(arena, out.data ? out.data : "", out.length), out.length, ret);
	buf_done(&out);
	return r;
}

static void test_stat(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct {
		mode_t mode;
		const char *link;
	} cases[] = { { S_IFREG | 0644, NULL }, { S_IFREG | 04755, "a/other" }, { S_IFDIR | 01777, NULL }, { S_IFLNK | 0777, "../x" }, { S_IFIFO | 0600, NULL },
		{ S_IFCHR | 0600, NULL }, { S_IFBLK | 0600, NULL }, { S_IFSOCK | 0600, NULL } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec_file_packet packet = { .has_stat = true, .stat = { .path = (char *)"a/b", .mode = cases[i].mode, .size = 7, .time_ns = 1234567890123456789,
			.link = (char *)cases[i].link, .uid = 1, .gid = 2 } };
		struct spec_file_packet read = { .type = SPEC_FILE_ERR };

		assert_int_equal(read_back(arena, &packet, &read), 0);
		assert_int_equal(read.type, SPEC_FILE_STAT);
		assert_true(read.has_stat);
		assert_string_equal(read.stat.path, "a/b");
		assert_int_equal(read.stat.mode, cases[i].mode);
		assert_int_equal(read.stat.size, 7);
		assert_true(read.stat.time_ns == 1234567890123456789);
		assert_true(str_equal(read.stat.link, cases[i].link));
	}
}

static void test_paths(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static const char *const wrong[] = { "..", "../a", "a/..", "a//b", ".", "./a", "a/", "/" };
	struct spec_file_packet read;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct spec_file_packet packet = { .has_stat = true, .stat = { .path = (char *)wrong[i], .mode = S_IFREG } };
		const struct spec_file_packet link = { .has_stat = true, .stat = { .path = (char *)"a", .mode = S_IFREG, .link = (char *)wrong[i] } };

		assert_int_equal(read_back(arena, &packet, &read), -EBADMSG);
		assert_int_equal(read_back(arena, &link, &read), -EBADMSG);
	}
	assert_int_equal(read_back(arena, &(struct spec_file_packet){ .has_stat = true, .stat = { .path = (char *)"/a/..b", .mode = S_IFREG } }, &read), 0);
	assert_string_equal(read.stat.path, "a/..b");
	/* A file without a path. */
	assert_int_equal(read_back(arena, &(struct spec_file_packet){ .has_stat = true, .stat = { .mode = S_IFREG } }, &read), -EBADMSG);
}

static void test_others(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_file_packet packet = { .type = SPEC_FILE_DATA, .id = 300, .data = (const unsigned char *)"a\0b", .length = 3 };
	struct spec_file_packet read;

	assert_int_equal(read_back(arena, &packet, &read), 0);
	assert_int_equal(read.type, SPEC_FILE_DATA);
	assert_int_equal(read.id, 300);
	assert_int_equal(read.length, 3);
	assert_memory_equal(read.data, "a\0b", 3);
	/* The last STAT is an empty message. */
	assert_int_equal(spec_file_packet_decode(arena, "", 0, &read), 0);
	assert_int_equal(read.type, SPEC_FILE_STAT);
	assert_false(read.has_stat);
	assert_int_equal(spec_file_packet_decode(arena, "\x08\x63", 2, &read), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
