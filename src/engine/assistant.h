/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of ours that does what takes libraries: it is started, listened to
 * while it works, and its error comes back as one of ours. The caller must have
 * no other threads.
 */
#ifndef BIVY_ENGINE_ASSISTANT_H
#define BIVY_ENGINE_ASSISTANT_H

#include "base/memory.h"
#include "engine/directories.h"
#include "engine/program.h"
#include "spec/transfer_event.h"

struct assistant_request {
	const struct program *program;
	const struct directories *directories;
	const char *const *arguments; /* its command and what follows; NULL-terminated */
	bool gives_output;            /* its standard output is ours; what it reports comes as an event */
	const int *fds;               /* that it inherits, as which its arguments name them */
	size_t fd_count;
	/* Called for each line for people and each step of an item; or NULL. */
	void (*tell)(void *context, const struct spec_transfer_event *event);
	void *context;
};

/*
 * Runs it to its end; *RET_TEXT gets what it printed, "" for nothing, in the
 * arena. An interrupt from the terminal ends it first and then us; its settings
 * are what they were then.
 */
int assistant_run(struct arena *arena, const struct assistant_request *request, const char **ret_text, struct error *err) _must_check_;

#endif
