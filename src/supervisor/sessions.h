/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Further processes in the container: those that clients execute, and health
 * checks. Each is started by a short-lived child of ours, so that nothing that
 * a container does to a process of its own can hold the supervisor up; the
 * process becomes our child when that one ends (prctl(2), PR_SET_CHILD_SUBREAPER).
 *
 * Without a terminal a process has the client's pipes for its standard streams:
 * no byte of them passes through here.
 */
#ifndef BIVY_SUPERVISOR_SESSIONS_H
#define BIVY_SUPERVISOR_SESSIONS_H

#include "supervisor/keeper.h"

struct session {
	struct session *next;
	struct keeper *keeper;
	int64_t number;         /* 0: a health check */
	char **args;            /* of a client's; freed with it */
	char *name;             /* what events call it, or NULL: the number; likewise */
	struct client *client;  /* who hears of it; NULL: nobody, or gone */
	bool is_check, is_started, has_ended, is_over;
	int starter;            /* the child that starts it tells us here; or -EBADF */
	pid_t pid;
	int pidfd, terminal, slave, output; /* .output: a check's; or -EBADF */
	uint32_t width, height;
	struct flow in, out;    /* with a terminal */
	struct buf text;        /* what a check wrote */
	int64_t exit_code;
	struct error error;     /* it could not be started */
};

/*
 * Executes REQUEST's process for CLIENT, with the COUNT descriptors that came
 * along, which are ours afterwards. *RET hears of nothing yet: reply and event
 * come from the loop.
 */
int sessions_start(struct keeper *keeper, struct client *client, const struct spec_message *request, int *fds, size_t count, struct error *err) _must_check_;

/* Begins a health check, for CLIENT or for the timer (NULL). */
int sessions_start_check(struct keeper *keeper, struct error *err) _must_check_;

/* The one of that number that runs, or NULL. */
struct session *sessions_find(struct keeper *keeper, int64_t number);

int sessions_signal(struct session *session, int signal_number, struct error *err) _must_check_;

/* Begins or ends the health check that is due. */
void sessions_check_health(struct keeper *keeper, int64_t now_ns);

/* Takes what starters have told: before processes that were reaped are looked for. */
void sessions_take_started(struct keeper *keeper);

/* Process PID was reaped: its session, if it is one's. */
void sessions_take_end(struct keeper *keeper, pid_t pid, int status);

/* The container's first process has ended, and they with it. */
void sessions_end_all(struct keeper *keeper);

/* CLIENT is gone: what it started goes on, without it. */
void sessions_forget_client(struct keeper *keeper, const struct client *client);

void sessions_watch(struct keeper *keeper);
/* Tells of those whose output was read, and frees them. */
void sessions_step(struct keeper *keeper);
void sessions_done(struct keeper *keeper);

#endif
