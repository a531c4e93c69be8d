/* SPDX-License-Identifier: Apache-2.0 */
#include "store/owned_layer.h"

#include "store/layers.h"
#include "store/scratch_test.h"

#define CHAIN "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define LAYER "layers/1111111111111111111111111111111111111111111111111111111111111111"

/* A layer of what COMMAND makes in its directory. */
static void make_layer(const struct store *store, const char *command)
{
	_cleanup_free_ char *line = NULL;
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)CHAIN };
	struct error err = ERROR_INIT;

	assert_int_equal(layer_begin(store, &stage, &err), 0);
	line = str_printf("cd staging/%s/diff && { %s\n}", stage.name, command);
	shell_run(line);
	assert_int_equal(layer_commit(&stage, CHAIN, &layer, &err), 0);
}

static const struct idmap_range ranges[] = { { 0, 1, 5 }, { 5, 0, 1 }, { 6, 6, 100 } };
static const struct idmap map = { .uids = ranges, .gids = ranges, .uid_count = ARRAY_SIZE(ranges), .gid_count = ARRAY_SIZE(ranges) };

static void find(const struct store *store, struct arena *arena, const struct idmap *ids, char **ret)
{
	struct error err = ERROR_INIT;

	if (owned_layer_find(store, arena, CHAIN, ids, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_copy(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *command = NULL;
	char *path = NULL, *again = NULL;

	shell_need_root();
	make_layer(&store,
		"mkdir -p d/e; echo text >d/file; ln d/file d/e/same; ln -s file d/link; mkfifo fifo; mknod gone c 0 0; mknod gone2 c 0 0\n"
		"cp /bin/true setuid; chown 5:7 setuid; chmod 4711 setuid; chown -h 3:4 d/link; chown 500:5 d/e; chmod 1777 d\n"
		"truncate -s 1M sparse; echo end | dd of=sparse bs=1 seek=500000 conv=notrunc 2>/dev/null; setfattr -n user.x -v y d/file 2>/dev/null || true\n"
		"touch -d @1000 d/file; touch -h -d @2000 d/link; touch -d @3000 d/e; chmod 711 .");
	find(&store, arena, &map, &path);
	command = str_printf("cd '%s' && stat -c '%%n %%a %%u:%%g %%F' . d d/e fifo gone setuid d/link && stat -c '%%h %%Y' d/file d/link d/e && cat d/e/same && "
			     "readlink d/link && stat -c %%s sparse && tr -d '\\0' <sparse && cmp sparse ../diff/sparse && [ $(stat -c %%b sparse) -lt 200 ]", path);
	shell_expect(command,
		". 711 1:1 directory\nd 1777 1:1 directory\nd/e 755 500:0 directory\nfifo 644 1:1 fifo\ngone 644 1:1 character special file\n"
		"setuid 4711 0:7 regular file\nd/link 777 4:5 symbolic link\n2 1000\n1 2000\n2 3000\ntext\nfile\n1048576\nend\n");
	find(&store, arena, &map, &again);
	assert_string_equal(path, again);
	/* Beside it the layer is as it was, and nothing is left of the making. */
	shell_expect("stat -c %u:%g " LAYER "/diff/setuid; ls " LAYER " | wc -l; ls staging | wc -l", "5:7\n3\n0\n");
}

static void test_maps(void **state _unused_)
{
	static const struct idmap_range other[] = { { 0, 2, 5 } };
	const struct idmap users = { .uids = other, .gids = ranges, .uid_count = 1, .gid_count = ARRAY_SIZE(ranges) };
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_arena_ struct arena *arena = arena_new();
	char *one = NULL, *two = NULL;

	shell_need_root();
	make_layer(&store, "touch a b; chown 4:4 a; chown 9999:9999 b");
	find(&store, arena, &map, &one);
	find(&store, arena, &users, &two);
	assert_string_not_equal(one, two);
	/* Whom the map does not know keeps what is his. */
	shell_expect("cd " LAYER " && stat -c %u:%g owners-*/a owners-*/b | sort | xargs", "5:5 6:5 9999:9999 9999:9999\n");
}

static void test_missing(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	char *path = NULL;

	assert_true(owned_layer_find(&store, arena, CHAIN, &map, &path, &err) < 0);
	assert_null(path);
	assert_string_not_equal(err.message, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_copy),
		shell_test(test_maps),
		shell_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
