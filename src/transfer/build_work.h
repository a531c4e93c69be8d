/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of bivy-builder share: each is given one document (spec/build_work.h). */
#ifndef BIVY_TRANSFER_BUILD_WORK_H
#define BIVY_TRANSFER_BUILD_WORK_H

#include "base/str.h"
#include "store/lease.h"
#include "transfer/session.h"

#define BUILDER_NAME "bivy-builder"

struct build_work_request {
	int64_t work, lease; /* descriptors; 0: none */
};

extern const struct option_entry build_work_entries[];

extern const struct command build_copy_command, build_digest_command, build_image_command, build_layer_command;

/* The document of a call whose options are those. */
int build_work_read(const struct command_call *call, struct buf *ret, struct error *err) _must_check_;

/* The lease of whoever started us, in which what is made is kept from its beginning; or, without that, one of our own. */
int build_work_lease(const struct command_call *call, const struct store *store, struct lease *ret, struct error *err) _must_check_;

/* The directory that the file PATH lies in, O_PATH; or -errno, -EBADF without a PATH. */
int build_work_open_above(const char *path);

/* How many threads are of use. */
unsigned build_work_threads(void);

#endif
