/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to a network, as docker words it. */
#ifndef BIVY_ENGINE_NETWORK_EVENT_H
#define BIVY_ENGINE_NETWORK_EVENT_H

#include "engine/events.h"
#include "spec/network.h"

/* Adds the event ACTION of now: "create" and "destroy"; "connect" and "disconnect" with the id of a CONTAINER, else NULL. */
void network_event_add(const struct directories *directories, const struct spec_network *network, const char *action, const char *container);

#endif
