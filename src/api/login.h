/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client says it is at registries: X-Registry-Auth, and POST /auth. */
#ifndef BIVY_API_LOGIN_H
#define BIVY_API_LOGIN_H

#include "api/call.h"
#include "spec/reference.h"

/* A file of the header's login for the registry of REFERENCE, of none without it: the server's own are nobody else's. Close *RET. */
int api_login_open(struct api_call *call, const struct spec_reference *reference, int *ret, struct error *err) _must_check_;

/* What bivy-transfer, which inherits FD, calls that file. */
const char *api_login_path(struct api_call *call, int fd);

#endif
