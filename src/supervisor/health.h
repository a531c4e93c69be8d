/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a container is healthy: when its check is run, how long that may
 * take, and what follows from the result. A state machine without system calls:
 * the caller's loop tells it the time and runs what it asks for.
 *
 *	health_start()                           the process runs
 *	loop: wait until health_due_ns()
 *	      HEALTH_RUN      execute health_command(), health_begin()
 *	      HEALTH_TIME_OUT kill that, health_end() with HEALTH_TIMED_OUT
 *	      it ended        health_end()
 *	health_stop()                            the process ended
 *
 * Rules (docker's, and Podman's start-up check):
 *  1. A check begins .interval after the process's start or the end of the check
 *     before; .start_interval while the start period lasts and no check has
 *     succeeded. Without a start period there is no start interval.
 *  2. Success makes it healthy. .retries failures in a row make it unhealthy;
 *     those of checks begun in the start period do not count as long as
 *     it is starting.
 *  3. As long as there is a start-up check that has not succeeded
 *     .startup_successes times in a row, that is run instead, by its own times,
 *     and the container is starting; the start period begins then. .retries
 *     failures in a row (0: any number) make it unhealthy, and the action is a
 *     restart if none is configured.
 *  4. The action is due once, when it becomes unhealthy.
 *  5. A paused container is not checked, and the time does not count.
 *
 * Times NOW_NS are of CLOCK_MONOTONIC, WALL_NS of CLOCK_REALTIME.
 */
#ifndef BIVY_SUPERVISOR_HEALTH_H
#define BIVY_SUPERVISOR_HEALTH_H

#include "spec/container.h"
#include "spec/container_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_NEVER INT64_MAX
#define HEALTH_TIMED_OUT (-1)  /* exit code of a check that took too long; or could not be executed, with the reason as output */
#define HEALTH_OUTPUT_LIMIT 4096 /* bytes of a check's output that are kept; the caller may drop what comes behind */

struct health_config {
	const struct spec_health_check *check, *startup_check; /* or NULL; borrowed */
	char *const *shell;        /* what CMD-SHELL's command is given to; NULL: /bin/sh -c */
	int64_t startup_successes; /* 0 is 1 */
	enum spec_health_action on_failure;
};

struct health;

/* NULL if there is nothing to check ({"NONE"}, or no check at all); all functions here take NULL, and nothing is ever due then. */
struct health *health_new(const struct health_config *config);
struct health *health_free(struct health *health);

/* Other times and commands from now on (`update`), unless there is nothing to check in CONFIG; a check that runs goes on. */
void health_configure(struct health *health, const struct health_config *config);

/* The process has started (again): all begins anew, but the results of earlier checks stay to be seen. */
void health_start(struct health *health, int64_t now_ns);
/* It has ended: nothing is due any more. A check that runs is forgotten: the caller ends it. */
void health_stop(struct health *health);
void health_pause(struct health *health, int64_t now_ns);
void health_resume(struct health *health, int64_t now_ns);

/* When health_step() has something to say; HEALTH_NEVER if that depends on other things. */
int64_t health_due_ns(const struct health *health);

enum health_step { HEALTH_WAIT, HEALTH_RUN, HEALTH_TIME_OUT };
enum health_step health_step(const struct health *health, int64_t now_ns);

/* What to execute for the check that is next: NULL-terminated; lives as long as the configuration, and to the next call. */
const char *const *health_command(struct health *health);

/* A check has been started; also one that a person asked for, unless health_is_checking(). */
void health_begin(struct health *health, int64_t now_ns, int64_t wall_ns);
bool health_is_checking(const struct health *health);

struct health_verdict {
	bool changed; /* the status is another: an event "health_status: …" */
	enum spec_health_action action; /* what is to be done, now */
};

/* The check that was begun has ended with EXIT_CODE (0: healthy), or timed out; OUTPUT may be anything, of LENGTH bytes. */
struct health_verdict health_end(struct health *health, int64_t now_ns, int64_t wall_ns, int64_t exit_code, const char *output, size_t length);

/* For the container's state; NULL for NULL. Valid until the next call of the above. */
const struct spec_health_state *health_state(const struct health *health);

DEFINE_CLEANUP(struct health *, health_free)
#define _cleanup_health_ _cleanup_(cleanup_health_free)

#endif
