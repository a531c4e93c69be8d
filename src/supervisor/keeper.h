/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of a supervisor that serves: all that it has of its container, the
 * one struct that its files share. life.c changes what the container is doing,
 * clients.c what clients have asked for, sessions.c further processes, notes.c
 * says what is to be written down. It reads what the container and its clients
 * send, and has given up nearly everything (confinement.h) before there is any
 * of that; what takes more is the maker's to do (maker.h, deeds.h).
 */
#ifndef BIVY_SUPERVISOR_KEEPER_H
#define BIVY_SUPERVISOR_KEEPER_H

#include "spec/supervision.h"
#include "supervisor/flow.h"
#include "supervisor/health.h"
#include "supervisor/log.h"
#include "supervisor/supervisor.h"
#include "supervisor/warnings.h"

#include <sys/stat.h>
#include <sys/types.h>

struct client;
struct session;

/* The container's first process, while it lives and until all that it wrote was read. */
struct first {
	pid_t pid;    /* the maker's child; 0: there is none */
	int terminal; /* its master, or -EBADF */
	int slave;    /* kept open, so that a moment in which nobody in the container has it is not the end; or -EBADF */
	int in;       /* where its input is written: a pipe, or the terminal; or -EBADF */
	struct flow out, err; /* with a terminal: only .out */
	int64_t since_ns;     /* loop_now_ns() of its start */
	bool has_ended;       /* it was reaped; .out and .err may still have something */
	bool is_noted;        /* its end is among the events */
	int forced_signal;    /* we ended it in place of this signal (first_process.h), or 0 */
};

struct keeper {
	const struct supervisor_request *request;
	int deeds, notices;   /* to the maker, and from it */
	bool has_unsettled;   /* the maker may not have done all that it was told yet */
	struct arena *arena;  /* of .what, as it was at first */
	struct arena *checks; /* of its health checks, if they were updated; or NULL */
	char *new_name;       /* if it was renamed; or NULL */
	struct spec_supervision *what;
	struct stat document; /* of what that was read from */
	struct spec_container_state state;
	struct warnings warnings;
	struct loop loop;
	struct log *log;
	struct health *health;
	struct first first;
	struct client *clients;
	struct session *sessions;
	int64_t last_session;

	char *boot_id;
	int bundle_fd, listen_fd;

	/* Moments of loop_now_ns(), or LOOP_NEVER. */
	int64_t kill_at_ns;    /* it was asked to stop and has that long */
	int64_t timeout_at_ns; /* --timeout */
	int64_t restart_at_ns; /* RESTARTING */
	int64_t trim_at_ns;    /* memory that was needed for a while is given back */
	int64_t give_up_at_ns; /* what the ended process wrote is not waited for longer */
	int64_t last_wait_ns;  /* restart.h */

	bool is_confined;
	bool was_started;    /* START came */
	bool is_stopping;    /* no restart by policy */
	bool restarts_next;  /* it is stopped in order to be started again */
	bool host_stops;     /* it is stopped because the host goes down: not for good */
	bool is_over;        /* ended for good: leave the loop */
};

/* After a start or a session: a container that lives longer is better read again than kept. */
#define KEEPER_TRIM_AFTER_NS INT64_C(1000000000)

/* What messages call it. */
static inline const char *keeper_name(const struct keeper *keeper)
{
	return keeper->what->name ? keeper->what->name : keeper->what->id;
}

static inline bool keeper_is_running(const struct keeper *keeper)
{
	return keeper->first.pid && !keeper->first.has_ended;
}

#endif
