/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A health check in JSON, which images, containers and supervisors write alike.
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_HEALTH_CHECK_H
#define BIVY_SPEC_HEALTH_CHECK_H

#include "spec/decode.h"
#include "spec/image_config.h"

int decode_health_check(const struct decoder *d, const struct json *value, struct spec_health_check **ret) _must_check_;

/* Nothing for NULL. Members of SOURCE, which may be NULL, that bivy does not know are kept. */
void encode_health_check(struct json_writer *w, const char *key, const struct spec_health_check *check, const struct json *source);

#endif
