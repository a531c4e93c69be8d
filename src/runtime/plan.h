/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `create` is going to do, as data: made from the bundle before the
 * kernel is touched, checked as far as that goes, printable (explain.c). The
 * processes of the start (spawn.c, joiner.c, init.c) carry it out.
 */
#ifndef BIVY_RUNTIME_PLAN_H
#define BIVY_RUNTIME_PLAN_H

#include "base/error.h"
#include "base/memory.h"
#include "host/cgroup.h"
#include "host/idmap.h"
#include "host/seccomp.h"
#include "runtime/intel_rdt.h"
#include "runtime/resources.h"
#include "runtime/rootfs.h"
#include "runtime/verbs.h"
#include "spec/config.h"
#include "spec/state.h"

#define PLAN_GIVEN_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNET) /* of struct create_namespaces */

struct plan {
	struct arena *arena;
	const struct create_request *request;
	char *bundle;              /* absolute, resolved */
	char *rootfs_path;         /* absolute */
	struct buf config_text;    /* config.json as it is */
	struct spec_config *config;

	int new_namespaces;        /* CLONE_NEW* to make */
	int joined_namespaces;     /* CLONE_NEW* to join, by path or as they are given */
	struct idmap ids;          /* of the new user namespace */

	struct cgroup_world world;
	struct cgroup_set groups;  /* drawn; see create.c */
	struct resource_plan resources;
	struct intel_rdt rdt;
	struct rootfs rootfs;
	bool has_rootfs_plan;
	struct seccomp_program seccomp; /* empty if there is none */
	bool has_seccomp;

	int preserve_fds;          /* LISTEN_FDS included */
	int listen_fds;            /* how many of them are LISTEN_FDS */
	char *notify_socket;       /* the caller's NOTIFY_SOCKET, or NULL */
	bool rootless;             /* not the host's root: what needs it is left out where that is safe */
};

/*
 * Reads and checks the bundle of REQUEST. The plan borrows REQUEST. Undo:
 * plan_done. Only reads: files of the bundle, /proc and the cgroup mounts.
 */
int plan_make(const struct runtime *runtime, const struct create_request *request, struct plan *ret, struct error *err) _must_check_;
void plan_done(struct plan *plan);

/* The terminal's size is what the request says by now. */
void plan_set_console_size(const struct plan *plan);

#define _cleanup_plan_ _cleanup_(plan_done)

/* Everything, one step per line. */
void plan_explain(const struct plan *plan, struct buf *out);

#endif
