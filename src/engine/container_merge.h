/* SPDX-License-Identifier: Apache-2.0 */
/* What a user asked for and what the image says, as one. Pure functions. */
#ifndef BIVY_ENGINE_CONTAINER_MERGE_H
#define BIVY_ENGINE_CONTAINER_MERGE_H

#include "spec/container.h"

/*
 * Fills in what CONTAINER, a copy of what was asked for, leaves to the image,
 * whose execution may be NULL, and to the defaults, by docker's rules:
 * an entrypoint that was given takes the image's command away, too; variables
 * and labels of the user's go before the image's; "K" without a value takes the
 * image's variable away. ENVIRON is the caller's, for --env-host, or NULL. New
 * strings and lists come from the arena. ERROR_INVALID without any command.
 */
int container_merge_execution(struct arena *arena, const struct spec_execution *image, char *const *environ_, struct spec_container *container,
	struct error *err) _must_check_;

/* Adds the mounts of MORE whose targets no mount has yet. */
void container_merge_mounts(struct arena *arena, struct spec_container *container, const struct spec_container_mount *more, size_t count);

/* Adds an anonymous volume for each path of Config.Volumes where nothing is mounted. ERROR_INVALID for a path that cannot be one. */
int container_merge_volumes(struct arena *arena, struct spec_container *container, struct error *err) _must_check_;

#endif
