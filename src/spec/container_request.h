/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as docker's API asks for one. The members are those of its record
 * (container.h), but for what docker writes in another form there: "Config" is
 * the document itself, mounts come as "Binds" and "Tmpfs", too, and what is
 * empty, null and missing means the same. Pure.
 */
#ifndef BIVY_SPEC_CONTAINER_REQUEST_H
#define BIVY_SPEC_CONTAINER_REQUEST_H

#include "spec/container.h"

/*
 * The body of POST /containers/create; all in the arena. ERROR_INVALID, in
 * docker's words where it has some, else beginning with the path of the member;
 * ERROR_UNSUPPORTED for what is not here.
 */
int spec_container_request_decode(struct arena *arena, const char *text, size_t length, struct spec_container *ret, struct error *err) _must_check_;

/* The body of POST /containers/{id}/update: limits and restart policy. */
int spec_container_changes_decode(struct arena *arena, const char *text, size_t length, struct spec_host_config *ret, struct error *err) _must_check_;

#endif
