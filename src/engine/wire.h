/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a process and a connection that has them (struct container_wire): session.h calls it. */
#ifndef BIVY_ENGINE_WIRE_H
#define BIVY_ENGINE_WIRE_H

#include "engine/session.h"

/*
 * As session_run(), with the wire of the session's attachment, which is opened
 * here unless it is already. Whoever is there is told why a process could not be
 * executed. One that leaves a process that was started for it leaves it running,
 * and what it writes is dropped.
 */
int wire_run(struct session *session, struct container_start_report *ret, struct error *err) _must_check_;

/* Opens it, if that was not done. */
int wire_open(struct container_wire *wire, struct error *err) _must_check_;

/* Opens it for nothing but why the process could not be executed. */
void wire_tell_failure(struct container_wire *wire, bool terminal, const struct error *failure);

/* Whether nobody is at the other end any more. */
bool wire_is_left(const struct container_wire *wire);

#endif
