/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large what a container writes may become: --storage-opt size=. The
 * directory of its writable layer is a project of the file system's
 * (host/project_quota.h). Numbers of projects are chosen under
 * ROOT/.container-projects (flock), and are nowhere but in the file system.
 */
#ifndef BIVY_ENGINE_CONTAINER_QUOTA_H
#define BIVY_ENGINE_CONTAINER_QUOTA_H

#include "base/error.h"
#include "engine/directories.h"
#include "spec/container.h"

/* What HOST's options of the storage say; 0: no limit. ERROR_INVALID for others, and where there is no layer to limit. */
int container_quota_read(const struct spec_host_config *host, uint64_t *ret_bytes, struct error *err) _must_check_;

/* Limits the layer of the container whose directory RECORD_FD is, which is empty yet. ERROR_UNSUPPORTED where the file system keeps no such limits. */
int container_quota_set(const struct directories *directories, int record_fd, uint64_t bytes, struct error *err) _must_check_;

/* The layer's project, 0 for none; and, once the layer is removed, its end. Failures leave a limit that nothing has. */
uint32_t container_quota_project(int record_fd);
void container_quota_forget(int record_fd, uint32_t project);

#endif
