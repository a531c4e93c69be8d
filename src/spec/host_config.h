/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "HostConfig" of a container in JSON.
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_HOST_CONFIG_H
#define BIVY_SPEC_HOST_CONFIG_H

#include "spec/container.h"
#include "spec/decode.h"

int decode_host_config(const struct decoder *d, const struct json *value, struct spec_host_config *host) _must_check_;

/* Members of an open object; what is not given is left out. */
void encode_host_config(struct json_writer *w, const struct spec_host_config *host);

/* The same with all defaults, in docker's words. */
void encode_host_inspect(struct json_writer *w, const struct spec_host_config *host);

#endif
