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

/* The values of members that are written alike with and without defaults. */
void encode_container_mounts(struct json_writer *w, const struct spec_host_config *host);
void encode_port_bindings(struct json_writer *w, const struct spec_host_config *host);
void encode_container_devices(struct json_writer *w, const struct spec_host_config *host);
void encode_container_ulimits(struct json_writer *w, const struct spec_host_config *host);
void encode_blkio_weights(struct json_writer *w, const struct spec_host_config *host);
void encode_blkio_rates(struct json_writer *w, const struct spec_host_config *host, enum spec_throttle_kind kind);

#endif
