/* SPDX-License-Identifier: Apache-2.0 */
/* What a command about one name in a registry works on. */
#ifndef BIVY_TRANSFER_TARGET_H
#define BIVY_TRANSFER_TARGET_H

#include "transfer/remote.h"

struct target {
	struct arena *arena;
	struct spec_reference reference;
	struct remote_world world;
	struct remote remote;
	struct remote_line *line; /* the only one */
};

/* Parses TEXT and opens a line to its repository. *TARGET is zeroed, and must not move until target_close(). */
int target_open(struct target *target, const struct remote_options *options, const char *text, enum client_access access, struct error *err)
	_must_check_;
void target_close(struct target *target);
#define _cleanup_target_ _cleanup_(target_close)

/* The digest, else the tag, "latest" without either. */
const char *target_name(struct target *target);

/* What target_name() names, as a digest: the registry is asked if it is a tag. */
int target_resolve(struct target *target, const char **ret, struct error *err) _must_check_;

#endif
