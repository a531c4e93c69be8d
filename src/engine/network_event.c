/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_event.h"

#include <time.h>

void network_event_add(const struct directories *directories, const struct spec_network *network, const char *action, const char *container)
{
	struct spec_pair attributes[3];
	struct spec_event event = { .type = "network", .action = action, .id = network->id, .attributes = attributes };
	struct timespec now;

	if (container)
		attributes[event.attribute_count++] = (struct spec_pair){ (char *)"container", (char *)container };
	attributes[event.attribute_count++] = (struct spec_pair){ (char *)"name", network->name };
	attributes[event.attribute_count++] = (struct spec_pair){ (char *)"type", network->driver };
	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	events_add(directories, &event);
}
