/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a container whose process has ended is started again, and when. Pure functions. */
#ifndef BIVY_SUPERVISOR_RESTART_H
#define BIVY_SUPERVISOR_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_FIRST_NS INT64_C(100000000)     /* 100 ms before the first restart, then twice as long each time, */
#define RESTART_LONGEST_NS INT64_C(60000000000) /* up to a minute, */
#define RESTART_GOOD_NS INT64_C(10000000000)    /* until it has lived for ten seconds */

struct restart_facts {
	const char *policy;  /* "no" (NULL), "always", "unless-stopped", "on-failure" */
	int64_t maximum;     /* of on-failure; 0: no limit */
	int64_t count;       /* restarts so far */
	int64_t exit_code;
	bool stopped;        /* somebody wanted it to end */
	int64_t lived_ns;
	int64_t last_wait_ns; /* before this life; 0: none */
};

/* *RET_WAIT_NS is set only if it is. */
bool restart_is_due(const struct restart_facts *facts, int64_t *ret_wait_ns);

#endif
