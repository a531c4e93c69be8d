/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted in a container: the kernel's file systems, and files of ours. */
#ifndef BIVY_ENGINE_BUNDLE_MOUNTS_H
#define BIVY_ENGINE_BUNDLE_MOUNTS_H

#include "engine/bundle_plan.h"

/* The kernel's file systems, by the namespaces that the container has. */
void bundle_add_default_mounts(struct bundle_plan *plan);

/* Whether the host knows --tz. */
int bundle_check_timezone(const struct spec_container_config *config, struct error *err) _must_check_;

/* hosts, hostname, resolv.conf and localtime, written into the record's directory. */
int bundle_add_files(struct bundle_plan *plan, struct error *err) _must_check_;

/* The first three of them, empty: who writes them finds them there. */
int bundle_prepare_files(const struct bundle_plan *plan, struct error *err) _must_check_;

/* The name servers that its user asked for, or NULL. */
char *const *bundle_dns(const struct spec_host_config *host);

/*
 * TEXT becomes what the file NAME of the record's directory says, in place: what is mounted in the container is that file itself, not
 * its name. Whoever reads it meanwhile finds it long enough, never empty. 0 or -errno.
 */
int bundle_rewrite_file(int record_fd, const char *name, const struct buf *text) _must_check_;

/* Writes resolv.conf anew for a container that runs and has other networks now: those of NETWORK; the name servers that it names run then. */
int bundle_renew_resolv_conf(const struct container_record *record, const struct spec_network_plan *network, struct error *err) _must_check_;

#endif
