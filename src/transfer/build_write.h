/* SPDX-License-Identifier: Apache-2.0 */
/* What was taken becomes files of the tree that is built. The umask is 0. */
#ifndef BIVY_TRANSFER_BUILD_WRITE_H
#define BIVY_TRANSFER_BUILD_WRITE_H

#include "transfer/build_kept.h"
#include "transfer/build_take.h"
#include "transfer/build_target.h"

struct build_written {
	uint64_t entries, bytes;
};

/* What is made of files' content on the way, as it is read once only. */
struct build_write_notes {
	bool digests;            /* of what was taken (build_take.h) */
	struct build_kept *kept; /* or NULL; only when nothing is written twice */
};

/*
 * Copies one source: a directory's content into the directory that the target
 * becomes, which has the source's time then, anything else as that or into it.
 * Files are replaced, directories merged; a directory in place of a file, or
 * the other way round, is ERROR_CONFLICT. Hard links within the source stay
 * links, holes holes.
 */
int build_write_source(const struct build_target *target, const struct spec_build_take *take, struct build_taken *taken,
	const struct build_source *source, const struct build_write_notes *notes, struct build_written *written, struct error *err) _must_check_;

/* Writes a file that is nowhere yet. */
int build_write_file(const struct build_target *target, const struct spec_build_file *file, struct build_written *written, struct error *err) _must_check_;

#endif
