/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy-transfer`, which bivy executes for what touches the network or the bytes of archives. */
#ifndef BIVY_TRANSFER_COMMAND_H
#define BIVY_TRANSFER_COMMAND_H

#include "base/commands.h"

#define TRANSFER_NAME "bivy-transfer"

/* What the options before the command fill. */
struct transfer_globals {
	struct commands_globals common;
	const char *root; /* bivy's: the images are in its "images"; NULL: bivy's default */
	int64_t events;   /* descriptor that gets what happens (spec/transfer_event.h); 0: nobody wants to know */
};

extern const struct command transfer_load, transfer_save, transfer_import, transfer_export, transfer_check, transfer_bootstrap;
extern const struct command transfer_compress, transfer_decompress, transfer_pack, transfer_unpack;
extern const struct command transfer_cache_export, transfer_cache_fetch, transfer_cache_import;
extern const struct command transfer_commit, transfer_copy_files, transfer_export_root;
extern const struct command transfer_download, transfer_git_checkout, transfer_git_resolve;
extern const struct command transfer_unpack_image;
extern const struct command transfer_copy, transfer_login, transfer_logout, transfer_pull, transfer_push, transfer_referrers, transfer_remote_delete, transfer_remote_inspect, transfer_search, transfer_tags;

#endif
