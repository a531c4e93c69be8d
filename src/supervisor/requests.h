/* SPDX-License-Identifier: Apache-2.0 */
/* What each request does: spec/supervision.h says it, a table has one function for each. */
#ifndef BIVY_SUPERVISOR_REQUESTS_H
#define BIVY_SUPERVISOR_REQUESTS_H

#include "supervisor/clients.h"
#include "supervisor/packets.h"

/* Carries PACKET out for CLIENT, and answers it, or lets it await the answer. */
void requests_serve(struct client *client, struct packet *packet);

#endif
