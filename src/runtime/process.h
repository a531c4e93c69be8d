/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps before a program of a container is executed: the same for
 * init and for exec. The caller is in its namespaces and its root already.
 */
#ifndef BIVY_RUNTIME_PROCESS_H
#define BIVY_RUNTIME_PROCESS_H

#include "base/error.h"
#include "host/seccomp.h"
#include "runtime/listener.h"
#include "spec/config.h"
#include "spec/state.h"

struct process_context {
	const struct spec_process *process;
	const char *keyring_id;     /* of the container after which a new session keyring is named, or NULL: keep the caller's */
	const struct seccomp_program *seccomp; /* or NULL */
	const struct listener *listener; /* for the filter's, or NULL */
	bool has_personality;
	uint32_t personality;
	const struct spec_memory_policy *memory_policy; /* or NULL */
	const struct spec_landlock *landlock; /* or NULL */
	bool ends_with_parent;      /* killed when the process that made it dies */
	bool own_user_namespace;    /* limits can only be raised from outside: ask */
	int listen_fds, preserve_fds;
	const char *final_affinity; /* exec: cpu list, or NULL */
	int sync;                   /* to the parent, >= 0 */
	int keep;                   /* one more descriptor that must live until exec, or -EBADF (the lock of `init`) */
	int keep_too;               /* as above (the connection of `start`) */
	int limits;                 /* filled by process_prepare: of .landlock, or -EBADF */
	char *program;              /* filled by process_prepare: what to execute */
	char **env;                 /* filled by process_prepare; NULL-terminated */
};

/*
 * What the first process and those of exec have in common: PROCESS in the
 * container of LINUX_ and STATE, with SYNC to its parent; without a filter and
 * with nothing to keep, until that is set. Borrows all of them.
 */
void process_init(struct process_context *ret, const struct spec_process *process, const struct spec_linux *linux_, const struct spec_state *state, int sync);

/*
 * Everything that does not depend on being started: session, keyring, limits,
 * scheduling, labels, user, capabilities, working directory, and the search
 * for the program. Afterwards only what an exec still needs is open.
 */
int process_prepare(struct process_context *context, struct error *err) _must_check_;

/*
 * The seccomp filter, then execve(2): only returns on failure. Nothing but
 * close_range(2) is called between the filter and the exec.
 */
int process_exec(struct process_context *context, struct error *err) _must_check_;

/* process.rlimits of process PID (0: the caller), by prlimit(2). */
int process_set_limits(const struct spec_process *process, pid_t pid, struct error *err) _must_check_;

/* Makes the terminal SLAVE the controlling one and the standard streams. After setsid(2). */
int process_take_terminal(int slave, struct error *err) _must_check_;

/*
 * Gives the caller's standard streams to user UID, as far as they are nobody's
 * in particular (pipes, sockets, terminals): the program may open /dev/stdout
 * anew, which needs it to own what is behind. What cannot be changed stays.
 */
void process_give_streams(uint32_t uid);

/*
 * How many descriptors from 3 on the caller hands over: those of LISTEN_FDS,
 * which count only if LISTEN_PID is us (sd_listen_fds(3)), and PRESERVE more.
 * They must be open, or ours would leak in their place. In the caller, before
 * anything is opened that could be taken for one of them.
 */
int process_count_descriptors(int preserve, int *ret_listen_fds, int *ret_all, struct error *err) _must_check_;

#endif
