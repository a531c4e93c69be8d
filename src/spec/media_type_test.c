/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/media_type.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_kinds(void **state _unused_)
{
	assert_int_equal(spec_media_kind(SPEC_OCI_INDEX), SPEC_MEDIA_INDEX);
	assert_int_equal(spec_media_kind(SPEC_DOCKER_INDEX), SPEC_MEDIA_INDEX);
	assert_int_equal(spec_media_kind(SPEC_DOCKER_MANIFEST "; charset=utf-8"), SPEC_MEDIA_MANIFEST);
	assert_int_equal(spec_media_kind("Application/VND.oci.image.config.v1+json"), SPEC_MEDIA_CONFIG);
	assert_int_equal(spec_media_kind(SPEC_OCI_LAYER_ZSTD), SPEC_MEDIA_LAYER);
	assert_int_equal(spec_media_kind(SPEC_OCI_LAYER "+lz4"), SPEC_MEDIA_UNKNOWN);
	assert_int_equal(spec_media_kind("application/vnd.docker.distribution.manifest.v1+prettyjws"), SPEC_MEDIA_SCHEMA_1);
	assert_int_equal(spec_media_kind("application/json"), SPEC_MEDIA_UNKNOWN);
	assert_int_equal(spec_media_kind(""), SPEC_MEDIA_UNKNOWN);
	assert_int_equal(spec_media_kind(NULL), SPEC_MEDIA_UNKNOWN);
}

static void test_foreign(void **state _unused_)
{
	assert_true(spec_media_is_foreign("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
	assert_true(spec_media_is_foreign("application/vnd.oci.image.layer.nondistributable.v1.tar"));
	assert_false(spec_media_is_foreign(SPEC_OCI_LAYER));
	assert_false(spec_media_is_foreign("application/json"));
}

static void test_oci_names(void **state _unused_)
{
	assert_string_equal(spec_media_to_oci(SPEC_DOCKER_MANIFEST), SPEC_OCI_MANIFEST);
	assert_string_equal(spec_media_to_oci(SPEC_DOCKER_LAYER_GZIP), SPEC_OCI_LAYER_GZIP);
	assert_string_equal(spec_media_to_oci(SPEC_OCI_CONFIG), SPEC_OCI_CONFIG);
	assert_string_equal(spec_media_to_oci("text/plain"), "text/plain");
}

/* What registries are asked for is what can be read. */
static void test_accepted(void **state _unused_)
{
	size_t count = 0;

	for (; spec_media_accepted[count]; count++) {
		enum spec_media_kind kind = spec_media_kind(spec_media_accepted[count]);

		assert_true(kind == SPEC_MEDIA_INDEX || kind == SPEC_MEDIA_MANIFEST);
	}
	assert_int_equal(count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_oci_names),
		cmocka_unit_test(test_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
