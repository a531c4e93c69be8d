/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image comes into the store from wherever it is: documents, then all
 * layers that are missing, several at once, each in one stream that is
 * verified, kept as a blob, decompressed and extracted. The image gets its
 * names when all of it is there; until then nothing of it can be seen.
 */
#ifndef BIVY_TRANSFER_INGEST_H
#define BIVY_TRANSFER_INGEST_H

#include "base/memory.h"
#include "spec/platform.h"
#include "store/store.h"
#include "transfer/source.h"

#define INGEST_DEFAULT_AT_ONCE 4 /* layers */

/* Told from any thread, one at a time. A negative errno (ERR filled) ends the whole: nobody is interested any more. */
struct ingest_progress {
	int (*tell)(void *context, const struct spec_transfer_event *event, struct error *err); /* or NULL */
	void *context;
};

enum ingest_property {
	/* Of an index, keeps the content for all platforms; extracted is one of them. */
	INGEST_ALL_PLATFORMS = 1 << 0,
	/* .platform was asked for by name: an image of another one is an error, not a warning. */
	INGEST_STRICT_PLATFORM = 1 << 1,
};

struct ingest_request {
	const char *reference;    /* for source->get_document() */
	const char *title;        /* what messages call it: "docker.io/library/debian:latest" */
	char *const *names;       /* that the image gets ("docker.io/library/debian:latest", "…@sha256:…"); NULL-terminated; none: it has none */
	const struct spec_platform *platform; /* normalised */
	unsigned properties;      /* enum ingest_property */
	unsigned at_once;         /* layers; 0: the default */
	struct ingest_progress progress;
};

/* Strings live in the arena given to ingest_image(). */
struct ingest_report {
	const char *target;    /* digest of what the reference names */
	const char *media_type;
	const char *manifest;  /* digest of the manifest that is used here */
	const char *id;        /* digest of the configuration */
	const char *platform;  /* "linux/arm64", or NULL */
	uint64_t size;         /* bytes of all files in its layers */
	uint64_t fetched_bytes; /* that came from the source just now, documents not counted */
	bool is_new;           /* a name is new, or named something else, or content was missing */
};

/*
 * Brings the image in and names it. Layers go on from where an earlier attempt
 * broke off, where the source can seek; content that is there already is not
 * fetched; what another process is fetching right now is waited for. Artifacts
 * (manifests that are no images) are kept without extracting anything.
 *
 * Sets the umask to 0 (layer_apply.h). ERROR_NOT_FOUND if the source does not
 * have it, or not for the platform; ERROR_INVALID for content that is not what
 * its digest says, or must not be extracted: nothing that was half made stays
 * but downloads to be resumed.
 */
int ingest_image(const struct store *store, const struct image_source *source, const struct ingest_request *request, struct arena *arena,
		 struct ingest_report *ret, struct error *err) _must_check_;

#endif
