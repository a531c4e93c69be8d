/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: links of the host that move into the container. */
#ifndef BIVY_RUNTIME_NET_DEVICES_H
#define BIVY_RUNTIME_NET_DEVICES_H

#include "base/error.h"
#include "spec/config.h"

/*
 * Moves each link from the caller's network namespace into NETNS_FD, with its
 * addresses and under its new name, and sets it up. For the parent, with
 * CAP_NET_ADMIN in both, once the container's network namespace exists. On
 * failure the links already moved come back as they were.
 */
int net_devices_move(const struct spec_net_device *devices, size_t count, int netns_fd, struct error *err) _must_check_;

#endif
