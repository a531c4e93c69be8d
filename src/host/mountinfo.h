/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount tables: proc_pid_mountinfo(5). Slow and by path, so only for what has
 * no descriptor: finding the mounts of a kind in a whole namespace.
 */
#ifndef BIVY_HOST_MOUNTINFO_H
#define BIVY_HOST_MOUNTINFO_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mountinfo_entry {
	uint64_t id, parent; /* of mounts; the parent of a root is not in the table */
	uint64_t shared;     /* peer group that it is in; 0: none, it is not shared */
	uint64_t master;     /* peer group that it is a slave of; 0: none */
	uint64_t propagate_from; /* the nearest group above .master that is in sight, if that itself is not; 0: none */
	bool is_unbindable;
	char *root;       /* of the mount inside its file system */
	char *mount_point;
	char *options;    /* of the mount */
	char *type;       /* "proc" */
	char *source;
	char *super_options; /* of the file system; "" for none */
};

struct mountinfo {
	struct mountinfo_entry *entries; /* in the order of the table */
	size_t count;
	char *text; /* what the strings point into */
};

/*
 * Takes TEXT apart (it is copied): octal escapes are resolved. -EINVAL for a
 * line that does not have the fields it must.
 */
int mountinfo_parse(const char *text, struct mountinfo *ret) _must_check_;

/* The table of the calling process, through PROCFS_FD (host/procfs.h); at most 16 MiB. */
int mountinfo_load(int procfs_fd, struct mountinfo *ret) _must_check_;

void mountinfo_done(struct mountinfo *table);
#define _cleanup_mountinfo_ _cleanup_(mountinfo_done)

#endif
