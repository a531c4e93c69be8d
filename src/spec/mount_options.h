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

/* The option that sets FLAG, one of mount(2)'s MS_* and nothing else; NULL if there is none. */
const char *spec_mount_flag_word(unsigned long flag);

#endif
