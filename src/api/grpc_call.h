/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a client's that builds with BuildKit: what has come of it, and what is to go back. */
#ifndef BIVY_API_GRPC_CALL_H
#define BIVY_API_GRPC_CALL_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "engine/directories.h"
#include "spec/grpc_call.h"

/* What a call without a state is answered from. */
struct api_grpc_question {
	struct arena *arena;
	const struct directories *directories;
	const struct spec_grpc_head *head;
	const void *message;
	size_t length;
};

/* Adds messages, as frames, to *ANSWER; the status follows from what is returned. */
typedef int api_grpc_answer(const struct api_grpc_question *question, struct buf *answer, struct error *err);

/* What answers METHOD, or NULL: nothing does, or it is about a build. */
api_grpc_answer *api_grpc_find(const char *method);

/* The last frame: of an error, with DETAILS (a google.rpc.Status) if there are any; of success with ERR of NULL. */
void api_grpc_add_status(const struct error *err, const struct buf *details, struct buf *out);

/* A message as a frame. What is too large for one is an error of ours: it is left out. */
void api_grpc_add_message(const struct buf *message, struct buf *out);

#endif
