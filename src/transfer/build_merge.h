/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of a build that become one (--squash): the files in it are theirs, by further links. */
#ifndef BIVY_TRANSFER_BUILD_MERGE_H
#define BIVY_TRANSFER_BUILD_MERGE_H

#include "transfer/build_lower.h"

/*
 * What is in the layer FROM_FD over what is in TO_FD, both as overlay has them
 * and on one file system. LOWER: what is below all of them; of names that are
 * not there nothing tells that they are hidden.
 */
int build_merge(int from_fd, int to_fd, const struct build_lower *lower, struct error *err) _must_check_;

#endif
