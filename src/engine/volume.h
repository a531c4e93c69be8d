/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes, as far as containers need them: ROOT/volumes/NAME/ with the files in
 * _data/ and volume.json. What is there is whole: a volume is made under
 * another name and renamed. While its first content is copied a file `copying`
 * lies in it, and it is locked (flock); whoever finds that file in a volume
 * that nobody has locked copies anew.
 */
#ifndef BIVY_ENGINE_VOLUME_H
#define BIVY_ENGINE_VOLUME_H

#include "engine/bundle_plan.h"

/* Whether NAME can be a volume's: two or more of [a-zA-Z0-9_.-], the first a letter or digit. */
int volume_check_name(const char *name, struct error *err) _must_check_;

/*
 * The volume of MOUNT is there, made if it was not, and begins, if it is empty,
 * with what the image has at the target. *RET_PATH is its directory.
 */
int volume_prepare(struct bundle_plan *plan, const struct spec_container_mount *mount, char **ret_path, struct error *err) _must_check_;

#endif
