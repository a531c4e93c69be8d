/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has written, read back from its log driver's files. */
#ifndef BIVY_ENGINE_LOGS_H
#define BIVY_ENGINE_LOGS_H

#include "engine/container.h"
#include "spec/log_record.h"

struct logs_request {
	const struct directories *directories;
	const char *container;
	bool follow;          /* until it ends for good; without, what there is when it is asked for */
	bool out, err;        /* which streams */
	int64_t tail;         /* the last N lines of those streams, within the limits; -1: all */
	const char *since, *until; /* moment_parse_limit(); or NULL */
	/* Called for each record, valid until it returns; what is not 0 ends it and is returned. */
	int (*each)(void *context, const struct spec_log_record *record);
	/* Called before it waits for more, with .follow; or NULL. */
	void (*idle)(void *context);
	void *context;
};

/*
 * Records come as they were written. One that is .partial goes on in the next
 * of its stream. ERROR_UNSUPPORTED for a driver that cannot be read back (none,
 * passthrough).
 */
int logs_read(const struct logs_request *request, struct error *err) _must_check_;

#endif
