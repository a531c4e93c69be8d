/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of an image layout on their way into a tar archive or a directory. The
 * bytes of the archive follow from the files alone: no clock, no owner.
 */
#ifndef BIVY_TRANSFER_LAYOUT_WRITER_H
#define BIVY_TRANSFER_LAYOUT_WRITER_H

#include "store/tar_writer.h"

struct layout_writer {
	struct tar_writer *tar;
	int directory_fd; /* if .tar is NULL */
};

/* A directory; those above it are made before. */
int layout_writer_add_directory(const struct layout_writer *writer, const char *name, struct error *err) _must_check_;

/* The file NAME, whose SIZE bytes STREAM has, neither more nor less. */
int layout_writer_add_file(const struct layout_writer *writer, const char *name, uint64_t size, struct stream stream, struct error *err) _must_check_;

int layout_writer_add_text(const struct layout_writer *writer, const char *name, const struct buf *text, struct error *err) _must_check_;

#endif
