/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sweep.h"
#include "base/file.h"
#include "spec/media_type.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/lease.h"
#include "store/scratch_test.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* Digests and chain ids that differ in the last digit. */
#define D(digit) "sha256:000000000000000000000000000000000000000000000000000000000000000" digit
#define DESCRIPTOR(type, digit) "{\"mediaType\":\"" type "\",\"digest\":\"" D(digit) "\",\"size\":1}"

/* The last digits of all blobs, and of all layers. */
static void assert_content(const char *blobs, const char *layers)
{
	_cleanup_free_ char *found = shell("ls blobs/sha256 | sed 's/.*\\(.\\)$/\\1/' | tr -d '\\n'; printf ' '; "
					   "ls layers | sed 's/.*\\(.\\)$/\\1/' | tr -d '\\n'");
	_cleanup_free_ char *wanted = str_printf("%s %s", blobs, layers);

	assert_string_equal(found, wanted);
}

static void put_blob(const struct store *store, const char *digest, const char *text)
{
	assert_int_equal(blob_put(store, digest, text, strlen(text), NULL), 0);
}

static void put_layer(const struct store *store, const char *chain_id, const char *parent)
{
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)D("0"), .parent = (char *)parent };

	assert_int_equal(layer_begin(store, &stage, NULL), 0);
	assert_int_equal(mkdirat(stage.diff_fd, "full", 0755), 0);
	assert_int_equal(layer_commit(&stage, chain_id, &layer, NULL), 0);
}

static void put_image(const struct store *store, const char *name, const char *target, const char *type, const char *top)
{
	struct image image = { .name = (char *)name, .media_type = (char *)type, .target = (char *)target, .target_size = 1,
			       .top_layer = (char *)top };

	assert_int_equal(image_put(store, &image, NULL), 0);
}

/*
 * Image "one": index 1 of manifest 2 (configuration 3, layer 4) and of one
 * that is not here; layers a and b. Nothing needs the blobs 8 and 9 and the
 * layers c and d.
 */
static void fill(const struct store *store)
{
	put_blob(store, D("1"), "{\"manifests\":[" DESCRIPTOR(SPEC_OCI_MANIFEST, "2") "," DESCRIPTOR(SPEC_OCI_MANIFEST, "7") "]}");
	put_blob(store, D("2"), "{\"config\":" DESCRIPTOR(SPEC_OCI_CONFIG, "3") ",\"layers\":[" DESCRIPTOR(SPEC_OCI_LAYER_GZIP, "4") "]}");
	put_blob(store, D("3"), "{}");
	put_blob(store, D("4"), "tar");
	put_blob(store, D("8"), "{\"config\":" DESCRIPTOR(SPEC_OCI_CONFIG, "9") ",\"layers\":[]}");
	put_blob(store, D("9"), "x");
	put_layer(store, D("a"), NULL);
	put_layer(store, D("b"), D("a"));
	put_layer(store, D("c"), D("a"));
	put_layer(store, D("d"), NULL);
	put_image(store, "one", D("1"), SPEC_OCI_INDEX, D("b"));
}

static struct sweep_report sweep(const struct store *store, const struct sweep *how)
{
	struct sweep_report report = { 0 };
	struct error err = ERROR_INIT;

	if (store_sweep(store, how, &report, &err) < 0)
		fail_msg("%s", err.message);
	return report;
}

static void note(void *context, const char *digest, bool is_layer)
{
	char *seen = context;

	seen[strlen(seen)] = is_layer ? 'L' : 'B';
	seen[strlen(seen)] = digest[strlen(digest) - 1];
}

static bool same_pairs(const char *seen, const char *const *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strstr(seen, pairs[i]))
			return false;
	return strlen(seen) == 2 * count;
}

static void test_unreachable(void **state _unused_)
{
	static const char *const gone[] = { "B8", "B9", "Lc", "Ld" };
	_cleanup_store_ struct store store = scratch_store();
	char would[32] = "", seen[32] = "";
	struct sweep how = { .removed = note, .context = would, .dry_run = true };
	struct sweep_report report;

	fill(&store);
	report = sweep(&store, &how);
	assert_true(same_pairs(would, gone, ARRAY_SIZE(gone)));
	assert_int_equal(report.blobs, 2);
	assert_int_equal(report.layers, 2);
	assert_true(report.freed_bytes > 0);
	assert_content("123489", "abcd");
	how = (struct sweep){ .removed = note, .context = seen };
	assert_int_equal(sweep(&store, &how).freed_bytes, report.freed_bytes);
	assert_true(same_pairs(seen, gone, ARRAY_SIZE(gone)));
	assert_content("1234", "ab");
	shell_expect("ls staging", "");
	assert_int_equal(sweep(&store, &(struct sweep){ 0 }).blobs, 0);
}

static int add_root(void *context, struct buf *digests, struct error *err _unused_)
{
	buf_printf(digests, "nonsense\n%s\n", (const char *)context);
	return 0;
}

static int refuse_roots(void *context _unused_, struct buf *digests _unused_, struct error *err)
{
	error_set(err, ERROR_INTERNAL, 0, "nobody knows");
	return -EIO;
}

/* Containers' manifests and layers, and all that these need. */
static void test_roots(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct image image = { .name = (char *)"one", .target = (char *)D("1") };
	struct sweep_report report;
	struct error err = ERROR_INIT;
	char *manifest[] = { (char *)D("8"), NULL }, *layer[] = { (char *)D("c"), (char *)D("5"), (char *)"nonsense", NULL };

	fill(&store);
	sweep(&store, &(struct sweep){ .roots.digests = manifest });
	assert_content("123489", "ab");
	put_layer(&store, D("c"), D("a"));
	assert_int_equal(image_remove(&store, &image, NULL), 0);
	sweep(&store, &(struct sweep){ .roots.digests = layer });
	assert_content("", "ac");
	sweep(&store, &(struct sweep){ .roots = { .add = add_root, .context = (void *)D("a") } });
	assert_content("", "a");
	assert_int_equal(store_sweep(&store, &(struct sweep){ .roots.add = refuse_roots }, &report, &err), -EIO);
	assert_string_equal(err.message, "nobody knows");
	assert_content("", "a");
	sweep(&store, &(struct sweep){ 0 });
	assert_content("", "");
}

/* A lease keeps what it lists; that it lists an image's manifest takes nothing from the image. */
static void test_leases(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_lease_ struct lease lease = LEASE_INIT;

	fill(&store);
	assert_int_equal(lease_begin(&store, &lease, NULL), 0);
	assert_int_equal(lease_add(&lease, D("9"), NULL), 0);
	assert_int_equal(lease_add(&lease, D("1"), NULL), 0);
	assert_int_equal(lease_add(&lease, D("2"), NULL), 0);
	assert_int_equal(lease_add(&lease, D("c"), NULL), 0);
	sweep(&store, &(struct sweep){ 0 });
	assert_content("12349", "abc");
	lease_end(&lease);
	sweep(&store, &(struct sweep){ 0 });
	assert_content("1234", "ab");
}

/* What cannot be read might need anything: nothing is removed. */
static void test_damage_stops_it(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	struct sweep_report report = { 0 };
	struct error err = ERROR_INIT;

	fill(&store);
	shell_run("chmod u+w blobs/sha256/*2 && echo '{' >$(echo blobs/sha256/*2)");
	assert_true(store_sweep(&store, &(struct sweep){ 0 }, &report, &err) < 0);
	assert_true(str_starts_with(err.message, "cannot read the blob '" D("2") "': manifest: line "));
	assert_content("123489", "abcd");
	shell_run("rm blobs/sha256/*2 layers/*b/layer.json");
	assert_int_equal(store_sweep(&store, &(struct sweep){ 0 }, &report, &err), -ENOENT);
	assert_content("13489", "abcd");
}

static void die(const struct store *store)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct layer_stage stage = LAYER_STAGE_INIT;
		struct blob_writer writer = BLOB_WRITER_INIT;

		if (layer_begin(store, &stage, NULL) == 0 && mkdirat(stage.diff_fd, "d", 0755) == 0 &&
		    blob_begin(store, D("5"), &writer, NULL) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* A killed process's layer goes, its download stays for a while; what lives is left alone. */
static void test_debris(void **state _unused_)
{
	_cleanup_store_ struct store store = scratch_store();
	_cleanup_layer_stage_ struct layer_stage stage = LAYER_STAGE_INIT;
	_cleanup_blob_writer_ struct blob_writer writer = BLOB_WRITER_INIT;
	struct error err = ERROR_INIT;

	die(&store);
	assert_int_equal(layer_begin(&store, &stage, &err), 0);
	assert_int_equal(blob_begin(&store, D("6"), &writer, &err), 0);
	shell_expect("ls staging | wc -l; ls partial | wc -l", "2\n2\n");
	assert_int_equal(store_sweep_debris(&store, SWEEP_PARTIAL_AGE_S, &err), 0);
	shell_expect("ls staging | wc -l; ls partial | wc -l", "1\n2\n");
	shell_run("touch -d '8 days ago' partial/*");
	assert_int_equal(store_sweep_debris(&store, SWEEP_PARTIAL_AGE_S, &err), 0);
	shell_expect("ls partial | sed 's/.*0//'", "6\n");
	assert_int_equal(store_sweep_debris(&store, 0, &err), 0);
	shell_expect("ls staging | wc -l; ls partial | wc -l", "1\n1\n");
	assert_int_equal(fd_write_all(writer.fd, "x", 1), 0);
	assert_int_equal(blob_commit(&writer, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_unreachable),	  shell_test(test_roots),  shell_test(test_leases),
		shell_test(test_damage_stops_it), shell_test(test_debris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
