/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.seccomp.listenerPath: handing the listener of a filter to the program
 * that answers for it (runtime-spec, "The Container Process State").
 *
 * The container's process does it itself, at its exec, when the runtime may be
 * long gone: the connection is made and the message written beforehand, by the
 * parent, in memory that both share. And because the filter that has just been
 * loaded may deny sending, a thread that was there before, and is not under
 * the filter, sends.
 *
 *   parent   listener_connect    before the clone
 *   parent   listener_set_pid    before GO
 *   child    listener_load       instead of seccomp_install()
 */
#ifndef BIVY_RUNTIME_LISTENER_H
#define BIVY_RUNTIME_LISTENER_H

#include "base/error.h"
#include "host/seccomp.h"
#include "spec/config.h"
#include "spec/state.h"

#include <sys/types.h>

struct listener {
	int socket;    /* connected; the child keeps it open until the exec; or -EBADF: there is none */
	void *memory;  /* of listener.c, shared by parent and child */
};

#define LISTENER_NONE ((struct listener){ .socket = -EBADF })

/*
 * Connects to SECCOMP's listenerPath and makes the message from STATE (its pid
 * does not count), which must live, as SECCOMP, until listener_set_pid(). *ret
 * is LISTENER_NONE, and 0 returned, if PROGRAM has nothing to ask a listener.
 * Release with listener_done() in the parent; the child's go by its exec.
 */
int listener_connect(const struct spec_seccomp *seccomp, const struct seccomp_program *program, const struct spec_oci_state *state, struct listener *ret, struct error *err) _must_check_;

/* The child is PID in the runtime's pid namespace: the message is complete. */
void listener_set_pid(struct listener *listener, pid_t pid);

/*
 * In the child: loads PROGRAM and hands its listener on. The next system call
 * must be the exec: returning 0 the thread is alone again. Fails if the
 * listener does not take the message within ten seconds.
 */
int listener_load(const struct listener *listener, const struct seccomp_program *program, struct error *err) _must_check_;

void listener_done(struct listener *listener);

#endif
