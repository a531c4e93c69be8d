/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to a flat list of steps that build the container's
 * view of files. Pure: nothing of the host is looked at, so it can be printed
 * and tested anywhere.
 */
#ifndef BIVY_RUNTIME_MOUNT_PLAN_H
#define BIVY_RUNTIME_MOUNT_PLAN_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"

struct rootfs;

enum mount_step_kind {
	/* before pivot, in the order of the list */
	MOUNT_STEP_FILESYSTEM, /* a new instance of a file system */
	MOUNT_STEP_BIND,       /* a part of the host */
	MOUNT_STEP_REMOUNT,    /* other options for what an earlier step mounted */
	MOUNT_STEP_CGROUP,     /* the container's control groups: cgroup_view.h */
	MOUNT_STEP_DEVICE,     /* a device node, made or bound */
	MOUNT_STEP_LINK,       /* a symbolic link in /dev */
	/* after pivot */
	MOUNT_STEP_LATE_READONLY, /* a mount that had to stay writable for the steps above */
	MOUNT_STEP_SYSCTL,
	MOUNT_STEP_READONLY_PATH,
	MOUNT_STEP_MASKED_PATH,
	MOUNT_STEP_READONLY_ROOT,
	MOUNT_STEP_PROPAGATION,   /* of the root */
};

struct mount_step {
	enum mount_step_kind kind;
	const char *field;    /* "mounts[3]", for messages; NULL: our own doing */
	const char *path;     /* in the container, absolute */
	const char *clean;    /* of a mount: PATH without ".", ".." and doubled slashes; for looking at only, since links make it differ */
	const char *source;   /* what is bound, absolute on the host; what a link says */
	const struct spec_mount *mount;
	const struct spec_device *device;
	const struct spec_pair *sysctl;
	bool bound_device;    /* the device is the host's */
	bool recursive;       /* the propagation is of all mounts below, too */
	bool late_readonly;   /* MS_RDONLY is left to a later step */
	struct mount_step *earlier; /* of a late step: whose mount */
	int mount_fd;         /* detached, then attached; or -EBADF */
};

struct mount_plan {
	struct mount_step *steps;
	size_t count;
	size_t set_up_count;  /* so many come before pivot */
	bool own_dev;         /* /dev is the container's, not bound from the host */
	bool has_proc;        /* something is mounted on /proc: it has to be a procfs in the end */
};

/* FLAGS: enum rootfs_flag. */
int mount_plan_make(struct arena *arena, const struct spec_config *config, const char *bundle, unsigned flags, struct mount_plan **ret, struct error *err) _must_check_;

/* Closes the mounts that steps hold. */
void mount_plan_done(struct mount_plan *plan);

/* One line per step. */
void mount_plan_print(const struct mount_plan *plan, struct buf *out);

/* The line of one step. */
void mount_step_print(const struct mount_step *step, struct buf *out);

/* Files of procfs that may be mounted over: what tools like lxcfs replace. NULL-terminated, without the leading slash. */
extern const char *const mount_plan_replaceable[];

#endif
