/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, numbers in strings, and a growing buffer. */
#ifndef BIVY_BASE_STR_H
#define BIVY_BASE_STR_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool str_is_empty(const char *text)
{
	return !text || !*text;
}

/* A copy, or NULL for NULL; free() it. */
char *str_dup(const char *text);

/* Formatted; never NULL; free() it. */
char *str_printf(const char *format, ...) _printf_(1, 2);

/*
 * The whole of TEXT as a number in BASE (0: as in C). -EINVAL if it is no
 * number or has anything behind it, -ERANGE if it does not fit.
 */
int str_to_u64(const char *text, int base, uint64_t *ret) _must_check_;
int str_to_i64(const char *text, int base, int64_t *ret) _must_check_;

/* What the hexadecimal digit C, of either case, stands for; -1 if it is none. */
static inline int str_hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Strips white space, newline included, from the end; returns TEXT. */
char *str_trim_end(char *text);

/* A growing byte buffer; .data is always NUL-terminated once something was added. */
struct buf {
	char *data;
	size_t length;
	size_t capacity;
};

#define BUF_INIT ((struct buf){ 0 })

void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) _printf_(2, 3);
/* Releases the memory; the buffer can be used again. */
void buf_done(struct buf *buf);
/* Hands the text over (never NULL); free() it. */
char *buf_take(struct buf *buf);

#define _cleanup_buf_ _cleanup_(buf_done)

/* A NULL-terminated list of strings, each allocated. */
size_t strv_length(char *const *list);
void strv_free(char **list);
bool strv_contains(char *const *list, const char *text);

struct arena;
/* LIST (NULL: none) with TEXT, which is not copied, behind it: a new list, in the arena. */
char **strv_append(struct arena *arena, char *const *list, const char *text);

DEFINE_CLEANUP(char **, strv_free)
#define _cleanup_strv_ _cleanup_(cleanup_strv_free)

#endif
