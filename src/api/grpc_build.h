/* SPDX-License-Identifier: Apache-2.0 */
/* A build as BuildKit's clients ask for one, in a process of its own. */
#ifndef BIVY_API_GRPC_BUILD_H
#define BIVY_API_GRPC_BUILD_H

#include "base/memory.h"
#include "engine/build.h"
#include "spec/buildkit.h"

struct api_grpc_build {
	const struct directories *directories;
	const struct spec_buildkit_solve *solve; /* outputs, caches, session; and if it has them the frontend and its options */
	const struct spec_buildkit_solve *bridge; /* else these; or NULL */
	int fd; /* where what happens goes, as frames: MESSAGE… are StatusResponses; then END, and if it succeeds a MESSAGE, the SolveResponse; STATUS */
};

/* Builds; in a process that ends then. */
void api_grpc_build(const struct api_grpc_build *build);

/*
 * From options of the frontend dockerfile.v0, and outputs, to a request. *RET
 * lives in the arena. ERROR_UNSUPPORTED for what is not done. Pure.
 */
int api_grpc_build_decode(struct arena *arena, const struct spec_buildkit_solve *solve, const struct spec_buildkit_solve *bridge,
	struct build_request *ret, struct error *err) _must_check_;

/* What happens, as StatusResponses: CONTEXT is a struct api_grpc_view. */
struct api_grpc_view {
	void (*send)(void *context, const struct buf *message);
	void *context; /* of that */
	const char *ref; /* of the build, so that its vertices are no other's */
	struct arena *arena;
	struct api_grpc_vertex *vertices;
	size_t count, capacity;
	const struct build_report *report; /* has the Dockerfile once it was parsed */
};
void api_grpc_view_tell(void *context, const struct build_event *event);
void api_grpc_view_done(struct api_grpc_view *view);

/* Of a command that failed, as BuildKit says it. */
void api_grpc_word_failure(const struct build_report *report, struct error *err);

/* Adds a pb.SourceInfo of the Dockerfile and pb.Range of the mark as the fields INFO and RANGES. */
void api_grpc_write_source(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark, uint32_t info, uint32_t ranges, struct buf *out);

#endif
