/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers of networks, and what `--opt` says to them, in docker's words and Podman's. Pure functions. */
#ifndef BIVY_ENGINE_NETWORK_OPTIONS_H
#define BIVY_ENGINE_NETWORK_OPTIONS_H

#include "base/memory.h"
#include "spec/network.h"

/*
 * Fills in the driver of NETWORK, and what its options say: interface, mode,
 * MTU. They stay in its list, for `inspect`. ERROR_INVALID for what the driver
 * does not know, ERROR_UNSUPPORTED for what we do not do, so that nothing is
 * passed over in silence.
 */
int network_options_apply(struct arena *arena, struct spec_network *network, struct error *err) _must_check_;

#endif
