/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/devices.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define W DEVICE_WILDCARD
#define R_ DEVICE_READ
#define W_ DEVICE_WRITE
#define M_ DEVICE_MAKE
#define ALL DEVICE_ACCESS_ALL

/* "deny: c 1:3 rwm, b 7:* r" or the error. */
static char *describe(const struct device_rule *rules, size_t count)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct device_list list;
	struct buf out = BUF_INIT;

	if (devices_normalise(arena, rules, count, &list, &err) < 0)
		return str_dup(err.message);
	buf_printf(&out, "%s:", list.default_allow ? "allow" : "deny");
	for (size_t i = 0; i < list.count; i++) {
		char text[64];

		devices_format(&list.exceptions[i], text, sizeof text);
		buf_printf(&out, "%s %s", i ? "," : "", text);
		assert_int_equal(list.exceptions[i].allow, !list.default_allow);
	}
	return buf_take(&out);
}

#define EXPECT(text, ...)                                                      \
	do {                                                                   \
		const struct device_rule rules[] = { __VA_ARGS__ };            \
		_cleanup_free_ char *is = describe(rules, ARRAY_SIZE(rules)); \
		assert_string_equal(is, text);                                 \
	} while (0)

static void test_lists(void **state)
{
	(void)state;
	EXPECT("deny:", { false, 'a', W, W, ALL });
	EXPECT("deny: c 1:3 rw", { true, 'c', 1, 3, R_ }, { true, 'c', 1, 3, W_ });
	EXPECT("deny: c 1:3 r", { true, 'c', 1, 3, R_ | W_ }, { false, 'c', 1, 3, W_ });
	EXPECT("deny:", { true, 'c', 1, 3, R_ | W_ }, { false, 'c', 1, 3, ALL });
	EXPECT("deny:", { true, 'c', 1, 3, ALL }, { true, 'b', 1, 3, ALL }, { false, 'a', W, W, ALL });
	/* A denial takes out what it covers. */
	EXPECT("deny: c 2:3 rwm", { true, 'c', 1, 3, ALL }, { true, 'c', 2, 3, ALL }, { false, 'c', 1, W, ALL });
	EXPECT("deny: b *:* r, c *:* r", { true, 'a', W, W, R_ });
	EXPECT("deny: b 1:3 rwm, c 1:3 rwm", { true, 'a', 1, 3, ALL });
	EXPECT("deny: b *:* w, c *:* w", { true, 'a', W, W, R_ | W_ }, { false, 'a', W, W, R_ });
	EXPECT("allow:", { true, 'a', W, W, ALL });
	EXPECT("allow: c 1:11 rw", { true, 'a', W, W, ALL }, { false, 'c', 1, 11, ALL }, { true, 'c', W, W, M_ });
	EXPECT("allow:", { false, 'c', 1, 3, ALL }, { true, 'a', W, W, ALL });
	EXPECT("deny: b 7:* rwm", { true, 'a', W, W, ALL }, { false, 'a', W, W, ALL }, { true, 'b', 7, W, ALL });
	/* What a wider rule allows too stands with the narrower one; making is asked alone. */
	EXPECT("deny: c 1:3 rw, c 1:* wm", { true, 'c', 1, 3, R_ }, { true, 'c', 1, W, W_ | M_ });
}

static void test_holes(void **state)
{
	(void)state;
	EXPECT("cannot set linux.resources.devices: the devices controller of cgroup v1 cannot deny 'c 1:3 w' out of a wider rule",
		{ true, 'c', 1, W, R_ | W_ }, { false, 'c', 1, 3, W_ });
	EXPECT("deny: c 1:* r", { true, 'c', 1, W, R_ }, { false, 'c', 1, 3, W_ });
	EXPECT("cannot set linux.resources.devices: the devices controller of cgroup v1 cannot allow 'c 1:3 rwm' out of a wider rule",
		{ true, 'a', W, W, ALL }, { false, 'c', W, W, ALL }, { true, 'c', 1, 3, ALL });
	EXPECT("cannot set linux.resources.devices: the devices controller of cgroup v1 cannot deny 'c *:3 r' out of a wider rule",
		{ true, 'c', 1, W, R_ }, { false, 'c', W, 3, R_ });
}

static void test_usual_devices_come_last(void **state)
{
	static const struct spec_device_rule denied = { false, 'c', 1, 3, 0 };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct device_rule *rules;
	size_t count;
	_cleanup_free_ char *is = NULL;

	(void)state;
	devices_collect(arena, &denied, 1, &rules, &count);
	assert_int_equal(rules[0].access, ALL);
	is = describe(rules, count);
	assert_string_equal(is, "deny: c *:* m, b *:* m, c 1:3 rwm, c 1:5 rwm, c 1:7 rwm, c 1:8 rwm, c 1:9 rwm, c 5:0 rwm, c 5:2 rwm, c 136:* rwm, c 10:200 rwm");
}

static char *compare(const char *current, const struct device_rule *rules, size_t count)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct device_list now, wanted;
	struct device_change *changes;
	struct buf out = BUF_INIT;
	size_t n;

	if (current)
		devices_parse_list(arena, current, &now);
	assert_int_equal(devices_normalise(arena, rules, count, &wanted, NULL), 0);
	devices_compare(arena, current ? &now : NULL, &wanted, &changes, &n);
	buf_add_text(&out, "");
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", changes[i].allow ? "+" : "-", changes[i].text);
	return buf_take(&out);
}

#define EXPECT_CHANGES(text, current, ...)                                             \
	do {                                                                           \
		const struct device_rule rules[] = { __VA_ARGS__ };                    \
		_cleanup_free_ char *is = compare(current, rules, ARRAY_SIZE(rules)); \
		assert_string_equal(is, text);                                         \
	} while (0)

static void test_changes(void **state)
{
	(void)state;
	EXPECT_CHANGES("-a+c 1:3 rwm", NULL, { true, 'c', 1, 3, ALL });
	EXPECT_CHANGES("-a+c 1:3 rwm", "a *:* rwm\n", { true, 'c', 1, 3, ALL });
	EXPECT_CHANGES("+a-c 1:3 r", "c 1:3 rwm\n", { true, 'a', W, W, ALL }, { false, 'c', 1, 3, R_ });
	EXPECT_CHANGES("", "c 1:3 rwm\nb 7:* r\n", { true, 'b', 7, W, R_ }, { true, 'c', 1, 3, ALL });
	EXPECT_CHANGES("+c 1:5 rw-c 1:3 w-c 9:9 rwm", "c 1:3 rwm\nc 9:9 rwm\n", { true, 'c', 1, 3, R_ | M_ }, { true, 'c', 1, 5, R_ | W_ });
	EXPECT_CHANGES("+c 1:3 rwm", "", { true, 'c', 1, 3, ALL });
	EXPECT_CHANGES("+c 1:3 rwm", "nonsense\nc 1\nx\n", { true, 'c', 1, 3, ALL });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_usual_devices_come_last),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
