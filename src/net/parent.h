/* SPDX-License-Identifier: Apache-2.0 */
/* The host's links that networks of macvlan and ipvlan are on. */
#ifndef BIVY_NET_PARENT_H
#define BIVY_NET_PARENT_H

#include "base/error.h"

/* ERROR_NOT_FOUND if this network namespace has no link NAME. */
int net_parent_check(const char *name, struct error *err) _must_check_;

/* The link of the default route; free() it. ERROR_NOT_FOUND, with a hint, if there is none. */
int net_parent_default(char **ret, struct error *err) _must_check_;

#endif
