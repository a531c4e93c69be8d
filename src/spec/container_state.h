/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is doing, or how it ended: state.json. While it has a
 * supervisor that writes it, in the volatile directory; the last one, of the
 * end, goes beside the record. The names are docker's `State`.
 */
#ifndef BIVY_SPEC_CONTAINER_STATE_H
#define BIVY_SPEC_CONTAINER_STATE_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

enum spec_container_status {
	SPEC_CONTAINER_CREATED, /* never started: what a missing state.json says */
	SPEC_CONTAINER_STARTING,
	SPEC_CONTAINER_RUNNING,
	SPEC_CONTAINER_PAUSED,
	SPEC_CONTAINER_RESTARTING, /* waits for the back-off */
	SPEC_CONTAINER_STOPPING,
	SPEC_CONTAINER_EXITED,
	SPEC_CONTAINER_REMOVING,
};

enum spec_health_status { SPEC_HEALTH_STATUS_NONE, SPEC_HEALTH_STARTING, SPEC_HEALTHY, SPEC_UNHEALTHY };

struct spec_health_result {
	char *start, *end; /* RFC 3339 */
	int64_t exit_code; /* -1: timed out or could not be run */
	char *output;      /* its beginning, 4096 bytes at most */
};

#define SPEC_HEALTH_LOG_LENGTH 5 /* results kept */

struct spec_health_state {
	enum spec_health_status status;
	int64_t failing_streak;
	struct spec_health_result log[SPEC_HEALTH_LOG_LENGTH]; /* the oldest first */
	size_t log_count;
};

struct spec_container_state {
	enum spec_container_status status;
	int64_t pid;            /* of the first process; 0: none */
	int64_t supervisor_pid; /* 0: none */
	int64_t exit_code;      /* docker's: 128+n for a signal */
	bool oom_killed;
	int64_t oom_limit;      /* bytes that memory was limited to then; 0: unknown */
	int64_t signal;         /* that ended it, or 0 */
	char *error;            /* why it could not be started, or NULL */
	char *started, *finished; /* RFC 3339, NULL: never */
	int64_t restart_count;
	bool manually_stopped;  /* by a person: unless-stopped leaves it so */
	bool should_run;        /* it was started and nobody has seen it end: after a reboot its policy decides */
	char *boot_id;          /* of the kernel it was started under */
	int64_t log_dropped;    /* lines that could not be written */
	uint32_t id_base, id_size; /* its range of ids on the host; size 0: none of its own */
	struct spec_health_state health;
	char **warnings;        /* its supervisor's last ones, each with the time before it; NULL-terminated, or NULL */
};

/* docker's words: "created" "running" "paused" "restarting" "exited" "removing"; STARTING and STOPPING show as "created" and "running". */
const char *spec_container_status_name(enum spec_container_status status);
const char *spec_health_status_name(enum spec_health_status status); /* "none" "starting" "healthy" "unhealthy" */

int spec_container_state_decode(struct arena *arena, const char *text, size_t length, struct spec_container_state **ret, struct error *err) _must_check_;
void spec_container_state_encode(const struct spec_container_state *state, struct buf *out);

#endif
