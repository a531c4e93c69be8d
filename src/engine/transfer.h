/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work for bivy-transfer, which links what reads archives and talks to
 * registries: it is started, listened to while it works, and its error comes
 * back as one of ours. The caller must have no other threads.
 */
#ifndef BIVY_ENGINE_TRANSFER_H
#define BIVY_ENGINE_TRANSFER_H

#include "engine/directories.h"
#include "spec/transfer_event.h"
#include "spec/transfer_report.h"

struct transfer_request {
	const struct directories *directories;
	const char *const *arguments; /* its command and what follows; NULL-terminated */
	/* Its standard output is ours: it writes an archive there, if its arguments say nothing else, and the report comes as an event. */
	bool gives_output;
	/* Descriptors that it inherits, as which its arguments name them. */
	const int *fds;
	size_t fd_count;
	/* Called for each line for people and each step of an item; or NULL. */
	void (*tell)(void *context, const struct spec_transfer_event *event);
	void *context;
};

/* How registries are asked: options of the commands that do. */
struct transfer_registry {
	bool skips_verification; /* plain HTTP, and certificates that do not verify, will do */
	const char *authfile, *creds; /* where logins are looked for, "USER:PASSWORD" in place of one; or NULL */
};

#define TRANSFER_REGISTRY_ARGUMENTS 3

/* Adds those that REGISTRY (NULL: none) asks for to ARGUMENTS, which have room for so many; returns how many. In the arena. */
size_t transfer_registry_add(struct arena *arena, const struct transfer_registry *registry, const char **arguments);

/*
 * Runs it to its end; *RET_TEXT gets what it printed, a JSON document, "" for
 * none, in the arena. An interrupt from the terminal ends it first and then us; its settings
 * are what they were then.
 */
int transfer_run(struct arena *arena, const struct transfer_request *request, const char **ret_text, struct error *err) _must_check_;

/* The same for a command with a report. Adds the events of what it did to images, and counts pulls (tally.h). */
int transfer_run_for_report(struct arena *arena, const struct transfer_request *request, struct spec_transfer_report *ret, struct error *err)
	_must_check_;

#endif
