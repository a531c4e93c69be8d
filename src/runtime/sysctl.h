/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl: kernel parameters of the container's own namespaces. */
#ifndef BIVY_RUNTIME_SYSCTL_H
#define BIVY_RUNTIME_SYSCTL_H

#include "base/error.h"
#include "spec/config.h"

/*
 * Whether the parameter NAME belongs to a namespace that the container has to
 * itself (ipc, network, uts); any other would change the host. Both spellings
 * of sysctl(8), "net.ipv4.ip_forward" and "net/ipv4/ip_forward".
 */
int sysctl_check(const struct spec_config *config, const char *name, struct error *err) _must_check_;

/* In init, with PROCFS_FD of host/procfs.h. */
int sysctl_write(int procfs_fd, const struct spec_pair *parameter, struct error *err) _must_check_;

/* "sys/net/ipv4/ip_forward" from either spelling into OUT; -EINVAL: not a name of a parameter; -ENAMETOOLONG. */
int sysctl_path(const char *name, char *out, size_t size) _must_check_;

#endif
