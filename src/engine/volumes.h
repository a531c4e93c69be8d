/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user does with volumes: one call per intent. Each returns 0 or a
 * negative errno with *err filled. How they are kept: volume_record.h.
 */
#ifndef BIVY_ENGINE_VOLUMES_H
#define BIVY_ENGINE_VOLUMES_H

#include "base/memory.h"
#include "engine/directories.h"
#include "spec/volume.h"

/*
 * Makes the volume that REQUEST describes: name (NULL: one is made up), options,
 * labels. One that is there with the same options is as good; ERROR_CONFLICT for
 * others. *RET_NAME lives in the arena.
 */
int volume_create(struct arena *arena, const struct directories *directories, const struct spec_volume *request, const char **ret_name,
	struct error *err) _must_check_;

struct volume_entry {
	const struct spec_volume *volume;
	const char *mount_point;
	bool is_used; /* by a container, running or not; only known if it was asked for */
};

/* Sorted by name; all live in the arena. FILTERS: volume_filter.h. */
int volume_list(struct arena *arena, const struct directories *directories, char *const *filters, struct volume_entry **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* Docker's document of one, one line of JSON, added to *OUT. */
int volume_inspect(const struct directories *directories, const char *name, struct buf *out, struct error *err) _must_check_;

enum volume_remove_flag { VOLUME_REMOVE_FORCE = 1 << 0 /* no error if it is not there */ };

/* ERROR_CONFLICT, with the container's name, if one has it. */
int volume_remove(const struct directories *directories, const char *name, unsigned flags, struct error *err) _must_check_;

struct volume_prune_report {
	char **names; /* of those removed, in the arena */
	uint64_t freed_bytes;
};

/* Volumes that no container has: those without a name of a person's, with ALL (or the filter "all=1") any. */
int volume_prune(struct arena *arena, const struct directories *directories, char *const *filters, bool all, struct volume_prune_report *ret,
	struct error *err) _must_check_;

/* Its files as a tar archive to OUTPUT, NULL: the standard output. */
int volume_export(const struct directories *directories, const char *name, const char *output, struct error *err) _must_check_;

/* Adds the files of the tar archive INPUT, "-": the standard input, compressed or not. */
int volume_import(const struct directories *directories, const char *name, const char *input, struct error *err) _must_check_;

enum volume_copy_flag {
	VOLUME_COPY_READ_ONLY = 1 << 0, /* a snapshot: containers only read it */
	VOLUME_COPY_NO_PAUSE = 1 << 1,  /* containers that have it go on while it is copied */
};

/*
 * A new volume TARGET (NULL: SOURCE with the moment behind it) that has what
 * SOURCE has now, its options and labels. File systems that can share the
 * content do. Containers that have it stand still meanwhile. *RET_NAME lives in
 * the arena.
 */
int volume_copy(struct arena *arena, const struct directories *directories, const char *source, const char *target, unsigned flags,
	const char **ret_name, struct error *err) _must_check_;

#endif
