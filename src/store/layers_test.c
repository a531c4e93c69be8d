/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layers.h"
#include "store/lock.h"
#include "store/scratch_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ZEROS "000000000000000000000000000000000000000000000000000000000000000"
#define BASE "sha256:" ZEROS "a"
#define MIDDLE "sha256:" ZEROS "b"
#define TOP "sha256:" ZEROS "c"
#define DIFF "sha256:" ZEROS "d"

static void make(const struct store *store, const char *chain_id, const char *parent)
{
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)DIFF, .parent = (char *)parent, .size = 5 };
	struct error err = ERROR_INIT;

	assert_int_equal(layer_begin(store, &stage, &err), 0);
	assert_int_equal(mkdirat(stage.diff_fd, "d", 0700), 0);
	if (layer_commit(&stage, chain_id, &layer, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_commit(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_close_ int fd = -EBADF;
	struct spec_layer layer = { 0 };
	struct error err = ERROR_INIT;
	mode_t old = umask(077);

	assert_false(layer_exists(&store, BASE));
	assert_int_equal(layer_read(&store, arena, BASE, &layer, &err), -ENOENT);
	assert_string_equal(err.message, "cannot open the layer '" BASE "': no such file or directory");
	make(&store, BASE, NULL);
	umask(old);
	assert_true(layer_exists(&store, BASE));
	assert_int_equal(layer_read(&store, arena, BASE, &layer, &err), 0);
	assert_string_equal(layer.diff_id, DIFF);
	assert_null(layer.parent);
	assert_int_equal(layer.size, 5);
	assert_int_equal(layer_open(&store, BASE, &fd, &err), 0);
	assert_int_equal(faccessat(fd, "d", F_OK, 0), 0);
	assert_int_equal(access(layer_path(arena, &store, BASE), F_OK), 0);
	shell_expect("stat -c %a layers/*/diff; cat layers/*/layer.json; ls staging", "755\n{\"format\":1,\"diffId\":\"" DIFF "\",\"size\":5}\n");
}

/* Of two that make the same layer the first one's stays, and neither fails. */
static void test_same_twice(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();

	make(&store, BASE, NULL);
	shell_run("cd layers/*/diff && touch first");
	make(&store, BASE, NULL);
	shell_expect("ls layers/*/diff; ls staging", "d\nfirst\n");
}

static void test_abort(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)DIFF };
	struct error err = ERROR_INIT;
	int fd = -EBADF;

	assert_int_equal(layer_begin(&store, &stage, &err), 0);
	assert_int_equal(lock_abandoned(store.staging_fd, stage.name, &fd), -EBUSY);
	shell_run("cd staging/*/diff && touch x");
	layer_abort(&stage);
	shell_expect("ls staging", "");
	layer_abort(&stage);
	assert_int_equal(layer_begin(&store, &stage, &err), 0);
	assert_int_equal(layer_commit(&stage, "sha256:../../x", &layer, &err), -EINVAL);
	assert_string_equal(err.message, "'sha256:../../x' is no chain id of a layer");
	shell_expect("ls staging layers", "layers:\n\nstaging:\n");
}

static void test_stack(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct error err = ERROR_INIT;
	char **ids = NULL;
	size_t count = 1;

	make(&store, BASE, NULL);
	make(&store, MIDDLE, BASE);
	make(&store, TOP, MIDDLE);
	assert_int_equal(layer_stack(&store, arena, TOP, &ids, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_string_equal(ids[0], TOP);
	assert_string_equal(ids[1], MIDDLE);
	assert_string_equal(ids[2], BASE);
	assert_null(ids[3]);
	assert_int_equal(layer_stack(&store, arena, NULL, &ids, &count, &err), 0);
	assert_int_equal(count, 0);
	shell_run("rm -r layers/" ZEROS "b");
	assert_int_equal(layer_stack(&store, arena, TOP, &ids, &count, &err), -ENOENT);
	assert_string_equal(err.message, "cannot open the layer '" MIDDLE "': no such file or directory");
}

/* What only damage can bring about ends, and says where. */
static void test_damage(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct spec_layer layer = { 0 };
	struct error err = ERROR_INIT;
	char **ids = NULL;
	size_t count = 0;

	make(&store, BASE, MIDDLE);
	make(&store, MIDDLE, BASE);
	assert_true(layer_stack(&store, arena, BASE, &ids, &count, &err) < 0);
	assert_string_equal(err.message, "more than 1000 layers below '" BASE "'");
	shell_run("chmod u+w layers/*/layer.json; echo '{\"format\":2}' >layers/" ZEROS "a/layer.json; echo '{\"format\":1}' >layers/" ZEROS
		  "b/layer.json");
	assert_true(layer_read(&store, arena, BASE, &layer, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.message, "cannot read the layer '" BASE
			    "': layer.json has format 2 of a newer version, this one reads up to 1");
	assert_true(layer_read(&store, arena, MIDDLE, &layer, &err) < 0);
	assert_string_equal(err.message, "cannot read the layer '" MIDDLE "': diffId: missing");
}

static int join(void *context, const char *chain_id)
{
	char *letters = context;

	letters[strlen(letters)] = chain_id[strlen(chain_id) - 1];
	return 0;
}

static void test_list_and_retire(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	char letters[8] = "", after[8] = "";

	make(&store, BASE, NULL);
	make(&store, TOP, BASE);
	shell_run("mkdir layers/notes");
	assert_int_equal(layer_list(&store, join, letters), 0);
	assert_true(str_equal(letters, "ac") || str_equal(letters, "ca"));
	assert_int_equal(layer_retire(&store, TOP), 0);
	assert_int_equal(layer_retire(&store, TOP), 0);
	assert_int_equal(layer_retire(&store, "x"), -EINVAL);
	assert_false(layer_exists(&store, TOP));
	assert_int_equal(layer_list(&store, join, after), 0);
	assert_string_equal(after, "a");
	shell_expect("ls staging/*", "diff\nlayer.json\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_commit), shell_test(test_same_twice), shell_test(test_abort),
		shell_test(test_stack),	 shell_test(test_damage),     shell_test(test_list_and_retire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
