/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"
#include "store/tar_index.h"

#include <fcntl.h>

static int open_archive(void)
{
	_cleanup_free_ char *path = str_printf("%s/a.tar", shell_scratch);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Makes the archive by COMMAND and reads it. */
static struct tar_index *read_archive(const char *command, int *ret_fd)
{
	struct tar_index *index = NULL;
	struct error err = ERROR_INIT;

	shell_run(command);
	*ret_fd = open_archive();
	if (tar_index_read(*ret_fd, &index, &err) < 0)
		fail_msg("%s", err.message);
	return index;
}

static void expect_data(const struct tar_index *index, int fd, const char *name, const char *wanted)
{
	struct tar_span span = { 0 };
	struct error err = ERROR_INIT;
	char data[100] = "";

	if (tar_index_find(index, name, &span, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(span.size, strlen(wanted));
	assert_int_equal(pread(fd, data, span.size, (off_t)span.offset), span.size);
	assert_string_equal(data, wanted);
}

static void expect_failure(const struct tar_index *index, const char *name, int wanted, const char *message)
{
	struct error err = ERROR_INIT;
	struct tar_span span;

	assert_int_equal(tar_index_find(index, name, &span, &err), wanted);
	assert_string_equal(err.message, message);
}

static void test_members(void **state _unused_)
{
	_cleanup_close_ int fd = -EBADF;
	/* A name of more than 100 bytes has a header before its own; the big file is skipped by seeking. */
	_cleanup_tar_index_ struct tar_index *index = read_archive("mkdir -p d/e && printf one >d/e/f && printf two >$(printf 'n%.0s' $(seq 150)) &&"
		"truncate -s 3M big && printf x >>big && printf end >z && tar -c --format=gnu -f a.tar ./d big n* z", &fd);
	char name[151];

	memset(name, 'n', 150);
	name[150] = '\0';
	expect_data(index, fd, "d/e/f", "one");
	expect_data(index, fd, ".//d/./e/f", "one");
	expect_data(index, fd, name, "two");
	expect_data(index, fd, "z", "end");
	expect_failure(index, "d/e", -EINVAL, "'d/e': no plain file");
	expect_failure(index, "d/e/g", -ENOENT, "'d/e/g': no such file or directory");
	expect_failure(index, "../z", -ENOENT, "'../z': no such file or directory");
}

static void test_links(void **state _unused_)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_tar_index_ struct tar_index *index = read_archive("mkdir a b && printf one >a/layer.tar && ln -s ../a/layer.tar b/layer.tar && ln a/layer.tar hard &&"
		"ln -s b/layer.tar soft && ln -s ../../a/layer.tar out && ln -s /etc/passwd absolute && ln -s loop loop &&"
		"tar cf a.tar a b hard soft out absolute loop", &fd);

	expect_data(index, fd, "b/layer.tar", "one");
	expect_data(index, fd, "hard", "one");
	expect_data(index, fd, "soft", "one");
	expect_failure(index, "out", -EINVAL, "'out': no plain file");
	expect_failure(index, "absolute", -EINVAL, "'absolute': no plain file");
	expect_failure(index, "loop", -EINVAL, "'loop': links in a circle");
}

static void test_last_counts(void **state _unused_)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_tar_index_ struct tar_index *index = read_archive("printf one >f && tar cf a.tar f && printf three >f && tar rf a.tar f", &fd);

	expect_data(index, fd, "f", "three");
}

static void expect_refusal(const char *command, const char *message)
{
	_cleanup_close_ int fd = -EBADF;
	struct tar_index *index = NULL;
	struct error err = ERROR_INIT;

	shell_run(command);
	fd = open_archive();
	assert_int_equal(tar_index_read(fd, &index, &err), -EINVAL);
	assert_string_equal(err.message, message);
	assert_null(index);
}

static void test_refused(void **state _unused_)
{
	expect_refusal("touch f && tar cPf a.tar --transform 's|f|/etc/f|' f", "'/etc/f': a name that leads out of the archive");
	expect_refusal("touch f && tar cPf a.tar --transform 's|f|d/../../f|' f", "'d/../../f': a name that leads out of the archive");
	/* The file's last block is gone, which nobody reads on the way to the next header. */
	expect_refusal("head -c 5000 /dev/zero >f && tar cf a.tar f && truncate -s 5120 a.tar", "the archive is damaged at byte 5511: it ends too early");
	expect_refusal("head -c 2000 /dev/urandom >a.tar", "the archive is damaged at byte 512: this is no tar header");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_members),
		shell_test(test_links),
		shell_test(test_last_counts),
		shell_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
