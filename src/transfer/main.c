/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/session.h"

static const struct command *const list[] = {
	&transfer_bootstrap,
	&transfer_cache_export,
	&transfer_cache_fetch,
	&transfer_cache_import,
	&transfer_check,
	&transfer_commit,
	&transfer_compress,
	&transfer_copy,
	&transfer_copy_files,
	&transfer_decompress,
	&transfer_download,
	&transfer_export,
	&transfer_export_root,
	&transfer_git_checkout,
	&transfer_git_resolve,
	&transfer_import,
	&transfer_load,
	&transfer_login,
	&transfer_logout,
	&transfer_pack,
	&transfer_pull,
	&transfer_push,
	&transfer_referrers,
	&transfer_remote_delete,
	&transfer_remote_inspect,
	&transfer_save,
	&transfer_search,
	&transfer_tags,
	&transfer_unpack,
	&transfer_unpack_image,
	&commands_version,
};

int main(int argc, char **argv)
{
	return session_main(TRANSFER_NAME, "registries and archives for bivy", list, ARRAY_SIZE(list), argc, argv);
}
