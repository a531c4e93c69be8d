/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 2 to 4 of a jail (jail.h): its root. In the child, with all capabilities still. */
#ifndef BIVY_PRIMITIVE_JAIL_ROOT_H
#define BIVY_PRIMITIVE_JAIL_ROOT_H

#include "primitive/jail.h"

#include <sys/stat.h>

/*
 * The caller is in a mount namespace of its own. Makes .directory, which is to
 * be the one that SEEN tells of, its root and working directory; what was
 * mounted above is gone.
 */
int jail_root_pivot(const struct jail_request *request, const struct stat *seen, struct error *err) _must_check_;

/* Without a mount namespace: chroot(2) and chdir(2). ERROR_UNSUPPORTED if the request wants mounts. */
int jail_root_change(const struct jail_request *request, const struct stat *seen, struct error *err) _must_check_;

#endif
