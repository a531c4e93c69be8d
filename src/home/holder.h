/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that holds a home. Whoever connects gets one packet, HOLDER_WELCOME
 * with the namespaces' descriptors in the order of enum home_namespace; the
 * connection itself is a lease: as long as one is open the holder stays, and a
 * little longer, for who comes next. What may be asked for is in spec/home.h.
 */
#ifndef BIVY_HOME_HOLDER_H
#define BIVY_HOME_HOLDER_H

#include "home/namespaces.h"

/* Listens at HOME_SOCKET of the directory, in place of what was there. */
int holder_listen(int directory_fd, int *ret_fd, struct error *err) _must_check_;

/* At HOME_SOCKET of the directory RUN_ROOT, DIRECTORY_FD. Returns when nobody has had a lease for a while, or its socket is not there any more. */
void holder_run(const char *run_root, int directory_fd, int listener, const struct home_namespaces *namespaces);

#endif
