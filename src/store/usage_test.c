/* SPDX-License-Identifier: Apache-2.0 */
#include "store/usage.h"
#include "base/file.h"
#include "store/blobs.h"
#include "store/layers.h"
#include "store/lease.h"
#include "store/scratch_test.h"

#include <fcntl.h>

#define D(digit) "sha256:000000000000000000000000000000000000000000000000000000000000000" digit

static uint64_t disk_usage(const char *what)
{
	_cleanup_free_ char *command = str_printf("du -s --block-size=1 %s | cut -f1", what);
	_cleanup_free_ char *text = shell(command);
	uint64_t bytes = 0;

	assert_int_equal(str_to_u64(str_trim_end(text), 10, &bytes), 0);
	return bytes;
}

static void put_layer(const struct store *store, const char *chain_id, size_t size)
{
	_cleanup_free_ char *bytes = calloc(1, size);
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)D("0") };
	int fd;

	assert_int_equal(layer_begin(store, &stage, NULL), 0);
	fd = openat(stage.diff_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(fd_write_all(fd, bytes, size), 0);
	close(fd);
	/* The second name takes nothing. */
	assert_int_equal(linkat(stage.diff_fd, "file", stage.diff_fd, "same", 0), 0);
	assert_int_equal(symlinkat("/", stage.diff_fd, "root"), 0);
	assert_int_equal(layer_commit(&stage, chain_id, &layer, NULL), 0);
}

static struct store_usage measure(const struct store *store)
{
	struct store_usage usage = { 0 };
	struct error err = ERROR_INIT;

	if (store_usage(store, NULL, &usage, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(usage.total_bytes, usage.blob_bytes + usage.layer_bytes + usage.debris_bytes + usage.other_bytes);
	return usage;
}

/* Each part is what du(1) says. */
static void test_parts(void **state _unused_)
{
	static const char bytes[300000];
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_layer_stage_ struct layer_stage stage = LAYER_STAGE_INIT;
	struct store_usage usage = measure(&store);

	assert_int_equal(usage.blobs + usage.layers + usage.blob_bytes + usage.layer_bytes + usage.reclaimable_bytes + usage.debris_bytes, 0);
	assert_int_equal(usage.total_bytes, disk_usage("."));
	assert_int_equal(blob_put(&store, D("1"), bytes, sizeof bytes, NULL), 0);
	assert_int_equal(blob_put(&store, D("2"), bytes, 5000, NULL), 0);
	put_layer(&store, D("a"), 200000);
	put_layer(&store, D("b"), 70000);
	assert_int_equal(layer_begin(&store, &stage, NULL), 0);
	/* Blocks of delayed allocation are counted once they are there. */
	assert_int_equal(store_sync(&store), 0);
	usage = measure(&store);
	assert_int_equal(usage.blobs, 2);
	assert_int_equal(usage.layers, 2);
	assert_int_equal(usage.blob_bytes, disk_usage("-c blobs/sha256/* | tail -n1"));
	assert_int_equal(usage.layer_bytes, disk_usage("-c layers/* | tail -n1"));
	assert_int_equal(usage.debris_bytes, disk_usage("-c staging/* | tail -n1"));
	assert_int_equal(usage.total_bytes, disk_usage("."));
	assert_int_equal(usage.reclaimable_bytes, usage.blob_bytes + usage.layer_bytes);
}

/* What a live lease holds is not reclaimable. */
static void test_reclaimable(void **state _unused_)
{
	static const char bytes[300000];
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	struct store_usage usage;

	assert_int_equal(blob_put(&store, D("1"), bytes, sizeof bytes, NULL), 0);
	put_layer(&store, D("a"), 200000);
	assert_int_equal(store_sync(&store), 0);
	assert_int_equal(lease_begin(&store, &lease, NULL), 0);
	assert_int_equal(lease_add(&lease, D("1"), NULL), 0);
	usage = measure(&store);
	assert_true(usage.layer_bytes >= 200000);
	assert_int_equal(usage.reclaimable_bytes, usage.layer_bytes);
	lease_end(&lease);
	usage = measure(&store);
	assert_int_equal(usage.reclaimable_bytes, usage.layer_bytes + usage.blob_bytes);
}

/* What is worth keeping, but no more, is told by itself. */
static void test_cached(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	char *digests[] = { (char *)D("a"), (char *)D("b"), NULL };
	const struct store_roots roots = { .digests = digests }, lasting = { .digests = digests + 1 };
	struct store_usage usage;

	put_layer(&store, D("a"), 200000);
	put_layer(&store, D("b"), 100000);
	put_layer(&store, D("c"), 50000);
	assert_int_equal(store_usage_visit(&store, &(struct store_usage_question){ .roots = &roots, .lasting = &lasting }, &usage, NULL), 0);
	assert_int_equal(usage.cached_bytes, disk_usage("layers/*a"));
	assert_int_equal(usage.reclaimable_bytes, disk_usage("layers/*c"));
	assert_int_equal(usage.layer_bytes - usage.cached_bytes - usage.reclaimable_bytes, disk_usage("layers/*b"));
	assert_int_equal(store_usage(&store, &roots, &usage, NULL), 0);
	assert_int_equal(usage.cached_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_parts),
		shell_test(test_reclaimable),
		shell_test(test_cached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
