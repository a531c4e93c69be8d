/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_health.h"
#include "build/dockerfile_line.h"

#include "base/moment.h"

#include <strings.h>

#define LEAST_NS INT64_C(1000000)

static int read_duration(const struct instruction_context *c, const char *flag, const char *value, int64_t *ret_ns)
{
	int r;

	if (str_is_empty(value))
		return 0;
	if (duration_parse(value, ret_ns) < 0) {
		r = instruction_fail(c, value, "flag '%s' takes a length of time, not '%s'", flag, value);
		error_hint(c->err, "such as 30s, 1m30s or 500ms");
		return r;
	}
	if (*ret_ns && *ret_ns < LEAST_NS)
		return instruction_fail(c, value, "flag '%s' takes 1ms at least, not '%s'", flag, value);
	return 0;
}

static int read_retries(const struct instruction_context *c, const char *value, int64_t *ret)
{
	if (str_is_empty(value))
		return 0;
	if (str_to_i64(value, 10, ret) < 0 || *ret < 0 || *ret > INT32_MAX)
		return instruction_fail(c, value, "flag '--retries' takes a number, not '%s'", value);
	return 0;
}

static int read_times(const struct instruction_context *c, const struct instruction_flags *flags, struct spec_health_check *check)
{
	int r = read_duration(c, "--interval", flags->interval, &check->interval_ns);

	if (r == 0)
		r = read_duration(c, "--timeout", flags->timeout, &check->timeout_ns);
	if (r == 0)
		r = read_duration(c, "--start-period", flags->start_period, &check->start_period_ns);
	if (r == 0)
		r = read_duration(c, "--start-interval", flags->start_interval, &check->start_interval_ns);
	return r < 0 ? r : read_retries(c, flags->retries, &check->retries);
}

/* {"CMD", words…} or {"CMD-SHELL", all of it}. */
static char **make_test(struct arena *arena, char *const *json, char *text)
{
	char *const shell[] = { text, NULL }, *const *words = json ? json : shell;
	size_t count = 0;
	char **ret;

	while (words[count])
		count++;
	ret = arena_alloc(arena, count + 2, sizeof(*ret));
	ret[0] = arena_strdup(arena, json ? "CMD" : "CMD-SHELL");
	memcpy(ret + 1, words, count * sizeof(*ret));
	return ret;
}

static int fail_type(const struct instruction_context *c, const char *type)
{
	static const char *const types[] = { "CMD", "NONE" };
	int r = *type ? instruction_fail(c, type, "HEALTHCHECK takes CMD or NONE, not '%s'", type) : instruction_fail(c, NULL, "HEALTHCHECK has neither CMD nor NONE");

	if (*type && !instruction_hint_nearest(c, type, types, ARRAY_SIZE(types)))
		error_hint(c->err, "HEALTHCHECK CMD %s", c->source->text);
	return r;
}

int instruction_health_read(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret)
{
	size_t length = strcspn(c->source->text, DOCKERFILE_BLANKS);
	char *type = arena_strndup(c->arena, c->source->text, length), *text = c->source->text + length;
	struct spec_health_check *check = arena_alloc(c->arena, 1, sizeof(*check));

	text += strspn(text, DOCKERFILE_BLANKS);
	ret->health_check = check;
	if (strcasecmp(type, "NONE") == 0) {
		check->test = arena_alloc(c->arena, 2, sizeof(*check->test));
		check->test[0] = arena_strdup(c->arena, "NONE");
		return *text ? instruction_fail(c, text, "HEALTHCHECK NONE takes no command") : 0;
	}
	if (strcasecmp(type, "CMD") != 0)
		return fail_type(c, type);
	if (c->source->json ? !c->source->json[0] : !*text)
		return instruction_fail(c, type, "HEALTHCHECK CMD has no command");
	check->test = make_test(c->arena, c->source->json, text);
	return read_times(c, flags, check);
}
