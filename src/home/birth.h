/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a holder comes to be. RUN_ROOT has of it
 *
 *	home.lock   locked while one is being born, so that it is one
 *	home.sock   where it listens; removed when it ends by itself
 *	home.ns     which namespaces it holds, for who comes after it was killed
 *
 * The process that was started stays outside to write the id maps, and ends
 * when the holder, its child, listens:
 *
 *	1. lock; somebody else's holder may be there by then
 *	2. namespaces of a killed one in which processes still live, or new ones
 *	3. the child in them; id maps by newuidmap(1), newgidmap(1)
 *	4. home.ns, home.sock; both are replaced by whoever comes next
 *	5. the outer one ends, and with it the lock
 *
 * Whoever is killed before 4 leaves a child that ends, as nobody talks to it.
 */
#ifndef BIVY_HOME_BIRTH_H
#define BIVY_HOME_BIRTH_H

#include "base/error.h"
#include "spec/home.h"

#include <stdbool.h>

#define HOME_LOCK "home.lock"
#define HOME_SOCKET SPEC_HOME_SOCKET
#define HOME_NOTE "home.ns"

/*
 * Returns 0 when a holder listens in RUN_ROOT, a directory that is the caller's
 * alone. WARN gets a line if there are no subordinate ids to be had, so that
 * its user namespace has one single id. Of descriptors the holder keeps none.
 */
int home_birth(const char *run_root, void (*warn)(void *context, const char *text), void *context, struct error *err) _must_check_;

#endif
