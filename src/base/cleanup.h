/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound cleanup. A variable marked with one of these is released when it
 * goes out of scope; TAKE_* hands the resource over and leaves the variable
 * empty. Nothing here runs across execve(2) or _exit(2).
 */
#ifndef BIVY_BASE_CLEANUP_H
#define BIVY_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _must_check_ __attribute__((warn_unused_result))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Defines cleanup_<function>() for a pointer type whose destructor takes NULL. */
#define DEFINE_CLEANUP(type, function)                          \
	static inline _unused_ void cleanup_##function(type *slot) \
	{                                                       \
		if (*slot)                                      \
			function(*slot);                        \
	}

static inline void cleanup_free(void *slot)
{
	free(*(void **)slot);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

#define TAKE_PTR(pointer)                              \
	({                                             \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                      \
		taken_;                                \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}
#define TAKE_FD(fd) take_fd(&(fd))

/* Closes *FD if it is open and marks it closed. */
static inline void close_and_forget(int *fd)
{
	cleanup_close(fd);
	*fd = -EBADF;
}

/* The one way to drop a result on purpose; say why in a comment beside it. */
static inline void ignore_result(long result)
{
	(void)result;
}

#endif
