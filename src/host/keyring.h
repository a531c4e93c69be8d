/* SPDX-License-Identifier: Apache-2.0 */
/* A session keyring of its own for a container: keyrings(7). */
#ifndef BIVY_HOST_KEYRING_H
#define BIVY_HOST_KEYRING_H

#include "base/cleanup.h"

/*
 * Joins the session keyring called NAME, made if it does not exist, and gives
 * its owner the right to search it; LABEL (or NULL) is its SELinux label.
 * -ENOSYS where the kernel has no keyrings.
 */
int keyring_join_session(const char *name, const char *label) _must_check_;

#endif
