/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar archives: ustar where it is enough, pax headers for what it cannot hold.
 * The bytes follow from the members alone: no clock, no names of users, and
 * extended attributes in the order of their names.
 */
#ifndef BIVY_STORE_TAR_WRITER_H
#define BIVY_STORE_TAR_WRITER_H

#include "store/stream.h"
#include "store/tar_reader.h"

struct tar_writer;

struct tar_writer *tar_writer_new(struct sink sink);
void tar_writer_free(struct tar_writer *writer);

/*
 * Begins a member; .size bytes of data must follow for a file. A directory's
 * name gets its slash. The fields for access control lists, .sparse and
 * .atime are not used. An error: the last member lacks data; a name or
 * attribute that no archive can hold.
 */
int tar_writer_add(struct tar_writer *writer, const struct tar_entry *entry, struct error *err) _must_check_;

/* A part of the member's data. */
int tar_writer_data(struct tar_writer *writer, const void *bytes, size_t length, struct error *err) _must_check_;

/* Ends the archive. */
int tar_writer_finish(struct tar_writer *writer, struct error *err) _must_check_;

DEFINE_CLEANUP(struct tar_writer *, tar_writer_free)
#define _cleanup_tar_writer_ _cleanup_(cleanup_tar_writer_free)

#endif
