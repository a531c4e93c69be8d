/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as a shell script: what bivy does for the container by system calls,
 * done by unshare(1), nsenter(1), mount(8), ip(8), nft(8) and writes to control
 * groups, for reading and for running by hand, as root. What has no command
 * (mounts with mapped ids, pivot_root, capabilities, the filter) a few lines of
 * perl(1) do. It is meant for images that are trusted: names in the root are
 * followed, where bivy resolves them beneath it.
 */
#ifndef BIVY_RUNTIME_SCRIPT_H
#define BIVY_RUNTIME_SCRIPT_H

#include "base/error.h"
#include "base/str.h"
#include "runtime/verbs.h"
#include "spec/network_plan.h"

/* A source of a bind mount that goes with the container's record: the script makes it. */
struct script_source {
	const char *path; /* as the configuration has it */
	const char *text; /* what is in the file; NULL: it is a directory, and empty */
};

/* What the configuration does not say. */
struct script_request {
	const struct create_request *create;  /* .bundle is read; .has_root: the root is one of the following */
	char *const *lowers;                  /* layers, the uppermost first; NULL-terminated, or NULL */
	const char *directory;                /* in place of layers; or NULL */
	const struct spec_network_plan *network; /* or NULL */
	const struct script_source *sources;
	size_t source_count;
	const char *name;                     /* what the container is called, for the heading */
};

/*
 * Adds the script to OUT. Numbers of system calls, and the filter, are those of
 * this machine; groups are those of this host. ERROR_UNSUPPORTED for what
 * cannot be done by hand: hooks, NOTIFY_SOCKET, listeners of the filter, Intel RDT.
 */
int runtime_script(const struct runtime *runtime, const struct script_request *request, struct buf *out, struct error *err) _must_check_;

#endif
