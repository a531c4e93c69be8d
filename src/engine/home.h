/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary user's home: namespaces in which he is root (home/namespaces.h),
 * held by a process of its own as long as one of his commands or containers
 * lives. The engine works in its user and mount namespaces, but in the host's
 * network namespace: registries and sockets of servers are there. What is about
 * networks of containers is called in the home's.
 */
#ifndef BIVY_ENGINE_HOME_H
#define BIVY_ENGINE_HOME_H

#include "engine/directories.h"

#include <stdbool.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes of an ordinary user's process root in his home, which it starts if
 * there is none: before anything of the engine's, and before there is a
 * thread. Root stays what it is; in a home it only learns
 * where that's networks are. The working directory stays. WARN may be told
 * once that there is a single id.
 */
int home_enter(const struct directories *directories, void (*warn)(void *context, const char *text), void *context, struct error *err) _must_check_;

/* Whose process this is: the effective user id, as it was before home_enter(). */
uid_t home_user(void);

/* Keeps the home alive as long as *RET_FD is open, in this process or in those that inherit it; -EBADF where there is none. */
int home_hold(const struct directories *directories, int *ret_fd, struct error *err) _must_check_;

/* Becomes ARGUMENTS in the namespaces that the process has entered, with IN_NETWORK in those of networks, too. Returns only an error (126, 127). */
int home_execute(bool in_network, char *const *arguments, struct error *err) _must_check_;

/* Whether this process works in a home. */
bool home_exists(void);

/*
 * In a home: what has just been added to its firewall is listened for on the host. ERROR_CONFLICT and the like of the first of PORTS for which
 * that fails, *RET_TAKEN. Of those that are taken out of the firewall nobody has to tell. Without a home nothing is to do.
 */
struct spec_published_port;
int home_listen(const struct directories *directories, const struct spec_published_port *ports, size_t count, size_t *ret_taken, struct error *err)
	_must_check_;

/* In a home: its networks reach the host's. Without one they do. */
int home_connect_out(const struct directories *directories, struct error *err) _must_check_;

/*
 * Calls CALL with CONTEXT where the networks of containers are, and returns
 * what it returns, 0 or a negative errno with *err filled. That fails for want of
 * a process in the first call only (host/netns_thread.h). Calls may be nested.
 */
int home_call(int (*call)(void *context), void *context, struct error *err);

#endif
