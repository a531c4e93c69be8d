/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up that answers requests which only look (routes.c): it
 * reads what clients send, and configurations of images and containers, and has
 *
 *   - of capabilities those to read (files, what processes tell of themselves)
 *     and CAP_NET_ADMIN, without which the firewall tells nothing; and no way to
 *     more (no_new_privs);
 *   - of all files those of the engine, of /proc, /sys and /usr, and none of them
 *     to write (Landlock, where the kernel has it). Under Landlock a process is
 *     not told of others what takes a right to trace them, such as their
 *     namespaces: who looks at processes has all files instead, to read;
 *   - no system calls but those of looking_rules(): it starts no programs, makes
 *     no sockets that reach anybody but the kernel, signals nobody, mounts
 *     nothing, and opens nothing to be written.
 *
 * What one can do that somebody has taken over: read what he could ask for and
 * files of containers (who looks at processes: of the host), and change the firewall.
 */
#ifndef BIVY_API_LOOKING_H
#define BIVY_API_LOOKING_H

#include "engine/directories.h"
#include "host/seccomp.h"

enum looking {
	LOOKING_AT_PROCESSES = 1 << 0,
	LOOKING_IN_HOME = 1 << 1, /* at networks, too, in the network namespace of an ordinary user's home (engine/home.h) */
};

/* For good; in a process without threads. FLAGS: LOOKING_AT_PROCESSES or 0. What this kernel cannot do is left out, with a line to the log. */
void looking_begin(const struct directories *directories, unsigned flags);

#define LOOKING_RULES 12

/* What is allowed, all else answers ENOSYS. Their number. */
size_t looking_rules(unsigned flags, struct seccomp_rule ret[static LOOKING_RULES]);

#endif
