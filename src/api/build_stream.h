/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build as the classic builder of docker tells of one: "Step 2/3 : RUN make",
 * what the step writes, and how it ends. Instructions are told in the order of
 * the Dockerfile, whatever is done at once: what a later one writes waits.
 */
#ifndef BIVY_API_BUILD_STREAM_H
#define BIVY_API_BUILD_STREAM_H

#include "api/progress.h"
#include "engine/build.h"

struct api_build_vertex {
	unsigned line;   /* of its instruction; 0: it is none of the Dockerfile's */
	bool is_image;   /* it finds one, before anything is done */
	bool has_begun, has_ended, has_failed;
	struct buf text; /* what it wrote, and is no whole line yet */
	struct buf held; /* lines of the answer that wait for those of others */
};

struct api_build_stream {
	struct api_progress *progress;
	const struct build_report *report; /* .dockerfile is there once anything is done */
	const char *target; /* the stage that is built, or NULL: the last */
	bool is_quiet;
	struct api_build_vertex *vertices;
	size_t count;
	size_t steps, step; /* instructions of the Dockerfile up to the target's last, 0: not known yet; which is told */
	bool has_head;      /* that one's */
	bool is_known;      /* which instructions have a vertex: something was done */
};

/* For struct build_request: CONTEXT is a struct api_build_stream. */
void api_build_stream_tell(void *context, const struct build_event *event);

/* What is left is told; of a build that FAILED, as far as it came. */
void api_build_stream_end(struct api_build_stream *stream, bool failed);

void api_build_stream_done(struct api_build_stream *stream);
#define _cleanup_api_build_stream_ _cleanup_(api_build_stream_done)

#endif
