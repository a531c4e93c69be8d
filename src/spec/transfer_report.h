/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `bivy-transfer` prints when it is done. Each of its commands has some of
 * these members; the documents of registries, which others print, are none.
 */
#ifndef BIVY_SPEC_TRANSFER_REPORT_H
#define BIVY_SPEC_TRANSFER_REPORT_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_TRANSFER_REPORT_LIMIT (64u << 20) /* bytes: as an event that holds one */

struct spec_transfer_image {
	char *name;     /* "docker.io/library/debian:latest", or NULL */
	char **names;   /* where it may have several; NULL-terminated, or NULL */
	char *tag;      /* or NULL */
	char *id;
	char *digest;   /* in a registry */
	char *platform; /* or NULL */
	uint64_t size;
	uint64_t fetched_bytes; /* that came from a registry for it just now */
	bool is_new;    /* something came or went */
};

struct spec_transfer_fault {
	char *kind; /* "blob-damaged" */
	char *digest, *image;
	bool mended;
};

struct spec_transfer_report {
	struct spec_transfer_image image;   /* of a command with one */
	struct spec_transfer_image *images; /* of one with several */
	size_t image_count;
	char **tags; /* NULL-terminated, or NULL */
	struct spec_transfer_fault *faults;
	size_t fault_count;
};

/* Strings live in the arena; members that are not given are NULL or 0, unknown ones are passed over. */
int spec_transfer_report_decode(struct arena *arena, const char *text, size_t length, struct spec_transfer_report *ret, struct error *err)
	_must_check_;

#endif
