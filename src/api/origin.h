/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that a page in somebody's browser makes (RFC 6454, 7). Pure. */
#ifndef BIVY_API_ORIGIN_H
#define BIVY_API_ORIGIN_H

#include <stdbool.h>

/*
 * Whether a request with the header Origin ORIGIN (NULL: none, as of all clients but browsers) and Host HOST is one to act on: a page
 * asks where it came from itself, and that is an address or localhost. A name would not do: whoever has it can let it lead here for a
 * moment (DNS rebinding).
 */
bool api_origin_is_allowed(const char *origin, const char *host);

#endif
