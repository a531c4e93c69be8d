/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy-transfer`, which bivy executes for what touches the network or the bytes of archives. */
#ifndef BIVY_TRANSFER_COMMAND_H
#define BIVY_TRANSFER_COMMAND_H

#include "base/error.h"
#include "base/options.h"

#define TRANSFER_NAME "bivy-transfer"

struct transfer_command {
	struct options_command command;
	size_t request_size;
	/* Adds to OUT what is to be printed; OPERANDS are NULL-terminated. */
	int (*run)(const void *request, char **operands, struct buf *out, struct error *err);
};

extern const struct transfer_command transfer_pack, transfer_unpack;

#endif
