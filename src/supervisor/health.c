/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/health.h"
#include "base/memory.h"
#include "base/moment.h"

#define NS_PER_S INT64_C(1000000000)
#define DEFAULT_INTERVAL (30 * NS_PER_S)
#define DEFAULT_TIMEOUT (30 * NS_PER_S)
#define DEFAULT_START_INTERVAL (5 * NS_PER_S)
#define DEFAULT_RETRIES 3

struct health {
	struct health_config config;
	struct spec_health_state state;
	bool runs;          /* the container's process does */
	bool checking;
	bool has_started_up; /* the start-up check has succeeded, or there is none */
	int64_t successes;  /* of it, in a row */
	int64_t period_ns;  /* when the start period began */
	int64_t last_ns;    /* what the interval to the next check is counted from */
	int64_t begin_ns, begin_wall_ns; /* of the check that runs */
	int64_t paused_ns;  /* since when it is paused; 0: it is not */
	const char **command;
};

/* ---- the configuration ------------------------------------------------------------------ */

static bool is_check(const struct spec_health_check *check)
{
	return check && check->test && check->test[0] && !str_equal(check->test[0], "NONE");
}

static int64_t given_or(int64_t given, int64_t otherwise)
{
	return given > 0 ? given : otherwise;
}

/* The sum of two lengths of time, which a person may have chosen without measure. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? HEALTH_NEVER : sum;
}

/* The check that is next, or that runs. */
static const struct spec_health_check *current_check(const struct health *health)
{
	return health->has_started_up ? health->config.check : health->config.startup_check;
}

static bool is_in_start_period(const struct health *health, int64_t now_ns)
{
	return health->has_started_up && health->state.status == SPEC_HEALTH_STARTING &&
	       now_ns < add(health->period_ns, health->config.check->start_period_ns);
}

static int64_t timeout_ns(const struct health *health)
{
	return given_or(current_check(health)->timeout_ns, DEFAULT_TIMEOUT);
}

/* When the next check begins. */
static int64_t next_ns(const struct health *health)
{
	const struct spec_health_check *check = current_check(health);
	int64_t due = add(health->last_ns, given_or(check->interval_ns, DEFAULT_INTERVAL));
	int64_t sooner;

	if (!is_in_start_period(health, health->last_ns))
		return due;
	sooner = add(health->last_ns, given_or(check->start_interval_ns, DEFAULT_START_INTERVAL));
	/* An interval that is shorter than the default start interval is kept. */
	return check->start_interval_ns > 0 || sooner < due ? sooner : due;
}

struct health *health_new(const struct health_config *config)
{
	struct health *health;

	if (!is_check(config->check))
		return NULL;
	health = memory_new(1, sizeof *health);
	health->config = *config;
	health->state.status = SPEC_HEALTH_STARTING;
	health->has_started_up = !is_check(config->startup_check);
	return health;
}

static void done_result(struct spec_health_result *result)
{
	free(result->start);
	free(result->end);
	free(result->output);
}

struct health *health_free(struct health *health)
{
	if (!health)
		return NULL;
	for (size_t i = 0; i < health->state.log_count; i++)
		done_result(&health->state.log[i]);
	free(health->command);
	free(health);
	return NULL;
}

void health_configure(struct health *health, const struct health_config *config)
{
	if (!health || !is_check(config->check))
		return;
	health->config = *config;
	if (!is_check(config->startup_check))
		health->has_started_up = true;
}

/* ---- the process ---------------------------------------------------------------------------- */

void health_start(struct health *health, int64_t now_ns)
{
	if (!health)
		return;
	health->state.status = SPEC_HEALTH_STARTING;
	health->state.failing_streak = 0;
	health->has_started_up = !is_check(health->config.startup_check);
	health->successes = 0;
	health->runs = true;
	health->checking = false;
	health->paused_ns = 0;
	health->period_ns = health->last_ns = now_ns;
}

void health_stop(struct health *health)
{
	if (!health)
		return;
	health->runs = false;
	health->checking = false;
	health->paused_ns = 0;
}

void health_pause(struct health *health, int64_t now_ns)
{
	if (health && health->runs && !health->paused_ns)
		health->paused_ns = now_ns;
}

void health_resume(struct health *health, int64_t now_ns)
{
	int64_t paused;

	if (!health || !health->paused_ns)
		return;
	paused = now_ns - health->paused_ns;
	health->paused_ns = 0;
	health->last_ns += paused;
	health->period_ns += paused;
	health->begin_ns += paused;
}

/* ---- checks ------------------------------------------------------------------------------------ */

int64_t health_due_ns(const struct health *health)
{
	if (!health || !health->runs || health->paused_ns)
		return HEALTH_NEVER;
	return health->checking ? add(health->begin_ns, timeout_ns(health)) : next_ns(health);
}

enum health_step health_step(const struct health *health, int64_t now_ns)
{
	int64_t due = health_due_ns(health);

	if (due == HEALTH_NEVER || now_ns < due)
		return HEALTH_WAIT;
	return health->checking ? HEALTH_TIME_OUT : HEALTH_RUN;
}

const char *const *health_command(struct health *health)
{
	static const char *const shell[] = { "/bin/sh", "-c", NULL };
	const char *const *prefix = health && health->config.shell && health->config.shell[0] ? (const char *const *)health->config.shell : shell;
	char *const *test;
	size_t count, prefix_count = 0;

	if (!health)
		return NULL;
	test = current_check(health)->test;
	count = strv_length(test);
	if (str_equal(test[0], "CMD-SHELL"))
		prefix_count = strv_length((char *const *)prefix);
	free(health->command);
	health->command = memory_new(prefix_count + count, sizeof *health->command);
	memcpy(health->command, prefix, prefix_count * sizeof *prefix);
	memcpy(health->command + prefix_count, test + 1, (count - 1) * sizeof *test);
	return health->command;
}

void health_begin(struct health *health, int64_t now_ns, int64_t wall_ns)
{
	if (!health)
		return;
	health->checking = true;
	health->begin_ns = now_ns;
	health->begin_wall_ns = wall_ns;
}

bool health_is_checking(const struct health *health)
{
	return health && health->checking;
}

/* ---- results -------------------------------------------------------------------------------------- */

static char *moment_text(int64_t wall_ns)
{
	const struct timespec moment = { .tv_sec = wall_ns / NS_PER_S, .tv_nsec = wall_ns % NS_PER_S };
	struct buf text = BUF_INIT;

	moment_add(&moment, &text);
	return buf_take(&text);
}

static void add_timeout(struct buf *text, int64_t timeout, bool goes_on)
{
	bool whole = timeout % NS_PER_S == 0;

	buf_printf(text, "took longer than %lld %s%s", (long long)(timeout / (whole ? NS_PER_S : NS_PER_S / 1000)), whole ? "s" : "ms",
		goes_on ? ": " : "");
}

/* The beginning of what a check said, as text: without half a character at the end. */
static void add_output(struct buf *text, const char *output, size_t length)
{
	if (length > HEALTH_OUTPUT_LIMIT) {
		length = HEALTH_OUTPUT_LIMIT;
		for (int i = 0; i < 3 && length > 0 && ((unsigned char)output[length] & 0xc0) == 0x80; i++)
			length--;
	}
	for (size_t i = 0; i < length; i++)
		buf_add_char(text, output[i] ? output[i] : ' ');
}

static void keep_result(struct health *health, int64_t wall_ns, int64_t exit_code, struct buf *output)
{
	struct spec_health_state *state = &health->state;

	if (state->log_count == SPEC_HEALTH_LOG_LENGTH) {
		done_result(&state->log[0]);
		memmove(&state->log[0], &state->log[1], (SPEC_HEALTH_LOG_LENGTH - 1) * sizeof state->log[0]);
		state->log_count--;
	}
	state->log[state->log_count++] = (struct spec_health_result){
		.start = moment_text(health->begin_wall_ns),
		.end = moment_text(wall_ns),
		.exit_code = exit_code,
		.output = buf_take(output),
	};
}

/* The start-up check succeeded: whether that was the last time it takes. */
static void count_startup_success(struct health *health, int64_t now_ns)
{
	health->successes++;
	if (health->successes < given_or(health->config.startup_successes, 1))
		return;
	health->has_started_up = true;
	health->period_ns = now_ns;
}

static void take_success(struct health *health, int64_t now_ns)
{
	health->state.failing_streak = 0;
	if (health->has_started_up)
		health->state.status = SPEC_HEALTHY;
	else
		count_startup_success(health, now_ns);
}

static void take_failure(struct health *health)
{
	int64_t retries = current_check(health)->retries;

	health->successes = 0;
	if (is_in_start_period(health, health->begin_ns))
		return;
	health->state.failing_streak++;
	if (health->has_started_up)
		retries = given_or(retries, DEFAULT_RETRIES);
	if (retries > 0 && health->state.failing_streak >= retries)
		health->state.status = SPEC_UNHEALTHY;
}

/* What is done about one that has become unhealthy. */
static enum spec_health_action failure_action(const struct health *health)
{
	if (health->config.on_failure == SPEC_HEALTH_NONE && !health->has_started_up)
		return SPEC_HEALTH_RESTART;
	return health->config.on_failure;
}

struct health_verdict health_end(struct health *health, int64_t now_ns, int64_t wall_ns, int64_t exit_code, const char *output, size_t length)
{
	struct health_verdict verdict = { .action = SPEC_HEALTH_NONE };
	struct buf text = BUF_INIT;
	enum spec_health_status before;

	if (!health || !health->checking)
		return verdict;
	before = health->state.status;
	if (exit_code == HEALTH_TIMED_OUT && now_ns >= add(health->begin_ns, timeout_ns(health)))
		add_timeout(&text, timeout_ns(health), length > 0);
	add_output(&text, output, length);
	keep_result(health, wall_ns, exit_code, &text);
	health->checking = false;
	if (exit_code == 0)
		take_success(health, now_ns);
	else
		take_failure(health);
	health->last_ns = now_ns;
	verdict.changed = health->state.status != before;
	if (verdict.changed && health->state.status == SPEC_UNHEALTHY)
		verdict.action = failure_action(health);
	return verdict;
}

const struct spec_health_state *health_state(const struct health *health)
{
	return health ? &health->state : NULL;
}
