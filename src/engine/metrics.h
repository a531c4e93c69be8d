/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine and its containers do, as numbers for Prometheus and its like
 * (spec/openmetrics.h). Series are bounded: a few for each container, a few more
 * for each of its devices and links, up to STATS_PARTS of both.
 */
#ifndef BIVY_ENGINE_METRICS_H
#define BIVY_ENGINE_METRICS_H

#include "engine/directories.h"
#include "spec/http_call.h"
#include "spec/openmetrics.h"

struct container_cache;

struct metrics_request {
	const struct directories *directories;
	enum openmetrics_form form;
	struct container_cache *cache; /* as container_record_survey(); or NULL */
	const struct spec_http_counts *http; /* of the server that answers; or NULL */
	bool size; /* what it all takes on the disk, too: walks through all of it */
};

/* Adds the whole document. Nothing is made; what cannot be read is left out. */
int metrics_write(const struct metrics_request *request, struct buf *out, struct error *err) _must_check_;

#endif
