/* SPDX-License-Identifier: Apache-2.0 */
/* For enter.c: the command of a request in namespaces that are kept, whoever is in them. */
#ifndef BIVY_PRIMITIVE_ENTER_PINNED_H
#define BIVY_PRIMITIVE_ENTER_PINNED_H

#include "primitive/enter.h"

/* The same as enter_run(), with ENTER_PINNED before the subject; ARGS is the command. */
int enter_pinned_run(const struct enter_request *request, char *const *args, int *ret_status, struct error *err) _must_check_;

#endif
