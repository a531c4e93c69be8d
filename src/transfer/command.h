/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy-transfer`, which bivy executes for what touches the network or the bytes of archives. */
#ifndef BIVY_TRANSFER_COMMAND_H
#define BIVY_TRANSFER_COMMAND_H

#include "base/commands.h"

#define TRANSFER_NAME "bivy-transfer"

extern const struct command transfer_pack, transfer_unpack;

#endif
