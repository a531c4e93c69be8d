/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer of JSON documents, one a line, that tell how far something is, as
 * docker's clients draw it. It begins with the first of them: what fails before
 * is an ordinary error, what fails later is one in the stream.
 */
#ifndef BIVY_API_PROGRESS_H
#define BIVY_API_PROGRESS_H

#include "api/call.h"
#include "spec/transfer_event.h"

enum api_progress_verb { API_PROGRESS_PULL, API_PROGRESS_PUSH, API_PROGRESS_LOAD, API_PROGRESS_VERBS };

struct api_progress {
	struct api_call *call;
	enum api_progress_verb verb;
	bool is_quiet;   /* nothing of transfers is told */
	struct buf held; /* lines that wait for the first that is worth an answer */
};

#define API_PROGRESS_INIT(call_, verb_) ((struct api_progress){ .call = (call_), .verb = (verb_) })
void api_progress_done(struct api_progress *progress);
#define _cleanup_api_progress_ _cleanup_(api_progress_done)

/* Begins the answer, though there may be nothing to tell: of docker's the status is 200 before the work begins. */
void api_progress_begin(struct api_progress *progress);
/* Adds the line, and all that were held back, to the answer. A client that has gone is no error here: whoever minds has us end with it. */
void api_progress_add(struct api_progress *progress, const struct buf *document);
/* {"status":TEXT}, {"id":ID,"status":TEXT}, {"stream":TEXT}; formatted. */
void api_progress_status(struct api_progress *progress, const char *id, const char *format, ...) _printf_(3, 4);
void api_progress_stream(struct api_progress *progress, const char *format, ...) _printf_(2, 3);

/* For struct transfer_request: CONTEXT is a struct api_progress. */
void api_progress_tell(void *context, const struct spec_transfer_event *event);

/*
 * The end: with R of 0 the answer is complete. Else *ERR is told in the stream
 * if that has begun (with its .exit_status, if it has one), and 0 is returned;
 * or R is.
 */
int api_progress_end(struct api_progress *progress, int r, struct error *err) _must_check_;

/* The line for an event, "" for none. Pure. */
void api_progress_encode(enum api_progress_verb verb, const struct spec_transfer_event *event, struct buf *out);

#endif
