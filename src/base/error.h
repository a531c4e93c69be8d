/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, in words for a person and in a kind for a program.
 *
 * base and host return 0 or -errno and stay silent. From there upwards a
 * function takes `struct error *err` last, returns 0 or a negative errno, and
 * on failure fills *err exactly once; a caller wraps only to add a fact. *err
 * may be NULL for a caller that does not care. The struct holds no pointer, so
 * that it can cross a socket as it is.
 */
#ifndef BIVY_BASE_ERROR_H
#define BIVY_BASE_ERROR_H

#include "base/cleanup.h"

enum error_kind {
	ERROR_NONE = 0,
	ERROR_NOT_FOUND,   /* the object named does not exist */
	ERROR_CONFLICT,    /* it exists already, or is in the wrong state */
	ERROR_INVALID,     /* the request or a document is wrong */
	ERROR_DENIED,      /* no permission */
	ERROR_UNSUPPORTED, /* this kernel or this build cannot do it */
	ERROR_BUSY,        /* somebody else is at it */
	ERROR_UNAVAILABLE, /* a peer or a resource is missing for now */
	ERROR_INTERNAL,    /* anything else */
};

struct error {
	enum error_kind kind;
	int code;           /* errno, or 0 when none applies */
	int exit_status;    /* what the program should exit with; 0: by its own rule */
	char message[1024]; /* one line, no full stop */
	char hint[256];     /* the way out, or empty */
};

#define ERROR_INIT ((struct error){ .kind = ERROR_NONE })

/*
 * Fills *ERR: the formatted text and, if CODE is not 0, ": " and the words of
 * that errno. Control characters become '?', so that hostile names cannot
 * write to a terminal. Returns -CODE, or -EINVAL if CODE is 0, for `return`.
 */
int error_set(struct error *err, enum error_kind kind, int code, const char *format, ...) _printf_(4, 5);

/* As error_set, with the kind that belongs to the errno CODE (which must not be 0). */
int error_errno(struct error *err, int code, const char *format, ...) _printf_(3, 4);

/* Puts the formatted text and ": " in front of the message; returns -code as above. */
int error_wrap(struct error *err, const char *format, ...) _printf_(2, 3);

/* Sets the hint. */
void error_hint(struct error *err, const char *format, ...) _printf_(2, 3);

/* The kind that an errno stands for; ERROR_INTERNAL when it says nothing. */
enum error_kind error_kind_of_errno(int code);

/* What documents call a kind: "not-found", "conflict", … */
const char *error_kind_word(enum error_kind kind);

/* The kind of a word; ERROR_INTERNAL for NULL and what we do not know: what a later version calls it is still an error. */
enum error_kind error_kind_of_word(const char *word);

/* An error as another process tells of it: the word of its kind, its errno (0 for what is none), its message and perhaps its hint, or NULL. */
void error_restore(struct error *ret, const char *kind, int code, const char *message, const char *hint);

/* Lower-case words of an errno ("no such file or directory"), never NULL; until this thread asks again. */
const char *error_words(int code);

#endif
