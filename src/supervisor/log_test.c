/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/log.h"
#include "base/file.h"
#include "base/memory.h"
#include "spec/log_line.h"
#include "supervisor/log_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TIME INT64_C(1715085296789000000)
#define PAIR(name, text) { (char *)(name), (char *)(text) }

/* ---- a directory, and what is in it ---------------------------------------------------------- */

static int make_scratch(void **state)
{
	char path[] = "/tmp/bivy-log-XXXXXX";

	assert_non_null(mkdtemp(path));
	*state = strdup(path);
	return 0;
}

static int remove_scratch(void **state)
{
	_cleanup_free_ char *path = *state, *command = str_printf("rm -rf '%s'", path);

	return system(command);
}

static char *join(const char *directory, const char *name)
{
	return str_printf("%s/%s", directory, name);
}

static void compress(void *context, const char *format, int fd, const struct log_file_names *names)
{
	_cleanup_free_ char *path = join(context, "log"), *transfer = join(context, "transfer");

	log_file_compress(transfer, format, path, fd, names);
}

static struct log *open_log(const char *scratch, const char *driver, const struct spec_pair *options, size_t count)
{
	_cleanup_free_ char *path = join(scratch, "log"), *transfer = join(scratch, "transfer");
	const struct log_request request = { .driver = driver, .path = path, .options = options, .option_count = count, .id = ID, .name = "web",
		.compress = access(transfer, X_OK) == 0 ? compress : NULL, .compress_context = (void *)scratch };
	struct log *log = NULL;

	assert_int_equal(log_new(&request, &log, NULL), 0);
	return log;
}

static void put(struct log *log, int stream, const char *text)
{
	log_put(log, stream, text, strlen(text), TIME);
}

static void read_file(const char *scratch, const char *name, struct buf *ret)
{
	_cleanup_free_ char *path = join(scratch, name);

	assert_int_equal(file_read_at(AT_FDCWD, path, 64 << 20, ret), 0);
}

static bool exists(const char *scratch, const char *name)
{
	_cleanup_free_ char *path = join(scratch, name);

	return access(path, F_OK) == 0;
}

/* The segment's records, as "1:text|" for a line, "2:text+" for a piece. */
static char *describe(const char *scratch, const char *name)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	struct buf text = BUF_INIT;
	struct spec_log_record record;
	size_t at = strlen(SPEC_LOG_MAGIC), length;

	read_file(scratch, name, &bytes);
	assert_true(bytes.length >= at);
	assert_memory_equal(bytes.data, SPEC_LOG_MAGIC, at);
	for (; spec_log_record_decode(bytes.data + at, bytes.length - at, &record, &length) == 0; at += length) {
		assert_int_equal(record.time_ns, TIME);
		buf_printf(&text, "%d:%.*s%c", record.stream, (int)record.length, record.text, record.partial ? '+' : '|');
	}
	assert_int_equal(at, bytes.length);
	return buf_take(&text);
}

static void assert_segment(const char *scratch, const char *name, const char *expected)
{
	_cleanup_free_ char *found = describe(scratch, name);

	assert_string_equal(found, expected);
}

/* ---- lines --------------------------------------------------------------------------------------- */

static void test_lines(void **state)
{
	_cleanup_log_ struct log *log = open_log(*state, NULL, NULL, 0);

	assert_true(log_is_needed(log));
	put(log, 1, "one\ntwo\n\nthr");
	assert_segment(*state, "log/00000001.log", "1:one|1:two|1:|");
	put(log, 2, "error\n");
	put(log, 1, "ee");
	put(log, 1, "\nfour");
	assert_segment(*state, "log/00000001.log", "1:one|1:two|1:|2:error|1:three|");
	log_flush(log, 1);
	assert_segment(*state, "log/00000001.log", "1:one|1:two|1:|2:error|1:three|1:four+");
	put(log, 2, "last");
	log = log_close(log);
	assert_segment(*state, "log/00000001.log", "1:one|1:two|1:|2:error|1:three|1:four+2:last+");
}

static void test_long_lines(void **state)
{
	_cleanup_log_ struct log *log = open_log(*state, "local", NULL, 0);
	_cleanup_free_ char *text = memory_new(3 * SPEC_LOG_TEXT_LIMIT + 2, 1), *found = NULL;
	const size_t header = 2, whole = SPEC_LOG_TEXT_LIMIT + header + 1;

	memset(text, 'x', 3 * SPEC_LOG_TEXT_LIMIT);
	/* In uneven pieces: as long as a record holds it is one, whatever came when. */
	for (size_t at = 0; at < 2 * SPEC_LOG_TEXT_LIMIT; at += 1024)
		log_put(log, 1, text, 1024, TIME);
	put(log, 1, "\nend\n");
	found = describe(*state, "log/00000001.log");
	assert_int_equal(strlen(found), 2 * whole + strlen("1:end|"));
	assert_int_equal(found[whole - 1], '+');
	assert_int_equal(found[2 * whole - 1], '|');
	text[3 * SPEC_LOG_TEXT_LIMIT] = 'y';
	text[3 * SPEC_LOG_TEXT_LIMIT + 1] = '\n';
	log_put(log, 1, text, 3 * SPEC_LOG_TEXT_LIMIT + 2, TIME);
	free(found);
	found = describe(*state, "log/00000001.log");
	assert_int_equal(strlen(found), 5 * whole + strlen("1:end|1:y|"));
	assert_string_equal(found + strlen(found) - strlen("+1:y|"), "+1:y|");
}

static void test_nothing_kept(void **state)
{
	static const char *const drivers[] = { "none", "passthrough" };

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		_cleanup_log_ struct log *log = open_log(*state, drivers[i], NULL, 0);

		assert_false(log_is_needed(log));
		put(log, 1, "one\n");
		log_flush(log, 1);
		assert_int_equal(log_dropped(log), 0);
		assert_false(exists(*state, "log"));
	}
	assert_false(log_is_needed(NULL));
	log_put(NULL, 1, "", 0, TIME);
	log_flush(NULL, 1);
	assert_null(log_close(NULL));
}

static void test_refused(void **state)
{
	_cleanup_free_ char *missing = join(*state, "none/log");
	struct log_request request = { .driver = "syslog", .path = missing, .id = ID, .name = "web" };
	struct error err = ERROR_INIT;
	struct log *log = NULL;

	assert_true(log_new(&request, &log, &err) < 0);
	assert_string_equal(err.message, "unknown log driver 'syslog'");
	for (int i = 0; i < 2; i++) {
		_cleanup_free_ char *expected = str_printf("cannot open the log '%s': no such file or directory", missing);

		request.driver = i ? "local" : "json-file";
		assert_true(log_new(&request, &log, &err) < 0);
		assert_string_equal(err.message, expected);
	}
	assert_null(log);
}

/* ---- going on, and full disks ------------------------------------------------------------------------ */

static void test_goes_on(void **state)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_log_ struct log *log = open_log(*state, "local", NULL, 0);

		put(log, 1, "line\n");
	}
	assert_segment(*state, "log/00000001.log", "1:line|1:line|");
}

/* A writer killed in the middle of a record: what follows goes elsewhere. */
static void test_torn_segment(void **state)
{
	_cleanup_free_ char *path = join(*state, "log/00000001.log");
	_cleanup_log_ struct log *log = open_log(*state, "local", NULL, 0);
	struct stat status;

	put(log, 1, "one\ntwo\n");
	log = log_close(log);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size - 3), 0);
	log = open_log(*state, "local", NULL, 0);
	put(log, 1, "three\n");
	assert_segment(*state, "log/00000002.log", "1:three|");
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk takes a part of what is written, and later the rest: the log has whole records, and the lost ones are counted. */
static void test_full_disk(void **state)
{
	static const char *const drivers[] = { "local", "json-file" };

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		_cleanup_log_ struct log *log = open_log(*state, drivers[i], NULL, 0);

		put(log, 1, "before\n");
		limit_files(120);
		put(log, 1, "lost lost lost lost lost lost\nlost lost lost lost lost lost\nlost lost lost lost lost lost\n");
		assert_int_equal(log_dropped(log), 3);
		put(log, 2, "lost, too; and it is long enough not to fit in what is left of the file, whichever driver it is\n");
		assert_int_equal(log_dropped(log), 4);
		limit_files(RLIM_INFINITY);
		put(log, 1, "after\n");
		assert_int_equal(log_dropped(log), 4);
	}
	assert_segment(*state, "log/00000001.log", "1:before|1:after|");
	{
		_cleanup_buf_ struct buf text = BUF_INIT;

		read_file(*state, "log/" ID "-json.log", &text);
		assert_string_equal(text.data, "{\"log\":\"before\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-07T12:34:56.789Z\"}\n"
			"{\"log\":\"after\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-07T12:34:56.789Z\"}\n");
	}
}

/* ---- rotation ----------------------------------------------------------------------------------------- */

static void test_rotates(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "20"), PAIR("max-file", "3") };
	_cleanup_log_ struct log *log = open_log(*state, "local", options, 2);

	for (int i = 1; i <= 5; i++) {
		char line[] = "line 0\n";

		line[5] = (char)('0' + i);
		put(log, 1, line);
	}
	assert_false(exists(*state, "log/00000001.log"));
	assert_false(exists(*state, "log/00000002.log"));
	assert_segment(*state, "log/00000003.log", "1:line 3|");
	assert_segment(*state, "log/00000005.log", "1:line 5|");
	/* Who opens it again goes on with the last, and removes what a killed one left. */
	log = log_close(log);
	{
		_cleanup_free_ char *left = join(*state, "log/00000002.log.zst"), *other = join(*state, "log/00000001.txt");

		assert_int_equal(creat(left, 0600) < 0, 0);
		assert_int_equal(creat(other, 0600) < 0, 0);
	}
	log = open_log(*state, "local", options, 2);
	assert_false(exists(*state, "log/00000002.log.zst"));
	assert_true(exists(*state, "log/00000001.txt"));
	put(log, 1, "line 6\n");
	assert_segment(*state, "log/00000006.log", "1:line 6|");
	assert_false(exists(*state, "log/00000003.log"));
}

static void test_json_file(void **state)
{
	static char *environment[] = { (char *)"LANG=C", (char *)"HOME=/", NULL };
	const struct spec_pair options[] = { PAIR("max-size", "40"), PAIR("max-file", "3"), PAIR("tag", "{{.Name}}"), PAIR("labels", "tier"), PAIR("env", "LANG") };
	const struct spec_pair labels[] = { PAIR("other", "x"), PAIR("tier", "front") };
	_cleanup_free_ char *path = join(*state, "log");
	const struct log_request request = { .driver = "json-file", .path = path, .options = options, .option_count = ARRAY_SIZE(options), .id = ID,
		.name = "web", .labels = labels, .label_count = 2, .env = environment };
	_cleanup_log_ struct log *log = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	assert_int_equal(log_new(&request, &log, NULL), 0);
	for (int i = 1; i <= 4; i++) {
		char line[] = "line 0\n";

		line[5] = (char)('0' + i);
		put(log, 2, line);
	}
	assert_false(exists(*state, "log/" ID "-json.log.3"));
	read_file(*state, "log/" ID "-json.log.2", &text);
	read_file(*state, "log/" ID "-json.log.1", &text);
	read_file(*state, "log/" ID "-json.log", &text);
	for (int i = 2; i <= 4; i++) {
		_cleanup_free_ char *expected = str_printf("{\"log\":\"line %d\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"web\",\"tier\":\"front\","
			"\"LANG\":\"C\"},\"time\":\"2024-05-07T12:34:56.789Z\"}\n", i);

		assert_memory_equal(text.data + (size_t)(i - 2) * strlen(expected), expected, strlen(expected));
	}
}

static void test_json_file_torn(void **state)
{
	_cleanup_free_ char *path = join(*state, "log/" ID "-json.log");
	_cleanup_log_ struct log *log = open_log(*state, "json-file", NULL, 0);
	_cleanup_buf_ struct buf text = BUF_INIT;

	put(log, 1, "one\n");
	log = log_close(log);
	assert_int_equal(truncate(path, 20), 0);
	log = open_log(*state, "json-file", NULL, 0);
	put(log, 1, "two\n");
	read_file(*state, "log/" ID "-json.log", &text);
	assert_true(str_starts_with(text.data, "{\"log\":\"two\\n\""));
	assert_true(exists(*state, "log/" ID "-json.log.1"));
}

/* ---- compressing ------------------------------------------------------------------------------------------ */

/* In place of bivy-transfer: tells how it was called, and that the file was locked by it. */
static void make_transfer(const char *scratch)
{
	_cleanup_free_ char *path = join(scratch, "transfer");
	_cleanup_free_ char *text = str_printf("#!/bin/sh\necho \"$@\" >>%s/calls\nfor last; do :; done\nflock -n \"$last\" true && echo unlocked >>%s/calls\n"
		"case $3 in zstd) suffix=zst;; *) suffix=gz;; esac\nshift 3\nfor file; do mv \"$file\" \"$file.$suffix\"; done\n", scratch, scratch);

	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0700), 0);
}

static void fill(struct log *log, int kibibytes)
{
	char line[1025];

	memset(line, 'x', sizeof line);
	line[1023] = '\n';
	for (int i = 0; i < kibibytes; i++)
		log_put(log, 1, line, 1024, TIME);
}

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void assert_calls(const char *scratch, const char *expected)
{
	_cleanup_buf_ struct buf calls = BUF_INIT;

	read_file(scratch, "calls", &calls);
	assert_string_equal(calls.data, expected);
}

static void test_compresses(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "64k"), PAIR("max-file", "3") };
	_cleanup_log_ struct log *log = NULL;

	make_transfer(*state);
	log = open_log(*state, "local", options, 2);
	for (int i = 0; i < 3; i++) {
		fill(log, 64);
		reap();
	}
	fill(log, 1);
	reap();
	assert_false(exists(*state, "log/00000001.log.zst"));
	assert_true(exists(*state, "log/00000002.log.zst"));
	assert_true(exists(*state, "log/00000003.log.zst"));
	assert_true(exists(*state, "log/00000004.log"));
	assert_calls(*state, "compress --format zstd 00000001.log\ncompress --format zstd 00000002.log\ncompress --format zstd 00000003.log\n");
}

static void test_json_file_compresses(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "64k"), PAIR("max-file", "3"), PAIR("compress", "true") };
	_cleanup_log_ struct log *log = NULL;

	make_transfer(*state);
	log = open_log(*state, "json-file", options, 3);
	for (int i = 0; i < 3; i++) {
		fill(log, 64);
		reap();
	}
	assert_true(exists(*state, "log/" ID "-json.log"));
	assert_true(exists(*state, "log/" ID "-json.log.1.gz"));
	assert_true(exists(*state, "log/" ID "-json.log.2.gz"));
	assert_false(exists(*state, "log/" ID "-json.log.3.gz"));
	assert_false(exists(*state, "log/" ID "-json.log.1"));
}

/* As long as a file is compressed by name, names stay as they are; but not for ever. */
static void test_json_file_waits_for_compression(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "1k"), PAIR("max-file", "3"), PAIR("compress", "true") };
	_cleanup_log_ struct log *log = open_log(*state, "json-file", options, 3);
	_cleanup_free_ char *path = join(*state, "log/" ID "-json.log.1");
	_cleanup_close_ int fd = -EBADF;

	fill(log, 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	fill(log, 1);
	assert_false(exists(*state, "log/" ID "-json.log.2"));
	fill(log, 3);
	assert_true(exists(*state, "log/" ID "-json.log.2"));
}

/* Names do not change between what a compressor looks at and what it does. */
static void test_json_file_waits_for_the_directory(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "1k"), PAIR("max-file", "3") };
	_cleanup_log_ struct log *log = open_log(*state, "json-file", options, 2);
	_cleanup_free_ char *path = join(*state, "log");
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(flock(fd, LOCK_EX), 0);
	fill(log, 4);
	assert_false(exists(*state, "log/" ID "-json.log.1"));
	assert_int_equal(log_dropped(log), 0);
	close_and_forget(&fd);
	fill(log, 1);
	assert_true(exists(*state, "log/" ID "-json.log.1"));
}

/* A container that writes faster than anybody compresses has one process for it, not many. */
static void test_compresses_one_at_a_time(void **state)
{
	const struct spec_pair options[] = { PAIR("max-size", "64k") };
	_cleanup_free_ char *path = join(*state, "log/00000001.log");
	_cleanup_log_ struct log *log = open_log(*state, "local", options, 1);
	_cleanup_close_ int fd = -EBADF;

	fill(log, 70);
	log = log_close(log);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	make_transfer(*state);
	log = open_log(*state, "local", options, 1);
	fill(log, 70);
	reap();
	assert_false(exists(*state, "calls"));
	assert_true(exists(*state, "log/00000002.log"));
	close_and_forget(&fd);
	fill(log, 70);
	reap();
	/* Nothing is left behind for good. */
	assert_calls(*state, "compress --format zstd 00000001.log 00000002.log 00000003.log\n");
}

/* ---- the journal --------------------------------------------------------------------------------------------- */

static int open_journal(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void assert_entry(int fd, const char *expected, size_t length)
{
	char entry[4096];
	ssize_t n = recv(fd, entry, sizeof entry, 0);

	assert_int_equal(n, length);
	assert_memory_equal(entry, expected, length);
}

#define ENTRY(message, end) message "CONTAINER_TIME_NS=1715085296789000000\nCONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL=" ID \
	"\nCONTAINER_TAG=0123456789ab\nSYSLOG_IDENTIFIER=0123456789ab\nIMAGE_NAME=\n" end

static void test_journald(void **state)
{
	static const char first[] = ENTRY("MESSAGE=hi\nPRIORITY=6\n", "A_LABEL\n\3\0\0\0\0\0\0\0x\ny\nCONTAINER_NAME=web\n");
	static const char second[] = ENTRY("MESSAGE=half\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\n", "A_LABEL\n\3\0\0\0\0\0\0\0x\ny\nCONTAINER_NAME=shop\n");
	const struct spec_pair options[] = { PAIR("labels", "9a.label") }, labels[] = { PAIR("9a.label", "x\ny") };
	_cleanup_free_ char *path = join(*state, "journal");
	_cleanup_close_ int fd = open_journal(path);
	const struct log_request request = { .driver = "journald", .path = "/", .options = options, .option_count = 1, .id = ID, .name = "web",
		.labels = labels, .label_count = 1, .journal = path };
	_cleanup_log_ struct log *log = NULL;

	assert_int_equal(log_new(&request, &log, NULL), 0);
	put(log, 1, "hi\n");
	assert_entry(fd, first, sizeof first - 1);
	log_rename(log, "shop");
	put(log, 2, "half");
	log_flush(log, 2);
	assert_entry(fd, second, sizeof second - 1);
	/* Nobody reads: what does not go in is dropped. */
	for (int i = 0; i < 2000 && log_dropped(log) == 0; i++)
		put(log, 1, "more\n");
	assert_int_equal(log_dropped(log), 1);
	/* The journal is restarted. */
	close_and_forget(&fd);
	put(log, 1, "lost\n");
	assert_int_equal(log_dropped(log), 2);
	fd = open_journal(path);
	put(log, 1, "back\n");
	assert_int_equal(log_dropped(log), 2);
}

static void test_no_journal(void **state _unused_)
{
	const struct log_request request = { .driver = "journald", .path = "/", .id = ID, .name = "web", .journal = "/nonexistent" };
	struct error err = ERROR_INIT;
	struct log *log = NULL;

	assert_int_equal(log_new(&request, &log, &err), -ENOENT);
	assert_string_equal(err.message, "cannot log to the journal '/nonexistent': no such file or directory");
	assert_string_equal(err.hint, "without journald, use the log driver local");
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(test_lines),
		WITH_SCRATCH(test_long_lines),
		WITH_SCRATCH(test_nothing_kept),
		WITH_SCRATCH(test_refused),
		WITH_SCRATCH(test_goes_on),
		WITH_SCRATCH(test_torn_segment),
		WITH_SCRATCH(test_full_disk),
		WITH_SCRATCH(test_rotates),
		WITH_SCRATCH(test_json_file),
		WITH_SCRATCH(test_json_file_torn),
		WITH_SCRATCH(test_compresses),
		WITH_SCRATCH(test_json_file_compresses),
		WITH_SCRATCH(test_json_file_waits_for_compression),
		WITH_SCRATCH(test_json_file_waits_for_the_directory),
		WITH_SCRATCH(test_compresses_one_at_a_time),
		WITH_SCRATCH(test_journald),
		cmocka_unit_test(test_no_journal),
	};

	return cmocka_run_group_tests_name("supervisor/log", tests, NULL, NULL);
}
