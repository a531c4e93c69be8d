/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own record of a container (state.json) and the OCI state document.
 *
 * The record is versioned: a reader refuses a newer major version with a clear
 * message and ignores members that it does not know.
 */
#ifndef BIVY_SPEC_STATE_H
#define BIVY_SPEC_STATE_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_OCI_VERSION "1.3.0"
#define SPEC_STATE_FORMAT 1 /* of state.json */

struct spec_state_group {
	char *hierarchy; /* where it is mounted: "/sys/fs/cgroup/memory" */
	char *path;      /* beneath it: "/bivy/web" */
	bool made;       /* made by us: delete removes it */
};

/* What a later command must know and config.json does not tell. */
struct spec_state {
	char *id;
	char *bundle;        /* absolute */
	char *rootfs;        /* absolute */
	char *created;       /* RFC 3339, UTC, nanoseconds */
	uint32_t owner;      /* uid that created it */
	int64_t init_pid;    /* 0: none yet */
	uint64_t init_start; /* start time of it, clock ticks, field 22 of /proc/PID/stat */
	bool rootless;
	bool no_new_keyring;
	bool user_namespace; /* the container has one of its own */
	struct spec_state_group *groups;
	size_t group_count;
	char *intel_rdt_path; /* its class of service in resctrl, or NULL */
	bool intel_rdt_made; /* the class is ours alone: delete removes it */
	char **namespaces;   /* NULL-terminated "pid=/proc/N/ns/pid" lines; not followed, only for people */
	struct spec_pair *annotations;
	size_t annotation_count;
};

int spec_state_decode(struct arena *arena, const char *text, size_t length, struct spec_state **ret, struct error *err) _must_check_;
void spec_state_encode(const struct spec_state *state, struct buf *out);

/* The OCI state document (state-schema.json) for `state` and for hooks' stdin; INDENT as json_writer's. */
struct spec_oci_state {
	const char *id, *status, *bundle;
	int64_t pid; /* 0 leaves the member out */
	const struct spec_pair *annotations;
	size_t annotation_count;
};
void spec_oci_state_write(struct json_writer *w, const char *key, const struct spec_oci_state *state);

#endif
