/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What headers promise in words, said so that analysers know it, too: they see
 * one file at a time, and take a function of another for one that returns
 * anything. tests/analysis/run includes this before each source but those that
 * keep the promises themselves, which are checked by their unit tests.
 */
#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

/* base/error.h: -CODE, or -EINVAL; never 0. */
#define PROMISE_NEGATIVE(call)                \
	({                                    \
		int promised_ = (call);       \
		if (promised_ >= 0)           \
			__builtin_unreachable(); \
		promised_;                    \
	})
#define error_set(...) PROMISE_NEGATIVE((error_set)(__VA_ARGS__))
#define error_errno(...) PROMISE_NEGATIVE((error_errno)(__VA_ARGS__))
#define error_wrap(...) PROMISE_NEGATIVE((error_wrap)(__VA_ARGS__))

/* base/memory.h, base/str.h: never NULL. */
#define PROMISE_NOT_NULL __attribute__((returns_nonnull))
void *memory_new(size_t count, size_t size) PROMISE_NOT_NULL;
void *memory_resize(void *old, size_t count, size_t size) PROMISE_NOT_NULL;
struct arena *arena_new(void) PROMISE_NOT_NULL;
void *arena_alloc(struct arena *arena, size_t count, size_t size) PROMISE_NOT_NULL;
char *arena_strdup(struct arena *arena, const char *text) PROMISE_NOT_NULL;
char *arena_strndup(struct arena *arena, const char *text, size_t length) PROMISE_NOT_NULL;
char *arena_printf(struct arena *arena, const char *format, ...) PROMISE_NOT_NULL;
char *str_printf(const char *format, ...) PROMISE_NOT_NULL;
char *buf_take(struct buf *buf) PROMISE_NOT_NULL;
