/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting a blob into a registry with as little as possible: nothing if it is
 * there, a word if another repository of the same registry has it, else its
 * bytes, in one piece or in several of which a break costs only the last.
 */
#ifndef BIVY_REGISTRY_UPLOAD_H
#define BIVY_REGISTRY_UPLOAD_H

#include "registry/client.h"

struct upload_request {
	const char *digest;
	uint64_t size;
	http_source *source;
	void *source_context;
	const char *mount_from; /* a repository of the same registry that may have it, or NULL */
	uint64_t piece_bytes;   /* 0: all in one */
	void (*progress)(void *context, uint64_t position);
	void *progress_context;
};

enum upload_result { UPLOAD_PRESENT, UPLOAD_MOUNTED, UPLOAD_SENT };

/* CLIENT was opened to push. The registry checks the digest; ERROR_INVALID when it is another. */
int upload_blob(struct client *client, const struct upload_request *request, enum upload_result *ret, struct error *err) _must_check_;

#endif
