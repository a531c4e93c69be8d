/* SPDX-License-Identifier: Apache-2.0 */
#include "store/root.h"

#include "base/file.h"
#include "host/child_test.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "store/layers.h"
#include "store/scratch_test.h"

#include <fcntl.h>
#include <sys/stat.h>

/* The chain id of layer I. */
static char *chain_id_of(struct arena *arena, unsigned i)
{
	return arena_printf(arena, "sha256:%064x", i);
}

/* Layers 1 to COUNT, each with a file of its number's name and one called "last". */
static void make_layers(const struct store *store, struct arena *arena, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		struct layer_stage stage = LAYER_STAGE_INIT;
		struct spec_layer layer = { .diff_id = chain_id_of(arena, i), .parent = i > 1 ? chain_id_of(arena, i - 1) : NULL };
		struct error err = ERROR_INIT;
		char *number = arena_printf(arena, "%u", i);

		assert_int_equal(layer_begin(store, &stage, &err), 0);
		assert_int_equal(mknodat(stage.diff_fd, number, S_IFREG | 0644, 0), 0);
		assert_int_equal(symlinkat(number, stage.diff_fd, "last"), 0);
		assert_int_equal(layer_commit(&stage, layer.diff_id, &layer, &err), 0);
	}
}

static void test_layers_from_the_top(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"a", .top_layer = chain_id_of(arena, 3) };
	struct overlay overlay = { .writable = "x" };
	struct error err = ERROR_INIT;

	make_layers(&store, arena, 3);
	assert_int_equal(root_of_image(&store, arena, &image, &overlay, &err), 0);
	assert_int_equal(overlay.lower_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(overlay.lowers[i], layer_path(arena, &store, chain_id_of(arena, 3 - i)));
	assert_null(overlay.writable);
	assert_null(overlay.idmap);

	image.top_layer = NULL;
	assert_int_equal(root_of_image(&store, arena, &image, &overlay, &err), 0);
	assert_int_equal(overlay.lower_count, 0);
}

static void test_what_is_missing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"docker.io/library/a:latest", .top_layer = chain_id_of(arena, 3) };
	struct overlay overlay;
	struct error err = ERROR_INIT;

	make_layers(&store, arena, 3);
	assert_int_equal(layer_retire(&store, chain_id_of(arena, 2)), 0);
	assert_int_equal(root_of_image(&store, arena, &image, &overlay, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(err.message, "cannot use the image 'docker.io/library/a:latest': cannot open the layer "
		"'sha256:0000000000000000000000000000000000000000000000000000000000000002': no such file or directory");
	assert_non_null(strstr(err.hint, "pull or load it again"));
}

static void test_too_many(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"a", .top_layer = chain_id_of(arena, OVERLAY_LOWER_LIMIT) };
	struct overlay overlay;
	struct error err = ERROR_INIT;

	make_layers(&store, arena, OVERLAY_LOWER_LIMIT + 1);
	assert_int_equal(root_of_image(&store, arena, &image, &overlay, &err), 0);
	assert_int_equal(overlay.lower_count, OVERLAY_LOWER_LIMIT);
	image.top_layer = chain_id_of(arena, OVERLAY_LOWER_LIMIT + 1);
	assert_true(root_of_image(&store, arena, &image, &overlay, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.message, "cannot use the image 'a': it has 501 layers, and overlay takes 500");
	assert_non_null(strstr(err.hint, "export and import"));
}

/* All the way: what a container would see. */
static int mounted(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int procfs_fd = -EBADF, fd = -EBADF;
	struct store store = STORE_INIT;
	struct image image = { .name = (char *)"a", .top_layer = chain_id_of(arena, 3) };
	struct overlay overlay;
	struct error err = ERROR_INIT;
	char target[8] = "";

	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	CHECK(store_open("/mnt/images", &store, &err) == 0);
	make_layers(&store, arena, 3);
	CHECK(root_of_image(&store, arena, &image, &overlay, &err) == 0 && procfs_open_root(&procfs_fd) == 0);
	overlay.writable = "/mnt";
	CHECK(overlay_make_writable(&overlay, &err) == 0 && overlay_mount(procfs_fd, &overlay, &fd, NULL, &err) == 0);
	CHECK(readlinkat(fd, "last", target, sizeof target - 1) == 1 && str_equal(target, "3"));
	CHECK(faccessat(fd, "1", F_OK, 0) == 0 && faccessat(fd, "2", F_OK, 0) == 0);
	CHECK(unlinkat(fd, "1", 0) == 0 && faccessat(fd, "1", F_OK, 0) < 0);
	store_close(&store);
	return 0;
}

IN_CHILD(mounted, CLONE_NEWNS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_layers_from_the_top),
		shell_test(test_what_is_missing),
		shell_test(test_too_many),
		cmocka_unit_test(test_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
