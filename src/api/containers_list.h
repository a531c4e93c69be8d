/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as docker lists them. */
#ifndef BIVY_API_CONTAINERS_LIST_H
#define BIVY_API_CONTAINERS_LIST_H

#include "api/call.h"
#include "engine/containers.h"

/* Adds an array of those that REQUEST is for, whose .show and .context are ours. */
int api_containers_encode(struct api_call *call, const struct container_list_request *request, struct buf *out, struct error *err) _must_check_;

#endif
