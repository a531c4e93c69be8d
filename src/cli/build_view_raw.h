/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --progress=rawjson: what happens in a build, a document on a line each, in
 * the form of `docker buildx build --progress=rawjson` (BuildKit's SolveStatus).
 *
 * A part of build_view.c.
 */
#ifndef BIVY_CLI_BUILD_VIEW_RAW_H
#define BIVY_CLI_BUILD_VIEW_RAW_H

#include "cli/build_view.h"

/* VIEW knows of EVENT already. Adds a line, or nothing for what such documents do not tell. */
void build_view_raw_take(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out);

#endif
