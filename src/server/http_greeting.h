/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that has connected and says its first word: what is no HTTP is told
 * so, in docker's form, for libmicrohttpd would hang up without a word.
 */
#ifndef BIVY_SERVER_HTTP_GREETING_H
#define BIVY_SERVER_HTTP_GREETING_H

#include "server/http_front.h"

/* FD is the library's afterwards, or closed: also if too many wait. */
void http_greeting_begin(struct http_front *front, int fd);

/* Closes those that have said nothing for too long; of all with EVERYBODY. */
void http_greeting_expire(struct http_front *front, bool everybody);

/* How long until that has to be done, in ms; -1: nobody waits. */
int http_greeting_timeout(const struct http_front *front);

#endif
