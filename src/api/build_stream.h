/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build as the classic builder of docker tells of one: "Step 2/3 : RUN make",
 * what the step writes, and how it ends. Steps that run at once are told one
 * after the other, in the order in which they began.
 */
#ifndef BIVY_API_BUILD_STREAM_H
#define BIVY_API_BUILD_STREAM_H

#include "api/progress.h"
#include "engine/build.h"

struct api_build_vertex {
	char *title;
	bool is_step, has_begun, has_ended;
	struct buf text; /* what it wrote, and nobody was told yet: up to the end of a line */
	struct buf held; /* lines of the answer that wait for those of others */
};

struct api_build_stream {
	struct api_progress *progress;
	bool is_quiet;
	struct api_build_vertex *vertices;
	size_t count;
	size_t *order; /* numbers of those that have begun */
	size_t begun, told; /* so many of that; and have ended and been told */
	size_t steps, step; /* how many there are; which is told */
	bool is_known; /* how many there will be: something was done */
};

/* For struct build_request: CONTEXT is a struct api_build_stream. */
void api_build_stream_tell(void *context, const struct build_event *event);

/* What is left is told. */
void api_build_stream_end(struct api_build_stream *stream);

void api_build_stream_done(struct api_build_stream *stream);
#define _cleanup_api_build_stream_ _cleanup_(api_build_stream_done)

#endif
