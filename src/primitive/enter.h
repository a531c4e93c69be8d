/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in the namespaces of a process or container, as nsenter(1): with
 * the root, the working directory, the user and the control groups of that
 * process, but with all capabilities that its user namespace gives, and without
 * its filter of system calls. Who is to be held as the container is uses exec.
 */
#ifndef BIVY_PRIMITIVE_ENTER_H
#define BIVY_PRIMITIVE_ENTER_H

#include "primitive/subject.h"

/* Before the name or path of namespaces that are kept (primitive/pin.h). Nobody's process: the command is root of their user namespace, or who the caller is. */
#define ENTER_PINNED "ns:"

struct enter_request {
	const struct directories *directories; /* as subject_open() */
	const char *subject; /* of subject_open(), or behind ENTER_PINNED what pinned_open() takes */
	unsigned namespaces; /* CLONE_NEW*; 0: all, and the user and control groups */
	const char *user;    /* "USER[:GROUP]", as its files call them, in place of the process's; or NULL */
	char *const *args;   /* or NULL: a shell */
};

/*
 * First thing, with a single thread: from here on this program cannot be
 * written to by whom it joins (runtime/self.h). It is executed once more for that.
 */
int enter_begin(struct error *err) _must_check_;

/* Its status, as launch_run(). */
int enter_run(const struct enter_request *request, int *ret_status, struct error *err) _must_check_;

#endif
