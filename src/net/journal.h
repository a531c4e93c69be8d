/* SPDX-License-Identifier: Apache-2.0 */
/* A container's network.json (spec/network_plan.h), in its volatile directory: the one place that reads and writes it. */
#ifndef BIVY_NET_JOURNAL_H
#define BIVY_NET_JOURNAL_H

#include "spec/network_plan.h"

/* What the directory PATH below FD (AT_FDCWD; ".": FD's own) has, in ARENA; *RET is NULL if there is none. */
int net_journal_read(struct arena *arena, int fd, const char *path, const struct spec_network_plan **ret, struct error *err) _must_check_;

/* Replaces it in one step, so that a reader finds the old one or the new one. */
int net_journal_write(int fd, const char *path, const struct spec_network_plan *plan, struct error *err) _must_check_;

/* No error without one. */
int net_journal_remove(int fd, const char *path, struct error *err) _must_check_;

#endif
