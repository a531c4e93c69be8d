/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that are made before a container, or what runs of it, gets them: layers over each other, or part of a directory. */
#ifndef BIVY_RUNTIME_GIVEN_MOUNT_H
#define BIVY_RUNTIME_GIVEN_MOUNT_H

#include "base/error.h"
#include "host/idmap.h"
#include "spec/supervision.h"

/*
 * MOUNT as a detached mount; layers are mapped by IDS (NULL: ids are what they
 * are), and have marks in user.overlay.* with HAS_USER_MARKS. What is below a
 * directory is not mapped.
 */
int given_mount_open(const struct spec_supervision_mount *mount, const struct idmap *ids, bool has_user_marks, int *ret_fd, struct error *err)
	_must_check_;

#endif
