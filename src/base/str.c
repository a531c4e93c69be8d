/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdarg.h>

char *str_dup(const char *text)
{
	size_t bytes;

	if (!text)
		return NULL;
	bytes = strlen(text) + 1;
	return memcpy(memory_new(bytes, 1), text, bytes);
}

char *str_printf(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	text = memory_new((size_t)length + 1, 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

int str_to_u64(const char *text, int base, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	/* strtoull(3) would skip white space and accept a minus sign. */
	if (!isdigit((unsigned char)*text) && !(base == 16 && isxdigit((unsigned char)*text)))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (*end)
		return -EINVAL;
	if (errno)
		return -errno;
	*ret = value;
	return 0;
}

int str_to_i64(const char *text, int base, int64_t *ret)
{
	const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
	long long value;
	char *end;

	if (!isdigit((unsigned char)*digits) && !(base == 16 && isxdigit((unsigned char)*digits)))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, base);
	if (*end)
		return -EINVAL;
	if (errno)
		return -errno;
	*ret = value;
	return 0;
}

char *str_trim_end(char *text)
{
	size_t length = strlen(text);

	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

static void reserve(struct buf *buf, size_t more)
{
	size_t need = buf->length + more + 1;

	if (need <= buf->capacity)
		return;
	buf->capacity = need + need / 2 + 64;
	buf->data = memory_resize(buf->data, buf->capacity, 1);
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	reserve(buf, length);
	if (length)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	reserve(buf, (size_t)length);
	va_start(args, format);
	vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
	va_end(args);
	buf->length += (size_t)length;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data ? buf->data : str_dup("");

	*buf = BUF_INIT;
	return text;
}

size_t strv_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

void strv_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

char **strv_append(struct arena *arena, char *const *list, const char *text)
{
	size_t count = strv_length(list);
	char **longer = arena_alloc(arena, count + 2, sizeof *longer);

	if (count)
		memcpy(longer, list, count * sizeof *longer);
	longer[count] = (char *)text;
	return longer;
}

bool strv_contains(char *const *list, const char *text)
{
	for (size_t i = 0; list && list[i]; i++)
		if (str_equal(list[i], text))
			return true;
	return false;
}
