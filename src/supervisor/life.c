/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the start of a process to what comes after its end:
 *
 *   1. it is reaped            life_take_end(): exit code, OOM
 *   2. its output is read      life_step() → settle()
 *   3. the state is written, then the event "die" and those who wait are told
 *   4. what the runtime made is removed
 *   5. it is started again, now or later; or the supervisor ends
 */
#include "supervisor/life.h"
#include "base/log.h"
#include "supervisor/clients.h"
#include "supervisor/deeds.h"
#include "supervisor/life_begin.h"
#include "supervisor/notes.h"
#include "supervisor/notices.h"
#include "supervisor/restart.h"
#include "supervisor/sessions.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#define NS_PER_S INT64_C(1000000000)
#define STUCK_READER_NS (10 * NS_PER_S) /* a client that takes no output holds a restart up for so long */

static int not_running(const struct keeper *keeper, struct error *err)
{
	return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", keeper_name(keeper));
}

static void set_time(char **slot)
{
	char *text = notes_time();

	free(*slot);
	*slot = text;
}

/* ---- start -------------------------------------------------------------------------- */

/* What was not there before, or is over: nothing is due. */
static void forget_moments(struct keeper *keeper)
{
	keeper->kill_at_ns = keeper->timeout_at_ns = keeper->restart_at_ns = keeper->give_up_at_ns = LOOP_NEVER;
	keeper->is_stopping = keeper->restarts_next = false;
}

static void note_failed_start(struct keeper *keeper, const struct error *err)
{
	struct spec_container_state *state = &keeper->state;

	state->status = state->started ? SPEC_CONTAINER_EXITED : SPEC_CONTAINER_CREATED;
	state->exit_code = err->exit_status ? err->exit_status : 125;
	state->should_run = false;
	free(state->error);
	state->error = str_dup(err->message);
}

int life_start(struct keeper *keeper, uint32_t width, uint32_t height, struct error *err)
{
	struct spec_container_state *state = &keeper->state;
	int r = life_begin(keeper, width, height, err);

	keeper->was_started = true;
	forget_moments(keeper);
	if (r < 0) {
		note_failed_start(keeper, err);
		return r;
	}
	state->status = SPEC_CONTAINER_RUNNING;
	state->pid = keeper->first.pid;
	state->exit_code = state->signal = state->oom_limit = 0;
	state->oom_killed = state->manually_stopped = false;
	state->should_run = true;
	free(TAKE_PTR(state->error));
	set_time(&state->started);
	clients_connect_inputs(keeper);
	health_start(keeper->health, keeper->first.since_ns);
	notes_write_state(keeper);
	keeper->trim_at_ns = keeper->first.since_ns + KEEPER_TRIM_AFTER_NS;
	if (keeper->what->timeout_s > 0)
		keeper->timeout_at_ns = keeper->first.since_ns + keeper->what->timeout_s * NS_PER_S;
	return 0;
}

/* ---- signals ---------------------------------------------------------------------------- */

/* A frozen process of v1 dies only when it thaws; one of v2 may be dead already, and then there is nothing to thaw. */
static int thaw_to_die(struct keeper *keeper, struct error *err)
{
	struct error problem = ERROR_INIT;
	struct deed_answer is_gone = { .number = 0 };
	int r = life_unpause(keeper, &problem);

	if (r == 0 || (deeds_ask(keeper, &(const struct deed){ .type = DEED_IS_GONE }, &is_gone, NULL) == 0 && is_gone.number))
		return 0;
	*err = problem;
	return r;
}

int life_signal(struct keeper *keeper, int signal_number, struct error *err)
{
	const struct deed deed = { .type = DEED_SIGNAL, .numbers = { signal_number } };
	struct deed_answer is_forced;
	int r;

	if (!keeper_is_running(keeper))
		return not_running(keeper, err);
	r = deeds_ask(keeper, &deed, &is_forced, err);
	if (r < 0)
		return r;
	if (is_forced.number)
		keeper->first.forced_signal = signal_number;
	if ((signal_number == SIGKILL || is_forced.number) && keeper->state.status == SPEC_CONTAINER_PAUSED)
		return thaw_to_die(keeper, err);
	return 0;
}

static void call_restart_off(struct keeper *keeper)
{
	keeper->restart_at_ns = LOOP_NEVER;
	keeper->state.status = SPEC_CONTAINER_EXITED;
	keeper->state.should_run = keeper->host_stops;
	keeper->is_over = true;
}

int life_stop(struct keeper *keeper, int signal_number, int64_t timeout_s, struct error *err)
{
	const struct spec_supervision *what = keeper->what;
	int r = 0;

	keeper->is_stopping = true;
	if (!keeper_is_running(keeper)) {
		if (keeper->restart_at_ns != LOOP_NEVER)
			call_restart_off(keeper);
		return keeper->is_over || keeper->first.pid ? 0 : not_running(keeper, err);
	}
	if (keeper->state.status == SPEC_CONTAINER_PAUSED)
		r = life_unpause(keeper, err);
	if (signal_number == 0)
		signal_number = what->stop_signal ? (int)what->stop_signal : SIGTERM;
	if (timeout_s == -2)
		timeout_s = what->stop_timeout_s;
	if (r == 0)
		r = life_signal(keeper, timeout_s == 0 ? SIGKILL : signal_number, err);
	if (r < 0)
		return r;
	if (timeout_s >= 0 && timeout_s < INT32_MAX)
		keeper->kill_at_ns = loop_now_ns() + timeout_s * NS_PER_S;
	keeper->state.status = SPEC_CONTAINER_STOPPING;
	notes_write_state(keeper);
	return 0;
}

int life_pause(struct keeper *keeper, struct error *err)
{
	int r;

	if (!keeper_is_running(keeper))
		return not_running(keeper, err);
	if (keeper->state.status == SPEC_CONTAINER_PAUSED)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is already paused", keeper_name(keeper));
	r = deeds_ask(keeper, &(const struct deed){ .type = DEED_PAUSE }, NULL, err);
	if (r < 0)
		return r;
	health_pause(keeper->health, loop_now_ns());
	keeper->state.status = SPEC_CONTAINER_PAUSED;
	keeper->trim_at_ns = loop_now_ns() + KEEPER_TRIM_AFTER_NS;
	notes_write_state(keeper);
	notes_add_event(keeper, "pause", NULL, NULL);
	return 0;
}

int life_unpause(struct keeper *keeper, struct error *err)
{
	int r;

	if (!keeper_is_running(keeper))
		return not_running(keeper, err);
	if (keeper->state.status != SPEC_CONTAINER_PAUSED)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not paused", keeper_name(keeper));
	r = deeds_ask(keeper, &(const struct deed){ .type = DEED_RESUME }, NULL, err);
	if (r < 0)
		return r;
	health_resume(keeper->health, loop_now_ns());
	keeper->state.status = SPEC_CONTAINER_RUNNING;
	keeper->trim_at_ns = loop_now_ns() + KEEPER_TRIM_AFTER_NS;
	notes_write_state(keeper);
	notes_add_event(keeper, "unpause", NULL, NULL);
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void note_oom(struct keeper *keeper, const struct deed_notice *notice)
{
	keeper->state.oom_killed = notice->oom_killed;
	if (!notice->oom_killed)
		return;
	keeper->state.oom_limit = notice->oom_limit;
	notes_add_event(keeper, "oom", NULL, NULL);
}

void life_take_end(struct keeper *keeper, const struct deed_notice *notice)
{
	int status = notice->status;
	struct spec_container_state *state = &keeper->state;
	struct first *first = &keeper->first;
	int64_t signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (signal_number == SIGKILL && first->forced_signal)
		signal_number = first->forced_signal;
	first->has_ended = true;
	state->exit_code = signal_number ? 128 + signal_number : WEXITSTATUS(status);
	state->signal = signal_number;
	state->pid = 0;
	set_time(&state->finished);
	note_oom(keeper, notice);
	health_stop(keeper->health);
	clients_close_inputs(keeper);
	close_and_forget(&first->slave);
	if (first->in != first->terminal)
		close_and_forget(&first->in);
	first->in = -EBADF;
	close_and_forget(&first->terminal);
	flow_cut(&first->out);
	flow_cut(&first->err);
	keeper->kill_at_ns = keeper->timeout_at_ns = LOOP_NEVER;
}

/* Of 4.: what stays is said, and swept by who removes the container. */
static void remove_runtime(struct keeper *keeper, bool comes_again)
{
	const struct deed deed = { .type = DEED_REMOVE, .numbers = { comes_again } };
	struct error err = ERROR_INIT;

	if (deeds_ask(keeper, &deed, NULL, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

static void remember_networks(struct keeper *keeper)
{
	deeds_do(keeper, &(const struct deed){ .type = DEED_REMEMBER }, NULL);
}

/* Its process is gone and it is to be started at once, or now that its time has come. */
static void start_again(struct keeper *keeper)
{
	struct error err = ERROR_INIT;
	int r = life_start(keeper, 0, 0, &err);

	if (r < 0) {
		clients_tell_failed_start(keeper, &err);
		keeper->is_over = true;
		return;
	}
	notes_add_network_events(keeper, "connect");
	notes_add_volume_events(keeper, "mount");
	notes_add_event(keeper, "start", NULL, NULL);
	clients_tell_start(keeper);
}

/* What comes after the end. */
struct sequel {
	bool by_request, by_policy; /* it is started again */
	int64_t wait_ns;            /* before that, by policy */
};

static struct sequel decide(const struct keeper *keeper)
{
	struct sequel sequel = { .by_request = keeper->restarts_next };
	struct restart_facts facts = {
		.policy = keeper->what->restart_policy,
		.maximum = keeper->what->restart_maximum,
		.count = keeper->state.restart_count,
		.exit_code = keeper->state.exit_code,
		.stopped = keeper->is_stopping,
		.lived_ns = loop_now_ns() - keeper->first.since_ns,
		.last_wait_ns = keeper->last_wait_ns,
	};

	sequel.by_policy = !sequel.by_request && restart_is_due(&facts, &sequel.wait_ns);
	return sequel;
}

/* With how long it has run, in seconds. */
static void add_death_event(struct keeper *keeper)
{
	char code[24], seconds[24];
	const struct spec_pair extra[] = { { (char *)"execDuration", seconds }, { (char *)"exitCode", code } };

	snprintf(code, sizeof code, "%" PRId64, keeper->state.exit_code);
	snprintf(seconds, sizeof seconds, "%" PRId64, (loop_now_ns() - keeper->first.since_ns) / NS_PER_S);
	notes_add_event_with(keeper, "die", extra, ARRAY_SIZE(extra));
}

/* Once it can be seen: who hears of the end looks at once how it was. */
static void note_death(struct keeper *keeper)
{
	if (keeper->first.is_noted)
		return;
	keeper->first.is_noted = true;
	add_death_event(keeper);
	notes_add_network_events(keeper, "disconnect");
	notes_add_volume_events(keeper, "unmount");
}

/* Somebody is slow to read what it wrote: that it has ended is to be seen all the same. */
static void note_end(struct keeper *keeper)
{
	if (keeper->state.status == SPEC_CONTAINER_EXITED)
		return;
	remember_networks(keeper);
	keeper->state.status = SPEC_CONTAINER_EXITED;
	notes_write_state(keeper);
	note_death(keeper);
}

/* 3. and 4. */
static void leave(struct keeper *keeper, bool comes_again)
{
	struct spec_container_state *state = &keeper->state;

	state->status = comes_again ? SPEC_CONTAINER_RESTARTING : SPEC_CONTAINER_EXITED;
	state->should_run = comes_again || keeper->host_stops;
	sessions_end_all(keeper);
	flow_close(&keeper->first.out);
	flow_close(&keeper->first.err);
	if (!comes_again)
		remember_networks(keeper);
	notices_settle(keeper);
	notes_write_state(keeper);
	note_death(keeper);
	clients_tell_end(keeper, comes_again);
	remove_runtime(keeper, comes_again);
}

/* 2. to 5.: the process is reaped, and all it wrote was read. */
static void settle(struct keeper *keeper, const struct sequel *sequel)
{
	log_flush(keeper->log, 1);
	log_flush(keeper->log, 2);
	if (sequel->by_request) {
		leave(keeper, true);
		keeper->first.pid = 0;
		keeper->state.restart_count = keeper->last_wait_ns = 0;
		start_again(keeper);
	} else if (sequel->by_policy) {
		keeper->state.restart_count++;
		leave(keeper, true);
		keeper->first.pid = 0;
		keeper->last_wait_ns = sequel->wait_ns;
		keeper->restart_at_ns = loop_now_ns() + sequel->wait_ns;
	} else {
		leave(keeper, false);
		keeper->first.pid = 0;
		keeper->is_over = true;
	}
}

/* ---- the loop's part ----------------------------------------------------------------------------- */

static bool has_passed(int64_t *moment_ns, int64_t now_ns)
{
	if (*moment_ns > now_ns)
		return false;
	*moment_ns = LOOP_NEVER;
	return true;
}

static void kill_now(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	if (life_signal(keeper, SIGKILL, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* All output was read; or its readers take nothing and a restart waits. */
static bool is_drained(struct keeper *keeper, const struct sequel *sequel, int64_t now_ns)
{
	if (flow_is_idle(&keeper->first.out) && flow_is_idle(&keeper->first.err))
		return true;
	if (keeper->give_up_at_ns == LOOP_NEVER && (sequel->by_request || sequel->by_policy))
		keeper->give_up_at_ns = now_ns + STUCK_READER_NS;
	return now_ns >= keeper->give_up_at_ns;
}

void life_step(struct keeper *keeper)
{
	int64_t now_ns = loop_now_ns();

	if (keeper->first.pid && keeper->first.has_ended) {
		struct sequel sequel = decide(keeper);

		if (is_drained(keeper, &sequel, now_ns))
			settle(keeper, &sequel);
		else
			note_end(keeper);
		return;
	}
	if (keeper_is_running(keeper)) {
		if (has_passed(&keeper->kill_at_ns, now_ns) || has_passed(&keeper->timeout_at_ns, now_ns))
			kill_now(keeper);
		sessions_check_health(keeper, now_ns);
	}
	if (has_passed(&keeper->restart_at_ns, now_ns))
		start_again(keeper);
	if (has_passed(&keeper->trim_at_ns, now_ns)) {
		deeds_do(keeper, &(const struct deed){ .type = DEED_FORGET }, NULL);
		if (keeper->request->trim)
			keeper->request->trim();
	}
}

void life_watch(struct keeper *keeper)
{
	const int64_t moments[] = { keeper->kill_at_ns, keeper->timeout_at_ns, keeper->restart_at_ns, keeper->trim_at_ns, keeper->give_up_at_ns };

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
		loop_wake_at(&keeper->loop, moments[i]);
	if (keeper_is_running(keeper))
		loop_wake_at(&keeper->loop, health_due_ns(keeper->health));
	flow_watch(&keeper->first.out, &keeper->loop);
	flow_watch(&keeper->first.err, &keeper->loop);
}

void life_done(struct keeper *keeper)
{
	struct first *first = &keeper->first;

	flow_close(&first->out);
	flow_close(&first->err);
	close_and_forget(&first->slave);
	if (first->in != first->terminal)
		close_and_forget(&first->in);
	close_and_forget(&first->terminal);
	free(keeper->state.started);
	free(keeper->state.finished);
	free(keeper->state.error);
}
