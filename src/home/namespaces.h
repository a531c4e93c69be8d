/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home: the namespaces in which an ordinary user is root. Its user namespace
 * owns its mount namespace, which gets what the host mounts later, and its
 * network namespace, in which the bridges of the user's networks are.
 */
#ifndef BIVY_HOME_NAMESPACES_H
#define BIVY_HOME_NAMESPACES_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* The order of the descriptors in what a holder sends. */
enum home_namespace { HOME_USER, HOME_MOUNT, HOME_NETWORK, HOME_NAMESPACES };

#define HOME_MARK_SIZE 33

/* What bears the mark, a directory of the volatile one in which there is nothing. */
#define HOME_MARK_DIRECTORY "home.mark"

struct home_namespaces {
	int fds[HOME_NAMESPACES]; /* or -EBADF */
	char mark[HOME_MARK_SIZE]; /* which the mount namespace bears; "": none yet */
};

#define HOME_NAMESPACES_INIT ((struct home_namespaces){ { -EBADF, -EBADF, -EBADF }, "" })

void home_namespaces_done(struct home_namespaces *namespaces);

/*
 * Fills the user and mount namespaces, which the caller is in, and, unless it
 * is there already, a new network namespace. The mount namespace gets a mark,
 * unless it has one: a small mount below the directory DIRECTORY, whose source
 * is a random word; by path, as descriptors from outside lead to mounts there.
 */
int home_namespaces_open_own(struct home_namespaces *namespaces, const char *directory, struct error *err) _must_check_;

/* ---- after a holder was killed: what still lives in its namespaces ------------------ */

/* Writes which ones they are into the file NAME of the directory DIRECTORY_FD, in one step. */
int home_namespaces_note(const struct home_namespaces *namespaces, int directory_fd, const char *name, struct error *err) _must_check_;

/*
 * Processes that are in those that the file NAME notes: of each namespace one
 * descriptor, as far as there is a process in it. The kernel gives numbers of
 * namespaces that are gone to others: it is the mark that tells the mount
 * namespace, which belongs to the user namespace, as does the network's. Without that file, or if
 * nobody is left, all stay -EBADF.
 */
int home_namespaces_find(int directory_fd, const char *name, struct home_namespaces *ret, struct error *err) _must_check_;

#endif
