/* SPDX-License-Identifier: Apache-2.0 */
/* GET and HEAD /_ping, which every client begins with and which is about nothing: answered where HTTP is read. */
#ifndef BIVY_SERVER_HTTP_PING_H
#define BIVY_SERVER_HTTP_PING_H

#include <microhttpd.h>
#include <stdbool.h>

/* Whether it is one, in a version that is spoken. */
bool http_ping_is(const char *method, const char *target);

/* Queues the answer. */
enum MHD_Result http_ping_answer(struct MHD_Connection *connection, const char *method);

#endif
