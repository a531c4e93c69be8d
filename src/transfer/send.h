/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image goes to a registry from wherever it is: first the blobs that are
 * missing there, several at once, then the manifests, then what the tag names.
 * Nothing is sent that the registry has, in this repository or in another one.
 */
#ifndef BIVY_TRANSFER_SEND_H
#define BIVY_TRANSFER_SEND_H

#include "spec/platform.h"
#include "transfer/ingest.h"
#include "transfer/remote.h"
#include "transfer/source.h"

#define SEND_DEFAULT_AT_ONCE 5 /* blobs */

enum send_property {
	SEND_ALL_PLATFORMS = 1 << 0, /* of an index all manifests and itself; else the one for .platform alone */
};

struct send_request {
	const char *reference; /* for source->get_document() */
	const char *tag;       /* in the registry; NULL: it is had by its digest alone */
	const struct spec_platform *platform; /* normalised */
	unsigned properties;   /* enum send_property */
	unsigned at_once;      /* blobs; 0: the default */
	/* A repository of the same registry that may have the blob, or NULL; called from several threads. The function may be NULL. */
	const char *(*mount_from)(void *context, const char *digest);
	void *mount_context;
	struct ingest_progress progress;
};

/* Strings live in the arena given to send_image(). */
struct send_report {
	const char *digest;      /* of what the tag names now */
	const char *media_type;
	uint64_t size;           /* of that document */
	uint64_t sent_bytes;     /* of blobs */
	bool is_new;             /* anything was sent at all */
};

/* REMOTE was opened to push. Blobs are taken from SOURCE as they come; the registry verifies them. */
int send_image(const struct image_source *source, struct remote *remote, const struct send_request *request, struct arena *arena,
	       struct send_report *ret, struct error *err) _must_check_;

#endif
