/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of Linux security modules, written to procfs by hand. */
#ifndef BIVY_HOST_LSM_H
#define BIVY_HOST_LSM_H

#include "base/cleanup.h"

#include <stdbool.h>

bool lsm_apparmor_is_enabled(void);
bool lsm_selinux_is_enabled(void);

/* What the next execve(2) of this thread changes to. PROCFS_FD: host/procfs.h. */
int lsm_set_apparmor_profile(int procfs_fd, const char *profile) _must_check_;
int lsm_set_selinux_label(int procfs_fd, const char *label) _must_check_;

#endif
