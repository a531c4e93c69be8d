/* SPDX-License-Identifier: Apache-2.0 */
/* linux.landlock of the configuration made limits of the kernel's. */
#ifndef BIVY_RUNTIME_LANDLOCK_LIMITS_H
#define BIVY_RUNTIME_LANDLOCK_LIMITS_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

/*
 * In the container's process, its root in place, with the rights to find all
 * paths. Those that are not there, or lead through a link, are passed over:
 * nothing may be written there. *RET_FD (CLOEXEC) is for landlock_enter();
 * -EBADF if this kernel can limit nothing of it. ERROR_UNSUPPORTED without Landlock.
 */
int landlock_limits_open(const struct spec_landlock *landlock, int *ret_fd, struct error *err) _must_check_;

/* The limits in a few lines for people, each with INDENT in front. */
void landlock_limits_print(const struct spec_landlock *landlock, const char *indent, struct buf *out);

#endif
