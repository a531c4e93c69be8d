/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_filter.h"
#include "spec/config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MANY 4

/* What is wrong with one of TEXTS, or "true" or "false". */
static const char *passes(const struct spec_network *network, bool is_used, const char *const texts[MANY])
{
	static char message[1024];
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_network_filter_ struct network_filter filter = network_filter_begin(arena);
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < MANY && texts[i]; i++) {
		if (network_filter_add(&filter, texts[i], &err) < 0) {
			snprintf(message, sizeof message, "%s", err.message);
			return message;
		}
	}
	return network_filter_passes(&filter, network, is_used) ? "true" : "false";
}

static struct spec_pair labels[] = { { (char *)"tier", (char *)"db" }, { (char *)"keep", (char *)"" } };
static const struct spec_network web = {
	.name = (char *)"web", .id = (char *)"0123", .driver = (char *)"bridge", .created = (char *)"2024-02-29T12:00:00Z", .labels = labels, .label_count = 2,
};
static const struct spec_network usual = { .name = (char *)"bridge", .id = (char *)"4567", .driver = (char *)"bridge" };

#define PASSES(network, is_used, ...) passes(network, is_used, (const char *const[MANY]){ __VA_ARGS__ })

static void test_terms(void **state)
{
	static const struct {
		const char *term, *web, *usual;
	} cases[] = {
		{ "driver=bridge", "true", "true" },    { "driver=macvlan", "false", "false" }, { "id=01", "true", "false" },
		{ "label=tier", "true", "false" },      { "label=tier=db", "true", "false" },   { "label=tier=d", "false", "false" },
		{ "label!=keep", "false", "true" },     { "name=e", "true", "true" },           { "name=^we", "true", "false" },
		{ "scope=local", "true", "true" },      { "scope=swarm", "false", "false" },    { "type=custom", "true", "false" },
		{ "type=builtin", "false", "true" },    { "dangling=true", "true", "false" },   { "dangling=false", "false", "true" },
		{ "until=2024-03-01", "true", "true" }, { "until=2024-02-01", "false", "true" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(PASSES(&web, false, cases[i].term), cases[i].web);
		assert_string_equal(PASSES(&usual, false, cases[i].term), cases[i].usual);
	}
	assert_string_equal(PASSES(&web, true, "dangling=true"), "false");
}

static void test_several(void **state)
{
	(void)state;
	assert_string_equal(PASSES(&web, false, NULL), "true");
	assert_string_equal(PASSES(&web, false, "name=x", "name=web"), "true");
	assert_string_equal(PASSES(&web, false, "name=web", "driver=ipvlan"), "false");
	assert_string_equal(PASSES(&web, false, "label=tier", "label=keep"), "true");
	assert_string_equal(PASSES(&web, false, "label=tier", "label=other"), "false");
}

static void test_refusals(void **state)
{
	(void)state;
	assert_string_equal(PASSES(&web, false, "name"), "invalid filter 'name': expected NAME=VALUE");
	assert_string_equal(PASSES(&web, false, "colour=red"), "invalid filter 'colour=red'");
	assert_string_equal(PASSES(&web, false, "dangling=perhaps"), "invalid filter 'dangling=perhaps': expected true or false");
	assert_string_equal(PASSES(&web, false, "type=odd"), "invalid filter 'type=odd': expected custom or builtin");
	assert_string_equal(PASSES(&web, false, "name=["), "invalid filter 'name=[': expected a regular expression");
	assert_string_equal(PASSES(&web, false, "until=soon"),
			    "invalid filter 'until=soon': expected a time such as 2024-05-07T12:34:56 or an age such as 24h");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_terms), cmocka_unit_test(test_several), cmocka_unit_test(test_refusals) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
