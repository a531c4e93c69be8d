/* SPDX-License-Identifier: Apache-2.0 */
/* For the modules container_network*.c alone; container_network_check() itself is in container_network.h. */
#ifndef BIVY_ENGINE_CONTAINER_NETWORK_CHECK_H
#define BIVY_ENGINE_CONTAINER_NETWORK_CHECK_H

#include "engine/container_network.h"
#include "spec/network.h"

/* ENDPOINT can be had: its network, *RET, is there, its addresses are of it, and who it links to exists. Names become those that records have. */
int container_network_check_endpoint(struct arena *arena, const struct directories *directories, struct spec_container_endpoint *endpoint,
	const struct spec_network **ret, struct error *err) _must_check_;

#endif
