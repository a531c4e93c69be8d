/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that a layer has only because something lies in them: in an overlay mount they hide the attributes of those below. */
#ifndef BIVY_STORE_LAYER_PARENTS_H
#define BIVY_STORE_LAYER_PARENTS_H

#include "base/error.h"

#include <stddef.h>

/*
 * Gives the directories IMPLIED (of a layer_report) of the layer
 * DIRECTORY_FD the owner, mode, times and extended attributes that they have
 * in the layers below, LOWER_FDS, the uppermost first, each in an overlay form.
 * One that no layer has stays as it is. Where the layers have a symbolic link,
 * it is an error: the member that lies there goes through it. To be called when
 * all layers are complete.
 */
int layer_parents_adopt(int directory_fd, char *const *implied, const int *lower_fds, size_t lower_count, struct error *err) _must_check_;

#endif
