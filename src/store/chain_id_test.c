/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chain_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define A "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define B "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

/* The expected ones are sha256sum(1)'s of the texts "CHAIN DIFF". */
static void test_chain(void **state _unused_)
{
	char first[DIGEST_TEXT_SIZE], second[DIGEST_TEXT_SIZE], third[DIGEST_TEXT_SIZE];

	chain_id_compute(NULL, A, first);
	assert_string_equal(first, A);
	chain_id_compute(first, B, second);
	assert_string_equal(second, "sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676");
	chain_id_compute(second, A, third);
	assert_string_equal(third, "sha256:1472d34251a00ac55ede7b25cbe3c166a4229eae731490bfdeb83bc00f598be1");
}

static void test_other_algorithm(void **state _unused_)
{
	char base[DIGEST_TEXT_SIZE];

	chain_id_compute(NULL, "sha512:" ZEROS ZEROS, base);
	assert_string_equal(base, "sha256:d1f291c9056358135b930e396f14bb1ef4a2994068071378f83fb718fa5b1186");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_other_algorithm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
