/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile_directive.h"

#include <ctype.h>

#define BLANKS " \t\v\f\r"

/* "NAME = VALUE": the value without the blanks around it, or NULL; *RET_LENGTH of the name, whose letters may be of either case. */
static char *split(struct arena *arena, const char *comment, size_t *ret_length)
{
	size_t length = 0;
	const char *value;

	if (!isalpha((unsigned char)*comment))
		return NULL;
	while (isalnum((unsigned char)comment[length]))
		length++;
	value = comment + length + strspn(comment + length, BLANKS);
	if (*value != '=')
		return NULL;
	value += 1 + strspn(value + 1, BLANKS);
	*ret_length = length;
	return *value ? str_trim_end(arena_strdup(arena, value)) : NULL;
}

static bool is_name(const char *comment, size_t length, const char *name)
{
	return length == strlen(name) && strncasecmp(comment, name, length) == 0;
}

static int set_escape(const char *value, struct dockerfile *dockerfile, struct error *err)
{
	int r;

	if (!str_equal(value, "\\") && !str_equal(value, "`")) {
		r = error_set(err, ERROR_INVALID, 0, "escape character '%.20s'", value);
		error_hint(err, "it is \\ or `");
		return r;
	}
	dockerfile->escape = *value;
	return 1;
}

static int set_once(char **slot, const char *name, char *value, struct error *err)
{
	if (*slot)
		return error_set(err, ERROR_INVALID, 0, "directive '%s' is given twice", name);
	*slot = value;
	return 1;
}

int dockerfile_directive_read(struct arena *arena, const char *comment, struct dockerfile *dockerfile, struct error *err)
{
	size_t length = 0;
	char *value;

	comment += strspn(comment, BLANKS);
	value = split(arena, comment, &length);
	if (!value)
		return 0;
	if (is_name(comment, length, "syntax")) {
		value[strcspn(value, " ")] = '\0';
		return set_once(&dockerfile->syntax, "syntax", value, err);
	}
	if (is_name(comment, length, "check"))
		return set_once(&dockerfile->check, "check", value, err);
	if (!is_name(comment, length, "escape"))
		return 0;
	if (dockerfile->escape)
		return error_set(err, ERROR_INVALID, 0, "directive 'escape' is given twice");
	return set_escape(value, dockerfile, err);
}
