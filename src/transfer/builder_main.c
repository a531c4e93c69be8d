/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-builder: what `bivy build` has done with files, by libraries that bivy does not link. Nothing here touches the network. */
#include "transfer/build_work.h"

static const struct command *const list[] = {
	&build_copy_command,
	&build_digest_command,
	&build_image_command,
	&build_layer_command,
	&commands_version,
};

int main(int argc, char **argv)
{
	return session_main(BUILDER_NAME, "files, layers and images for `bivy build`", list, ARRAY_SIZE(list), argc, argv);
}
