/* SPDX-License-Identifier: Apache-2.0 */
#include "host/btf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INFO(kind, flag, count) ((uint32_t)(flag) << 31 | (uint32_t)(kind) << 24 | (count))

/* An int, a struct of two members, one with bit fields, an enum, a function. */
struct document {
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t header_length, types_offset, types_length, names_offset, names_length;
	} header;
	uint32_t types[4 + 9 + 6 + 5 + 3];
	char names[24];
};

static const struct document document = {
	.header = { 0xeb9f, 1, 0, 24, 0, sizeof document.types, sizeof document.types, sizeof document.names },
	.types = {
		1, INFO(1, 0, 0), 4, 32,             /* 1: int */
		5, INFO(4, 0, 2), 16, 7, 1, 0, 9, 1, 64, /* 2: struct s { a; bc; } */
		12, INFO(4, 1, 1), 8, 7, 1, 3 << 24 | 40, /* 3: struct t, of bit fields */
		14, INFO(6, 0, 1), 4, 7, 0,          /* 4: enum e */
		16, INFO(12, 0, 0), 1,               /* 5: function f */
	},
	.names = "\0int\0s\0a\0bc\0t\0e\0f",
};

static void test_functions(void **state)
{
	uint32_t id = 0;

	(void)state;
	assert_int_equal(btf_find(&document, sizeof document, BTF_FUNCTION, "f", &id), 0);
	assert_int_equal(id, 5);
	assert_int_equal(btf_find(&document, sizeof document, BTF_FUNCTION, "s", &id), -ENOENT);
	assert_int_equal(btf_find(&document, sizeof document, BTF_FUNCTION, "g", &id), -ENOENT);
	assert_int_equal(id, 5);
}

static void test_members(void **state)
{
	uint32_t offset = 0;

	(void)state;
	assert_int_equal(btf_find_member(&document, sizeof document, "s", "bc", &offset), 0);
	assert_int_equal(offset, 8);
	assert_int_equal(btf_find_member(&document, sizeof document, "t", "a", &offset), 0);
	assert_int_equal(offset, 5);
	assert_int_equal(btf_find_member(&document, sizeof document, "s", "f", &offset), -ENOENT);
	assert_int_equal(btf_find_member(&document, sizeof document, "u", "a", &offset), -ENOENT);
}

/* Cut anywhere, with any byte changed: an answer or a refusal. */
static void test_damage(void **state)
{
	char *copy = malloc(sizeof document);
	uint32_t number = 0;

	(void)state;
	for (size_t i = 0; i < sizeof document; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, &document, i);
		assert_int_equal(btf_find(cut, i, BTF_FUNCTION, "f", &number), -EBADMSG);
		free(cut);
		for (unsigned value = 0; value < 256; value += 17) {
			memcpy(copy, &document, sizeof document);
			copy[i] = (char)value;
			ignore_result(btf_find(copy, sizeof document, BTF_FUNCTION, "f", &number)); /* no more is read than there is: see the sanitizers */
			ignore_result(btf_find_member(copy, sizeof document, "s", "bc", &number)); /* likewise */
		}
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
