/* SPDX-License-Identifier: Apache-2.0 */
/* The part of metrics.h that is about containers. */
#ifndef BIVY_ENGINE_METRICS_CONTAINERS_H
#define BIVY_ENGINE_METRICS_CONTAINERS_H

#include "engine/metrics.h"

int metrics_containers_write(const struct metrics_request *request, struct openmetrics *m, struct error *err) _must_check_;

#endif
