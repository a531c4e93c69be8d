/* SPDX-License-Identifier: Apache-2.0 */
/* What a step has left in the upper directory of its overlay mount, on its way to a layer. */
#ifndef BIVY_TRANSFER_BUILD_UPPER_H
#define BIVY_TRANSFER_BUILD_UPPER_H

#include "transfer/build_lower.h"

/*
 * Removes what has only come about by mounts: each of MOUNTPOINTS (absolute, or
 * NULL) that is empty and that the layers below do not have, and the
 * directories around it that are empty then, and new or as they were.
 */
int build_upper_prune(int upper_fd, char *const *mountpoints, const struct build_lower *lower, struct error *err) _must_check_;

/*
 * overlay marks every new directory as hiding what is below, which says nothing
 * where nothing is: those marks are taken away.
 */
int build_upper_unmark(int upper_fd, const struct build_lower *lower, struct error *err) _must_check_;

/* Makes no time in it later than EPOCH. */
int build_upper_clamp(int upper_fd, int64_t epoch, struct error *err) _must_check_;

#endif
