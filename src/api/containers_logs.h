/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has written, as frames or bytes: for logs, and for attach with logs=1. */
#ifndef BIVY_API_CONTAINERS_LOGS_H
#define BIVY_API_CONTAINERS_LOGS_H

#include "api/call.h"
#include "engine/logs.h"

struct api_logs {
	bool terminal;   /* no frames */
	bool timestamps, details;
	int fd;          /* where to; it blocks */
	struct api_call *opens; /* whose reply is to be opened before anything is sent; or NULL */
	struct buf pending;
	bool in_line[2]; /* the last record of the stream was a piece */
};

/* Reads REQUEST's, whose .each, .idle and .context are filled here. */
int api_logs_send(struct api_logs *logs, struct logs_request *request, struct error *err) _must_check_;

#endif
