/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor waits for before it does anything: whoever has executed it
 * makes the bundle meanwhile, and then sends a packet with its descriptors and
 * a letter for each of them (SPEC_HANDOVER_ROOT and so on).
 */
#ifndef BIVY_SUPERVISOR_HANDOVER_H
#define BIVY_SUPERVISOR_HANDOVER_H

#include "supervisor/supervisor.h"

/* 1 with the descriptors in REQUEST, which are CLOEXEC; 0: whoever was to send it is gone. */
int handover_receive(struct supervisor_request *request, struct error *err) _must_check_;

/* LENGTH letters TEXT with COUNT descriptors FDS, which are REQUEST's then; -EINVAL: they are not understood, and nobody's. */
int handover_take(const char *text, size_t length, const int *fds, size_t count, struct supervisor_request *request) _must_check_;

#endif
