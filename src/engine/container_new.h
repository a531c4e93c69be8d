/* SPDX-License-Identifier: Apache-2.0 */
/* ROOT/containers/.new-ID: the directory of a container that is being made, locked by who makes it (container.h). */
#ifndef BIVY_ENGINE_CONTAINER_NEW_H
#define BIVY_ENGINE_CONTAINER_NEW_H

#include "engine/directories.h"

/* ROOT/containers, which is made if it is not there. */
int container_new_open_parent(const struct directories *directories, int *ret_fd, struct error *err) _must_check_;

/* The name of ID's; free() it. */
char *container_new_name(const char *id) _must_check_;

/* Makes it and locks it: from now on the container's name may be reserved. */
int container_new_make(const struct directories *directories, int parent_fd, const char *id, int *ret_fd, struct error *err) _must_check_;

/* Whether nobody is at the container ID, made or in the making: *RET_FD keeps everybody from it then, and stays as it is if there is none. */
bool container_new_is_idle(const struct directories *directories, const char *id, int *ret_fd);

/* Whether FD is what has ID's name there. */
bool container_new_is(int parent_fd, const char *id, int fd);

#endif
