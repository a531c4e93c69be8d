/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_digest.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32

static void test_grammar(void **state _unused_)
{
	static const struct {
		const char *text;
		bool valid, verifiable;
	} cases[] = {
		{ "sha256:" HEX64, true, true },
		{ "sha512:" HEX64 HEX64, true, true },
		{ "blake3:" HEX64, true, false },
		{ "sha256:" HEX32, false, false },
		{ "sha256:" HEX64 "0", false, false },
		{ "sha256:" HEX32 "0123456789ABCDEF0123456789ABCDEF", false, false },
		{ "sha512:" HEX64, false, false },
		{ "SHA256:" HEX64, false, false },
		{ "sha256" HEX64, false, false },
		{ "sha256:", false, false },
		{ ":" HEX64, false, false },
		{ "", false, false },
		{ "sha256:../../../../../../../../../../../../../../../../../../../etc/passwd", false, false },
		{ "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true, false },
		{ "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", true, false },
		{ "a..b:x", false, false },
		{ "a.:x", false, false },
		{ "a:../x", false, false },
		{ "a:b:c", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (spec_digest_is_valid(cases[i].text) != cases[i].valid)
			fail_msg("'%s' should %sbe valid", cases[i].text, cases[i].valid ? "" : "not ");
		if (spec_digest_is_verifiable(cases[i].text) != cases[i].verifiable)
			fail_msg("'%s' should %sbe verifiable", cases[i].text, cases[i].verifiable ? "" : "not ");
	}
}

static void test_long_one(void **state _unused_)
{
	char text[SPEC_DIGEST_LIMIT + 2] = "x:";

	memset(text + 2, 'a', SPEC_DIGEST_LIMIT - 2);
	assert_true(spec_digest_is_valid(text));
	text[SPEC_DIGEST_LIMIT] = 'a';
	assert_false(spec_digest_is_valid(text));
}

static void test_parts(void **state _unused_)
{
	assert_string_equal(spec_digest_encoded("sha256:" HEX64), HEX64);
	assert_int_equal(spec_digest_algorithm_length("sha256:" HEX64), 6);
	assert_true(spec_digest_is_hex(HEX64, 64));
	assert_false(spec_digest_is_hex(HEX64, 63));
	assert_false(spec_digest_is_hex(HEX32, 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_long_one),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
