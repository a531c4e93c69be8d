/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel lets this process do, found by doing it where nobody sees: in namespaces of a child that ends. */
#ifndef BIVY_HOST_FEATURE_PROBE_H
#define BIVY_HOST_FEATURE_PROBE_H

#include "base/cleanup.h"

enum feature {
	/* System calls, in this process. */
	FEATURE_OPENAT2,
	FEATURE_CLONE3,
	FEATURE_PIDFD,
	FEATURE_CLOSE_RANGE,
	FEATURE_MOUNTS_BY_DESCRIPTOR, /* open_tree(2) and its kind */
	FEATURE_MOUNT_SETATTR,
	FEATURE_LANDLOCK,
	FEATURE_SECCOMP,
	FEATURE_SECCOMP_NOTIFY,
	/* Without root, or with it: a child in a user namespace of its own. */
	FEATURE_USER_NAMESPACE, /* made, mapped, and with a mount made in it: some hosts let it be made and forbid what it is for */
	/* In that, or beside it where it cannot be made and this process needs none. */
	FEATURE_OVERLAY,
	FEATURE_PROCFS, /* a procfs of its own: what is mounted over parts of the host's forbids it; mount_too_revealing() of the kernel */
	FEATURE_CGROUP_NAMESPACE,
	FEATURE_TIME_NAMESPACE,
	FEATURE_NETWORK_NAMESPACE,
	FEATURE_BRIDGE,
	FEATURE_VETH,
	FEATURE_NF_TABLES, /* with chains that translate addresses */
	/* What rules of those are made of, each a module of its own. */
	FEATURE_NFT_CT,
	FEATURE_NFT_FIB,
	FEATURE_NFT_NAT,
	FEATURE_NFT_MASQ,
	FEATURE_NFT_SOCKET,
	FEATURE_TUN,
	FEATURE_COUNT,
};

/* A feature that needs another which is missing. */
#define FEATURE_NOT_TRIED 1

struct features {
	int result[FEATURE_COUNT]; /* 0: it is there; -errno: why not; FEATURE_NOT_TRIED */
};

/*
 * Tries all of them: some milliseconds. Modules of the kernel may be loaded by
 * it, as they would be by the use. The caller has no other threads. -errno if
 * there is no child to be had.
 */
int feature_probe(struct features *ret) _must_check_;

/* Whether the file system of the directory PATH can be mounted with its owners mapped: 0 or -errno. Takes privilege over it. */
int feature_probe_idmapped(const char *path) _must_check_;

#endif
