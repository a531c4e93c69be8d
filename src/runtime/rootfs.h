/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's view of files: its root, mounts, devices, masks.
 *
 * The work is split over two processes, and its order is the order of the
 * functions here:
 *
 *   parent  rootfs_init, rootfs_open_sources   host namespaces, before clone3
 *   init    rootfs_set_up                      own namespaces, ids mapped; before hooks createContainer
 *   init    rootfs_attach_console              if there is a terminal
 *   init    rootfs_pivot
 *   init    rootfs_finish                      after pivot, before capabilities are dropped
 *   parent  rootfs_done                        once init has its copies of the descriptors
 *
 * init is a child of the parent by clone3 without CLONE_VM: it finds the same
 * struct and the same descriptors. All is done by descriptor: the image, the
 * volumes and whoever shares them are hostile.
 */
#ifndef BIVY_RUNTIME_ROOTFS_H
#define BIVY_RUNTIME_ROOTFS_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

struct cgroup_set; /* host/cgroup.h */
struct mount_plan; /* runtime/mount_plan.h */
struct create_mount; /* runtime/verbs.h */

enum rootfs_flag {
	ROOTFS_NO_PIVOT = 1 << 0,                /* --no-pivot: MS_MOVE and chroot */
	ROOTFS_NEW_USER_NAMESPACE = 1 << 1,      /* init has a user namespace other than the parent's (new or joined) */
	ROOTFS_NEW_CGROUP_NAMESPACE = 1 << 2,    /* init has a cgroup namespace other than the parent's (new or joined) */
	ROOTFS_JOINED_MOUNT_NAMESPACE = 1 << 3,  /* init was moved into an existing mount namespace: it works on a copy of it */
	ROOTFS_NO_MOUNT_NAMESPACE = 1 << 4,      /* init shares the caller's mounts: chroot, and nothing may be mounted */
};

struct rootfs {
	/* Given to rootfs_init; borrowed. */
	const struct spec_config *config;
	const char *path;   /* absolute */
	const char *bundle; /* absolute: what relative sources are taken from */
	unsigned flags;     /* enum rootfs_flag */
	const struct create_mount *given_mounts; /* in place of the sources of some binds */
	size_t given_mount_count;
	int given_fd;       /* a detached mount in place of what is at .path, which is then "/"; or -EBADF */
	/* To be set before rootfs_set_up if cgroups are to be mounted; NULL: the container has none. Borrowed. */
	const struct cgroup_set *groups;

	/* Its own. */
	struct arena *arena;
	struct mount_plan *plan;
	int root_fd;   /* O_PATH; the root of the container as a mount from rootfs_set_up on */
	int procfs_fd; /* see rootfs_get_procfs */
	int proc_fd;   /* the mount that was last attached on /proc, whatever it is and wherever it is moved; or -EBADF */
	int dev_fd;    /* /dev inside, once it was needed */
	int null_fd;   /* the null device that masks use, or -EBADF: the container's own */
};

/*
 * Makes the plan from the configuration and checks all that needs no kernel:
 * mount options, mappings, sysctl names against the namespaces. Touches
 * nothing. On failure rootfs_done need not be called.
 */
int rootfs_init(struct rootfs *rootfs, struct error *err) _must_check_;
void rootfs_done(struct rootfs *rootfs);

/* What would be done, one step per line. After rootfs_init. */
void rootfs_explain(const struct rootfs *rootfs, struct buf *out);

/*
 * Opens the root and the sources of bind mounts as detached mounts, with the
 * parent's rights: a container with user ids of its own could not. Where the
 * caller has no right to (an ordinary user), that is left to rootfs_set_up.
 */
int rootfs_open_sources(struct rootfs *rootfs, struct error *err) _must_check_;

/*
 * In init: all mounts and devices below the root, which is attached at its own
 * path. In a new user namespace the caller is its user and group 0 by now
 * (setresuid(2)): files cannot be made by an id that has no mapping.
 */
int rootfs_set_up(struct rootfs *rootfs, struct error *err) _must_check_;

/* Binds the terminal SLAVE_FD on /dev/console. Between set_up and pivot, or after pivot (exec never needs it). */
int rootfs_attach_console(struct rootfs *rootfs, int slave_fd, struct error *err) _must_check_;

/* Makes it the root of the calling process and, with a mount namespace, of that; the working directory becomes "/". */
int rootfs_pivot(struct rootfs *rootfs, struct error *err) _must_check_;

/*
 * A procfs of the container's pid namespace that nobody but us has touched, for
 * writes (host/procfs.h); from rootfs_set_up on, in init. Borrowed. It is the
 * container's own mount where there is one: write before paths in it become
 * read-only, or be ready for -EXDEV.
 */
int rootfs_get_procfs(struct rootfs *rootfs, int *ret_fd, struct error *err) _must_check_;

/* Propagation of the root, sysctls, read-only paths, masked paths, read-only root. */
int rootfs_finish(struct rootfs *rootfs, struct error *err) _must_check_;

#endif
