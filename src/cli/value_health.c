/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_health.h"
#include "base/json.h"
#include "base/moment.h"

int value_duration_parse(const char *text, void *target, struct error *err)
{
	const int64_t millisecond = 1000000;
	int64_t nanoseconds;
	int r = duration_parse(text, &nanoseconds);

	if (r == -ERANGE)
		return error_set(err, ERROR_INVALID, 0, "the duration is too long");
	if (r < 0 || nanoseconds < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a duration such as 30s or 1m30s");
	if (nanoseconds > 0 && nanoseconds < millisecond)
		return error_set(err, ERROR_INVALID, 0, "expected a millisecond (1ms) at least");
	*(int64_t *)target = nanoseconds;
	return 0;
}

static const char *const actions[] = {
	[SPEC_HEALTH_NONE] = "none",
	[SPEC_HEALTH_KILL] = "kill",
	[SPEC_HEALTH_RESTART] = "restart",
	[SPEC_HEALTH_STOP] = "stop",
	NULL,
};

int value_health_action_parse(const char *text, void *target, struct error *err)
{
	int r = value_check_word(text, actions, err);

	for (size_t i = 0; r == 0 && actions[i]; i++)
		if (str_equal(text, actions[i]))
			*(enum spec_health_action *)target = (enum spec_health_action)i;
	return r;
}

/* The arguments of an array, "CMD" before them. */
static int decode_arguments(struct arena *arena, const char *text, struct value_strings *ret, struct error *err)
{
	struct json *array;

	if (json_parse(arena, text, strlen(text), &array, err) < 0)
		return error_wrap(err, "an array of JSON");
	value_strings_add(arena, ret, arena_strdup(arena, "CMD"));
	for (const struct json *item = array->first; array->type == JSON_ARRAY && item; item = item->next) {
		if (item->type != JSON_STRING)
			return error_set(err, ERROR_INVALID, 0, "expected an array of strings");
		value_strings_add(arena, ret, arena_strdup(arena, item->text));
	}
	return ret->count > 1 ? 0 : error_set(err, ERROR_INVALID, 0, "the array is empty");
}

static int make_test(struct arena *arena, const char *command, struct value_strings *ret, struct error *err)
{
	if (!*command)
		return error_set(err, ERROR_INVALID, 0, "the command is empty");
	if (str_equal(command, "none")) {
		value_strings_add(arena, ret, arena_strdup(arena, "NONE"));
		return 0;
	}
	if (str_starts_with(command, "[\"") || str_equal(command, "[]"))
		return decode_arguments(arena, command, ret, err);
	value_strings_add(arena, ret, arena_strdup(arena, "CMD-SHELL"));
	value_strings_add(arena, ret, arena_strdup(arena, command));
	return 0;
}

int value_health_make(struct arena *arena, const struct value_health *health, struct spec_health_check **ret, struct error *err)
{
	struct value_strings test = { 0 };
	struct spec_health_check *check;

	*ret = NULL;
	if (!health->command && !health->interval_ns && !health->timeout_ns && !health->start_period_ns && !health->start_interval_ns && !health->retries)
		return 0;
	if (health->command) {
		int r = make_test(arena, health->command, &test, err);

		if (r < 0)
			return r;
	}
	check = arena_alloc(arena, 1, sizeof *check);
	*check = (struct spec_health_check){ .test = test.items, .interval_ns = health->interval_ns, .timeout_ns = health->timeout_ns,
		.start_period_ns = health->start_period_ns, .start_interval_ns = health->start_interval_ns, .retries = health->retries };
	*ret = check;
	return 0;
}
