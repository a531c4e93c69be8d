/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a pid namespace is sent only those signals that it has a
 * handler for (pid_namespaces(7)): a program that relies on what a signal does
 * by itself would not end by SIGTERM.
 */
#ifndef BIVY_SUPERVISOR_FIRST_PROCESS_H
#define BIVY_SUPERVISOR_FIRST_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether the kernel keeps SIGNAL from process PID although it would end any
 * other: it is the first of its namespace, neither catches nor ignores it nor
 * waits for it blocked (sigwait(3)), and the signal's default is to end.
 */
bool first_process_is_spared(pid_t pid, int signal_number);

/* The same, told from the text of /proc/PID/status. */
bool first_process_is_spared_by(const char *status, int signal_number);

#endif
