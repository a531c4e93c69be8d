/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a group has used, from files of its hierarchy. A file that is missing,
 * or a controller that is nowhere (GROUP is NULL), reads as nothing or 0: it is
 * a reading, not a promise.
 */
#ifndef BIVY_HOST_CGROUP_READING_H
#define BIVY_HOST_CGROUP_READING_H

#include "host/cgroup.h"

#include <stdint.h>

/* The text of FILE, or NULL; free() it. */
char *cgroup_reading_text(const struct cgroup_group *group, const char *file);

/* A file of one number; UINT64_MAX for "max". */
uint64_t cgroup_reading_number(const struct cgroup_group *group, const char *file);

/* The number behind KEY in lines of "key number"; 0 if there is none. TEXT may be NULL. */
uint64_t cgroup_reading_keyed(const char *text, const char *key);

#endif
