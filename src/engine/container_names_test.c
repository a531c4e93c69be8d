/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_names.h"
#include "engine/container_scratch_test.h"
#include "engine/container_words.h"

static void test_what_is_a_name(void **state _unused_)
{
	char longest[CONTAINER_NAME_LIMIT + 2];

	memset(longest, 'a', sizeof longest - 1);
	longest[CONTAINER_NAME_LIMIT + 1] = '\0';
	assert_true(container_name_is_valid("web"));
	assert_true(container_name_is_valid("0_.-"));
	assert_false(container_name_is_valid("a"));
	assert_false(container_name_is_valid(""));
	assert_false(container_name_is_valid(".web"));
	assert_false(container_name_is_valid("a/b"));
	assert_false(container_name_is_valid("caf\xc3\xa9"));
	assert_false(container_name_is_valid(longest));
	assert_true(container_name_is_valid(longest + 1));
}

static void test_refused_in_words(void **state _unused_)
{
	struct error err = ERROR_INIT;

	assert_true(container_name_check("_x", &err) < 0);
	assert_string_equal(err.message, "invalid container name '_x'");
	assert_string_equal(err.hint, "a name has 2 to 200 letters, digits, '_', '.' and '-', the first a letter or digit");
}

static void test_ids(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *first = NULL, *second = NULL;

	assert_int_equal(container_id_make(arena, &first, NULL), 0);
	assert_int_equal(container_id_make(arena, &second, NULL), 0);
	assert_true(container_id_is_valid(first));
	assert_string_not_equal(first, second);
	assert_false(container_id_is_valid("abc"));
	assert_false(container_id_is_valid(arena_printf(arena, "%sa", first)));
	assert_false(container_id_is_valid(arena_printf(arena, "A%s", first + 1)));
}

static const char *owner_of(struct arena *arena, const char *name)
{
	const struct directories directories = scratch_directories();
	const char *id = NULL;

	assert_int_equal(container_name_owner(arena, &directories, name, &id), 0);
	return id;
}

static void test_nobody_can_tell(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = { .root = "/proc/self/status", .run_root = "/proc/self/status" };
	struct error err = ERROR_INIT;
	const char *id = "as before";

	assert_int_equal(container_name_owner(arena, &directories, "web", &id), -ENOTDIR);
	assert_string_equal(id, "as before");
	assert_int_equal(container_name_release(&directories, "web", scratch_id(arena, 'a'), -EBADF), -ENOTDIR);
	assert_true(container_name_reserve(&directories, "web", scratch_id(arena, 'a'), &err) < 0);
}

static void test_a_name_is_one_container_s(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;

	scratch_put("web", 'a', NULL);
	assert_string_equal(owner_of(arena, "web"), scratch_id(arena, 'a'));
	assert_null(owner_of(arena, "db"));
	assert_int_equal(container_name_reserve(&directories, "web", scratch_id(arena, 'b'), &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_string_equal(err.message, "the name 'web' is already in use by the container 'a00000000000'");
	/* Another's name is not given back. */
	assert_int_equal(container_name_release(&directories, "web", scratch_id(arena, 'b'), -EBADF), 0);
	assert_non_null(owner_of(arena, "web"));
	assert_int_equal(container_name_release(&directories, "web", scratch_id(arena, 'a'), -EBADF), 0);
	assert_null(owner_of(arena, "web"));
}

/* A name without its container is garbage, but not while that is being made. */
static void test_a_maker_keeps_the_name(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	char *path = arena_printf(arena, "%s/containers/.new-%s", directories.root, scratch_id(arena, 'a'));
	int maker;

	assert_int_equal(file_make_directories(path, 0700), 0);
	maker = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(maker, LOCK_EX), 0);
	assert_int_equal(container_name_reserve(&directories, "web", scratch_id(arena, 'a'), NULL), 0);
	assert_int_equal(container_name_reserve(&directories, "web", scratch_id(arena, 'b'), NULL), -EEXIST);
	close(maker); /* killed */
	assert_int_equal(container_name_reserve(&directories, "web", scratch_id(arena, 'b'), NULL), 0);
	assert_string_equal(owner_of(arena, "web"), scratch_id(arena, 'b'));
}

static void test_generated_names(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *names[50];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *id = NULL;

		assert_int_equal(container_id_make(arena, &id, NULL), 0);
		scratch_put_id(arena_printf(arena, "n%zu", i), (char *)id, NULL);
		assert_int_equal(container_name_generate(arena, &directories, id, &names[i], NULL), 0);
		scratch_put_record(names[i], (char *)id, NULL); /* it carries the name, or another may have it */
		assert_true(container_name_is_valid(names[i]));
		assert_non_null(strchr(names[i], '_'));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
}

static void assert_distinct(const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(strspn(words[i], "abcdefghijklmnopqrstuvwxyz") == strlen(words[i]) && strlen(words[i]) >= 2);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(words[i], words[j]);
	}
}

static void test_words(void **state _unused_)
{
	assert_distinct(container_adjectives, ARRAY_SIZE(container_adjectives));
	assert_distinct(container_nouns, ARRAY_SIZE(container_nouns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_name),
		cmocka_unit_test(test_refused_in_words),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_nobody_can_tell),
		SCRATCH_TEST(test_a_name_is_one_container_s),
		SCRATCH_TEST(test_a_maker_keeps_the_name),
		SCRATCH_TEST(test_generated_names),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("container_names", tests, NULL, NULL);
}
