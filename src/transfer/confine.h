/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this program gives up before it believes anybody: it reads what
 * strangers send, often as root. A command opens what it needs (the store, the
 * directory it writes to, its configuration), and calls confine() before it
 * starts a thread or reads a byte from a stranger:
 *
 *	const int writable[] = { store.fd };
 *
 *	confine(&(struct confinement){ .writable = writable, .writable_count = 1, .properties = CONFINE_NETWORK });
 *
 * Afterwards only what lies beneath these directories can be changed; what is
 * open stays usable, and reading is not restricted. Programs that have to run
 * (apt for a bootstrap) run before; credential helpers, which are asked when a
 * registry wants to know, need CONFINE_PROGRAMS, which weakens most of it: to
 * be given only if one is configured.
 */
#ifndef BIVY_TRANSFER_CONFINE_H
#define BIVY_TRANSFER_CONFINE_H

#include <stddef.h>

enum confine_property {
	CONFINE_NETWORK = 1 << 0,  /* sockets are used */
	CONFINE_PROGRAMS = 1 << 1, /* programs are executed, and may do what their user may */
};

struct confinement {
	const int *writable; /* directories */
	size_t writable_count;
	const int *removable; /* directories: names beneath them may still be removed */
	size_t removable_count;
	unsigned properties; /* enum confine_property */
};

/* What has been given up. */
enum confine_part {
	CONFINED_CAPABILITIES = 1 << 0, /* all but those that unpacking a layer takes */
	CONFINED_PRIVILEGES = 1 << 1,   /* no_new_privs */
	CONFINED_FILES = 1 << 2,        /* Landlock; not with CONFINE_PROGRAMS */
	CONFINED_CALLS = 1 << 3,        /* seccomp: a list of allowed calls; with CONFINE_PROGRAMS one of forbidden ones */
	CONFINED_RESOURCES = 1 << 4,    /* memory, core dumps */
};

/*
 * For good, and for all that is started later. Whatever this kernel cannot do
 * is left out, with a line to the log: the result, of enum confine_part, tells
 * what holds.
 */
unsigned confine(const struct confinement *confinement);

#endif
