/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blobs.h"
#include "base/file.h"
#include "store/scratch_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Of "hello". */
#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static void test_put_and_read(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_false(blob_exists(&store, HELLO, UINT64_MAX));
	assert_int_equal(blob_read(&store, HELLO, 100, &out, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.message, "cannot open the blob '" HELLO "': no such file or directory");
	for (int i = 0; i < 2; i++)
		assert_int_equal(blob_put(&store, HELLO, "hello", 5, &err), 0);
	assert_true(blob_exists(&store, HELLO, UINT64_MAX));
	assert_true(blob_exists(&store, HELLO, 5));
	assert_false(blob_exists(&store, HELLO, 4));
	assert_int_equal(blob_read(&store, HELLO, 5, &out, &err), 0);
	assert_string_equal(out.data, "hello");
	assert_int_equal(blob_read(&store, HELLO, 4, &out, &err), -EFBIG);
	assert_int_equal(err.kind, ERROR_INVALID);
	shell_expect("stat -c '%a %s' blobs/sha256/*; sha256sum -b blobs/sha256/* | cut -c1-8; ls partial", "400 5\n2cf24dba\n");
}

/* Only a file that never had a name can get one; of another a copy does. */
static void test_adopt(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();

	for (int has_had_name = 0; has_had_name < 2; has_had_name++) {
		_cleanup_close_ int fd = has_had_name ? openat(store.fd, "x", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
						      : openat(store.fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

		if (fd < 0 && errno == EOPNOTSUPP)
			continue;
		assert_true(fd >= 0);
		if (has_had_name)
			assert_int_equal(unlinkat(store.fd, "x", 0), 0);
		assert_int_equal(fd_write_all(fd, "hello", 5), 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(blob_adopt(&store, HELLO, fd, NULL), 0);
		shell_expect("stat -c '%a %s' blobs/sha256/*; sha256sum -b blobs/sha256/* | cut -c1-8; ls partial", "400 5\n2cf24dba\n");
		assert_int_equal(unlinkat(store.blobs_fd[STORE_SHA256], HELLO + 7, 0), 0);
	}
	assert_int_equal(blob_adopt(&store, "sha256:../x", -EBADF, NULL), -EINVAL);
}

static void test_digests(void **state _unused_)
{
	static const char *const digests[] = { "", "x", "sha256:../../index.json", "blake3:0000", "md5:00", "sha256:", OTHER "/x" };
	_cleanup_store_ struct store store = scratch_store();

	for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
		struct blob_writer writer = BLOB_WRITER_INIT;
		struct error err = ERROR_INIT;
		uint64_t size = 0;
		int fd = -EBADF;

		assert_false(blob_exists(&store, digests[i], UINT64_MAX));
		assert_int_equal(blob_open(&store, digests[i], &fd, &size, &err), -EINVAL);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_int_equal(blob_begin(&store, digests[i], &writer, &err), -EINVAL);
		assert_int_equal(blob_remove(&store, digests[i], &size), -EINVAL);
	}
}

/* What is no file is no blob. */
static void test_no_file(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct error err = ERROR_INIT;
	uint64_t size = 0;
	int fd = -EBADF;

	shell_run("mkdir blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000");
	assert_false(blob_exists(&store, OTHER, UINT64_MAX));
	assert_true(blob_open(&store, OTHER, &fd, &size, &err) < 0);
	shell_run("ln -s ../../index.json blobs/sha256/${D:-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824}");
	assert_false(blob_exists(&store, HELLO, UINT64_MAX));
	assert_int_equal(blob_open(&store, HELLO, &fd, &size, &err), -ELOOP);
}

static void write_killed(const struct store *store)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct blob_writer writer = BLOB_WRITER_INIT;

		if (blob_begin(store, HELLO, &writer, NULL) == 0 && fd_write_all(writer.fd, "hel", 3) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* A killed writer's bytes are there for the next one, and no blob until it commits. */
static void test_resume(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct blob_writer writer = BLOB_WRITER_INIT, second = BLOB_WRITER_INIT;
	struct error err = ERROR_INIT;

	write_killed(&store);
	assert_false(blob_exists(&store, HELLO, UINT64_MAX));
	assert_int_equal(blob_begin(&store, HELLO, &writer, &err), 0);
	assert_int_equal(writer.length, 3);
	assert_int_equal(blob_begin(&store, HELLO, &second, &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_int_equal(fd_write_all(writer.fd, "lo", 2), 0);
	blob_pause(&writer);
	assert_int_equal(blob_begin(&store, HELLO, &writer, &err), 0);
	assert_int_equal(writer.length, 5);
	assert_int_equal(blob_commit(&writer, &err), 0);
	assert_true(blob_exists(&store, HELLO, 5));
	shell_expect("cat blobs/sha256/*; ls partial", "hello");
}

static void test_restart_and_abort(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct blob_writer writer = BLOB_WRITER_INIT;
	struct error err = ERROR_INIT;

	write_killed(&store);
	assert_int_equal(blob_begin(&store, HELLO, &writer, &err), 0);
	assert_int_equal(blob_restart(&writer, &err), 0);
	assert_int_equal(writer.length, 0);
	assert_int_equal(fd_write_all(writer.fd, "hello", 5), 0);
	shell_expect("cat partial/*", "hello");
	blob_abort(&writer);
	shell_expect("ls partial blobs/sha256", "blobs/sha256:\n\npartial:\n");
	/* One that was never begun. */
	blob_abort(&writer);
	blob_pause(&writer);
}

static int count_blob(void *context, const char *digest, const struct stat *status)
{
	size_t *count = context;

	assert_true(str_equal(digest, HELLO) || str_equal(digest, OTHER));
	assert_true(status->st_size == 5 || status->st_size == 1);
	(*count)++;
	return *count == 3 ? -ENOTUNIQ : 0;
}

static void test_list_and_remove(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	uint64_t freed = 0;
	size_t count = 0;

	assert_int_equal(blob_put(&store, HELLO, "hello", 5, NULL), 0);
	assert_int_equal(blob_put(&store, OTHER, "x", 1, NULL), 0);
	shell_run("touch blobs/sha256/notes");
	assert_int_equal(blob_list(&store, count_blob, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(blob_list(&store, count_blob, &count), -ENOTUNIQ);
	assert_int_equal(blob_remove(&store, HELLO, &freed), 0);
	assert_int_equal(blob_remove(&store, HELLO, &freed), 0);
	assert_false(blob_exists(&store, HELLO, UINT64_MAX));
	assert_true(blob_exists(&store, OTHER, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_put_and_read), shell_test(test_adopt), shell_test(test_digests),	   shell_test(test_no_file),
		shell_test(test_resume),       shell_test(test_restart_and_abort), shell_test(test_list_and_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
