/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   take NETWORK LAYER VOLATILE GROUPS PLACE      LAYER may be "-", VOLATILE and GROUPS are 0 or 1, or 0 then
 *   finish NAME
 *   look
 *   drop
 *
 *   ID BASE GROUPS DEVICE NUMBER CHANGED          a line, and behind it
 *   {…}                                           the plan (spec/network_plan.h), of one link, for the same id
 */
#include "engine/seat_packet.h"

#include "engine/bundle_plan.h"
#include "engine/container_names.h"
#include "engine/id_range.h"
#include "spec/image_digest.h"

#define NO_LAYER "-"

/* ---- what is asked ---------------------------------------------------------------------- */

static const char *const words_of_types[] = { [SEAT_TAKE] = "take", [SEAT_FINISH] = "finish", [SEAT_LOOK] = "look", [SEAT_DROP] = "drop" };

void seat_question_encode(const struct seat_question *question, struct buf *out)
{
	const struct seat_kind *kind = &question->kind;

	buf_add_text(out, words_of_types[question->type]);
	if (question->type == SEAT_TAKE)
		buf_printf(out, " %s %s %d %d %s", kind->network, kind->top_layer ? kind->top_layer : NO_LAYER, kind->is_volatile, kind->has_groups, question->place);
	else if (question->type == SEAT_FINISH)
		buf_printf(out, " %s", question->name);
}

/* Words of TEXT, with a space between two; NULL if it has other bytes than these would have. */
static char **split(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_strndup(arena, text, length);

	for (size_t i = 0; i < length; i++)
		if (copy[i] < ' ' || copy[i] > '~' || (copy[i] == ' ' && (i == 0 || i + 1 == length || copy[i + 1] == ' ')))
			return NULL;
	return bundle_split(arena, copy, ' ');
}

static bool read_flag(const char *word, bool *ret)
{
	*ret = str_equal(word, "1");
	return *ret || str_equal(word, "0");
}

static bool decode_take(char **words, struct seat_question *question)
{
	struct seat_kind *kind = &question->kind;

	if (strv_length(words) != 6 || !container_id_is_valid(words[1]) || !read_flag(words[3], &kind->is_volatile) ||
	    !read_flag(words[4], &kind->has_groups))
		return false;
	kind->network = words[1];
	kind->top_layer = str_equal(words[2], NO_LAYER) ? NULL : words[2];
	question->place = words[5];
	return kind->top_layer ? spec_digest_is_valid(kind->top_layer) : !kind->is_volatile && !kind->has_groups;
}

static bool decode_finish(char **words, struct seat_question *question)
{
	question->name = words[1];
	return strv_length(words) == 2 && words[1][0];
}

bool seat_question_decode(struct arena *arena, const char *text, size_t length, struct seat_question *ret)
{
	char **words = length <= SEAT_QUESTION_LIMIT ? split(arena, text, length) : NULL;
	struct seat_question question = { .type = SEAT_TAKE };

	while (words && question.type < ARRAY_SIZE(words_of_types) && !str_equal(words[0], words_of_types[question.type]))
		question.type++;
	if (!words || question.type == ARRAY_SIZE(words_of_types))
		return false;
	if (question.type == SEAT_TAKE ? !decode_take(words, &question) :
	    question.type == SEAT_FINISH ? !decode_finish(words, &question) : strv_length(words) != 1)
		return false;
	*ret = question;
	return true;
}

/* ---- a seat ------------------------------------------------------------------------------- */

void seat_encode(const struct seat *seat, struct buf *out)
{
	buf_printf(out, "%s %u %d %llu %llu %llu\n", seat->id, seat->id_base, seat->has_groups, (unsigned long long)seat->layer.device,
		(unsigned long long)seat->layer.number, (unsigned long long)seat->layer.changed_ns);
	spec_network_plan_encode(seat->plan, out);
}

static int refuse(struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "what prepares for containers says what is not understood");
}

static bool is_base(uint64_t number)
{
	return number >= ID_RANGE_FIRST && (number - ID_RANGE_FIRST) / ID_RANGE_SIZE < ID_RANGE_COUNT && number % ID_RANGE_SIZE == 0;
}

int seat_decode(struct arena *arena, const char *text, size_t length, struct seat *ret, struct error *err)
{
	const char *newline = length <= SEAT_PACKET_LIMIT ? memchr(text, '\n', length) : NULL;
	char **words = newline ? split(arena, text, (size_t)(newline - text)) : NULL;
	struct spec_network_plan *plan = NULL;
	uint64_t base, numbers[3];
	bool has_groups;

	if (!words || strv_length(words) != 6 || !container_id_is_valid(words[0]) || str_to_u64(words[1], 10, &base) < 0 || !is_base(base) || !read_flag(words[2], &has_groups))
		return refuse(err);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_to_u64(words[3 + i], 10, &numbers[i]) < 0)
			return refuse(err);
	if (spec_network_plan_decode(arena, newline + 1, length - (size_t)(newline + 1 - text), &plan, NULL) < 0 || plan->link_count != 1 ||
	    !str_equal(plan->id, words[0]))
		return refuse(err);
	ret->id = words[0];
	ret->id_base = (uint32_t)base;
	ret->has_groups = has_groups;
	ret->layer = (struct seat_layer){ numbers[0], numbers[1], numbers[2] };
	ret->plan = plan;
	return 0;
}
