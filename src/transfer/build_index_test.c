/* SPDX-License-Identifier: Apache-2.0 */
#include "store/shell_test.h"

#include "transfer/build_index.h"

/* All of one number, as a hash. */
static const uint8_t *hash_of(uint8_t number)
{
	static uint8_t hash[BUILD_INDEX_HASH_SIZE];

	memset(hash, number, sizeof hash);
	return hash;
}

static struct stat file(ino_t inode, time_t ctime)
{
	return (struct stat){ .st_dev = 1, .st_ino = inode, .st_mode = S_IFREG | 0644, .st_size = 5, .st_mtim = { .tv_sec = 10 }, .st_ctim = { .tv_sec = ctime } };
}

static char *index_path(void)
{
	return str_printf("%s/index", shell_scratch);
}

static void add(const char *path, ino_t inode, time_t ctime, const struct timespec *read_at, uint8_t number)
{
	struct build_index *index = build_index_open(path);
	struct stat st = file(inode, ctime);

	build_index_add(index, &st, read_at, hash_of(number));
	build_index_save(index);
	build_index_free(index);
}

static int find(const char *path, const struct stat *st)
{
	struct build_index *index = build_index_open(path);
	const uint8_t *hash = build_index_find(index, st);
	int number = hash ? hash[BUILD_INDEX_HASH_SIZE - 1] : -1;

	build_index_free(index);
	return number;
}

static void test_what_is_as_it_was_is_known(void **state _unused_)
{
	_cleanup_free_ char *path = index_path();
	struct stat st;

	for (ino_t inode = 1; inode <= 50; inode++)
		add(path, inode * 7 % 53, 20, &(struct timespec){ 100, 0 }, (uint8_t)inode);
	for (ino_t inode = 1; inode <= 50; inode++) {
		st = file(inode * 7 % 53, 20);
		assert_int_equal(find(path, &st), inode);
	}
	st = file(7, 20);
	for (int i = 0; i < 6; i++) {
		struct stat other = st;

		other.st_size += i == 0;
		other.st_mtim.tv_nsec += i == 1;
		other.st_ctim.tv_nsec += i == 2;
		other.st_mode ^= i == 3 ? 0100 : 0;
		other.st_dev += i == 4;
		other.st_ino = i == 5 ? 99 : other.st_ino;
		assert_int_equal(find(path, &other), -1);
	}
	/* The newest counts. */
	add(path, 7, 21, &(struct timespec){ 100, 0 }, 200);
	assert_int_equal(find(path, &st), -1);
	st = file(7, 21);
	assert_int_equal(find(path, &st), 200);
	st = file(14, 20);
	assert_int_equal(find(path, &st), 2);
	shell_expect("ls; stat -c '%s %a' index", "index\n4016 600\n");
}

static void test_what_was_just_changed_is_not_kept(void **state _unused_)
{
	_cleanup_free_ char *path = index_path();
	struct stat st = file(1, 20);

	add(path, 1, 20, &(struct timespec){ 20, 50000000 }, 1);
	add(path, 1, 20, &(struct timespec){ 19, 0 }, 1);
	assert_int_equal(find(path, &st), -1);
	shell_expect("ls", "");
	add(path, 1, 20, &(struct timespec){ 20, 100000000 }, 1);
	assert_int_equal(find(path, &st), 1);
}

static void test_what_is_no_index_is_empty(void **state _unused_)
{
	static const char *const damages[] = { "truncate -s 100 index", "truncate -s +1 index", "printf x | dd of=index conv=notrunc status=none", ": >index",
		"rm index; ln -s /etc/passwd index", "rm index; mkfifo index", "rm index; mkdir index" };
	_cleanup_free_ char *path = index_path();
	struct stat st = file(1, 20);

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		shell_run("rm -rf index");
		add(path, 1, 20, &(struct timespec){ 100, 0 }, 1);
		assert_int_equal(find(path, &st), 1);
		shell_run(damages[i]);
		assert_int_equal(find(path, &st), -1);
		add(path, 1, 20, &(struct timespec){ 100, 0 }, 1);
	}
	assert_int_equal(find(NULL, &st), -1);
	add(NULL, 1, 20, &(struct timespec){ 100, 0 }, 1);
	shell_expect("ls", "index\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_what_is_as_it_was_is_known),
		shell_test(test_what_was_just_changed_is_not_kept),
		shell_test(test_what_is_no_index_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
