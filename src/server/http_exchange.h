/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its reply, between libmicrohttpd and a call of bivy-server's. */
#ifndef BIVY_SERVER_HTTP_EXCHANGE_H
#define BIVY_SERVER_HTTP_EXCHANGE_H

#include "server/http_front.h"

/* What libmicrohttpd is to call: MHD_OPTION_URI_LOG_CALLBACK, the access handler, MHD_OPTION_NOTIFY_COMPLETED; each with a struct http_front. */
void *http_exchange_begin(void *front, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_exchange_handle(void *front, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *upload_data, size_t *upload_data_size, void **exchange);
void http_exchange_end(void *front, struct MHD_Connection *connection, void **exchange, enum MHD_RequestTerminationCode code);

/* All of them end without an answer: the library must not be stopped while some wait. */
void http_exchange_end_all(struct http_front *front);

#endif
