/* SPDX-License-Identifier: Apache-2.0 */
/* A root file system of a static busybox alone. Pure functions over bytes. */
#ifndef BIVY_TRANSFER_BUSYBOX_ROOT_H
#define BIVY_TRANSFER_BUSYBOX_ROOT_H

#include "spec/platform.h"
#include "store/stream.h"

#include <time.h>

#define BUSYBOX_LIMIT ((size_t)64 << 20) /* bytes */

/*
 * Whether the program is one for PLATFORM that needs no library. NULL, or
 * words about what it is instead: "a program for another architecture".
 */
const char *busybox_root_refuse(const void *bytes, size_t length, const struct spec_platform *platform);

/* The names of its applets, sorted as it has them; NULL-terminated in the arena; NULL if they are not to be found. */
char **busybox_root_applets(struct arena *arena, const void *bytes, size_t length);

/*
 * Writes the archive: busybox, a link for each applet, and the directories and
 * files that programs expect. All of it has the time MTIME.
 */
int busybox_root_write(const void *bytes, size_t length, time_t mtime, struct sink sink, struct error *err) _must_check_;

#endif
