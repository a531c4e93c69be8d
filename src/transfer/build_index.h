/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the contents of files were digested to, by what stat(2) says of them, in
 * a file from one build to the next: whoever changes a file changes its ctime.
 * A file that was changed while, or just before, it was read is not kept: its
 * next change might have the same time (the index of git calls that racy).
 */
#ifndef BIVY_TRANSFER_BUILD_INDEX_H
#define BIVY_TRANSFER_BUILD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define BUILD_INDEX_HASH_SIZE 32

struct build_index;

/* Never NULL: what is missing, or cannot be read, or is damaged is empty. PATH NULL: nothing is kept. */
struct build_index *build_index_open(const char *path);
void build_index_free(struct build_index *index);

/* What is known of the file, or NULL. From any thread, but not beside the next one. */
const uint8_t *build_index_find(const struct build_index *index, const struct stat *st);

/* HASH is of what the file had since READ_AT, which build_index_now() said before it was opened. */
void build_index_add(struct build_index *index, const struct stat *st, const struct timespec *read_at, const uint8_t hash[static BUILD_INDEX_HASH_SIZE]);
struct timespec build_index_now(void);

/* Writes it, if there is anything new. What cannot be written is lost. */
void build_index_save(struct build_index *index);

#endif
