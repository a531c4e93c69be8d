/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container.h"
#include "engine/container_scratch_test.h"

/* What opening TEXT finds: the name, or the error's words. */
static char *find(struct arena *arena, const char *text)
{
	const struct directories directories = scratch_directories();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct error err = ERROR_INIT;

	if (container_record_open(arena, &directories, text, &record, &err) < 0)
		return arena_printf(arena, "%s%s%s", err.message, err.hint[0] ? "; " : "", err.hint);
	return arena_strdup(arena, record.container->name);
}

static void test_names_ids_and_prefixes(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	scratch_put("web", 'a', NULL);
	scratch_put("abacus", 'b', NULL);
	scratch_put("abc", '9', NULL); /* a name that is the beginning of an id, too */
	assert_string_equal(find(arena, "web"), "web");
	assert_string_equal(find(arena, "/web"), "web");
	assert_string_equal(find(arena, scratch_id(arena, 'a')), "web");
	assert_string_equal(find(arena, "a0000"), "web");
	assert_string_equal(find(arena, "abc"), "abc");
	assert_string_equal(find(arena, "wed"), "no such container 'wed'; did you mean 'web'?");
	assert_string_equal(find(arena, ""), "no such container ''");
	assert_string_equal(find(arena, "../containers"), "no such container '../containers'");
	assert_string_equal(find(arena, scratch_id(arena, 'd')), arena_printf(arena, "no such container '%s'", scratch_id(arena, 'd')));
}

static void test_ambiguous_prefix(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char *second = scratch_id(arena, 'a');

	second[63] = '1';
	scratch_put("web", 'a', NULL);
	scratch_put_id("db", second, NULL);
	assert_string_equal(find(arena, "a00"), "'a00' is the beginning of several containers' ids");
	assert_string_equal(find(arena, second), "db");
}

/* Invariant 5: a rename that was killed leaves one of two names. */
static void test_a_name_of_another_record_counts_for_nothing(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();

	scratch_put("web", 'a', NULL);
	assert_int_equal(container_name_reserve(&directories, "new", scratch_id(arena, 'a'), NULL), 0);
	assert_true(str_starts_with(find(arena, "new"), "no such container 'new'"));
	/* So who wants it gets it. */
	assert_int_equal(container_name_reserve(&directories, "new", scratch_id(arena, 'b'), NULL), 0);
}

static int note_state(void *context, struct container_record *record, struct error *err _unused_)
{
	struct spec_container_state *state = context;

	*state = *record->state;
	state->pid = record->is_supervised;
	return 0;
}

/* Of the only container: by its name, and as a survey sees it. */
static void assert_state(const char *name, enum spec_container_status status, int64_t exit_code, bool is_supervised)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct spec_container_state seen = { .pid = -1 };
	struct error err = ERROR_INIT;

	if (container_record_open(arena, &directories, name, &record, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(record.state->status, status);
	assert_int_equal(record.state->exit_code, exit_code);
	assert_int_equal(record.is_supervised, is_supervised);
	assert_int_equal(container_record_survey(&directories, NULL, note_state, &seen, NULL), 0);
	assert_int_equal(seen.status, status);
	assert_int_equal(seen.exit_code, exit_code);
	assert_int_equal(seen.pid, is_supervised);
}

/* Invariant 3. */
static void test_which_state_counts(void **state _unused_)
{
	struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .pid = 5, .started = (char *)"2024-01-02T00:00:00Z" };
	struct spec_container_state exited = { .status = SPEC_CONTAINER_EXITED, .exit_code = 3, .started = (char *)"2024-01-01T00:00:00Z" };
	int lock;

	scratch_put("web", 'a', NULL);
	assert_state("web", SPEC_CONTAINER_CREATED, 0, false);
	scratch_put_state('a', &exited, false);
	assert_state("web", SPEC_CONTAINER_EXITED, 3, false);
	scratch_put_state('a', &running, true);
	lock = scratch_supervise('a');
	assert_state("web", SPEC_CONTAINER_RUNNING, 0, true);
	/* The supervisor is killed. */
	close(lock);
	assert_state("web", SPEC_CONTAINER_EXITED, 255, false);
	/* It has written its last before. */
	exited.started = running.started;
	scratch_put_state('a', &exited, false);
	assert_state("web", SPEC_CONTAINER_EXITED, 3, false);
	/* It could write that to what is volatile alone. */
	scratch_put_state('a', &running, false);
	scratch_put_state('a', &exited, true);
	assert_state("web", SPEC_CONTAINER_EXITED, 3, false);
	/* The clock was set back before the start, which was written to what is volatile alone. */
	exited.started = (char *)"2034-01-01T00:00:00Z";
	scratch_put_state('a', &exited, false);
	scratch_put_state('a', &running, true);
	assert_state("web", SPEC_CONTAINER_EXITED, 255, false);
	/* The host went down: what is volatile is gone. */
	scratch_remove_run('a');
	scratch_put_state('a', &running, false);
	assert_state("web", SPEC_CONTAINER_EXITED, 255, false);
}

static void test_lock_sees_changes_and_removal(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF }, other = { .fd = -EBADF };
	struct error err = ERROR_INIT;
	char *gone;

	scratch_put("web", 'a', NULL);
	assert_int_equal(container_record_open(arena, &directories, "web", &record, NULL), 0);
	assert_int_equal(container_record_open(arena, &directories, "web", &other, NULL), 0);
	assert_int_equal(container_record_lock(&other, NULL), 0);
	other.container->config.hostname = (char *)"h";
	assert_int_equal(container_record_save(&other, NULL), 0);
	other.state->exit_code = 7;
	assert_int_equal(container_record_save_state(&other, NULL), 0);
	container_record_unlock(&other);
	assert_int_equal(container_record_lock(&record, NULL), 0);
	assert_string_equal(record.container->config.hostname, "h");
	assert_int_equal(record.state->exit_code, 7);
	container_record_unlock(&record);
	gone = arena_printf(arena, "%s/containers/.gone", directories.root);
	assert_int_equal(rename(record.path, gone), 0);
	assert_true(container_record_lock(&record, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.message, "no such container 'web'");
}

static int collect(void *context, struct container_record *record, struct error *err _unused_)
{
	struct buf *names = context;

	buf_printf(names, "%s ", record->container->name);
	return str_equal(record->container->name, "stop") ? 42 : 0;
}

static void test_visit_leaves_damaged_ones_out(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf names = BUF_INIT;
	_cleanup_free_ char *damaged = str_printf("%s/containers/%s/container.json", directories.root, scratch_id(arena, 'b'));

	assert_int_equal(container_record_visit(arena, &directories, collect, &names, NULL), 0);
	assert_null(names.data);
	scratch_put("web", 'a', NULL);
	scratch_put("db", 'b', NULL);
	assert_int_equal(file_replace_at(AT_FDCWD, damaged, "{", 1, 0600), 0);
	assert_int_equal(container_record_visit(arena, &directories, collect, &names, NULL), 0);
	assert_string_equal(names.data, "web ");
	assert_int_equal(container_record_survey(&directories, NULL, collect, &names, NULL), 0);
	assert_string_equal(names.data, "web web ");
	scratch_put("stop", 'c', NULL);
	assert_int_equal(container_record_visit(arena, &directories, collect, &names, NULL), 42);
	assert_int_equal(container_record_survey(&directories, NULL, collect, &names, NULL), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_names_ids_and_prefixes),
		SCRATCH_TEST(test_ambiguous_prefix),
		SCRATCH_TEST(test_a_name_of_another_record_counts_for_nothing),
		SCRATCH_TEST(test_which_state_counts),
		SCRATCH_TEST(test_lock_sees_changes_and_removal),
		SCRATCH_TEST(test_visit_leaves_damaged_ones_out),
	};

	return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
