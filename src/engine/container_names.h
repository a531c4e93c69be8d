/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids and names of containers. A name is reserved by making the symbolic link
 * ROOT/names/NAME -> ../containers/ID, which either appears whole or is
 * somebody else's already (container.h, invariants 1, 4 and 5).
 */
#ifndef BIVY_ENGINE_CONTAINER_NAMES_H
#define BIVY_ENGINE_CONTAINER_NAMES_H

#include "engine/directories.h"

#include <stdbool.h>

#define CONTAINER_ID_LENGTH 64
#define CONTAINER_NAME_LIMIT 200 /* bytes */

/* 64 hexadecimal digits in lower case. */
bool container_id_is_valid(const char *text);
/* Letters, digits, '_', '.' and '-', two at least, and no sign first. */
bool container_name_is_valid(const char *text);
/* The same, in words, for a name that a user gave. */
int container_name_check(const char *text, struct error *err) _must_check_;

/* A new id, in the arena; its first twelve digits are not all decimal, so that a host named so is no number. */
int container_id_make(struct arena *arena, const char **ret, struct error *err) _must_check_;

/*
 * *RET is the id that the name stands for, in the arena; NULL: it is free, or damaged. The container need not be there, nor be called
 * so. -errno if nobody can tell, which is not that it is free.
 */
int container_name_owner(struct arena *arena, const struct directories *directories, const char *name, const char **ret) _must_check_;

/* A name that stands for ID, in the arena, for a container that cannot tell itself; NULL: none does. */
const char *container_name_of(struct arena *arena, const struct directories *directories, const char *id);

/*
 * Takes NAME for ID. One whose container is gone, or is called otherwise, is
 * taken from there. ERROR_CONFLICT if it is another's.
 */
int container_name_reserve(const struct directories *directories, const char *name, const char *id, struct error *err) _must_check_;

/* Takes a name of our own making for ID; *RET in the arena. */
int container_name_generate(struct arena *arena, const struct directories *directories, const char *id, const char **ret, struct error *err)
	_must_check_;

/*
 * Gives NAME back, if it is ID's. 0 or -errno. The link goes into the directory GRAVE_FD, which is to be removed, if that is not
 * negative: what frees its block is not waited for then.
 */
int container_name_release(const struct directories *directories, const char *name, const char *id, int grave_fd) _must_check_;

/* All names that are there, NULL-terminated, in the arena. */
const char **container_names_list(struct arena *arena, const struct directories *directories);

/* Whether the name's container is neither there nor being made, or is called otherwise: left by a killed command. */
bool container_name_is_stale(const struct directories *directories, const char *name, const char *id);

#endif
