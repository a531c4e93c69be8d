/* SPDX-License-Identifier: Apache-2.0 */
/* linux.readonlyPaths and linux.maskedPaths. In init, after pivot. */
#ifndef BIVY_RUNTIME_MASKED_H
#define BIVY_RUNTIME_MASKED_H

#include "runtime/mount_plan.h"
#include "runtime/rootfs.h"

/* What masks are made of; starts as MASKED_INIT and is shared by all steps. */
struct masked {
	int null_fd;        /* null device, for files */
	int directory_fd;   /* an empty read-only tmpfs, mounted already; for directories */
	bool proc_checked;
};
#define MASKED_INIT ((struct masked){ .null_fd = -EBADF, .directory_fd = -EBADF })
void masked_done(struct masked *masked);

/* A path that does not exist is left alone. */
int masked_run(const struct rootfs *rootfs, struct masked *masked, const struct mount_step *step, struct error *err) _must_check_;
int masked_run_readonly(const struct rootfs *rootfs, struct masked *masked, const struct mount_step *step, struct error *err) _must_check_;

/*
 * That /proc is a procfs and nothing else: the masks of the kernel's files mean
 * nothing otherwise, and programs would believe a forgery.
 */
int masked_check_proc(const struct rootfs *rootfs, struct error *err) _must_check_;

#endif
