/* SPDX-License-Identifier: Apache-2.0 */
#include "build/package_list.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect(const struct package_list *list, const char *expected)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < list->count; i++) {
		const struct package *p = &list->list[i];

		buf_printf(&text, "%s %s %s %s %s %s %s\n", p->kind, p->name, p->version, p->epoch ? p->epoch : "-", p->architecture ? p->architecture : "-",
			p->supplier ? p->supplier : "-", p->license ? p->license : "-");
	}
	assert_string_equal(text.data ? text.data : "", expected);
}

static void test_texts(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct package_list list = { .arena = arena };

	package_list_take_dpkg(&list, arena_strdup(arena, "Package: b\nStatus: install ok installed\nMaintainer: A <a@b>\nArchitecture: amd64\nDescription: x\n"
		" Version: no\nVersion: 1:2+3\n\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: no-version\n\nVersion: 3\n\nPackage: last\nVersion: 4"));
	package_list_take_apk(&list, arena_strdup(arena, "C:Q1\nP:a\nV:1.0-r0\nA:x86_64\nL:MIT AND X\nm:M\nF:etc\nR:P\n\nP:no version\n\nx\nP:z\nV:2\n"));
	package_list_sort(&list);
	expect(&list, "apk a 1.0-r0 - x86_64 M MIT AND X\ndeb b 1:2+3 - amd64 A <a@b> -\ndeb last 4 - - - -\napk z 2 - - - -\n");
	package_list_take_dpkg(&list, arena_strdup(arena, ""));
	package_list_take_apk(&list, arena_strdup(arena, "\n\n\n"));
	assert_int_equal(list.count, 4);
}

static void test_many(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct package_list list = { .arena = arena };

	for (size_t i = 0; i < PACKAGE_LIMIT + 10; i++)
		package_list_add(&list, &(struct package){ .kind = "deb", .name = "n", .version = "1" });
	assert_int_equal(list.count, PACKAGE_LIMIT);
}

/* ---- rpm -------------------------------------------------------------------------------- */

static void add_big(struct buf *out, uint32_t value)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

	buf_add(out, (const char *)bytes, sizeof bytes);
}

static void add_entry(struct buf *entries, uint32_t tag, uint32_t type, size_t offset)
{
	add_big(entries, tag);
	add_big(entries, type);
	add_big(entries, (uint32_t)offset);
	add_big(entries, 1);
}

struct text {
	uint32_t tag, type;
	const char *value;
};

/* A header of texts, and of an epoch if it is not 0. */
static void make_header(const struct text *texts, size_t count, uint32_t epoch, struct buf *out)
{
	_cleanup_buf_ struct buf entries = BUF_INIT, data = BUF_INIT;

	if (epoch) {
		add_entry(&entries, 1003, 4, 0);
		add_big(&data, epoch);
	}
	for (size_t i = 0; i < count; i++) {
		add_entry(&entries, texts[i].tag, texts[i].type, data.length);
		buf_add(&data, texts[i].value, strlen(texts[i].value) + 1);
	}
	add_big(out, (uint32_t)(count + (epoch != 0)));
	add_big(out, (uint32_t)data.length);
	buf_add(out, entries.data, entries.length);
	buf_add(out, data.data, data.length);
}

static void put_little(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

#define SLOT(n) (32 + (n) * 16)

/* A page of slots, of which the first names a blob behind it that has HEADER. free() it. */
static uint8_t *make_ndb(const struct buf *header, size_t *ret_length)
{
	size_t length = 4096 + 16 + header->length;
	uint8_t *file = memory_new(length, 1);

	memcpy(file, "RpmP", 4);
	put_little(file + 12, 1);
	for (size_t at = 32; at < 4096; at += 16)
		memcpy(file + at, "Slot", 4);
	put_little(file + SLOT(0) + 4, 7);
	put_little(file + SLOT(0) + 8, 4096 / 16);
	put_little(file + SLOT(0) + 12, (uint32_t)(length / 16));
	memcpy(file + 4096, "BlbS", 4);
	put_little(file + 4100, 7);
	put_little(file + 4108, (uint32_t)header->length);
	memcpy(file + 4112, header->data, header->length);
	*ret_length = length;
	return file;
}

static const struct text texts[] = { { 1000, 6, "curl" }, { 1001, 6, "7.50" }, { 1002, 6, "1.fc25" }, { 1011, 6, "Fedora" }, { 1014, 9, "MIT" }, { 1022, 6, "i386" } };

static void test_rpm(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf header = BUF_INIT, key = BUF_INIT;
	_cleanup_free_ uint8_t *file = NULL, *other = NULL;
	struct package_list list = { .arena = arena };
	struct error err = ERROR_INIT;
	size_t length, other_length;

	make_header(texts, ARRAY_SIZE(texts), 2, &header);
	file = make_ndb(&header, &length);
	assert_int_equal(package_list_take_rpm_ndb(&list, file, length, &err), 0);
	expect(&list, "rpm curl 7.50-1.fc25 2 i386 Fedora MIT\n");
	make_header((const struct text[]){ { 1000, 6, "gpg-pubkey" }, { 1001, 6, "1" } }, 2, 0, &key);
	other = make_ndb(&key, &other_length);
	assert_int_equal(package_list_take_rpm_ndb(&list, other, other_length, &err), 0);
	assert_int_equal(list.count, 1);
	/* Cut off, or naming what is not there. */
	assert_true(package_list_take_rpm_ndb(&list, file, length - 1, &err) < 0);
	assert_string_equal(err.message, "the database of rpm is damaged");
	put_little(file + SLOT(1) + 8, 4096 / 16); /* the same once more, for another package */
	assert_true(package_list_take_rpm_ndb(&list, file, length, &err) < 0);
	put_little(file + SLOT(1) + 8, 0xffffffff);
	assert_true(package_list_take_rpm_ndb(&list, file, length, &err) < 0);
	assert_true(package_list_take_rpm_ndb(&list, file, 100, &err) < 0);
	assert_string_equal(err.message, "it is no database of rpm");
}

/* What a header says of itself beyond its bytes is no text. */
static void test_headers(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf header = BUF_INIT;
	struct error err = ERROR_INIT;

	make_header(texts, ARRAY_SIZE(texts), 0, &header);
	for (size_t i = 0; i < header.length; i++) {
		struct package_list list = { .arena = arena };
		_cleanup_free_ uint8_t *file = NULL;
		char was = header.data[i];
		size_t length;

		header.data[i] = '\xff';
		file = make_ndb(&header, &length);
		assert_int_equal(package_list_take_rpm_ndb(&list, file, length, &err), 0);
		assert_true(list.count <= 1);
		header.data[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts), cmocka_unit_test(test_many), cmocka_unit_test(test_rpm), cmocka_unit_test(test_headers) };

	return cmocka_run_group_tests_name("build/package_list", tests, NULL, NULL);
}
