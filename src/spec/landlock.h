/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `linux.landlock` object of a configuration, to and from JSON:
 * { "writable": [ PATH, … ], "bindPorts": [ NUMBER, … ], "connectPorts": [ NUMBER, … ] }
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_LANDLOCK_H
#define BIVY_SPEC_LANDLOCK_H

#include "spec/config.h"
#include "spec/decode.h"

int decode_landlock(const struct decoder *d, const struct json *value, struct spec_landlock **ret) _must_check_;

/* As a member KEY; nothing for NULL. */
void encode_landlock(struct json_writer *w, const char *key, const struct spec_landlock *landlock);

#endif
