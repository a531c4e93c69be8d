/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount options that a runtime takes itself, as against those of the file
 * system: runtime-spec 1.3, config.md, "Linux mount options". What each does
 * to a struct spec_mount is spec_mount_set_options() of config.h.
 */
#ifndef BIVY_SPEC_MOUNT_OPTIONS_H
#define BIVY_SPEC_MOUNT_OPTIONS_H

#include <stddef.h>

/* The option number INDEX in the order of the alphabet, NULL behind the last. */
const char *spec_mount_option_name(size_t index);

#endif
