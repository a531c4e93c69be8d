/* SPDX-License-Identifier: Apache-2.0 */
#include "build/dockerfile_heredoc.h"
#include "build/dockerfile_line.h"
#include "build/words.h"

#include <limits.h>

/* The escape character of here-documents is the shell's, whatever the file says of its own. */
#define ESCAPE '\\'

static size_t count_quotes(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '"' || *text == '\'';
	return count;
}

/* The only word of TEXT, or NULL. */
static char *single_word(struct arena *arena, const char *text, bool keeps_quotes)
{
	const struct words words = { .escape = ESCAPE, .keeps_unset = true, .keeps_quotes = keeps_quotes };
	char **list = NULL;

	if (words_split(arena, &words, text, &list, NULL) < 0 || !list[0] || list[1])
		return NULL;
	return list[0];
}

bool dockerfile_heredoc_of_word(struct arena *arena, const char *word, struct dockerfile_heredoc *ret)
{
	size_t digits = strspn(word, "0123456789");
	char *name, *quoted;
	uint64_t fd = 0;

	if (strncmp(word + digits, "<<", 2) != 0)
		return false;
	if (digits && str_to_u64(arena_strndup(arena, word, digits), 10, &fd) < 0)
		return false;
	word += digits + 2;
	*ret = (struct dockerfile_heredoc){ .fd = (unsigned)fd, .strips_tabs = *word == '-' };
	word += ret->strips_tabs;
	word += strspn(word, DOCKERFILE_BLANKS "\n");
	if (!*word || strchr(word, '<'))
		return false;
	name = single_word(arena, word, false);
	quoted = single_word(arena, word, true);
	if (!name || !quoted)
		return false;
	ret->name = name;
	ret->expands = count_quotes(name) == count_quotes(quoted);
	return true;
}

void dockerfile_heredoc_find(struct arena *arena, const char *line, struct dockerfile_heredoc **ret, size_t *ret_count)
{
	const struct words words = { .escape = ESCAPE, .keeps_unset = true, .keeps_quotes = true, .keeps_escapes = true };
	size_t count = 0, capacity = 0;
	char **list = NULL;

	*ret = NULL;
	*ret_count = 0;
	if (words_split(arena, &words, line, &list, NULL) < 0)
		return;
	while (list[capacity])
		capacity++;
	*ret = arena_alloc(arena, capacity + 1, sizeof(**ret));
	for (; *list; list++)
		count += dockerfile_heredoc_of_word(arena, *list, *ret + count);
	*ret_count = count;
}

bool dockerfile_heredoc_is_file_name(const char *name)
{
	return *name && !strchr(name, '/') && !str_equal(name, ".") && !str_equal(name, "..") && strlen(name) <= NAME_MAX;
}

char *dockerfile_heredoc_strip(struct arena *arena, const char *content)
{
	char *ret = arena_alloc(arena, strlen(content) + 1, 1), *to = ret;

	while (*content) {
		size_t length;

		content += strspn(content, "\t");
		length = strcspn(content, "\n");
		length += content[length] == '\n';
		memcpy(to, content, length);
		content += length;
		to += length;
	}
	return ret;
}
