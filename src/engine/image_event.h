/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to an image, as docker words it. */
#ifndef BIVY_ENGINE_IMAGE_EVENT_H
#define BIVY_ENGINE_IMAGE_EVENT_H

#include "engine/events.h"
#include "spec/transfer_report.h"

/* Adds the event ACTION of now: "tag", "untag", "delete", … of the image ID, called NAME. */
void image_event_add(const struct directories *directories, const char *action, const char *id, const char *name);

/* Those of what bivy-transfer has done: COMMAND is "pull", "push", "load", "save" or "import"; others have none. */
void image_event_add_report(const struct directories *directories, const char *command, const struct spec_transfer_report *report);

#endif
