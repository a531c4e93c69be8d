/* SPDX-License-Identifier: Apache-2.0 */
/* A command in new namespaces, and nothing else of a container: unshare(2), namespaces(7). */
#ifndef BIVY_PRIMITIVE_UNSHARE_H
#define BIVY_PRIMITIVE_UNSHARE_H

#include "base/error.h"
#include "host/namespace_kind.h"
#include "base/memory.h"
#include "engine/directories.h"
#include "host/idmap.h"

#include <stdbool.h>

/* Who is who in a new user namespace. */
enum unshare_mapping {
	UNSHARE_MAP_USUAL, /* of root everybody is himself, of others as UNSHARE_MAP_ROOT */
	UNSHARE_MAP_ROOT, /* the caller is root there, and nobody else is anybody */
	UNSHARE_MAP_AUTO, /* the caller is root, and his subordinate ids (subuid(5)) are others; of root all ids are themselves */
	UNSHARE_MAP_SELF, /* the caller stays who he is */
	UNSHARE_MAP_GIVEN, /* .map */
	UNSHARE_MAP_NONE, /* nobody is mapped: the overflow user (user_namespaces(7)) */
};

struct unshare_offset {
	bool is_given;
	int64_t seconds;
};

struct unshare_request {
	unsigned namespaces;        /* CLONE_NEW*; what other members need is added */
	enum unshare_mapping mapping;
	struct idmap map;           /* of UNSHARE_MAP_GIVEN; GIDs without any are as UIDs */
	unsigned long propagation;  /* MS_PRIVATE, MS_SLAVE, MS_SHARED: of all mounts in a new mount namespace; 0: as they are */
	bool mounts_proc;           /* on /proc, of the new pid namespace; needs mount and pid namespace */
	const char *hostname;       /* or NULL */
	struct unshare_offset monotonic, boottime; /* of clocks, time_namespaces(7) */
	const char *directory;      /* where the command begins, or NULL: here */
	const char *keep;           /* the pin that they are kept as (primitive/pin.h), or NULL; all but a pid namespace, which ends with its first process */
	const struct directories *directories; /* of .keep */
	char *const *args;
};

/* What .namespaces comes to with all that the other members need. */
unsigned unshare_namespaces(const struct unshare_request *request);

/*
 * Waits for the command, unless it can take this process's place. Its status, as launch_run(). Before the command begins
 * its namespaces are kept; on failure they are not. ERROR_CONFLICT: something is kept as .keep.
 */
int unshare_run(const struct unshare_request *request, int *ret_status, struct error *err) _must_check_;

/*
 * TEXT "INSIDE:OUTSIDE:COUNT" as a range. ERROR_INVALID says what was expected;
 * a range must not be empty nor go beyond the last id.
 */
int unshare_parse_range(const char *text, struct idmap_range *ret, struct error *err) _must_check_;

#endif
