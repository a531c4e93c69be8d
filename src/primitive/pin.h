/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces that outlive their processes: mounts of them, as ip-netns(8) has
 * them. A pin NAME is a directory RUN/pins/NAME with a file for each kind,
 * called as in /proc/PID/ns, on which the namespace is mounted. It is what the
 * mount table says; no record is kept.
 *
 * 1. RUN/pins is a mount of itself, private: the kernel lets mounts of mount
 *    namespaces lie on such alone. It comes with the first pin and goes with the
 *    last one.
 * 2. Who changes anything has the lock RUN/pins.lock.
 * 3. What has a name is whole: pins are made, and taken away, under a name that
 *    begins with ".", and renamed in between. What is called so while nobody has
 *    the lock was left by somebody who was killed; the next one removes it.
 *
 * All of it takes CAP_SYS_ADMIN in the user namespace that owns the mounts.
 */
#ifndef BIVY_PRIMITIVE_PIN_H
#define BIVY_PRIMITIVE_PIN_H

#include "engine/directories.h"
#include "host/namespace_kind.h"

#include <sys/types.h>

/* One in the making. */
struct pin {
	const char *name; /* the caller's */
	char *place;      /* RUN/pins */
	int run_fd, place_fd, lock_fd;
	int fd;           /* of the directory that it is made in */
	char *stage;      /* what that is called */
};

#define PIN_INIT ((struct pin){ .run_fd = -EBADF, .place_fd = -EBADF, .lock_fd = -EBADF, .fd = -EBADF })

/* Begins one, which has the lock until it is committed or aborted. ERROR_INVALID: NAME is none; ERROR_CONFLICT: it is there. */
int pin_begin(const struct directories *directories, const char *name, struct pin *ret, struct error *err) _must_check_;

/* Keeps those of the namespaces FLAGS, CLONE_NEW*, that the process PID, of this process's /proc, is in. */
int pin_add(struct pin *pin, pid_t pid, unsigned flags, struct error *err) _must_check_;

/* It has its name, and is PIN_INIT. */
int pin_commit(struct pin *pin, struct error *err) _must_check_;

/* Nothing of it is left; does nothing to PIN_INIT. */
void pin_abort(struct pin *pin);

/* Takes away the pin NAME: its namespaces end with the last process or descriptor that is in them. ERROR_NOT_FOUND. */
int pin_release(const struct directories *directories, const char *name, struct error *err) _must_check_;

/* Namespaces to be entered, by kind as in namespace_kinds; -EBADF for those that are not kept. */
struct pinned {
	int fds[NAMESPACE_KINDS];
	unsigned flags; /* CLONE_NEW* of those that are */
};

/*
 * Opens what TEXT means: a NAME; or, with a "/", the path of such a directory,
 * or of a file on which whoever has mounted a namespace. ERROR_NOT_FOUND,
 * ERROR_INVALID. Release with pinned_done(), also after a failure.
 */
int pinned_open(const struct directories *directories, const char *text, struct pinned *ret, struct error *err) _must_check_;
void pinned_done(struct pinned *pinned);

#endif
