/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in /dev: device nodes made or bound, links, the console. /dev itself
 * has to be a real directory of the root: a link there would send all of it
 * elsewhere (CVE-2026-41579).
 */
#ifndef BIVY_RUNTIME_DEV_H
#define BIVY_RUNTIME_DEV_H

#include "runtime/mount_plan.h"
#include "runtime/rootfs.h"

/* DEVICE and LINK steps, in init before pivot. */
int dev_run(struct rootfs *rootfs, struct mount_step *step, struct error *err) _must_check_;

/* See rootfs_attach_console. */
int dev_attach_console(struct rootfs *rootfs, int slave_fd, struct error *err) _must_check_;

/*
 * A null device, checked to be one, as O_PATH descriptor on a mount of the
 * caller's namespace: what masks files (CVE-2025-31133). -ENODEV: the
 * container's /dev/null is something else.
 */
int dev_open_null(const struct rootfs *rootfs, int *ret_fd) _must_check_;

#endif
