/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_cache.h"
#include "engine/build_collect.h"
#include "engine/build_entries.h"
#include "engine/build_mount_cache.h"
#include "engine/image_scratch_test.h"
#include "store/lease.h"

#include <sys/file.h>
#include <sys/stat.h>

/* A step with the record KEY, whose layer is LAYER on the layer PARENT ('\0': on none), of use USED_S seconds after 1970. */
static void put_step(const struct store *store, const char *key, char layer, char parent, int used_s)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_build_record record = { .key = (char *)key, .description = (char *)key, .created = (char *)"2020-01-02T03:04:05Z",
		.chain_id = sample_put_layer(store, arena, layer, parent ? sample_digest(arena, parent, 'c') : NULL),
		.diff_id = sample_digest(arena, layer, 'd') };
	const struct timespec used[2] = { { .tv_sec = used_s }, { .tv_sec = used_s } };
	char id[BUILD_CACHE_ID_LENGTH + 1];

	assert_int_equal(build_cache_put(&directories, BUILD_CACHE_STEPS, &record, NULL), 0);
	build_cache_id(key, id);
	assert_int_equal(utimensat(AT_FDCWD, arena_printf(arena, "%s/build/cache/%s.json", shell_scratch, id), used, 0), 0);
}

/* A base with two steps on it, one of which another lies on; a cache mount; a file of a web server. */
static void fill(const struct store *store)
{
	shell_run("mkdir -p build/mounts/go build/downloads");
	put_step(store, "base", '1', '\0', 100);
	put_step(store, "old", '2', '1', 200);
	put_step(store, "young", '3', '1', 150);
	put_step(store, "top", '4', '3', 400);
	put_step(store, "top again", '4', '3', 300);
	shell_run("head -c 4096 /dev/zero >build/mounts/go/x; touch -d @250 build/mounts/go; id=0123456789abcdef0123456789abcdef; "
		"digits=$(printf %064d 7); echo bytes >build/downloads/$id-$digits; "
		"echo '{\"url\":\"http://x/y\",\"digest\":\"sha256:'$digits'\"}' >build/downloads/$id.json; touch -d @260 build/downloads/$id.json");
}

/* "base old … ", as they would go, of what all FILTERS let through. */
static char *list(struct arena *arena, char *const *filters)
{
	const struct directories directories = sample_directories();
	struct build_cache_entry *entries = NULL;
	struct error err = ERROR_INIT;
	char *text = arena_strdup(arena, "");
	size_t count = 0;

	if (build_cache_list(arena, &directories, filters, &entries, &count, &err) < 0)
		return arena_strdup(arena, err.message);
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s%s%s@%lld:%llu ", text, entries[i].description, entries[i].shared ? "+" : "", entries[i].in_use ? "!" : "",
			entries[i].is_mutable ? "~" : "", (long long)entries[i].used_s, (unsigned long long)entries[i].size);
	return text;
}

static char *prune(struct arena *arena, struct build_cache_prune_request request)
{
	const struct directories directories = sample_directories();
	struct build_cache_prune_report report;
	struct error err = ERROR_INIT;

	request.directories = &directories;
	if (build_cache_prune(arena, &request, &report, &err) < 0)
		return arena_strdup(arena, err.message);
	return arena_printf(arena, "%zu of %llu", strv_length(report.ids), (unsigned long long)report.freed_bytes);
}

/* A layer once, however many records name it; what others lie on is as young as they are. */
static void test_listed(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	fill(&store);
	assert_string_equal(list(arena, NULL), "old@200:5000 cache mount go~@250:4096 http://x/y@260:6 top@400:5000 young@400:5000 base@400:5000 ");
	assert_string_equal(list(arena, (char *[]){ (char *)"type=regular", (char *)"until=300", NULL }), "old@200:5000 ");
	assert_string_equal(list(arena, (char *[]){ (char *)"mutable", NULL }), "cache mount go~@250:4096 ");
	assert_string_equal(list(arena, (char *[]){ (char *)"immutable=true", (char *)"description=ung", NULL }), "young@400:5000 ");
	assert_string_equal(list(arena, (char *[]){ (char *)"colour=red", NULL }), "invalid filter 'colour=red'");
	assert_string_equal(list(arena, (char *[]){ (char *)"until=yes", NULL }),
		"invalid filter 'until=yes': expected a length of time, such as 24h, or a moment");
}

static void test_limits(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	/* 24102 bytes in all: those go that were not used for longest; with them four blobs of 5 bytes that nothing needs. */
	fill(&store);
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .max_used_bytes = 24102 }), "0 of 0");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .max_used_bytes = 20000 }), "1 of 5020");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .max_used_bytes = 12000, .reserved_bytes = 15006 }), "1 of 4096");
	assert_string_equal(list(arena, NULL), "http://x/y@260:6 top@400:5000 young@400:5000 base@400:5000 ");
	shell_expect("find build/mounts build/work -mindepth 1", "");
	/* What a disk lacks that has nothing left, but for what is reserved. */
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .min_free_bytes = UINT64_MAX, .reserved_bytes = 9999 }), "3 of 10006");
	assert_string_equal(list(arena, NULL), "base@100:5000 ");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .min_free_bytes = 1 }), "0 of 0");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .all = false }), "1 of 5000");
	shell_expect("find build/cache build/downloads layers staging -mindepth 1", "");
}

static void test_age(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();

	fill(&store);
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .max_used_bytes = UINT64_MAX, .used_before_s = 255 }), "2 of 9116");
	assert_string_equal(list(arena, NULL), "http://x/y@260:6 top@400:5000 young@400:5000 base@400:5000 ");
}

/* What images have stays and counts for nothing, but with ALL; what running builds and steps have stays in any case. */
static void test_needed(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	_cleanup_close_ int mounts_fd = -EBADF, lock_fd = -EBADF;

	fill(&store);
	sample_put(&store, &(struct sample){ "docker.io/library/a:1", 'a', "12", NULL, NULL });
	assert_int_equal(lease_begin(&store, &lease, NULL), 0);
	assert_int_equal(lease_add(&lease, sample_digest(arena, '3', 'c'), NULL), 0);
	assert_int_equal(build_mount_cache_lock(arena_printf(arena, "%s/build/mounts", shell_scratch), "go", LOCK_SH, &lock_fd), 0);
	assert_string_equal(list(arena, NULL), "old+@200:5000 cache mount go!~@250:4096 http://x/y@260:6 top@400:5000 young!@400:5000 base+!@400:5000 ");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .all = false }), "2 of 5016");
	assert_string_equal(list(arena, (char *[]){ (char *)"type=regular", NULL }), "young!@150:5000 old+@200:5000 base+!@200:5000 ");
	/* The record of an image's layer takes nothing. */
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .all = true }), "1 of 0");
	close_and_forget(&lock_fd);
	lease_end(&lease);
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .all = true }), "3 of 9096");
	assert_true(layer_exists(&store, sample_digest(arena, '2', 'c')));
	assert_false(layer_exists(&store, sample_digest(arena, '3', 'c')));
}

/* Records of layers that are gone, and of images. */
static void test_useless(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct spec_build_record record = { .key = (char *)"gone", .created = (char *)"2020-01-02T03:04:05Z", .image_id = sample_digest(arena, 'f', '2'),
		.image_target = sample_digest(arena, 'f', '1'), .image_manifest = sample_digest(arena, 'f', '1') };

	fill(&store);
	sample_put(&store, &(struct sample){ "docker.io/library/a:1", 'a', "12", NULL, NULL });
	assert_int_equal(build_cache_put(&directories, BUILD_CACHE_RESULTS, &record, NULL), 0);
	record.key = (char *)"there";
	record.image_target = record.image_manifest = sample_digest(arena, 'a', '1');
	assert_int_equal(build_cache_put(&directories, BUILD_CACHE_RESULTS, &record, NULL), 0);
	shell_run("rm -r layers/4*; rm build/downloads/*-*");
	assert_string_equal(prune(arena, (struct build_cache_prune_request){ .max_used_bytes = UINT64_MAX }), "2 of 10");
	assert_string_equal(list(arena, NULL), "young@150:5000 old+@200:5000 base+@200:5000 cache mount go~@250:4096 ");
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_RESULTS, "there", &record), 1);
	assert_int_equal(build_cache_find(arena, &directories, BUILD_CACHE_RESULTS, "gone", &record), 0);
}

/* What a cache mount takes is found out once an hour, unless it is to be exact. */
static void test_rough_size(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_close_ int fd = -EBADF;
	struct build_mount_cache cache;

	fill(&store);
	fd = open(arena_printf(arena, "%s/build/mounts", shell_scratch), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(build_mount_cache_measure(fd, "go", true, &cache), 0);
	assert_int_equal(cache.bytes, 4096);
	shell_run("head -c 8192 /dev/zero >build/mounts/go/y");
	assert_int_equal(build_mount_cache_measure(fd, "go", true, &cache), 0);
	assert_int_equal(cache.bytes, 4096);
	shell_run("touch -d -2hours build/mounts/go.lock");
	assert_int_equal(build_mount_cache_measure(fd, "go", true, &cache), 0);
	assert_int_equal(cache.bytes, 12288);
	shell_run("rm build/mounts/go/y");
	assert_int_equal(build_mount_cache_measure(fd, "go", false, &cache), 0);
	assert_int_equal(cache.bytes, 4096);
	assert_int_equal(build_mount_cache_measure(fd, "nothing", true, &cache), -ENOENT);
	assert_int_equal(build_mount_cache_measure(fd, "go.lock", true, &cache), -ENOTDIR);
}

/* At most once a minute, but when the disk is too full. */
static void test_collected(void **state _unused_)
{
	const struct directories directories = sample_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = scratch_store();
	struct spec_build_settings settings = { .collects = false, .maximum = { .bytes = 20000 } };

	fill(&store);
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, (char *[]){ (char *)"until=260", NULL }), "old@200:5000 cache mount go~@250:4096 ");
	settings.collects = true;
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, (char *[]){ (char *)"until=260", NULL }), "cache mount go~@250:4096 ");
	settings.maximum.bytes = 15006;
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, (char *[]){ (char *)"until=260", NULL }), "cache mount go~@250:4096 ");
	shell_run("touch -d -61seconds build/collected");
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, NULL), "http://x/y@260:6 top@400:5000 young@400:5000 base@400:5000 ");
	settings = (struct spec_build_settings){ .collects = true, .minimum_free = { .bytes = UINT64_MAX }, .reserved = { .bytes = 5000 } };
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, NULL), "base@100:5000 ");
	/* Without any limit nothing goes. */
	settings = (struct spec_build_settings){ .collects = true };
	shell_run("touch -d -61seconds build/collected");
	assert_int_equal(build_collect(&directories, &settings, NULL), 0);
	assert_string_equal(list(arena, NULL), "base@100:5000 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_listed, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_limits, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_age, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_needed, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_useless, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_rough_size, shell_begin, shell_end),
		cmocka_unit_test_setup_teardown(test_collected, shell_begin, shell_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
