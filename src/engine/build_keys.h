/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --ssh ID=KEY[,KEY…]: files of private keys, given to an ssh-agent(1) of the
 * build's own, so that steps get its socket and never the keys. It holds them
 * in memory and ends with the build, whatever ends that.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_KEYS_H
#define BIVY_ENGINE_BUILD_KEYS_H

#include "engine/build_state.h"

/*
 * Starts one for each ID that has keys; build->agents then tells for each of
 * the request's .ssh what socket to use: NULL: the environment's. ERROR_INVALID
 * for what is no key, or has a passphrase; ERROR_UNAVAILABLE if there is no
 * ssh-agent or ssh-add; with what can be done as hint.
 */
int build_keys_open(struct build *build, struct error *err) _must_check_;

/* Ends them. */
void build_keys_close(struct build *build);

#endif
