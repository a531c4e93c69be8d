/* SPDX-License-Identifier: Apache-2.0 */
/* A process that is looked at or joined: by its number, or as the first of a container. */
#ifndef BIVY_PRIMITIVE_SUBJECT_H
#define BIVY_PRIMITIVE_SUBJECT_H

#include "base/error.h"
#include "base/memory.h"
#include "engine/directories.h"

#include <stdbool.h>
#include <sys/types.h>

struct subject {
	pid_t pid;
	int pidfd; /* of it: as long as that is open the number is no other's if subject_lives() */
};

#define SUBJECT_INIT ((struct subject){ .pidfd = -EBADF })

/* Whether TEXT is a number, and so a process and no container. */
bool subject_is_process(const char *text);

/*
 * The process TEXT, or the first of the container TEXT, which must run;
 * DIRECTORIES are of who asks for a container, else not looked at. ERROR_NOT_FOUND, ERROR_CONFLICT.
 */
int subject_open(struct arena *arena, const struct directories *directories, const char *text, struct subject *ret, struct error *err) _must_check_;
void subject_close(struct subject *subject);
#define _cleanup_subject_ _cleanup_(subject_close)

/* Whether it has not ended: what was read from /proc by its number before was its own then. */
bool subject_lives(const struct subject *subject);

#endif
