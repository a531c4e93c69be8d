/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logs.h"
#include "engine/container_scratch_test.h"
#include "spec/log_line.h"

#include <sys/stat.h>

#define S INT64_C(1000000000)
#define START (1715085296 * S) /* 2024-05-07T12:34:56Z */

/* ---- logs that are read ---------------------------------------------------------------------- */

static void put_container(char *driver)
{
	const struct spec_container base = { .host.log_driver = driver };

	scratch_put("web", 'a', &base);
}

static char *log_path(const char *name)
{
	return str_printf("%s/containers/a%063d/log/%s", shell_scratch, 0, name);
}

/*
 * Adds to a file of the log: of each line of TEXT a record at second AT and the
 * following ones. Lines that begin with '!' are of standard error; a last line
 * without a newline is a piece.
 */
static void add(const char *name, int64_t at, const char *text)
{
	_cleanup_free_ char *directory = log_path(""), *path = log_path(name);
	bool is_segment = !strstr(name, "json");
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(file_make_directories(directory, 0700), 0);
	if (is_segment && access(path, F_OK) < 0)
		buf_add_text(&bytes, SPEC_LOG_MAGIC);
	while (*text) {
		size_t length = strcspn(text, "\n");
		struct spec_log_record record = { .stream = *text == '!' ? 2 : 1, .partial = !text[length], .time_ns = START + at++ * S, .text = text,
			.length = (uint32_t)length };

		if (is_segment)
			spec_log_record_encode(&record, &bytes);
		else
			spec_log_line_encode(&record, NULL, &bytes);
		text += length + !record.partial;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes.data, bytes.length), 0);
}

/* When the file was written last, as second AT. */
static void set_time(const char *name, int64_t at)
{
	_cleanup_free_ char *path = log_path(name);
	const struct timespec times[2] = { { .tv_sec = START / S + at }, { .tv_sec = START / S + at } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* What stands for bivy-transfer: nothing is compressed in these tests, but called so. */
static void make_transfer(void)
{
	_cleanup_free_ char *path = str_printf("%s/transfer", shell_scratch);

	shell_run("printf '#!/bin/sh\\necho \"$@\" >>\"${0%%/*}/calls\"; exec cat\\n' >transfer && chmod 700 transfer");
	setenv("BIVY_TRANSFER", path, 1);
}

struct reading {
	struct buf text;
	void (*step)(struct reading *reading); /* called after each record */
	int steps, lock_fd, stop_after;
};

static int take(void *context, const struct spec_log_record *record)
{
	struct reading *reading = context;

	buf_add(&reading->text, record->text, record->length);
	buf_add_char(&reading->text, record->partial ? '+' : '|');
	reading->steps++;
	if (reading->step)
		reading->step(reading);
	return reading->stop_after > 0 && reading->steps == reading->stop_after ? 5 : 0;
}

static const struct logs_request all = { .container = "web", .out = true, .err = true, .tail = -1 };

static int read_with(const struct logs_request *request, struct reading *reading, struct error *err)
{
	const struct directories directories = scratch_directories();
	struct logs_request complete = *request;

	complete.directories = &directories;
	complete.each = take;
	complete.context = reading;
	return logs_read(&complete, err);
}

static void assert_read(const struct logs_request *request, const char *expected)
{
	struct reading reading = { .lock_fd = -EBADF };
	struct error err = ERROR_INIT;

	if (read_with(request, &reading, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(reading.text.data ? reading.text.data : "", expected);
	buf_done(&reading.text);
}

static void assert_tail(int64_t tail, const char *expected)
{
	struct logs_request request = all;

	request.tail = tail;
	assert_read(&request, expected);
}

static void assert_between(const char *since, const char *until, const char *expected)
{
	struct logs_request request = all;

	request.since = since;
	request.until = until;
	assert_read(&request, expected);
}

/* ---- what is there -------------------------------------------------------------------------------- */

static void test_never_started(void **state _unused_)
{
	struct logs_request request = all;

	put_container(NULL);
	assert_tail(-1, "");
	assert_tail(3, "");
	request.follow = true;
	assert_read(&request, "");
}

static void test_segments(void **state _unused_)
{
	put_container(NULL);
	add("00000001.log", 0, "one\n!two\n");
	add("00000002.log", 2, "three\nfour\n");
	add("00000010.log", 4, "!five\nsix");
	assert_tail(-1, "one|!two|three|four|!five|six+");
	assert_tail(0, "");
	assert_tail(1, "six+");
	assert_tail(2, "!five|six+");
	assert_tail(3, "four|!five|six+");
	assert_tail(4, "three|four|!five|six+");
	assert_tail(5, "!two|three|four|!five|six+");
	assert_tail(6, "one|!two|three|four|!five|six+");
	assert_tail(100, "one|!two|three|four|!five|six+");
}

static void test_streams(void **state _unused_)
{
	struct logs_request out = all, err = all;

	out.err = err.out = false;
	put_container(NULL);
	add("00000001.log", 0, "one\n!two\nthree\n!four\n!five\n");
	assert_read(&out, "one|three|");
	assert_read(&err, "!two|!four|!five|");
	out.tail = err.tail = 1;
	assert_read(&out, "three|");
	assert_read(&err, "!five|");
}

static void test_times(void **state _unused_)
{
	struct logs_request request = all;

	put_container(NULL);
	add("00000001.log", 0, "0\n1\n2\n");
	add("00000002.log", 3, "3\n4\n5\n");
	set_time("00000001.log", 2);
	set_time("00000002.log", 5);
	assert_between("2024-05-07T12:34:58", NULL, "2|3|4|5|");
	assert_between("2024-05-07T12:35:00Z", NULL, "4|5|");
	assert_between("2024-05-07T12:35:10", NULL, "");
	assert_between(NULL, "2024-05-07T12:34:59", "0|1|2|3|");
	assert_between("2024-05-07T12:34:57", "2024-05-07T12:35:00", "1|2|3|4|");
	/* The last lines of those. */
	request.until = "2024-05-07T12:34:59";
	request.tail = 2;
	assert_read(&request, "2|3|");
	request.since = "2024-05-07T12:34:59";
	assert_read(&request, "3|");
}

static void test_damaged_segments(void **state _unused_)
{
	_cleanup_free_ char *path = log_path("00000001.log");
	struct stat status;

	put_container(NULL);
	add("00000001.log", 0, "one\ntwo\nthree\n");
	add("00000002.log", 3, "four\n");
	assert_int_equal(stat(path, &status), 0);
	/* Cut off in the last record; what is complete is found from the end, too. */
	assert_int_equal(truncate(path, status.st_size - 6), 0);
	assert_tail(-1, "one|two|four|");
	assert_tail(2, "two|four|");
	assert_tail(4, "one|two|four|");
	/* And none of ours at all. */
	shell_run("echo 'something else, of whatever length' >\"$(find . -name 00000001.log)\"");
	assert_tail(-1, "four|");
	assert_tail(2, "four|");
	shell_run(": >\"$(find . -name 00000001.log)\"");
	assert_tail(2, "four|");
	shell_run("echo lost >>\"$(find . -name 00000002.log)\"");
	assert_tail(-1, "four|");
	assert_tail(1, "four|");
}

/* More than is read at once, in both directions, with records of all sizes. */
static void test_many_lines(void **state _unused_)
{
	_cleanup_buf_ struct buf text = BUF_INIT, expected = BUF_INIT;
	struct logs_request request = all;

	for (int i = 0; i < 2000; i++) {
		buf_printf(&text, "%d", i);
		for (int j = 0; j < (i % 50 == 0 ? 15000 : i % 97); j++)
			buf_add_char(&text, 'x');
		buf_add_char(&text, '\n');
	}
	put_container(NULL);
	add("00000001.log", 0, text.data);
	add("00000002.log", 10000, "end\n");
	assert_true(text.length > (1u << 19));
	for (char *c = text.data; *c; c++)
		*c = *c == '\n' ? '|' : *c;
	buf_add_text(&text, "end|");
	assert_tail(-1, text.data);
	assert_tail(2000, strchr(text.data, '|') + 1);
	assert_tail(1501, strstr(text.data, "|500x") + 1);
	request.since = "2024-05-07T13:06:36"; /* 1900 s */
	assert_read(&request, strstr(text.data, "|1900x") + 1);
}

/* A segment that is compressed takes the place of the other; if both are there, the other counts. */
static void test_compressed(void **state _unused_)
{
	struct logs_request request = all;

	make_transfer();
	put_container(NULL);
	add("00000001.log.zst", 0, "one\ntwo\n");
	add("00000002.log.zst", 2, "three\nfour\n");
	add("00000003.log", 4, "five\n");
	shell_run("printf incomplete >\"$(dirname \"$(find . -name 00000003.log)\")/00000003.log.zst\"");
	assert_tail(-1, "one|two|three|four|five|");
	assert_tail(2, "four|five|");
	assert_tail(3, "three|four|five|");
	assert_tail(4, "two|three|four|five|");
	assert_tail(9, "one|two|three|four|five|");
	/* What is not needed is not decompressed. */
	shell_run("rm calls");
	assert_tail(1, "five|");
	set_time("00000001.log.zst", 1);
	set_time("00000002.log.zst", 3);
	request.since = "2024-05-07T12:35:05";
	assert_read(&request, "");
	shell_run("[ ! -e calls ]");
	request.since = "2024-05-07T12:34:59";
	assert_read(&request, "four|five|");
	{
		_cleanup_free_ char *calls = shell("cat calls");

		assert_string_equal(calls, "decompress\n");
	}
	unsetenv("BIVY_TRANSFER");
}

static void test_damaged_compressed(void **state _unused_)
{
	struct reading reading = { .lock_fd = -EBADF };
	struct error err = ERROR_INIT;

	make_transfer();
	shell_run("printf '#!/bin/sh\\nexit 1\\n' >transfer");
	put_container(NULL);
	add("00000001.log.zst", 0, "one\n");
	assert_true(read_with(&all, &reading, &err) < 0);
	assert_string_equal(err.message, "cannot decompress an older part of the log: input/output error");
	unsetenv("BIVY_TRANSFER");
}

#define JSON "a000000000000000000000000000000000000000000000000000000000000000-json.log"

static void test_json_file(void **state _unused_)
{
	make_transfer();
	put_container((char *)"json-file");
	add(JSON ".2.gz", 0, "one\n!two\n");
	add(JSON ".1", 2, "three\nfour\n");
	add(JSON, 4, "!five\nsix");
	add("b" JSON, 0, "of another\n");
	assert_tail(-1, "one|!two|three|four|!five|six+");
	assert_tail(0, "");
	assert_tail(2, "!five|six+");
	assert_tail(4, "three|four|!five|six+");
	assert_tail(5, "!two|three|four|!five|six+");
	assert_between("2024-05-07T12:34:59", NULL, "four|!five|six+");
	/* A line that is none is passed over. */
	shell_run("f=$(find . -name " JSON "); echo '{\"log\":' >>\"$f\"; printf '%s\\n' '{\"log\":\"seven\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-07T12:35:03Z\"}' >>\"$f\";"
		"printf '{\"log\":\"half' >>\"$f\"");
	assert_tail(1, "six+seven|");
	assert_tail(2, "!five|six+seven|");
	assert_tail(-1, "one|!two|three|four|!five|six+seven|");
	unsetenv("BIVY_TRANSFER");
}

static void test_no_log(void **state _unused_)
{
	struct reading reading = { .lock_fd = -EBADF };
	struct logs_request request = all;
	struct error err = ERROR_INIT;

	put_container((char *)"none");
	assert_int_equal(read_with(&all, &reading, &err), -EOPNOTSUPP);
	assert_string_equal(err.message, "container 'web' has no log: its log driver is 'none'");
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	request.since = "yesterday";
	assert_true(read_with(&request, &reading, &err) < 0);
	assert_string_equal(err.message, "invalid --since 'yesterday': expected a time such as 2024-05-07T12:34:56 or an age such as 24h");
	request = all;
	request.container = "wed";
	assert_true(read_with(&request, &reading, &err) < 0);
	assert_string_equal(err.message, "no such container 'wed'");
}

static void test_enough(void **state _unused_)
{
	struct reading reading = { .lock_fd = -EBADF, .stop_after = 2 };

	put_container(NULL);
	add("00000001.log", 0, "one\ntwo\nthree\n");
	assert_int_equal(read_with(&all, &reading, NULL), 5);
	assert_string_equal(reading.text.data, "one|two|");
	buf_done(&reading.text);
}

static void write_more(struct reading *reading)
{
	if (reading->steps <= 2)
		add("00000001.log", 10, "more\n");
	if (reading->steps == 2)
		add("00000002.log", 20, "another\n");
}

/* Nobody waits for it: what is written while it is read is not read. */
static void test_written_meanwhile(void **state _unused_)
{
	struct reading reading = { .lock_fd = -EBADF, .step = write_more };
	struct logs_request request = all;

	put_container(NULL);
	add("00000001.log", 0, "one\ntwo\nthree\n");
	assert_int_equal(read_with(&request, &reading, NULL), 0);
	assert_string_equal(reading.text.data, "one|two|three|");
	assert_tail(-1, "one|two|three|more|more|another|");
	buf_done(&reading.text);
}

static void append_line(struct reading *reading)
{
	if (reading->steps == 1)
		add(JSON, 10, "more\n");
}

static void test_written_meanwhile_json_file(void **state _unused_)
{
	struct reading reading = { .lock_fd = -EBADF, .step = append_line };
	struct logs_request request = all;

	put_container((char *)"json-file");
	add(JSON ".1", 0, "one\n");
	add(JSON, 1, "two\nthree\n");
	request.tail = 1;
	assert_int_equal(read_with(&request, &reading, NULL), 0);
	assert_string_equal(reading.text.data, "three|");
	assert_tail(-1, "one|two|three|more|");
	buf_done(&reading.text);
}

/* ---- what is still to come ---------------------------------------------------------------------------- */

static void assert_follows(struct logs_request request, void (*step)(struct reading *reading), const char *expected)
{
	struct reading reading = { .lock_fd = scratch_supervise('a'), .step = step };
	struct error err = ERROR_INIT;

	request.follow = true;
	if (read_with(&request, &reading, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(reading.text.data, expected);
	buf_done(&reading.text);
	close_and_forget(&reading.lock_fd);
}

/* What the supervisor does meanwhile. */
static void write_segments(struct reading *reading)
{
	switch (reading->steps) {
	case 1:
		add("00000001.log", 1, "two\n");
		add("00000002.log", 2, "three\n");
		break;
	case 3:
		/* So fast that parts are gone before anybody has read them. */
		add("00000003.log", 3, "lost\n");
		add("00000004.log", 4, "four\n");
		add("00000005.log", 5, "five\n");
		shell_run("rm $(find . -name '0000000[123].log')");
		break;
	case 5:
		add("00000005.log", 6, "six");
		close_and_forget(&reading->lock_fd);
		break;
	}
}

static void test_follow(void **state _unused_)
{
	put_container(NULL);
	add("00000001.log", 0, "one\n");
	assert_follows(all, write_segments, "one|two|three|four|five|six+");
}

static void write_json(struct reading *reading)
{
	switch (reading->steps) {
	case 1:
		add(JSON, 1, "two\n");
		shell_run("cd $(dirname $(find . -name " JSON ")) && mv " JSON " " JSON ".1");
		add(JSON, 2, "three\n");
		break;
	case 3:
		/* Rotated, and compressed: another file with the same time. */
		shell_run("cd $(dirname $(find . -name " JSON ")) && mv " JSON ".1 " JSON ".2 && cp -p " JSON " " JSON ".1.gz && rm " JSON);
		add(JSON, 3, "four\n");
		break;
	case 4:
		close_and_forget(&reading->lock_fd);
		break;
	}
}

static void test_follow_json_file(void **state _unused_)
{
	put_container((char *)"json-file");
	add(JSON, 0, "one\n");
	assert_follows(all, write_json, "one|two|three|four|");
}

static void end_after_one(struct reading *reading)
{
	close_and_forget(&reading->lock_fd);
}

static void test_follow_from_the_end(void **state _unused_)
{
	struct logs_request request = all;

	put_container(NULL);
	add("00000001.log", 0, "one\ntwo\n");
	request.tail = 1;
	assert_follows(request, end_after_one, "two|");
	/* One that is over by then. */
	request.until = "2024-05-07T12:34:56";
	request.tail = -1;
	assert_follows(request, NULL, "one|");
}

/* ---- the journal ------------------------------------------------------------------------------------------ */

static void test_journal(void **state _unused_)
{
	_cleanup_free_ char *path = str_printf("%s:%s", shell_scratch, getenv("PATH")), *before = str_dup(getenv("PATH")), *calls = NULL;
	struct logs_request request = all;
	struct reading reading = { .lock_fd = -EBADF };
	struct error err = ERROR_INIT;

	shell_run("cat >journalctl <<'END'\n#!/bin/sh\necho \"$@\" >>\"${0%/*}/calls\"\ncat <<'X'\n"
		"{\"MESSAGE\":\"one\",\"PRIORITY\":\"6\",\"CONTAINER_TIME_NS\":\"1715085296000000000\"}\nnone of ours\n"
		"{\"MESSAGE\":\"two\",\"PRIORITY\":\"3\",\"CONTAINER_PARTIAL_MESSAGE\":\"true\",\"CONTAINER_TIME_NS\":\"1715085297000000000\"}\nX\n"
		"END\nchmod 700 journalctl");
	setenv("PATH", path, 1);
	put_container((char *)"journald");
	assert_read(&all, "one|two+");
	request.since = "2024-05-07T12:34:57";
	request.until = "2024-05-07T12:34:58";
	request.tail = 7;
	request.err = false;
	assert_read(&request, "two+");
	request = all;
	request.follow = true;
	assert_read(&request, "one|two+");
	calls = shell("sed 's/a000*/ID/' calls");
	assert_non_null(strstr(calls, "--output=json --all --quiet --no-pager --lines=all CONTAINER_ID_FULL=ID\n"));
	assert_non_null(strstr(calls, "--since=@1715085297.000000 --until=@1715085298.000001 --lines=7 CONTAINER_ID_FULL=ID PRIORITY=6\n"));
	assert_non_null(strstr(calls, "--no-pager --follow --lines=all CONTAINER_ID_FULL=ID\n"));
	shell_run("printf '#!/bin/sh\\nexit 1\\n' >journalctl");
	assert_true(read_with(&all, &reading, &err) < 0);
	assert_string_equal(err.message, "cannot read the log of container 'web' from the journal: input/output error");
	setenv("PATH", "/nonexistent", 1);
	assert_true(read_with(&all, &reading, &err) < 0);
	assert_string_equal(err.message, "cannot read the journal: cannot execute journalctl: no such file or directory");
	setenv("PATH", before, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_never_started),
		SCRATCH_TEST(test_segments),
		SCRATCH_TEST(test_streams),
		SCRATCH_TEST(test_times),
		SCRATCH_TEST(test_damaged_segments),
		SCRATCH_TEST(test_many_lines),
		SCRATCH_TEST(test_compressed),
		SCRATCH_TEST(test_damaged_compressed),
		SCRATCH_TEST(test_json_file),
		SCRATCH_TEST(test_no_log),
		SCRATCH_TEST(test_enough),
		SCRATCH_TEST(test_written_meanwhile),
		SCRATCH_TEST(test_written_meanwhile_json_file),
		SCRATCH_TEST(test_follow),
		SCRATCH_TEST(test_follow_json_file),
		SCRATCH_TEST(test_follow_from_the_end),
		SCRATCH_TEST(test_journal),
	};

	return cmocka_run_group_tests_name("engine/logs", tests, NULL, NULL);
}
