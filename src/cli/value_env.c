/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_env.h"
#include "base/file.h"

#include <ctype.h>
#include <fcntl.h>

/* ---- variables ---------------------------------------------------------------------- */

/* Where in ENV a variable is that is called as TEXT up to LENGTH; its count for none. */
static size_t find_variable(char *const *env, size_t count, const char *text, size_t length)
{
	size_t i = 0;

	while (i < count && (strncmp(env[i], text, length) != 0 || env[i][length] != '='))
		i++;
	return i;
}

static size_t count_of(char *const *list)
{
	return list ? strv_length(list) : 0;
}

int value_env_add(struct arena *arena, const char *text, char *const *environment, struct value_strings *env, struct error *err)
{
	size_t length = strcspn(text, "="), at;
	char *variable;

	if (length == 0)
		return error_set(err, ERROR_INVALID, 0, "expected NAME=VALUE, or NAME alone");
	if (text[length]) {
		variable = arena_strdup(arena, text);
	} else {
		size_t count = count_of(environment);

		at = find_variable(environment, count, text, length);
		if (at == count)
			return 0;
		variable = environment[at];
	}
	at = find_variable(env->items, env->count, text, length);
	if (at < env->count)
		env->items[at] = variable;
	else
		value_strings_add(arena, env, variable);
	return 0;
}

/* ---- files of lines --------------------------------------------------------------------- */

/* What is done with a line; DATA is what it is added to. */
typedef int take_line(struct arena *arena, char *line, char *const *environment, void *data, struct error *err);

static int each_line(struct arena *arena, const char *text, take_line *take, char *const *environment, void *data, struct error *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* that some editors of other systems begin a file with */
	size_t number = 0, taken = 0;

	text += str_starts_with(text, mark) ? strlen(mark) : 0;
	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *start = text;
		char *line;
		int r;

		text += length + (text[length] == '\n');
		number++;
		while (length && isspace((unsigned char)*start)) {
			start++;
			length--;
		}
		length -= length && start[length - 1] == '\r';
		if (!length || *start == '#')
			continue;
		if (taken++ == VALUE_LINES_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "there are more than %d lines", VALUE_LINES_LIMIT);
		line = arena_strndup(arena, start, length);
		r = take(arena, line, environment, data, err);
		if (r < 0)
			return error_wrap(err, "line %zu", number);
	}
	return 0;
}

/* The name of a line has no blanks, which are a sign of another format. */
static int check_name(const char *line, struct error *err)
{
	size_t length = strcspn(line, "=");

	for (size_t i = 0; i < length; i++)
		if (isspace((unsigned char)line[i]))
			return error_set(err, ERROR_INVALID, 0, "the name '%.*s' has a blank in it", (int)length, line);
	return 0;
}

static int take_variable(struct arena *arena, char *line, char *const *environment, void *data, struct error *err)
{
	int r = check_name(line, err);

	return r < 0 ? r : value_env_add(arena, line, environment, data, err);
}

static int read_lines(struct arena *arena, const char *path, take_line *take, char *const *environment, void *data, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_at(AT_FDCWD, path, VALUE_FILE_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read it");
	if (!text.data)
		return 0;
	if (strlen(text.data) != text.length)
		return error_set(err, ERROR_INVALID, 0, "it is no text: there is a zero byte in it");
	return each_line(arena, text.data, take, environment, data, err);
}

int value_env_add_lines(struct arena *arena, const char *lines, char *const *environment, struct value_strings *env, struct error *err)
{
	return each_line(arena, lines, take_variable, environment, env, err);
}

int value_env_add_file(struct arena *arena, const char *path, char *const *environment, struct value_strings *env, struct error *err)
{
	return read_lines(arena, path, take_variable, environment, env, err);
}

/* ---- labels ------------------------------------------------------------------------------- */

static int take_label(struct arena *arena, char *line, char *const *environment _unused_, void *data, struct error *err)
{
	int r = check_name(line, err);

	return r < 0 ? r : value_label_add(arena, line, data, err);
}

int value_label_add_file(struct arena *arena, const char *path, struct value_pairs *pairs, struct error *err)
{
	return read_lines(arena, path, take_label, NULL, pairs, err);
}
