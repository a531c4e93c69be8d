/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to a container, as docker words it. */
#ifndef BIVY_ENGINE_CONTAINER_EVENT_H
#define BIVY_ENGINE_CONTAINER_EVENT_H

#include "engine/events.h"
#include "spec/container.h"

/* Adds the event ACTION of now, with image, name, labels and EXTRA as attributes. */
void container_event_add(const struct directories *directories, const struct spec_container *container, const char *action,
	const struct spec_pair *extra, size_t extra_count);

#endif
