/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's end of a supervisor: it is started, connected to, and asked. */
#ifndef BIVY_ENGINE_SUPERVISOR_H
#define BIVY_ENGINE_SUPERVISOR_H

#include "engine/bundle.h"
#include "engine/container.h"
#include "spec/supervision.h"

/*
 * Starts `bivy-runtime supervise` for the bundle of RECORD, in a session of its
 * own, nobody's child once we end; *RET_SOCKET is the connection it is born
 * with. It has inherited nothing but that and the descriptors that
 * --preserve-fds names, and standard streams from /dev/null, or ours with the
 * log driver "passthrough". It waits for supervisor_hand_over(), so that it is
 * loaded while the bundle is made; if the connection ends before, it does, too.
 * VIEW is the program as executable_view_open() gives it, or -EBADF.
 */
int supervisor_start(const struct container_record *record, int view, int *ret_socket, struct error *err) _must_check_;

/* The bundle is complete; its descriptors stay open here, too. The container is not started yet. */
int supervisor_hand_over(int socket, const struct bundle *bundle, struct error *err) _must_check_;

/* Connects to the one that RECORD has; ERROR_CONFLICT "container 'x' is not running" without one. */
int supervisor_connect(const struct container_record *record, int *ret_socket, struct error *err) _must_check_;

/*
 * Whether the one that RECORD has serves: 1, or 0 if it is about to end, although its lock is held yet. What was sent to it before
 * by whoever is gone now it has begun to read then.
 */
int supervisor_serves(const struct container_record *record, struct error *err) _must_check_;

/* Sends MESSAGE with COUNT descriptors (SPEC_SUPERVISION_FDS at most), which stay open here. ERROR_UNAVAILABLE if it has ended. */
int supervisor_send(int socket, const struct spec_message *message, const int *fds, size_t count, struct error *err) _must_check_;

/* Receives the next message, into the arena; an ERROR of its comes back as *err. *RET stays NULL at the end of the connection. TIMEOUT_MS -1: forever. */
int supervisor_receive(struct arena *arena, int socket, int timeout_ms, struct spec_message **ret, struct error *err) _must_check_;

/* The same with an ERROR as the message that it is. */
int supervisor_receive_any(struct arena *arena, int socket, int timeout_ms, struct spec_message **ret, struct error *err) _must_check_;

/* Makes an error that was told ours; returns its negative errno. */
int supervisor_take_error(const struct error *told, struct error *err);

/* The reply to the oldest request that has none yet, events passed over; ERROR_UNAVAILABLE if it has ended. *RET is not NULL then. */
int supervisor_receive_reply(struct arena *arena, int socket, struct spec_message **ret, struct error *err) _must_check_;

/* A request without descriptors and its reply. */
int supervisor_ask(struct arena *arena, int socket, const struct spec_message *request, struct spec_message **ret, struct error *err) _must_check_;

#endif
