/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of docker's POST /build that are JSON. Nothing, null, {} and [] all say nothing. Pure. */
#ifndef BIVY_SPEC_BUILD_PARAMETERS_H
#define BIVY_SPEC_BUILD_PARAMETERS_H

#include "spec/container.h"

/* A map of texts, of which null ones are left out: "labels". NAME is for messages. */
int spec_build_pairs_decode(struct arena *arena, const char *name, const char *text, struct spec_pair **ret, size_t *ret_count, struct error *err)
	_must_check_;

/* The same as "NAME=VALUE", NULL-terminated, or NULL: "buildargs". */
int spec_build_arguments_decode(struct arena *arena, const char *text, char ***ret, struct error *err) _must_check_;

/* "ulimits". */
int spec_build_ulimits_decode(struct arena *arena, const char *text, struct spec_container_ulimit **ret, size_t *ret_count, struct error *err)
	_must_check_;

#endif
