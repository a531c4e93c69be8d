/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile_line.h"

#include "base/json.h"
#include "base/str.h"

/* Words that are found one by one. */
struct list {
	char **words;
	size_t count, capacity;
};

static void list_add(struct list *list, char *word)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 8;
		list->words = memory_resize(list->words, list->capacity, sizeof(*list->words));
	}
	list->words[list->count++] = word;
}

static char **list_take(struct arena *arena, struct list *list)
{
	char **ret = arena_alloc(arena, list->count + 1, sizeof(*ret));

	if (list->count)
		memcpy(ret, list->words, list->count * sizeof(*ret));
	free(list->words);
	return ret;
}

static bool is_blank(char c)
{
	return c && strchr(DOCKERFILE_BLANKS, c);
}

/*
 * The word at *AT without quotes and escapes, put into TO if that is not NULL;
 * an escape character takes the meaning of whatever follows, within quotes, too.
 */
static size_t read_flag(char **at, char escape, char *to)
{
	char *from = *at, quote = '\0';
	size_t length = 0;

	for (; *from && (quote || !is_blank(*from)); from++) {
		char c = *from;

		if (c == escape) {
			if (!from[1])
				continue;
			c = *++from;
		} else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (to)
			to[length] = c;
		length++;
	}
	*at = from;
	return length;
}

static char *take_flag(struct arena *arena, char **at, char escape)
{
	char *begin = *at, *flag = arena_alloc(arena, read_flag(at, escape, NULL) + 1, 1);

	ignore_result((long)read_flag(&begin, escape, flag)); /* as long as before */
	return flag;
}

void dockerfile_line_split(struct arena *arena, char *line, char escape, char **ret_name, char ***ret_flags, char **ret_text)
{
	struct list flags = { 0 };
	size_t length;

	line += strspn(line, DOCKERFILE_BLANKS);
	length = strcspn(line, DOCKERFILE_BLANKS);
	*ret_name = arena_strndup(arena, line, length);
	line += length + strspn(line + length, DOCKERFILE_BLANKS);
	while (line[0] == '-' && line[1] == '-') {
		char *flag = take_flag(arena, &line, escape);

		if (str_equal(flag, "--"))
			break;
		list_add(&flags, flag);
		line += strspn(line, DOCKERFILE_BLANKS);
	}
	*ret_flags = list_take(arena, &flags);
	*ret_text = line + strspn(line, DOCKERFILE_BLANKS);
}

char **dockerfile_line_words(struct arena *arena, const char *text)
{
	struct list list = { 0 };
	size_t length;

	for (text += strspn(text, DOCKERFILE_BLANKS); *text; text += strspn(text, DOCKERFILE_BLANKS)) {
		length = strcspn(text, DOCKERFILE_BLANKS);
		list_add(&list, arena_strndup(arena, text, length));
		text += length;
	}
	return list_take(arena, &list);
}

/* How long the word at TEXT is. Single quotes know no escapes. *RET_DANGLES: it ends in an escape character with nothing to escape. */
static size_t quoted_word_length(const char *text, char escape, bool *ret_dangles)
{
	char quote = '\0';
	size_t i = 0;

	*ret_dangles = false;
	for (; text[i] && (quote || !is_blank(text[i])); i++) {
		if (text[i] == escape && quote != '\'') {
			if (text[i + 1])
				i++;
			else
				*ret_dangles = true;
		} else if (quote) {
			if (text[i] == quote)
				quote = '\0';
		} else if (text[i] == '"' || text[i] == '\'') {
			quote = text[i];
		}
	}
	return i;
}

char **dockerfile_line_quoted_words(struct arena *arena, const char *text, char escape)
{
	struct list list = { 0 };

	for (text += strspn(text, DOCKERFILE_BLANKS); *text; text += strspn(text, DOCKERFILE_BLANKS)) {
		bool dangles;
		size_t length = quoted_word_length(text, escape, &dangles);

		if (length > dangles)
			list_add(&list, arena_strndup(arena, text, length - dangles));
		text += length;
	}
	return list_take(arena, &list);
}

int dockerfile_line_json(struct arena *arena, const char *text, char ***ret, struct error *err)
{
	struct json *array;
	char **list;
	size_t count = 0;

	*ret = NULL;
	text += strspn(text, DOCKERFILE_BLANKS);
	if (*text != '[' || json_parse(arena, text, strlen(text), &array, NULL) < 0)
		return 0;
	list = arena_alloc(arena, array->length + 1, sizeof(*list));
	for (const struct json *element = array->first; element; element = element->next) {
		if (element->type != JSON_STRING)
			return error_set(err, ERROR_INVALID, 0, "an array in JSON takes strings, and this one has %s %s in it",
				strchr("aio", json_type_name(element->type)[0]) ? "an" : "a", json_type_name(element->type));
		list[count++] = arena_strdup(arena, element->text);
	}
	*ret = list;
	return 0;
}
