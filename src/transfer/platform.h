/* SPDX-License-Identifier: Apache-2.0 */
/* The platform that a command is about. */
#ifndef BIVY_TRANSFER_PLATFORM_H
#define BIVY_TRANSFER_PLATFORM_H

#include "spec/platform.h"

/* The value TEXT of an option --platform, normalised, what it leaves out taken from the host; NULL: the host's own. */
int platform_choose(struct arena *arena, const char *text, struct spec_platform *ret, struct error *err) _must_check_;

#endif
