/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of namespaces, as people say them: namespaces(7). */
#ifndef BIVY_HOST_NAMESPACE_KIND_H
#define BIVY_HOST_NAMESPACE_KIND_H

#include "base/str.h"

struct namespace_kind {
	const char *name; /* "mount" */
	const char *file; /* in /proc/PID/ns: "mnt" */
	unsigned flag;    /* CLONE_NEWNS */
	const char *flag_name;
};

/* All of them in the order in which they are entered: the user namespace first, as it gives the rights for others. */
#define NAMESPACE_KINDS 8
extern const struct namespace_kind namespace_kinds[NAMESPACE_KINDS];

/* "CLONE_NEWNS|CLONE_NEWUTS" of FLAGS; free(). */
char *namespace_flags_text(unsigned flags);

#endif
