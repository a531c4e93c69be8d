/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a volume: volume.json beside its files. The members have the
 * names of docker's `volume inspect`; what docker has no word for has one in
 * the same style. Not given is NULL, 0 or false.
 */
#ifndef BIVY_SPEC_VOLUME_H
#define BIVY_SPEC_VOLUME_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct spec_pair; /* spec/config.h */

#define SPEC_VOLUME_LIMIT (1u << 20) /* bytes of a document */

struct spec_volume {
	char *name;
	char *driver;   /* "local" */
	char *created;  /* RFC 3339, UTC */
	bool anonymous; /* made for one container */
	struct spec_pair *options, *labels; /* options as given: "type", "device", "o", "size" */
	size_t option_count, label_count;
	uint64_t size;    /* bytes it may have; 0: no limit */
	uint32_t project; /* of the file system's quota, which keeps that limit; 0: none */
	bool has_image;   /* the limit is that of a file with a file system of its own */
	bool read_only;   /* a snapshot: containers cannot write to it */
	char *origin;     /* the volume that it is a copy of */
};

/* Error messages begin with the path of the member. */
int spec_volume_decode(struct arena *arena, const char *text, size_t length, struct spec_volume **ret, struct error *err) _must_check_;
/* One line of JSON without newline; what is not given is left out. */
void spec_volume_encode(const struct spec_volume *volume, struct buf *out);

/* The body of docker's /volumes/create: name, driver, labels and options alone. */
int spec_volume_create_decode(struct arena *arena, const char *text, size_t length, struct spec_volume *ret, struct error *err) _must_check_;

/* Members of docker's `volume inspect`, in its order, then ours, into an open object. */
void spec_volume_write_inspect(struct json_writer *w, const struct spec_volume *volume, const char *mount_point);

/* The value of the option KEY, or NULL. */
const char *spec_volume_option(const struct spec_volume *volume, const char *key);

#endif
