/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of a supervisor that keeps its privileges: it makes the container's
 * processes, whose parent it is, and removes what they leave. It reads nothing
 * that comes from the container, its clients or its image, only deeds (deed.h),
 * and does these for the container of its own documents alone. The other half,
 * the keeper (keeper.h), is its child and has all the rest.
 *
 *	maker ── deeds, answers ── keeper ── clients, streams, log
 *	  │  ──── notices ───────►
 *	  └── the container's first process, processes of exec
 *
 * What holds:
 *  1. The maker's end is the end of everything: the lock is free, the kernel
 *     kills the container's process and the keeper (PR_SET_PDEATHSIG).
 *  2. A keeper that is gone without DEED_CLOSE makes the maker end at once, which
 *     leaves what a supervisor leaves that was killed.
 *  3. The maker never waits for the keeper: notices that there is no room for
 *     wait, and the children that they are about are reaped later.
 */
#ifndef BIVY_SUPERVISOR_MAKER_H
#define BIVY_SUPERVISOR_MAKER_H

#include "host/cgroup.h"
#include "net/attachment.h"
#include "runtime/verbs.h"
#include "spec/network_plan.h"
#include "supervisor/deed.h"
#include "supervisor/learner.h"
#include "supervisor/supervisor.h"

#include <sys/types.h>

struct life_start;

struct maker {
	const struct supervisor_request *request;
	struct runtime runtime;
	const struct spec_supervision *what;
	char *name;      /* what messages call the container */
	int bundle_fd, lock_fd, signal_fd, null_fd, root_fd; /* .root_fd: of the first start; or -EBADF */
	struct create_namespaces namespaces; /* of the first start; or -EBADF */
	int deeds, notices;
	pid_t keeper;    /* 0: it has ended, with .keeper_status */
	int keeper_status;
	bool was_started, is_closed, host_stops;

	/* The container's first process. */
	pid_t first;     /* 0: there is none, or it was reaped */
	int pidfd;       /* or -EBADF */
	int mount_fd;    /* its root, whose last unmounting writes out all of the file system below, which may take minutes: not before its
			  * end was told; or -EBADF */
	struct cgroup_group memory; /* .fd -EBADF: none; read at its end */
	struct learner learner; /* while it runs */
	struct life_start *planned; /* life_start_plan(), until it is started; or NULL */
	struct life_start *start; /* what the runtime made, as long as that is cheaper to keep than to read again; or NULL */

	struct deed_notice pending; /* that there was no room for */
	bool has_pending;

	struct net_retired retired; /* membership_finish() */
	struct arena *last_arena;   /* of .last_plan; or NULL */
	const struct spec_network_plan *last_plan; /* membership_remember(); or NULL */
};

/* TEXT is state.json in the bundle's directory; a failure is logged. */
void maker_write_state(const struct maker *maker, const void *text, size_t length);

/* Until the keeper has ended. An error if that was not its orderly end. */
int maker_run(struct maker *maker, struct error *err) _must_check_;

#endif
