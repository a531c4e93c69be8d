/* SPDX-License-Identifier: Apache-2.0 */
/* A client of TLS that speaks another protocol now: the library goes on translating between it and who has the call. */
#ifndef BIVY_SERVER_HTTP_TRANSLATION_H
#define BIVY_SERVER_HTTP_TRANSLATION_H

#include "server/http_front.h"

/*
 * SOCKET, the library's end that was sent over CALL to its new owner, is
 * forgotten here; CALL, which is ours now, ends with that, and then so does the
 * translation.
 */
void http_translation_begin(struct http_front *front, int call, int socket, struct MHD_UpgradeResponseHandle *handle);

#endif
