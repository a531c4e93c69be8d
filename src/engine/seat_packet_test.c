/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYER "sha256:" ID
#define ASKED "take " ID " " LAYER

static void test_questions(void **state _unused_)
{
	static const struct seat_question questions[] = {
		{ SEAT_TAKE, { ID, LAYER, true, false }, "1/2/3" },
		{ SEAT_TAKE, { ID, LAYER, false, true }, "x" },
		{ SEAT_TAKE, { ID, NULL, false, false }, "x" },
		{ .type = SEAT_FINISH, .name = ".gone-" ID },
		{ .type = SEAT_LOOK },
		{ .type = SEAT_DROP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_buf_ struct buf text = BUF_INIT;
		struct seat_question question;

		seat_question_encode(&questions[i], &text);
		assert_true(seat_question_decode(arena, text.data, text.length, &question));
		assert_int_equal(question.type, questions[i].type);
		if (question.type == SEAT_FINISH)
			assert_string_equal(question.name, ".gone-" ID);
		if (question.type != SEAT_TAKE)
			continue;
		assert_string_equal(question.kind.network, ID);
		assert_true(str_equal(question.kind.top_layer, questions[i].kind.top_layer));
		assert_int_equal(question.kind.is_volatile, questions[i].kind.is_volatile);
		assert_int_equal(question.kind.has_groups, questions[i].kind.has_groups);
		assert_string_equal(question.place, questions[i].place);
	}
}

static void test_no_questions(void **state _unused_)
{
	static const char *const texts[] = {
		"", " ", "take", "finish", "finish ", "finish a b", "finish a ", "look x", " look", "looking", "loo", "drop ", "give " ID " " LAYER " 0 1 x",
		ASKED " 0 1", ASKED " 0 1 ", ASKED " 0 1 x y", ASKED " 2 1 x", ASKED " 0 10 x", ASKED " 0  x", ASKED " 0 1 \x01", ASKED "\n0 1 x",
		"take n " LAYER " 0 1 x", "take " ID " ../../etc 0 1 x", "take " ID " sha256:0 0 1 x", "take " ID " - 1 0 x", "take " ID " - 0 1 x",
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	char *many = arena_alloc(arena, SEAT_QUESTION_LIMIT + 2, 1);
	struct seat_question question;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(seat_question_decode(arena, texts[i], strlen(texts[i]), &question));
	assert_false(seat_question_decode(arena, ASKED " 0 1 x\0", sizeof ASKED " 0 1 x\0" - 1, &question));
	memset(many, 'x', SEAT_QUESTION_LIMIT + 1);
	memcpy(many, ASKED " 0 1 ", strlen(ASKED " 0 1 "));
	assert_true(seat_question_decode(arena, many, SEAT_QUESTION_LIMIT, &question));
	assert_false(seat_question_decode(arena, many, SEAT_QUESTION_LIMIT + 1, &question));
}

static struct spec_network_link link_of_test(void)
{
	return (struct spec_network_link){ .kind = SPEC_LINK_VETH, .network = (char *)"bridge", .network_id = (char *)"n1", .parent = (char *)"bivy0",
		.host_name = (char *)"v0123456789aba", .name = (char *)"eth0" };
}

static void refuses(const char *head, const char *tail)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = str_printf("%s%s", head, tail);
	struct seat seat = SEAT_NONE;
	struct error err = ERROR_INIT;

	assert_true(seat_decode(arena, text, strlen(text), &seat, &err) < 0);
	assert_null(seat.id);
	assert_null(seat.plan);
	assert_string_equal(err.message, "what prepares for containers says what is not understood");
}

static void test_seats(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_link links[] = { link_of_test(), link_of_test() };
	struct spec_network_plan plan = { .id = (char *)ID, .links = links, .link_count = 1 };
	const struct seat sent = { .id = ID, .id_base = 536870912, .has_groups = true, .layer = { 1, 2, UINT64_MAX }, .plan = &plan };
	_cleanup_buf_ struct buf text = BUF_INIT, one = BUF_INIT, two = BUF_INIT, none = BUF_INIT, other = BUF_INIT;
	struct seat seat = SEAT_NONE;

	seat_encode(&sent, &text);
	assert_int_equal(seat_decode(arena, text.data, text.length, &seat, NULL), 0);
	assert_string_equal(seat.id, ID);
	assert_int_equal(seat.id_base, sent.id_base);
	assert_true(seat.has_groups);
	assert_true(seat.layer.device == 1 && seat.layer.number == 2 && seat.layer.changed_ns == UINT64_MAX);
	assert_string_equal(seat.plan->links[0].host_name, "v0123456789aba");

	spec_network_plan_encode(&plan, &one);
	plan.link_count = 2;
	links[1].host_name = (char *)"v0123456789abb";
	links[1].name = (char *)"eth1";
	spec_network_plan_encode(&plan, &two);
	plan.link_count = 0;
	spec_network_plan_encode(&plan, &none);
	plan.link_count = 1;
	plan.id = (char *)"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	spec_network_plan_encode(&plan, &other);
	refuses(ID " 536870912 0 1 2 3\n", two.data);              /* links */
	refuses(ID " 536870912 0 1 2 3\n", none.data);
	refuses(ID " 536870912 0 1 2 3\n", other.data);            /* another's */
	refuses(ID " 536870912 0 1 2 3\n", "{");
	refuses(ID " 536870912 0 1 2 3\n", "");
	refuses(ID " 536870912 0 1 2\n", one.data);                /* words */
	refuses(ID " 536870912 0 1 2 3 4\n", one.data);
	refuses(ID " 536870912 0 1 2 x\n", one.data);
	refuses("../../etc 536870912 0 1 2 3\n", one.data);        /* ids */
	refuses(ID " 0 0 1 2 3\n", one.data);                      /* ranges: the host's, between two, behind the last */
	refuses(ID " 536870913 0 1 2 3\n", one.data);
	refuses(ID " 1610612736 0 1 2 3\n", one.data);
	refuses(ID " 536870912 2 1 2 3\n", one.data);              /* neither with groups nor without */
	refuses(ID " 536870912 0 1 2 3", "");                      /* no end of line */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_no_questions),
		cmocka_unit_test(test_seats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
