/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "NetworkingConfig" of a container in JSON: its memberships in networks.
 *
 * Internal to spec.
 */
#ifndef BIVY_SPEC_CONTAINER_ENDPOINT_H
#define BIVY_SPEC_CONTAINER_ENDPOINT_H

#include "spec/container.h"
#include "spec/decode.h"

/* Endpoints keep the order that the document has them in. */
int decode_networking(const struct decoder *d, const struct json *value, struct spec_host_config *host) _must_check_;

/* ELEMENT is a struct spec_container_endpoint, whose network has the member's name. */
int decode_endpoint(const struct decoder *d, const struct json *value, void *element) _must_check_;

/* The member "NetworkingConfig", if there are endpoints. */
void encode_networking(struct json_writer *w, const struct spec_host_config *host);

#endif
