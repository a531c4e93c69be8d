/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients of BuildKit ask for (moby.buildkit.v1.Control and
 * moby.buildkit.v1.frontend.LLBBridge), as far as builds from a Dockerfile have it. Pure.
 */
#ifndef BIVY_SPEC_BUILDKIT_H
#define BIVY_SPEC_BUILDKIT_H

#include "spec/protobuf.h"

#define SPEC_BUILDKIT_ENTRY_LIMIT 64 /* outputs or caches of one build */

/* An output, or a cache elsewhere. */
struct spec_buildkit_entry {
	char *type;
	struct spec_pair *attributes;
	size_t attribute_count;
};

struct spec_buildkit_entries {
	struct spec_buildkit_entry *list;
	size_t count;
};

struct spec_buildkit_solve {
	char *ref, *session;       /* "" if left out */
	char *frontend;            /* "dockerfile.v0"; "" if it is still to come */
	struct spec_pair *options; /* of the frontend */
	size_t option_count;
	struct spec_buildkit_entries outputs, cache_exports, cache_imports;
	char **entitlements;
	size_t entitlement_count;
	bool has_definition;       /* LLB, or inputs of it */
};

/* Control.SolveRequest; LLBBridge.SolveRequest, which has no more than a frontend, its options and imports. -EBADMSG. */
int spec_buildkit_solve_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_solve *ret) _must_check_;
int spec_buildkit_bridge_solve_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_solve *ret) _must_check_;

/* The value of the last of PAIRS called KEY, or NULL. */
const char *spec_buildkit_value(const struct spec_pair *pairs, size_t count, const char *key);

/* Messages whose field 1 is a text: StatusRequest's ref. "" without one. -EBADMSG. */
int spec_buildkit_ref_decode(struct arena *arena, const void *bytes, size_t length, char **ret) _must_check_;

struct spec_buildkit_prune {
	char **filters; /* NULL-terminated, or NULL */
	size_t filter_count;
	bool all;
	int64_t keep_ns, reserved_bytes, max_used_bytes, min_free_bytes;
};
/* PruneRequest, and DiskUsageRequest, which has filters only. */
int spec_buildkit_prune_decode(struct arena *arena, const void *bytes, size_t length, struct spec_buildkit_prune *ret) _must_check_;

#endif
