/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as they were read, for a process that surveys all of them again and
 * again (container_record_survey()). What is in a record is replaced and never
 * written to, so that the directories it is in tell by their times whether it
 * is what it was; what changed within the clock's own step is not kept.
 */
#ifndef BIVY_ENGINE_CONTAINER_CACHE_H
#define BIVY_ENGINE_CONTAINER_CACHE_H

#include "engine/container.h"

#include <sys/stat.h>
#include <time.h>

struct container_cache;

/* What the two directories of a container looked like. */
struct container_stamp {
	struct timespec changed, run_changed;
	ino_t inode, run_inode; /* .run_inode 0: there was none */
};

struct container_cache *container_cache_new(void);
void container_cache_free(struct container_cache *cache);

/* Of a container with those directories beneath FD and RUN_FD (-1: none). False if it is not there. */
bool container_stamp_take(int fd, int run_fd, const char *id, struct container_stamp *ret);

/* What was kept of ID if it still looks like STAMP; else NULL. It stays the cache's. */
const struct container_record *container_cache_find(struct container_cache *cache, const char *id, const struct container_stamp *stamp);

/* Keeps RECORD, which was read after STAMP was taken, and ARENA, which it lives in; false if it may be what is about to change: nothing is taken then. */
bool container_cache_keep(struct container_cache *cache, const struct container_stamp *stamp, struct arena *arena, const struct container_record *record);

/* Drops what was neither found nor kept since the last time. */
void container_cache_sweep(struct container_cache *cache);

#endif
