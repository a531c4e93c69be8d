/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of service of resctrl: shares of caches and of memory bandwidth for
 * groups of tasks (Documentation/filesystems/resctrl.rst, since Linux 4.10).
 * A class is a directory of the file system's root, and the root is the
 * default class; a monitoring group is a directory of a class.
 *
 * All functions return 0 or -errno and leave ret_* untouched on failure.
 */
#ifndef BIVY_HOST_RESCTRL_H
#define BIVY_HOST_RESCTRL_H

#include "base/str.h"
#include "host/mountinfo.h"

#include <stdbool.h>
#include <sys/types.h>

/* The name of the default class. */
#define RESCTRL_DEFAULT "/"

/*
 * The root of this host's resctrl as the caller's mount namespace has it, and
 * where it is mounted (free it). -ENOENT: not mounted; -EOPNOTSUPP: this kernel
 * does not know it, or found no processor that could.
 */
int resctrl_open(char **ret_mount, int *ret_root_fd) _must_check_;

/* Where TABLE has the root of a resctrl, or NULL; lives as long as TABLE. */
const char *resctrl_find_mount(const struct mountinfo *table);

/* The class NAME, a file name or RESCTRL_DEFAULT. -ENOENT if there is none, -ENOTDIR if it is no class. */
int resctrl_open_class(int root_fd, const char *name, int *ret_class_fd) _must_check_;

/* -EEXIST; -ENOSPC if the processor has no more classes. */
int resctrl_make_class(int root_fd, const char *name) _must_check_;

/*
 * Its tasks, if there are any, fall back to the default class, and its
 * monitoring groups go with it. 0 if it is gone already.
 */
int resctrl_remove_class(int root_fd, const char *name) _must_check_;

/* Whether no task is in the class. */
bool resctrl_class_is_empty(int class_fd);

/* Writes "L3:0=7f0;1=1f": one line of the schemata, or more; what they leave out stays as it is. */
int resctrl_write_schema(int class_fd, const char *schema) _must_check_;

/* The schemata as the kernel tells them, appended to *TEXT; at most 1 MiB. */
int resctrl_read_schemata(int class_fd, struct buf *text) _must_check_;

/*
 * Whether SCHEMATA, as read, say what SCHEMA asks for: masks may differ in
 * leading zeros and case, resources and domains in their order, and bandwidth
 * is rounded up to BANDWIDTH_STEP (0: is not).
 */
bool resctrl_schemata_hold(const char *schemata, const char *schema, unsigned bandwidth_step);

/* In percent, or 0: bandwidth is not limited in steps. */
unsigned resctrl_bandwidth_step(int root_fd);

/* A monitoring group in a class. -EEXIST; -ENOSPC if there are no more. */
int resctrl_make_monitor(int class_fd, const char *name) _must_check_;
int resctrl_remove_monitor(int class_fd, const char *name) _must_check_;
bool resctrl_has_monitor(int class_fd, const char *name);

/* Moves task PID, and what it will clone, into the class, and into its monitoring group MONITOR unless that is NULL. */
int resctrl_enter(int class_fd, const char *monitor, pid_t pid) _must_check_;

/* What the kernel says about the last failure, without a newline, or ""; free it. */
char *resctrl_last_status(int root_fd);

#endif
