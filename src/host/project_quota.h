/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits for trees of directories: project quotas of ext4 and xfs, by
 * descriptor (quotactl_fd(2), since 5.14). A tree's files carry a number, its
 * project, which what is made in it inherits; the file system counts and limits
 * what a project has.
 */
#ifndef BIVY_HOST_PROJECT_QUOTA_H
#define BIVY_HOST_PROJECT_QUOTA_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the file system that DIRECTORY_FD is on keeps limits of projects: it has them, and was mounted so ("prjquota"). */
bool project_quota_is_kept(int directory_fd);

/*
 * The empty directory DIRECTORY_FD, and what is going to be in it, belongs to
 * PROJECT, whose files may take LIMIT bytes of the disk; 0: no limit. A PROJECT
 * that has no files any more is freed by that, too. 0 or -errno; CAP_SYS_ADMIN.
 */
int project_quota_set(int directory_fd, uint32_t project, uint64_t limit_bytes) _must_check_;

/* Forgets the limit of PROJECT on the file system of DIRECTORY_FD. */
int project_quota_clear(int directory_fd, uint32_t project) _must_check_;

/* The project of a directory, 0 if it has none. */
int project_quota_get(int directory_fd, uint32_t *ret) _must_check_;

#endif
