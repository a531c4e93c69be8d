/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/decompress.h"

#include <fcntl.h>

#define PAYLOAD_SIZE 300001

static uint8_t payload[PAYLOAD_SIZE];

/* Text that compresses, with stretches that do not. */
static void make_payload(void)
{
	uint32_t seed = 12345;

	for (size_t i = 0; i < sizeof payload; i++) {
		seed = seed * 1664525 + 1013904223;
		payload[i] = i % 9000 < 3000 ? (uint8_t)(seed >> 24) : "layers and archives "[(i * i) % 20];
	}
}

static void write_payload(void)
{
	_cleanup_free_ char *path = str_printf("%s/payload", shell_scratch);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	make_payload();
	assert_int_equal(fd_write_all(fd, payload, sizeof payload), 0);
}

/* The file NAME of the scratch directory. */
static void read_file(const char *name, struct buf *buf)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);

	assert_int_equal(file_read_at(AT_FDCWD, path, 16 << 20, buf), 0);
}

/* Decompresses BYTES that come in blocks of BLOCK; appends to OUT. */
static int decompress_all(const void *bytes, size_t length, size_t block, const struct decompress_limits *limits, const char **ret_format,
	struct buf *out, struct error *err)
{
	struct stream_memory memory = { bytes, length, block };
	_cleanup_decompress_ struct decompress *d = decompress_new(stream_of_memory(&memory), limits);
	const uint8_t *block_bytes;
	size_t n;
	int r;

	do {
		r = stream_next(decompress_stream(d), &block_bytes, &n, err);
		if (r >= 0)
			buf_add(out, block_bytes, n);
	} while (r >= 0 && n > 0);
	if (ret_format)
		*ret_format = decompress_format(d);
	if (r >= 0) {
		/* The end stays the end. */
		assert_int_equal(stream_next(decompress_stream(d), &block_bytes, &n, err), 0);
		assert_int_equal(n, 0);
	}
	return r;
}

static void expect_payload(const struct buf *in, size_t block, const char *format, size_t times)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *found;

	if (decompress_all(in->data, in->length, block, &DECOMPRESS_LIMITS, &found, &out, &err) < 0)
		fail_msg("blocks of %zu: %s", block, err.message);
	assert_string_equal(found, format);
	assert_int_equal(out.length, times * sizeof payload);
	for (size_t i = 0; i < times; i++)
		assert_memory_equal(out.data + i * sizeof payload, payload, sizeof payload);
}

static const size_t blocks[] = { 1, 7, 9, 4096, 0 };

static void expect_format(const char *program, const char *arguments, const char *format)
{
	_cleanup_free_ char *command = str_printf("%s %s <payload >one && cat one one one >three && head -c 1536 /dev/zero >zeros && "
		"cat one zeros one zeros >padded", program, arguments);
	_cleanup_buf_ struct buf one = BUF_INIT, three = BUF_INIT, padded = BUF_INIT;

	shell_need(program);
	write_payload();
	shell_run(command);
	read_file("one", &one);
	read_file("three", &three);
	read_file("padded", &padded);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		expect_payload(&one, blocks[i], format, 1);
		expect_payload(&three, blocks[i], format, 3);
		expect_payload(&padded, blocks[i], format, 2);
	}
}

static void test_gzip(void **state)
{
	(void)state;
	expect_format("gzip", "-c", "gzip");
}

/* A header with a name, a comment and extra fields. */
static void test_gzip_header_fields(void **state)
{
	static const char script[] = "python3 - <<'END'\n"
		"import gzip, zlib, struct\n"
		"data = open('payload', 'rb').read()\n"
		"body = zlib.compressobj(6, zlib.DEFLATED, -15)\n"
		"body = body.compress(data) + body.flush()\n"
		"head = b'\\x1f\\x8b\\x08\\x1e' + bytes(4) + b'\\x00\\x03' + struct.pack('<H', 300) + b'e' * 300 + b'name\\0comment\\0'\n"
		"head += struct.pack('<H', zlib.crc32(head) & 0xffff)\n"
		"tail = struct.pack('<II', zlib.crc32(data), len(data))\n"
		"open('one', 'wb').write(head + body + tail)\n"
		"open('mixed', 'wb').write(head + body + tail + gzip.compress(data) + head + body + tail)\n"
		"END";
	_cleanup_buf_ struct buf one = BUF_INIT, mixed = BUF_INIT;

	(void)state;
	shell_need("python3");
	write_payload();
	shell_run(script);
	read_file("one", &one);
	read_file("mixed", &mixed);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		expect_payload(&one, blocks[i], "gzip", 1);
		expect_payload(&mixed, blocks[i], "gzip", 3);
	}
}

static void test_zstd(void **state)
{
	(void)state;
	expect_format("zstd", "-q -c", "zstd");
}

static void test_xz(void **state)
{
	(void)state;
	expect_format("xz", "-1 -c", "xz");
}

static void test_bzip2(void **state)
{
	(void)state;
	expect_format("bzip2", "-c", "bzip2");
}

static void test_plain_bytes_pass(void **state)
{
	static const char *const texts[] = { "", "a", "abcdef", "abcdefg", "BZh", "\x1f\x8b", "a longer text than any magic number" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t block = 0; block < 9; block++) {
			_cleanup_buf_ struct buf out = BUF_INIT;
			const char *format;

			assert_int_equal(decompress_all(texts[i], strlen(texts[i]), block, &DECOMPRESS_LIMITS, &format, &out, NULL), 0);
			assert_string_equal(format, "none");
			assert_int_equal(out.length, strlen(texts[i]));
			assert_string_equal(out.data, texts[i]);
		}
	}
}

static void expect_error(const void *bytes, size_t length, const struct decompress_limits *limits, const char *message)
{
	static const size_t sizes[] = { 5, 4096 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_true(decompress_all(bytes, length, sizes[i], limits, NULL, &out, &err) < 0);
		if (!strstr(err.message, message))
			fail_msg("expected '%s' in '%s'", message, err.message);
	}
}

/* Every way to cut or change a file is found: no format here is without a checksum. */
static void test_damage(void **state)
{
	static const struct {
		const char *name, *command;
	} formats[] = {
		{ "gzip", "gzip -c" },
		{ "zstd", "zstd -q --check -c" },
		{ "xz", "xz -1 -c" },
		{ "bzip2", "bzip2 -c" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *command = str_printf("seq 1000 | %s >one", formats[i].command);
		_cleanup_buf_ struct buf one = BUF_INIT;

		shell_need(formats[i].name);
		shell_run(command);
		read_file("one", &one);
		for (size_t cut = 6; cut < one.length; cut += cut < one.length - 9 ? 511 : 1)
			expect_error(one.data, cut, &DECOMPRESS_LIMITS, "it ends too early");
		for (size_t at = 12; at < one.length - 4; at += 307) {
			one.data[at] ^= 0x10;
			expect_error(one.data, one.length, &DECOMPRESS_LIMITS, "cannot decompress ");
			one.data[at] ^= 0x10;
		}
		buf_add(&one, "trailing", 8);
		expect_error(one.data, one.length, &DECOMPRESS_LIMITS, "something else follows its end");
	}
}

static void test_limits(void **state)
{
	struct decompress_limits bytes = { .bytes = 99999 }, ratio = { .bytes = UINT64_MAX, .ratio_from = 50000, .ratio = 20 };
	_cleanup_buf_ struct buf one = BUF_INIT, out = BUF_INIT;

	(void)state;
	shell_run("head -c 100000 /dev/zero | gzip -c >one");
	read_file("one", &one);
	expect_error(one.data, one.length, &bytes, "more than 99999 bytes come out of the gzip stream");
	expect_error(one.data, one.length, &ratio, "bytes of gzip became");
	bytes.bytes = 100000;
	ratio.ratio_from = 100000;
	assert_int_equal(decompress_all(one.data, one.length, 0, &bytes, NULL, &out, NULL), 0);
	assert_int_equal(decompress_all(one.data, one.length, 0, &ratio, NULL, &out, NULL), 0);
}

/* A window of 2 GiB is a request for as much memory. */
static void test_memory_is_bounded(void **state)
{
	_cleanup_buf_ struct buf one = BUF_INIT;

	(void)state;
	shell_need("zstd");
	shell_run("seq 1000 | zstd -q -c --long=28 -1 >one");
	read_file("one", &one);
	expect_error(one.data, one.length, &DECOMPRESS_LIMITS, "Frame requires too much memory for decoding");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_gzip),
		shell_test(test_gzip_header_fields),
		shell_test(test_zstd),
		shell_test(test_xz),
		shell_test(test_bzip2),
		cmocka_unit_test(test_plain_bytes_pass),
		shell_test(test_damage),
		shell_test(test_limits),
		shell_test(test_memory_is_bounded),
	};

	return cmocka_run_group_tests_name("decompress", tests, NULL, NULL);
}
