/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chain_id.h"

#include <stdio.h>
#include <string.h>

void chain_id_compute(const char *parent, const char *diff_id, char ret[static DIGEST_TEXT_SIZE])
{
	_cleanup_digest_ struct digest *digest = NULL;

	if (!parent && strncmp(diff_id, "sha256:", strlen("sha256:")) == 0) {
		snprintf(ret, DIGEST_TEXT_SIZE, "%s", diff_id);
		return;
	}
	digest = digest_new("sha256");
	if (parent) {
		digest_add(digest, parent, strlen(parent));
		digest_add(digest, " ", 1);
	}
	digest_add(digest, diff_id, strlen(diff_id));
	digest_finish(digest, ret);
}
