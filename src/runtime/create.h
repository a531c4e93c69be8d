/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a container, step by step, each with its undo:
 *
 *      step                                   undo
 *   1. record under its name, both locks      remove the record
 *   2. control groups and their limits,       remove the groups
 *      a class of service (intel_rdt.h)       and the class
 *   3. sockets: start, console, notify        (in the record, or closed)
 *   4. sources of mounts opened               (closed)
 *   5. init spawned, prepared, served         kill and reap it; poststop hooks if prestart ones ran
 *   6. recorded: pid in state.json, pid file, pidfd handed over
 *   7. GO: init waits for `start`, or runs
 *
 * A creator that is killed leaves a record that names the groups (container.h,
 * invariant 1), and an init that ends by itself: `delete --force` does the
 * rest.
 */
#ifndef BIVY_RUNTIME_CREATE_H
#define BIVY_RUNTIME_CREATE_H

#include "runtime/console.h"
#include "runtime/container.h"
#include "runtime/listener.h"
#include "runtime/plan.h"
#include "runtime/spawn.h"

struct creation {
	const struct runtime *runtime;
	struct plan *plan;
	struct spec_state state;
	struct cgroup_set groups;
	int dir_fd, lock_fd;    /* the record and its file `init` */
	int start_socket;       /* or -EBADF: run */
	int notify_socket;      /* run with NOTIFY_SOCKET: the container's side of it (notify.h); or -EBADF */
	struct console console;
	int sync;               /* the parent's end; run: reads the outcome of the exec from it */
	struct listener listener; /* of the seccomp filter */
	struct spawned init;
	bool hooks_ran;
	bool has_record, has_groups;
	bool has_left_groups; /* they are removed already */
};

/*
 * Steps 1 to 7. RUN: init goes on to execute its program right after GO, and
 * creation_wait_for_exec() tells how that went. Release with creation_done().
 */
int creation_make(const struct runtime *runtime, struct plan *plan, bool run, struct creation *ret, struct error *err) _must_check_;

/* After creation_make(RUN): 0 once the program is executed, else what failed; the container is undone then. */
int creation_wait_for_exec(struct creation *creation, struct error *err) _must_check_;

/*
 * Others may change the record from here on (container.h, invariant 3); for
 * creation_remove(), which takes the lock again, it stays open.
 */
void creation_unlock(struct creation *creation);

/*
 * After the end of the first process, which was waited for, as soon as that is known: removes the groups, if nobody else is in them or at the
 * record. What cannot be removed now is left to creation_remove().
 */
void creation_leave_groups(struct creation *creation);

/*
 * After the end of the first process, which was waited for: what `delete --force` does, with what is known already. The record's files
 * are left to container_remove_retired(): where the disk discards what is freed, that takes as long as all else.
 */
int creation_remove(struct creation *creation, struct error *err) _must_check_;

/* The OCI state with these words for its status. */
void creation_describe(const struct creation *creation, const char *status, struct spec_oci_state *ret);

/* Closes and frees; the container stays. */
void creation_done(struct creation *creation);

/* Kills, removes and forgets all that was made. */
void creation_undo(struct creation *creation);

/* Shared with exec. */

/*
 * Gives our standard streams, which the process inherits, to its user in a user
 * namespace: a process inside may not, for they belong to somebody whom its
 * namespace does not have (capabilities(7): CAP_CHOWN counts for mapped owners).
 */
void creation_give_streams(const struct spec_linux *linux_, const struct spec_process *process);
int creation_set_oom_score(const struct spec_process *process, pid_t pid, struct error *err) _must_check_;
int creation_write_pid_file(const char *path, pid_t pid, struct error *err) _must_check_;
int creation_send_pidfd(const char *path, int pidfd, struct error *err) _must_check_;

#endif
