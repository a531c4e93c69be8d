/* SPDX-License-Identifier: Apache-2.0 */
/* The options about health: when it is checked, how, and what follows. */
#ifndef BIVY_CLI_VALUE_HEALTH_H
#define BIVY_CLI_VALUE_HEALTH_H

#include "spec/value_list.h"
#include "spec/container.h"

/* A length of time such as "30s", 0 or at least a millisecond. TARGET: int64_t, nanoseconds; fits option_entry.parse. */
int value_duration_parse(const char *text, void *target, struct error *err) _must_check_;

/* What --health-… or --health-startup-… said; NULL and 0 where they said nothing. */
struct value_health {
	const char *command;
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries;
};

/*
 * Makes it a check, in the arena; *RET is NULL if nothing was said. A command is
 * for the shell, unless it is an array of JSON: the arguments themselves. "none"
 * is no check at all.
 */
int value_health_make(struct arena *arena, const struct value_health *health, struct spec_health_check **ret, struct error *err) _must_check_;

/* "none", "kill", "restart", "stop". TARGET: enum spec_health_action; fits option_entry.parse. */
int value_health_action_parse(const char *text, void *target, struct error *err) _must_check_;

#endif
