/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record is one line of JSON. "format" comes first and counts changes that
 * an older reader would misunderstand; members may be added without one.
 */
#include "spec/container_state.h"
#include "spec/decode.h"

#define FORMAT 1
#define OUTPUT_LIMIT 4096 /* bytes of a health check's output */

/* What the record says, and what people are told. */
static const struct {
	const char *word, *shown;
} statuses[] = {
	[SPEC_CONTAINER_CREATED] = { "created", "created" },
	[SPEC_CONTAINER_STARTING] = { "starting", "created" },
	[SPEC_CONTAINER_RUNNING] = { "running", "running" },
	[SPEC_CONTAINER_PAUSED] = { "paused", "paused" },
	[SPEC_CONTAINER_RESTARTING] = { "restarting", "restarting" },
	[SPEC_CONTAINER_STOPPING] = { "stopping", "running" },
	[SPEC_CONTAINER_EXITED] = { "exited", "exited" },
	[SPEC_CONTAINER_REMOVING] = { "removing", "removing" },
};

static const char *const health_words[] = {
	[SPEC_HEALTH_STATUS_NONE] = "none",
	[SPEC_HEALTH_STARTING] = "starting",
	[SPEC_HEALTHY] = "healthy",
	[SPEC_UNHEALTHY] = "unhealthy",
};

const char *spec_container_status_name(enum spec_container_status status)
{
	return (size_t)status < ARRAY_SIZE(statuses) ? statuses[status].shown : "unknown";
}

const char *spec_health_status_name(enum spec_health_status status)
{
	return (size_t)status < ARRAY_SIZE(health_words) ? health_words[status] : "unknown";
}

enum state_field { STATE_STATUS, STATE_HEALTH, HEALTH_STATUS, HEALTH_LOG };

static const struct field state_fields[] = {
	FIELD_BY(STATE_STATUS, "Status", FIELD_REQUIRED),
	FIELD(I64, struct spec_container_state, pid, "Pid"),
	FIELD(I64, struct spec_container_state, supervisor_pid, "SupervisorPid"),
	FIELD(I64, struct spec_container_state, exit_code, "ExitCode"),
	FIELD(BOOL, struct spec_container_state, oom_killed, "OOMKilled"),
	FIELD(I64, struct spec_container_state, oom_limit, "OOMLimit"),
	FIELD(I64, struct spec_container_state, signal, "Signal"),
	FIELD(STRING, struct spec_container_state, error, "Error"),
	FIELD(STRING, struct spec_container_state, started, "StartedAt"),
	FIELD(STRING, struct spec_container_state, finished, "FinishedAt"),
	FIELD(I64, struct spec_container_state, restart_count, "RestartCount"),
	FIELD(BOOL, struct spec_container_state, manually_stopped, "ManuallyStopped"),
	FIELD(BOOL, struct spec_container_state, should_run, "ShouldRun"),
	FIELD(STRING, struct spec_container_state, boot_id, "BootID"),
	FIELD(I64, struct spec_container_state, log_dropped, "LogDropped"),
	FIELD(U32, struct spec_container_state, id_base, "IDBase"),
	FIELD(U32, struct spec_container_state, id_size, "IDSize"),
	FIELD_BY(STATE_HEALTH, "Health", 0),
	FIELD(STRINGS, struct spec_container_state, warnings, "Warnings"),
};

static const struct field health_fields[] = {
	FIELD_BY(HEALTH_STATUS, "Status", FIELD_REQUIRED),
	FIELD(I64, struct spec_health_state, failing_streak, "FailingStreak"),
	FIELD_BY(HEALTH_LOG, "Log", 0),
};

static const struct field result_fields[] = {
	FIELD(STRING, struct spec_health_result, start, "Start"),
	FIELD(STRING, struct spec_health_result, end, "End"),
	FIELD(I64, struct spec_health_result, exit_code, "ExitCode"),
	FIELD_BY(0, "Output", 0),
};

/* ---- decoding ------------------------------------------------------------------ */

static int decode_status(const struct decoder *d, const struct json *value, enum spec_container_status *ret)
{
	char *word = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &word);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (str_equal(statuses[i].word, word)) {
			*ret = (enum spec_container_status)i;
			return 0;
		}
	}
	return decode_fail(d, value, "unknown status \"%.100s\"", word);
}

static int decode_health_status(const struct decoder *d, const struct json *value, enum spec_health_status *ret)
{
	char *word = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &word);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(health_words); i++) {
		if (str_equal(health_words[i], word)) {
			*ret = (enum spec_health_status)i;
			return 0;
		}
	}
	return decode_fail(d, value, "unknown status \"%.100s\"", word);
}

static int decode_output(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	/* Three bytes for each: what was no UTF-8 was written as U+FFFD. */
	return decode_string(d, value, OUTPUT_LIMIT * 3, &((struct spec_health_result *)object)->output);
}

static int decode_result(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, result_fields, ARRAY_SIZE(result_fields), element, decode_output);
}

static int decode_log(const struct decoder *d, const struct json *value, struct spec_health_state *health)
{
	struct spec_health_result *results = NULL;
	size_t count = 0;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *results, decode_result, &results, &count);

	if (r < 0)
		return r;
	if (count > SPEC_HEALTH_LOG_LENGTH)
		return decode_fail(d, value, "%zu results are too many (%d at most)", count, SPEC_HEALTH_LOG_LENGTH);
	if (count)
		memcpy(health->log, results, count * sizeof *results);
	health->log_count = count;
	return 0;
}

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	switch ((enum state_field)id) {
	case STATE_STATUS:
		return decode_status(d, value, &((struct spec_container_state *)object)->status);
	case STATE_HEALTH:
		return decode_fields(d, value, health_fields, ARRAY_SIZE(health_fields), &((struct spec_container_state *)object)->health,
				     decode_own_field);
	case HEALTH_STATUS:
		return decode_health_status(d, value, &((struct spec_health_state *)object)->status);
	case HEALTH_LOG:
		return decode_log(d, value, object);
	}
	return -EINVAL;
}

/* Looked at before anything else: a newer record may have any shape. */
static int check_format(const struct decoder *d)
{
	const struct json *value;
	uint64_t format = 0;
	int r = decode_expect(d, d->root, JSON_OBJECT);

	if (r < 0)
		return r;
	value = json_member(d->root, "format");
	if (!value)
		return decode_fail_missing(d, d->root, "format");
	r = decode_uint(d, value, UINT64_MAX, &format);
	if (r < 0)
		return r;
	if (format > FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "state.json has format %llu of a newer version, this one reads up to %d",
				 (unsigned long long)format, FORMAT);
	return 0;
}

int spec_container_state_decode(struct arena *arena, const char *text, size_t length, struct spec_container_state **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "state.json", .prefix = "", .err = err };
	struct spec_container_state *state = arena_alloc(arena, 1, sizeof *state);
	int r = decode_open(&d, text, length);

	if (r == 0)
		r = check_format(&d);
	if (r == 0)
		r = decode_fields(&d, d.root, state_fields, ARRAY_SIZE(state_fields), state, decode_own_field);
	if (r < 0)
		return r;
	if (state->pid < 0 || state->supervisor_pid < 0)
		return decode_fail_member(&d, d.root, state->pid < 0 ? "Pid" : "SupervisorPid", "a process has no negative number");
	*ret = state;
	return 0;
}

/* ---- encoding -------------------------------------------------------------------- */

static void encode_health(struct json_writer *w, const struct spec_health_state *health)
{
	json_write_open(w, "Health", '{');
	json_write_string(w, "Status", spec_health_status_name(health->status));
	encode_fields(w, health_fields, ARRAY_SIZE(health_fields), health);
	json_write_open(w, "Log", '[');
	for (size_t i = 0; i < health->log_count; i++) {
		json_write_open(w, NULL, '{');
		encode_fields(w, result_fields, ARRAY_SIZE(result_fields), &health->log[i]);
		json_write_string(w, "Output", health->log[i].output ? health->log[i].output : "");
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
	json_write_close(w, '}');
}

void spec_container_state_encode(const struct spec_container_state *state, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", FORMAT);
	json_write_string(&w, "Status", statuses[state->status].word);
	encode_fields(&w, state_fields, ARRAY_SIZE(state_fields), state);
	if (state->health.status != SPEC_HEALTH_STATUS_NONE)
		encode_health(&w, &state->health);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
