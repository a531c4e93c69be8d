/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Config" of a container in JSON.
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_CONTAINER_CONFIG_H
#define BIVY_SPEC_CONTAINER_CONFIG_H

#include "spec/container.h"
#include "spec/decode.h"

/* Members of VALUE that are none of these are passed over. */
int decode_container_config(const struct decoder *d, const struct json *value, struct spec_container_config *config) _must_check_;

/* Members of an open object; what is not given is left out. */
void encode_container_config(struct json_writer *w, const struct spec_container_config *config);

/* The same with all defaults, as docker's inspect has them. */
void encode_config_inspect(struct json_writer *w, const struct spec_container_config *config);

#endif
