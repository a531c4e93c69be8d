/* SPDX-License-Identifier: Apache-2.0 */
/* What lists say of a container, in docker's words. Pure functions; texts live in the arena. */
#ifndef BIVY_ENGINE_CONTAINER_TEXT_H
#define BIVY_ENGINE_CONTAINER_TEXT_H

#include "engine/containers.h"

#include <time.h>

/* "Up 5 minutes (healthy)", "Exited (137) 2 hours ago, out of memory at 64MiB", "Created". */
const char *container_text_status(struct arena *arena, const struct container_entry *entry, time_t now);

/* "sh -c 'sleep 5'": words of which those with blanks are in quotes, but for the first, as dockerd tells them. */
const char *container_text_words(struct arena *arena, const struct spec_container *container);

/* The same for people, "\"sh -c 'sleep 5'\"": without control characters, cut to 20 characters unless it is to be WHOLE. */
const char *container_text_command(struct arena *arena, const struct spec_container *container, bool whole);

/* "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp": published ones, then those that are only exposed. */
const char *container_text_ports(struct arena *arena, const struct container_entry *entry);

/* "a=1,b=2". */
const char *container_text_labels(struct arena *arena, const struct spec_container *container);

/* Sources of its mounts, or names; long ones cut unless WHOLE. */
const char *container_text_mounts(struct arena *arena, const struct spec_container *container, bool whole);

/* "SIGKILL"; "signal 35" for one without a name. */
const char *container_text_signal(struct arena *arena, int64_t number);

#endif
