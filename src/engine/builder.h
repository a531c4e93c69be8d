/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work for bivy-builder (spec/build_work.h): one process for one document, which
 * reads files, makes digests, layers and images of them. The caller must have
 * no other threads.
 */
#ifndef BIVY_ENGINE_BUILDER_H
#define BIVY_ENGINE_BUILDER_H

#include "engine/directories.h"
#include "base/str.h"
#include "spec/transfer_event.h"
#include "store/lease.h"

struct builder_request {
	const struct directories *directories;
	const char *command;      /* "digest", "copy", "layer", "image" */
	const struct buf *work;   /* the document */
	/* Descriptors that it inherits under the numbers that the document names. */
	const int *fds;
	size_t fd_count;
	const struct lease *lease; /* the build's: what is made is kept as long as that lasts; or NULL */
	/* Called for each line for people and each step of an item; or NULL. */
	void (*tell)(void *context, const struct spec_transfer_event *event);
	void *context;
};

/* Runs it to its end; *RET_TEXT gets the document that it printed, in the arena. Its error comes back as one of ours. */
int builder_run(struct arena *arena, const struct builder_request *request, const char **ret_text, struct error *err) _must_check_;

#endif
