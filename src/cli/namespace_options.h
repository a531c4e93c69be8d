/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of namespaces are meant, as `unshare` and `enter` have it; and the shell that runs if no command is given. */
#ifndef BIVY_CLI_NAMESPACE_OPTIONS_H
#define BIVY_CLI_NAMESPACE_OPTIONS_H

#include "base/memory.h"
#include "base/options.h"

struct namespace_choice {
	bool all, cgroup, ipc, mount, net, pid, time, user, uts;
};

#define NAMESPACE_ENTRIES(type, member) \
	{ "all", 'a', OPTION_FLAG, 0, offsetof(type, member.all), NULL, "all kinds of namespaces" }, \
	{ "cgroup", 'C', OPTION_FLAG, 0, offsetof(type, member.cgroup), NULL, "the cgroup namespace: which control group looks like the top" }, \
	{ "ipc", 'i', OPTION_FLAG, 0, offsetof(type, member.ipc), NULL, "the IPC namespace: System V objects and message queues" }, \
	{ "mount", 'm', OPTION_FLAG, 0, offsetof(type, member.mount), NULL, "the mount namespace" }, \
	{ "net", 'n', OPTION_FLAG, 0, offsetof(type, member.net), NULL, "the network namespace" }, \
	{ "pid", 'p', OPTION_FLAG, 0, offsetof(type, member.pid), NULL, "the pid namespace" }, \
	{ "time", 'T', OPTION_FLAG, 0, offsetof(type, member.time), NULL, "the time namespace: clocks that count from the boot on" }, \
	{ "user", 'U', OPTION_FLAG, 0, offsetof(type, member.user), NULL, "the user namespace" }, \
	{ "uts", 'u', OPTION_FLAG, 0, offsetof(type, member.uts), NULL, "the UTS namespace: host name and domain name" }

/* CLONE_NEW* of those that are chosen; .all stands for all. */
unsigned namespace_choice_flags(const struct namespace_choice *choice);

/* CLONE_NEW* of one kind by its name, which must be one. */
unsigned namespace_flag(const char *name);

/* $SHELL, or /bin/sh; NULL-terminated, in the arena. */
char **cli_shell(struct arena *arena);

#endif
