/* SPDX-License-Identifier: Apache-2.0 */
/* --volume, --mount, --tmpfs: what a container has beside its root. All is made in the arena. */
#ifndef BIVY_SPEC_VALUE_MOUNT_H
#define BIVY_SPEC_VALUE_MOUNT_H

#include "spec/value_list.h"
#include "spec/container.h"

/* "[SOURCE:]TARGET[:OPTION,…]": a path is bound, relative to DIRECTORY if it begins with a dot; a name is a volume; none an anonymous one. */
int value_volume_parse(struct arena *arena, const char *text, const char *directory, struct spec_container_mount *ret, struct error *err) _must_check_;

/* "type=bind,source=/a,target=/b,readonly", docker's long form. */
int value_mount_parse(struct arena *arena, const char *text, const char *directory, struct spec_container_mount *ret, struct error *err) _must_check_;

/* "TARGET[:OPTION,…]", the options those of mount(8) for tmpfs. */
int value_tmpfs_parse(struct arena *arena, const char *text, struct spec_container_mount *ret, struct error *err) _must_check_;

/* Whether TEXT may be a volume's name: two characters at least, letters, digits and "_.-", the first none of those. */
bool value_is_volume_name(const char *text);

#endif
