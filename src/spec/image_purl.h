/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs (package-url/purl-spec). */
#ifndef BIVY_SPEC_IMAGE_PURL_H
#define BIVY_SPEC_IMAGE_PURL_H

#include "base/str.h"

/* "pkg:docker/NAME@TAG?platform=linux%2Famd64"; "_" for what is no name, or NULL. */
void spec_image_purl(const char *name, const char *platform, struct buf *out);

/* TEXT with all that is neither a letter, a digit nor in PLAIN as "%2F". */
void spec_purl_escape(const char *text, const char *plain, struct buf *out);

#endif
