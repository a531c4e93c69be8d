/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes, as containers need them. While the first content of one is copied a
 * file `copying` lies in its record, which is locked; whoever finds that file
 * in a volume that nobody has locked copies anew.
 */
#ifndef BIVY_ENGINE_VOLUME_H
#define BIVY_ENGINE_VOLUME_H

#include "engine/bundle_plan.h"
#include "engine/volume_record.h"

/* What to bind. */
struct volume_place {
	const char *path; /* of a directory, in the arena of the plan */
	bool is_read_only;
};

/* The volume of MOUNT is there, made if it was not, with nothing in it yet. ERROR_INVALID for options that it cannot have. */
int volume_ensure(struct arena *arena, const struct directories *directories, const struct spec_container_mount *mount, struct error *err) _must_check_;

/*
 * The volume of MOUNT is there, made if it was not, and begins, if it is empty,
 * with what the image has at the target.
 */
int volume_prepare(struct bundle_plan *plan, const struct spec_container_mount *mount, struct volume_place *ret, struct error *err) _must_check_;

#endif
