/* SPDX-License-Identifier: Apache-2.0 */
/* A file that came from a web server: what `bivy-transfer download` prints, and what is remembered of it. */
#ifndef BIVY_SPEC_DOWNLOAD_H
#define BIVY_SPEC_DOWNLOAD_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_DOWNLOAD_LIMIT (64u << 10) /* bytes of a document */

/* Strings may be NULL. */
struct spec_download {
	char *url;      /* as asked for */
	char *etag;     /* the server's name for this content */
	char *modified; /* its Last-Modified */
	char *digest;   /* "sha256:…" of its bytes */
	uint64_t size;
	bool unchanged; /* it is what was known before: there were no bytes */
};

void spec_download_encode(const struct spec_download *download, struct buf *out);
int spec_download_decode(struct arena *arena, const char *text, size_t length, struct spec_download *ret, struct error *err) _must_check_;

#endif
