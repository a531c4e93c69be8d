/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A config.json with other limits: what `update` leaves in a container's
 * record, so that later commands and later versions see what holds.
 */
#ifndef BIVY_SPEC_CONFIG_UPDATE_H
#define BIVY_SPEC_CONFIG_UPDATE_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

/*
 * Writes to *OUT the document TEXT with the members of linux.resources that
 * CHANGES gives in place of its own; everything else stays, members that
 * nobody knows included. Lists of devices, page sizes and the like are changed
 * entry by entry; the list of device rules is replaced when CHANGES has one.
 * A memory limit of -1 without a swap limit takes that away too, as it does in
 * the kernel.
 */
int spec_config_update(const char *text, size_t length, const struct spec_resources *changes, struct buf *out, struct error *err) _must_check_;

#endif
