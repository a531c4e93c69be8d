/* SPDX-License-Identifier: Apache-2.0 */
/* One member of a layer becomes a file, of whatever type, in a directory. */
#ifndef BIVY_STORE_LAYER_NODE_H
#define BIVY_STORE_LAYER_NODE_H

#include "base/error.h"
#include "store/tar_reader.h"

/* Where a node goes: the name is free. */
struct layer_place {
	int parent_fd;
	const char *name;
	bool parent_gives_group; /* the directory has its set-gid bit */
};

/* Who the process is: what needs no chown(2). */
struct layer_owner {
	uid_t uid;
	gid_t gid;
};

/* What could not be kept: attributes that the file system or the kernel refused. */
struct layer_losses {
	uint64_t xattrs;
};

/*
 * Makes the file, its data from READER; the symbolic link, device or fifo. The
 * umask is 0. Errors say what failed, without a name.
 */
int layer_node_make(const struct layer_place *place, const struct tar_entry *entry, struct tar_reader *reader,
	const struct layer_owner *owner, struct layer_losses *losses, struct error *err) _must_check_;

/*
 * Owner and extended attributes of the directory, which exists; its mode too,
 * as far as the process itself is not locked out. The rest is for
 * layer_node_finish_directory(), when everything below is done.
 */
int layer_node_begin_directory(int directory_fd, const struct tar_entry *entry, struct layer_losses *losses, struct error *err)
	_must_check_;

/* What changes by itself while a directory is filled, or keeps from filling it. */
struct layer_directory_end {
	mode_t mode;
	struct timespec times[2];
	const char *acl_default; /* text, or NULL */
};

struct layer_directory_end layer_node_directory_end(const struct tar_entry *entry);
int layer_node_finish_directory(int directory_fd, const struct layer_directory_end *end, struct layer_losses *losses, struct error *err)
	_must_check_;

/* Marks the directory as opaque for overlay, by the attribute NAME. */
int layer_node_set_opaque(int directory_fd, const char *name, struct error *err) _must_check_;

#endif
