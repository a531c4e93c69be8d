/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"
#include "spec/media_type.h"
#include "store/blobs.h"
#include "store/digest.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/shell_test.h"

#define LAYER_A "sha256:000000000000000000000000000000000000000000000000000000000000000a"
#define LAYER_B "sha256:000000000000000000000000000000000000000000000000000000000000000b"

struct fixture {
	struct store store;
	char config[DIGEST_TEXT_SIZE], layer[DIGEST_TEXT_SIZE], manifest[DIGEST_TEXT_SIZE];
};

static void put_blob(const struct store *store, const char *text, char digest[static DIGEST_TEXT_SIZE])
{
	_cleanup_digest_ struct digest *computed = digest_new("sha256");

	digest_add(computed, text, strlen(text));
	digest_finish(computed, digest);
	assert_int_equal(blob_put(store, digest, text, strlen(text), NULL), 0);
}

static void put_layer(const struct store *store, const char *chain_id, const char *parent)
{
	struct layer_stage stage = LAYER_STAGE_INIT;
	struct spec_layer layer = { .diff_id = (char *)LAYER_A, .parent = (char *)parent };

	assert_int_equal(layer_begin(store, &stage, NULL), 0);
	assert_int_equal(layer_commit(&stage, chain_id, &layer, NULL), 0);
}

/* An image "one" of two extracted layers. */
static void fill(struct fixture *f)
{
	_cleanup_free_ char *manifest = NULL;
	struct image image = { .name = (char *)"one", .media_type = (char *)SPEC_OCI_MANIFEST, .target = f->manifest, .top_layer = (char *)LAYER_B };

	f->store = STORE_INIT;
	assert_int_equal(store_open(shell_scratch, &f->store, NULL), 0);
	put_blob(&f->store, "{}", f->config);
	put_blob(&f->store, "layer", f->layer);
	manifest = str_printf("{\"config\":{\"mediaType\":\"" SPEC_OCI_CONFIG "\",\"digest\":\"%s\",\"size\":2},\"layers\":[{\"mediaType\":\""
			      SPEC_OCI_LAYER_GZIP "\",\"digest\":\"%s\",\"size\":5}]}", f->config, f->layer);
	put_blob(&f->store, manifest, f->manifest);
	put_layer(&f->store, LAYER_A, NULL);
	put_layer(&f->store, LAYER_B, LAYER_A);
	assert_int_equal(image_put(&f->store, &image, NULL), 0);
}

static void note(void *context, enum verify_fault fault, const char *digest, const char *image)
{
	static const char *const words[] = { "damaged", "layer-damaged", "missing", "layer-missing" };

	buf_printf(context, "%s %.11s %s\n", words[fault], digest + strlen(digest) - 11, image ? image : "-");
}

/* What is found, a line for each fault; FAULTS is what it should be. */
static void assert_faults(const struct fixture *f, bool repair, const char *faults)
{
	_cleanup_buf_ struct buf seen = BUF_INIT;
	struct verify verify = { .found = note, .context = &seen, .repair = repair };
	struct error err = ERROR_INIT;
	size_t count = 0, lines = 0;

	if (store_verify(&f->store, &verify, &count, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(seen.data ? seen.data : "", faults);
	for (const char *c = faults; *c; c++)
		lines += *c == '\n';
	assert_int_equal(count, lines);
}

static void test_whole(void **state _unused_)
{
	struct fixture f;

	fill(&f);
	assert_faults(&f, true, "");
	store_close(&f.store);
}

/* A flipped byte is found; repairing removes the blob, and then the image misses it. */
static void test_flipped_byte(void **state _unused_)
{
	_cleanup_free_ char *command = NULL, *damaged = NULL, *repaired = NULL, *missing = NULL;
	const char *tail;
	struct fixture f;

	fill(&f);
	tail = f.layer + strlen(f.layer) - 11;
	command = str_printf("chmod u+w blobs/sha256/%s && printf lAyer >blobs/sha256/%s", strchr(f.layer, ':') + 1, strchr(f.layer, ':') + 1);
	damaged = str_printf("damaged %s -\n", tail);
	repaired = str_printf("damaged %s -\nmissing %s one\n", tail, tail);
	missing = str_printf("missing %s one\n", tail);
	shell_run(command);
	assert_faults(&f, false, damaged);
	assert_faults(&f, true, repaired);
	assert_false(blob_exists(&f.store, f.layer, UINT64_MAX));
	assert_faults(&f, false, missing);
	put_blob(&f.store, "layer", f.layer);
	assert_faults(&f, false, "");
	store_close(&f.store);
}

static void test_layers(void **state _unused_)
{
	struct fixture f;

	fill(&f);
	shell_run("rm -r layers/*a/diff");
	assert_faults(&f, false, "layer-damaged 0000000000a -\n");
	assert_faults(&f, true, "layer-damaged 0000000000a -\nlayer-missing 0000000000a one\n");
	assert_faults(&f, false, "layer-missing 0000000000a one\n");
	shell_run("rm -r layers/*b");
	assert_faults(&f, false, "layer-missing 0000000000b one\n");
	store_close(&f.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_whole),
		shell_test(test_flipped_byte),
		shell_test(test_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
