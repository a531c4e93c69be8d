/* SPDX-License-Identifier: Apache-2.0 */
/* Our own executable, put out of reach of the containers that we enter. */
#ifndef BIVY_RUNTIME_SELF_H
#define BIVY_RUNTIME_SELF_H

#include "base/error.h"

/*
 * Makes sure that a container that reaches /proc/PID/exe of ours cannot write
 * to the file on disk (CVE-2019-5736): this process runs through a read-only
 * mount of its executable, attached nowhere (open_tree(2), mount_setattr(2)),
 * or, without the privilege for that, from a sealed memory copy of it
 * (memfd_create(2), F_SEAL_WRITE). Executes itself once more and does not
 * return, or returns 0 when that has been done. ARGV is the program's own. Call
 * it first, single-threaded.
 */
int self_reexec_sealed(char **argv, struct error *err) _must_check_;

#endif
