/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image runs on: "linux/arm64", "linux/arm/v7". Names are those of Go
 * (image-spec, image-index.md); others in use ("x86_64", "aarch64", "armhf")
 * are normalised to them.
 */
#ifndef BIVY_SPEC_PLATFORM_H
#define BIVY_SPEC_PLATFORM_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"

#include <limits.h>
#include <stdbool.h>

struct spec_platform {
	char *os;           /* "linux" */
	char *architecture; /* "amd64" */
	char *variant;      /* "v7", or NULL */
	char *os_version;   /* or NULL */
	char **os_features; /* NULL-terminated, or NULL */
};

#define SPEC_PLATFORM_NO_MATCH UINT_MAX

/* "os/arch[/variant]", "arch" or "os" alone, the rest taken from HOST; normalised. ERROR_INVALID otherwise. */
int spec_platform_parse(struct arena *arena, const char *text, const struct spec_platform *host, struct spec_platform *ret, struct error *err)
	_must_check_;

/* The platform of a Linux kernel whose uname(2) says MACHINE ("x86_64", "armv7l"); an unknown machine is its own name. */
struct spec_platform spec_platform_of_machine(struct arena *arena, const char *machine);

/* The usual names for what *PLATFORM says: "aarch64" becomes "arm64", its "v8" nothing, "arm" without variant "v7". */
struct spec_platform spec_platform_normalize(struct arena *arena, const struct spec_platform *platform);

/*
 * How well what is OFFERED suits one who WANTS a platform: 0 is the very same,
 * more is a lesser one that its processors also run (arm/v6 on arm/v7, 386 on
 * amd64), SPEC_PLATFORM_NO_MATCH one that they do not. The order is
 * containerd's. Both are normalised.
 */
unsigned spec_platform_rank(const struct spec_platform *wanted, const struct spec_platform *offered);

/* "linux/arm/v7". */
char *spec_platform_text(struct arena *arena, const struct spec_platform *platform);

/* For spec alone: the members "architecture", "os" and so on of a JSON object, which may have others. */
struct decoder;
int decode_platform(const struct decoder *d, const struct json *value, struct spec_platform *platform) _must_check_;
/* SOURCE, which may be NULL, is the object it was decoded from: its other members are written too. */
void encode_platform(struct json_writer *w, const struct spec_platform *platform, const struct json *source);

#endif
