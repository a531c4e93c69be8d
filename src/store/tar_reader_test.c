/* SPDX-License-Identifier: Apache-2.0 */
/* Against archives of GNU tar, bsdtar and Python, and against bytes that nobody's program writes. */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/tar_header.h"
#include "store/tar_reader.h"

#include <fcntl.h>

/* One line a member; of data a sum that depends on where it lies. */
static int list_stream(struct stream stream, struct buf *out, struct error *err)
{
	_cleanup_tar_reader_ struct tar_reader *reader = tar_reader_new(stream);
	struct tar_entry entry;
	int r;

	while ((r = tar_reader_next(reader, &entry, err)) > 0) {
		const uint8_t *bytes;
		uint64_t offset, covered = 0, sum = 0;
		size_t length;

		do {
			r = tar_reader_data(reader, &bytes, &length, &offset, err);
			if (r < 0)
				return r;
			for (size_t i = 0; i < length; i++)
				sum += (offset + i + 1) * bytes[i];
			covered += length;
		} while (length);
		buf_printf(out, "%c %04o %u:%u %ju %jd.%09ld %s", "fhlcbdp"[entry.type], entry.mode, entry.uid, entry.gid,
			(uintmax_t)entry.size, (intmax_t)entry.mtime.tv_sec, entry.mtime.tv_nsec, entry.path);
		if (entry.target)
			buf_printf(out, " -> %s", entry.target);
		if (entry.major || entry.minor)
			buf_printf(out, " %u:%u", entry.major, entry.minor);
		if (entry.type == TAR_FILE && entry.size)
			buf_printf(out, " sum %ju%s", (uintmax_t)sum, entry.sparse ? " sparse" : "");
		assert_true(entry.sparse ? covered <= entry.size : covered == entry.size);
		for (size_t i = 0; i < entry.xattr_count; i++)
			buf_printf(out, " %s=%.*s", entry.xattrs[i].name, (int)entry.xattrs[i].length, (const char *)entry.xattrs[i].value);
		if (entry.acl_access)
			buf_printf(out, " acl %s", entry.acl_access);
		if (entry.acl_default)
			buf_printf(out, " default %s", entry.acl_default);
		buf_add_char(out, '\n');
	}
	return r < 0 ? r : tar_reader_drain(reader, err);
}

static int list_bytes(const void *bytes, size_t length, size_t block, struct buf *out, struct error *err)
{
	struct stream_memory memory = { bytes, length, block };

	return list_stream(stream_of_memory(&memory), out, err);
}

/* Lists what COMMAND writes to its standard output, in blocks of several sizes, and expects EXPECTED each time. */
static void expect_list(const char *command, const char *expected)
{
	static const size_t blocks[] = { 0, 1, 511, 512, 513, 10240 };
	_cleanup_free_ char *line = str_printf("{ %s\n} >archive.tar", command), *path = str_printf("%s/archive.tar", shell_scratch);
	_cleanup_buf_ struct buf archive = BUF_INIT;

	shell_run(line);
	assert_int_equal(file_read_at(AT_FDCWD, path, 64 << 20, &archive), 0);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		buf_add_text(&out, "");
		if (list_bytes(archive.data, archive.length, blocks[i], &out, &err) < 0)
			fail_msg("%s: %s", command, err.message);
		assert_string_equal(out.data, expected);
	}
}

static const char make_tree[] = "umask 022; mkdir -p tree/sub && printf hello >tree/file && ln tree/file tree/hard && ln -s ../else/where tree/soft && "
	"mkfifo tree/fifo && printf x >tree/sub/name && chmod 4751 tree/file && chmod 1777 tree/sub && "
	"find tree -exec touch -h -d '@1234567890.987654321' {} + && find tree -type l -exec touch -h -d @1234567890.987654321 {} +";

#define OPTIONS " --sort=name --owner=user:1000 --group=group:100 "

static void test_formats_of_gnu_tar(void **state)
{
	static const char *const formats[] = { "v7", "ustar", "gnu", "oldgnu", "posix" };

	(void)state;
	shell_run(make_tree);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		bool fine = strcmp(formats[i], "posix") == 0, v7 = strcmp(formats[i], "v7") == 0;
		/* V7 has neither fifos nor a letter for directories. */
		_cleanup_free_ char *command = str_printf("tar c --format=%s" OPTIONS "tree/file tree/hard tree/soft tree/sub%s", formats[i],
			v7 ? "" : " tree/fifo");
		_cleanup_free_ char *expected = str_printf("f 4751 1000:100 5 1234567890.%1$s tree/file sum 1617\n"
			"h 4751 1000:100 0 1234567890.%1$s tree/hard -> tree/file\n"
			"l 0777 1000:100 0 1234567890.%1$s tree/soft -> ../else/where\n"
			"d 1777 1000:100 0 1234567890.%1$s tree/sub/\n"
			"f 0644 1000:100 1 1234567890.%1$s tree/sub/name sum 120\n"
			"%2$s", fine ? "987654321" : "000000000",
			v7 ? "" : fine ? "p 0644 1000:100 0 1234567890.987654321 tree/fifo\n" :
				"p 0644 1000:100 0 1234567890.000000000 tree/fifo\n");

		expect_list(command, expected);
	}
}

static void test_formats_of_bsdtar(void **state)
{
	static const char *const formats[] = { "ustar", "pax", "gnutar", "v7tar" };

	(void)state;
	shell_need("bsdtar");
	shell_run(make_tree);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *fraction = strcmp(formats[i], "pax") == 0 ? "987654321" : "000000000";
		_cleanup_free_ char *command = str_printf("bsdtar -c -f - --format %s --uid 1000 --gid 100 tree/file tree/soft tree/sub", formats[i]);
		_cleanup_free_ char *expected = str_printf("f 4751 1000:100 5 1234567890.%1$s tree/file sum 1617\n"
			"l 0777 1000:100 0 1234567890.%1$s tree/soft -> ../else/where\n"
			"d 1777 1000:100 0 1234567890.%1$s tree/sub/\n"
			"f 0644 1000:100 1 1234567890.%1$s tree/sub/name sum 120\n", fraction);

		expect_list(command, expected);
	}
}

/* Ids beyond what seven octal digits hold, times before 1970 and after 2242, names longer than any field. */
static void test_extremes(void **state)
{
	static const char *const formats[] = { "gnu", "posix" };
	_cleanup_buf_ struct buf expected = BUF_INIT;
	_cleanup_free_ char *names = NULL;
	char component[251];

	(void)state;
	memset(component, 'n', 250);
	component[250] = '\0';
	names = str_printf("mkdir -p tree/%1$s/%1$s && touch -d @-100 tree/%1$s/%1$s && ln -s %1$s/%1$s/%1$s/%1$s tree/%1$s/l && "
		"touch -h -d @10000000000 tree/%1$s/l tree/%1$s && touch -d @0 tree && chmod 700 tree tree/%1$s tree/%1$s/%1$s", component);
	shell_run(names);
	buf_printf(&expected, "d 0700 4294967294:2097152 0 0.000000000 tree/\n"
		"d 0700 4294967294:2097152 0 10000000000.000000000 tree/%1$s/\n"
		"l 0777 4294967294:2097152 0 10000000000.000000000 tree/%1$s/l -> %1$s/%1$s/%1$s/%1$s\n"
		"d 0700 4294967294:2097152 0 -100.000000000 tree/%1$s/%1$s/\n", component);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *command = str_printf("tar c --format=%1$s --owner=x:4294967294 --group=x:2097152 --no-recursion "
			"tree tree/%2$s tree/%2$s/l tree/%2$s/%2$s", formats[i], component);

		expect_list(command, expected.data);
	}
}

/* The prefix of ustar: up to 255 bytes in two fields. */
static void test_ustar_prefix(void **state)
{
	(void)state;
	shell_run("d=$(printf 'p%.0s' $(seq 100)) && mkdir -p $d && touch -d @1 $d/$(printf 'q%.0s' $(seq 99)) && chmod 644 $d/q*");
	_cleanup_free_ char *name = shell("printf '%s' p*/q*"), *expected = str_printf("f 0644 1:1 0 1.000000000 %s\n", name);

	expect_list("tar c --format=ustar --owner=x:1 --group=x:1 p*/q*", expected);
}

static void test_sparse_files(void **state)
{
	static const char *const options[] = { "--format=gnu", "--format=oldgnu", "--format=posix --sparse-version=0.0",
		"--format=posix --sparse-version=0.1", "--format=posix --sparse-version=1.0" };
	/* 60 parts: more than a header, and more than one block of either form, holds. */
	static const char make[] = "python3 - <<'END'\n"
		"import os\n"
		"with open('file', 'wb') as f:\n"
		"    for i in range(60):\n"
		"        f.seek(i * 65536 + 8192)\n"
		"        f.write(bytes([65 + i % 26]) * 4096)\n"
		"    f.truncate(60 * 65536 + 77)\n"
		"os.utime('file', (5, 5))\n"
		"os.chmod('file', 0o600)\n"
		"END";
	uint64_t sum = 0;

	(void)state;
	shell_need("python3");
	shell_run(make);
	for (uint64_t i = 0; i < 60; i++)
		for (uint64_t at = i * 65536 + 8192; at < i * 65536 + 8192 + 4096; at++)
			sum += (at + 1) * (65 + i % 26);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		_cleanup_free_ char *command = str_printf("tar c --sparse --hole-detection=raw %s --owner=x:7 --group=x:8 file", options[i]);
		_cleanup_free_ char *expected = str_printf("f 0600 7:8 3932237 5.000000000 file sum %ju sparse\n", (uintmax_t)sum);

		expect_list(command, expected);
	}
}

/* What Python writes: devices, pax headers by hand, a global one, sizes that only the pax header has. */
#define PYTHON(body) "python3 - <<'END'\n" \
	"import tarfile, io, sys\n" \
	"def member(name, type=tarfile.REGTYPE, data=b'', **fields):\n" \
	"    info = tarfile.TarInfo(name)\n" \
	"    info.type = type\n" \
	"    info.size = len(data)\n" \
	"    for key, value in fields.items(): setattr(info, key, value)\n" \
	"    tar.addfile(info, io.BytesIO(data))\n" \
	"tar = tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=tarfile.PAX_FORMAT)\n" \
	body "\ntar.close()\nEND"

static void test_devices_and_attributes(void **state)
{
	(void)state;
	shell_need("python3");
	expect_list(PYTHON("member('dev/null', tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)\n"
			"member('dev/sda', tarfile.BLKTYPE, devmajor=259, devminor=1048575)\n"
			"member('file', data=b'data', mtime=-1.5, pax_headers={'SCHILY.xattr.user.a': 'one', 'LIBARCHIVE.xattr.user%2Eb': 'dHdv',\n"
			"  'LIBARCHIVE.xattr.user.a': 'b3RoZXI', 'SCHILY.acl.access': 'user::rw-,group::r--,other::---', 'comment': 'x'})\n"
			"member('plain', pax_headers={'mtime': '1.000000001999'})"),
		"c 0666 0:0 0 0.000000000 dev/null 1:3\n"
		"b 0644 0:0 0 0.000000000 dev/sda 259:1048575\n"
		"f 0644 0:0 4 -2.500000000 file sum 1030 user.a=one user.b=two acl user::rw-,group::r--,other::---\n"
		"f 0644 0:0 0 1.000000001 plain\n");
}

static void test_global_headers(void **state)
{
	(void)state;
	shell_need("python3");
	expect_list("python3 - <<'END'\n"
		"import tarfile, io, sys\n"
		"tar = tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=tarfile.PAX_FORMAT, pax_headers={'uid': '70000', 'mtime': '12.5'})\n"
		"for headers in ({}, {'uid': '5'}, {'mtime': ''}):\n"
		"    info = tarfile.TarInfo('f')\n"
		"    info.mtime = 3\n"
		"    info.pax_headers = headers\n"
		"    tar.addfile(info)\n"
		"tar.close()\nEND",
		"f 0644 70000:0 0 12.500000000 f\n"
		"f 0644 5:0 0 12.500000000 f\n"
		"f 0644 70000:0 0 3.000000000 f\n");
}

/* bsdtar writes attributes twice. */
static void test_attributes_of_bsdtar(void **state)
{
	(void)state;
	shell_need("bsdtar");
	shell_need("setfattr");
	shell_run("printf x >file && chmod 644 file && touch -d @1 file && setfattr -n user.note -v 'a value' file 2>/dev/null || "
		"{ echo '# missing: extended attributes' >&2; exit 77; }");
	expect_list("bsdtar -c -f - --format pax --xattrs --uid 0 --gid 0 file", "f 0644 0:0 1 1.000000000 file sum 120 user.note=a value\n");
	expect_list("tar c --xattrs --format=posix --owner=0 --group=0 file", "f 0644 0:0 1 1.000000000 file sum 120 user.note=a value\n");
}

static void test_end_of_archive(void **state)
{
	const char *const line = "f 0600 1:1 3 1.000000000 file sum 590\n";

	(void)state;
	shell_run("printf abc >file && chmod 600 file && touch -d @1 file");
	expect_list(":", "");
	expect_list("head -c 1024 /dev/zero", "");
	expect_list("tar c --owner=x:1 --group=x:1 file | head -c 1024", line);
	expect_list("tar c --owner=x:1 --group=x:1 file | head -c 1536", line);
	expect_list("tar c --owner=x:1 --group=x:1 file && echo what follows is of no interest", line);
}

/* ---- bad archives ------------------------------------------------------------------------ */

static void fill_header(struct tar_header *header, const char *name, char type, const char *size)
{
	memset(header, 0, sizeof *header);
	memcpy(header->name, name, strlen(name));
	memcpy(header->mode, "0000644", 8);
	memcpy(header->uid, "0000000", 8);
	memcpy(header->gid, "0000000", 8);
	memcpy(header->size, size, 11);
	memcpy(header->mtime, "00000000001", 12);
	memcpy(header->magic, "ustar\0" "00", 8);
	header->type = type;
	tar_header_seal(header);
}

static void expect_error(const void *bytes, size_t length, const char *message)
{
	for (size_t block = 0; block < 1024; block += 511) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_true(list_bytes(bytes, length, block, &out, &err) < 0);
		if (!strstr(err.message, message))
			fail_msg("expected '%s' in '%s'", message, err.message);
	}
}

/* GNU's old form has it behind the table of parts. */
#define OLD_REAL_SIZE_AT 483

static void test_bad_headers(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t length;
		const char *message;
	} changes[] = {
		{ offsetof(struct tar_header, name), "", 1, "at byte 512: a member without a name" },
		{ offsetof(struct tar_header, mode), "9", 1, "a bad mode" },
		{ offsetof(struct tar_header, uid), "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "a bad uid" },
		{ offsetof(struct tar_header, gid), "\x80\0\0\0\xff\xff\xff\xff", 8, "a bad gid" },
		{ offsetof(struct tar_header, size), "-0000000001", 11, "a bad size" },
		{ offsetof(struct tar_header, size), "\x90\0\0\0\0\0\0\0\0\0\0\0", 12, "a bad size" },
		{ offsetof(struct tar_header, size), "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, "it ends too early" },
		{ offsetof(struct tar_header, mtime), "now", 3, "a bad time" },
		{ offsetof(struct tar_header, type), "2", 1, "a link to nothing" },
		{ offsetof(struct tar_header, type), "Z", 1, "'f': a member of the unknown type 0x5a" },
		{ OLD_REAL_SIZE_AT, "9", 1, "a bad size of a sparse file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct tar_header header;

		fill_header(&header, "f", changes[i].at == OLD_REAL_SIZE_AT ? 'S' : '0', "00000000000");
		memcpy((char *)&header + changes[i].at, changes[i].bytes, changes[i].length);
		tar_header_seal(&header);
		expect_error(&header, sizeof header, changes[i].message);
		header.name[50] ^= 1;
		expect_error(&header, sizeof header, "at byte 512: this is no tar header");
		expect_error(&header, 511, "it ends too early");
	}
}

/* A pax header with RECORDS, then a file. */
static size_t make_pax(char *archive, const char *records, size_t length)
{
	struct tar_header *header = (struct tar_header *)archive;

	memset(archive, 0, 2048);
	fill_header(header, "PaxHeader", 'x', "00000000000");
	assert_true(tar_number_format(header->size, sizeof header->size, length));
	tar_header_seal(header);
	memcpy(archive + 512, records, length);
	fill_header((struct tar_header *)(archive + 1024), "f", '0', "00000000000");
	return 1536;
}

static void test_bad_pax_headers(void **state)
{
	static const struct {
		const char *records;
		const char *message;
	} cases[] = {
		{ "x", "a bad record" },
		{ "9999999999 a=b\n", "a bad record" },
		{ "3 a\n", "a bad record" },
		{ "6 =ab\n", "a bad record" },
		{ "6 a=bc\n", "a bad record" },
		{ "60 a=b\n", "a bad record" },
		{ "0 a=b\n", "a bad record" },
		{ "11 size=-1\n", "a bad size" },
		{ "29 size=99999999999999999999\n", "a bad size" },
		{ "18 uid=4294967295\n", "a bad uid" },
		{ "9 gid=1a\n", "a bad gid" },
		{ "13 mtime=1.x\n", "a bad time" },
		{ "9 mtime=.\n", "a bad record" },
		{ "18 SCHILY.xattr.=\n", "an extended attribute without a name" },
		{ "25 LIBARCHIVE.xattr.a=*=\n", "an extended attribute that is no base64" },
		{ "22 GNU.sparse.map=1,2,\n", "a bad record" },
		{ "22 GNU.sparse.map=1,2,3\n", "a bad record" },
		{ "23 GNU.sparse.map=1,23\n20 GNU.sparse.map=1\n", "a bad GNU.sparse.map" },
		{ "24 GNU.sparse.numbytes=1\n", "a bad record" },
		{ "25 GNU.sparse.numbytes=1\n", "GNU.sparse.numbytes without an offset" },
		{ "23 GNU.sparse.offset=1\n", "GNU.sparse.offset without a length" },
		{ "22 GNU.sparse.major=2\n", "an unknown version of GNU.sparse" },
		{ "23 GNU.sparse.map=0,10\n", "a sparse file without a size" },
		{ "23 GNU.sparse.map=0,10\n25 GNU.sparse.realsize=9\n", "lies behind its end" },
		{ "23 GNU.sparse.map=0,10\n26 GNU.sparse.realsize=10\n", "another size than its parts" },
		{ "26 GNU.sparse.map=5,5,0,1\n26 GNU.sparse.realsize=10\n", "parts of a sparse file overlap" },
		{ "40 GNU.sparse.map=9223372036854775807,1\n", "lies out of reach" },
		{ "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n", "a map of a sparse file without an end" },
	};
	char archive[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_error(archive, make_pax(archive, cases[i].records, strlen(cases[i].records)), cases[i].message);
	expect_error(archive, make_pax(archive, "9 path=\0\n", 9), "a NUL inside a name");
}

/* No header makes the reader hold more than a mebibyte. */
static void test_headers_are_bounded(void **state)
{
	static const char types[] = "xgLK";
	struct tar_header header;

	(void)state;
	for (const char *type = types; *type; type++) {
		fill_header(&header, "h", *type, "00004000001");
		expect_error(&header, sizeof header, "an extended header of more than 1 MiB");
	}
}

static void test_a_lone_block_of_zeros(void **state)
{
	char archive[1024] = { 0 };

	(void)state;
	fill_header((struct tar_header *)(archive + 512), "f", '0', "00000000000");
	expect_error(archive, sizeof archive, "something follows a block of zeros");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *field;
		bool valid;
		int64_t number;
	} cases[] = {
		{ "0000644", true, 0644 }, { "    644 ", true, 0644 }, { "77777777", true, 077777777 }, { "\0\0\0\0\0\0\0", true, 0 },
		{ "       ", true, 0 }, { "644x   ", false, 0 }, { "8      ", false, 0 }, { "-1     ", false, 0 },
		{ "\x80\0\0\0\0\0\1\2", true, 258 }, { "\xff\xff\xff\xff\xff\xff\xff\xfe", true, -2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t number = 99;
		bool valid = tar_number_parse(cases[i].field, 8, &number);

		assert_int_equal(valid, cases[i].valid);
		assert_int_equal(number, valid ? cases[i].number : 99);
	}
	assert_false(tar_number_parse("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, &(int64_t){ 0 }));
	assert_false(tar_number_parse("\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12, &(int64_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_formats_of_gnu_tar),
		shell_test(test_formats_of_bsdtar),
		shell_test(test_extremes),
		shell_test(test_ustar_prefix),
		shell_test(test_sparse_files),
		shell_test(test_devices_and_attributes),
		shell_test(test_global_headers),
		shell_test(test_attributes_of_bsdtar),
		shell_test(test_end_of_archive),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_bad_pax_headers),
		cmocka_unit_test(test_headers_are_bounded),
		cmocka_unit_test(test_a_lone_block_of_zeros),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("tar_reader", tests, NULL, NULL);
}
