/* SPDX-License-Identifier: Apache-2.0 */
#include "build/words.h"
#include "build/words_pattern.h"
#include "build/utf8.h"

#include "base/str.h"

#define WORK_LIMIT (1u << 26) /* bytes that one text may cost, those of results that nothing becomes of included */

/* The words that a text is split into, and the one at work. */
struct split {
	char **list;
	size_t count, capacity;
	struct buf word;
};

struct lexer {
	const struct words *words;
	struct arena *arena;
	const char *text, *at;
	bool keeps_escapes;
	unsigned depth;
	size_t work;
};

/* What a level of the text becomes: one text, and at the outermost level perhaps words. */
struct output {
	struct buf text;
	struct split *split;
};

static int expand(struct lexer *l, char stop, struct output *out, struct error *err);

const char *words_value(char *const *environment, const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			found = *environment + length + 1;
	return found;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void end_word(struct arena *arena, struct split *split)
{
	if (!split->word.length)
		return;
	if (split->count + 2 > split->capacity) {
		split->capacity = split->capacity ? 2 * split->capacity : 8;
		split->list = memory_resize(split->list, split->capacity, sizeof(*split->list));
	}
	split->list[split->count++] = arena_strndup(arena, split->word.data, split->word.length);
	split->word.length = 0;
}

/* Bytes that blanks among them part into words, or do not. */
static int add(struct lexer *l, struct output *out, const char *bytes, size_t length, bool parts, struct error *err)
{
	l->work += length;
	if (length > WORDS_OUTPUT_LIMIT - out->text.length || l->work > WORK_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "variables make the text too long");
	buf_add(&out->text, bytes, length);
	if (!out->split)
		return 0;
	if (!parts) {
		buf_add(&out->split->word, bytes, length);
		return 0;
	}
	for (size_t i = 0, run; i < length; i += run + 1) {
		for (run = 0; i + run < length && !is_blank(bytes[i + run]);)
			run++;
		buf_add(&out->split->word, bytes + i, run);
		if (i + run < length)
			end_word(l->arena, out->split);
	}
	return 0;
}

static int add_text(struct lexer *l, struct output *out, const char *text, struct error *err)
{
	return add(l, out, text, strlen(text), false, err);
}

static int fail(const struct lexer *l, const char *problem, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "%s: '%.200s'", problem, l->text);
}

static int expand_single_quotes(struct lexer *l, struct output *out, struct error *err)
{
	const char *end = strchr(l->at + 1, '\'');
	size_t margin = l->words->keeps_quotes ? 0 : 1;
	int r;

	if (!end)
		return fail(l, "a single quote is not closed", err);
	r = add(l, out, l->at + margin, (size_t)(end - l->at) + 1 - 2 * margin, false, err);
	l->at = end + 1;
	return r;
}

/* "$1" and the like are names, too, of what nobody ever sets. */
static const char *take_name(struct lexer *l)
{
	const char *begin = l->at;
	size_t length;

	if (*l->at >= '0' && *l->at <= '9')
		l->at += strspn(l->at, "0123456789");
	else if (*l->at && strchr("@*#?-$!", *l->at))
		l->at++;
	else
		for (; *l->at; l->at += length)
			if (!utf8_is_letter(utf8_decode(l->at, &length)) && *l->at != '_' && (*l->at < '0' || *l->at > '9'))
				break;
	return arena_strndup(l->arena, begin, (size_t)(l->at - begin));
}

static const char *look_up(const struct lexer *l, const char *name)
{
	const char *value = words_value(l->words->environment, name);

	if (l->words->used)
		l->words->used(l->words->context, name, value != NULL);
	return value;
}

/* Expands what comes up to STOP, which is taken, to a text of its own. */
static int expand_part(struct lexer *l, char stop, bool keeps_escapes, char **ret, struct error *err)
{
	struct output out = { BUF_INIT, NULL };
	bool kept = l->keeps_escapes;
	int r;

	if (l->depth >= WORDS_DEPTH_LIMIT)
		return fail(l, "substitutions are nested too deeply", err);
	l->depth++;
	l->keeps_escapes = keeps_escapes;
	r = expand(l, stop, &out, err);
	l->keeps_escapes = kept;
	l->depth--;
	if (r == 0)
		*ret = arena_strndup(l->arena, out.text.length ? out.text.data : "", out.text.length);
	buf_done(&out.text);
	return r;
}

/* "${name?word}": the word is what to say. */
static int fail_unset(const char *name, bool is_set, const char *word, struct error *err)
{
	if (!*word)
		word = is_set ? "is not allowed to be empty" : "is not allowed to be unset";
	return error_set(err, ERROR_INVALID, 0, "%s: %s", name, word);
}

static int check_work(struct lexer *l, const struct words_pattern *pattern, const char *value, struct error *err)
{
	size_t length = strlen(value) + 1;

	l->work += length;
	if (words_pattern_length(pattern) + 1 > WORDS_PATTERN_WORK_LIMIT / length || l->work > WORK_LIMIT)
		return fail(l, "a pattern and what it is for are too long", err);
	return 0;
}

/* "${name#word}", "##", "%", "%%". */
static int cut(struct lexer *l, char mark, const char *word, const char *value, const char **ret, struct error *err)
{
	bool longest = *word == mark;
	struct words_pattern *pattern;
	int r = words_pattern_parse(l->arena, word + longest, &pattern, err);

	if (r == 0)
		r = check_work(l, pattern, value, err);
	if (r < 0)
		return r;
	*ret = mark == '#' ? words_pattern_cut_begin(l->arena, pattern, value, longest) : words_pattern_cut_end(l->arena, pattern, value, longest);
	return 0;
}

/* Behind "${name" come MARK, of one or two characters, and the word. */
static int substitute(struct lexer *l, const char *name, const char *mark, const char **ret, struct error *err)
{
	bool empty_is_unset = *mark == ':', is_set;
	char *word = NULL, kind = mark[empty_is_unset];
	const char *value;
	int r = expand_part(l, '}', !empty_is_unset && (kind == '#' || kind == '%'), &word, err);

	if (r < 0)
		return r;
	value = look_up(l, name);
	if (!value && l->words->keeps_unset) {
		*ret = arena_printf(l->arena, "${%s%s%s}", name, mark, word);
		return 0;
	}
	is_set = value && (*value || !empty_is_unset);
	switch (kind) {
	case '-':
		*ret = is_set ? value : word;
		return 0;
	case '+':
		*ret = is_set ? word : "";
		return 0;
	case '?':
		*ret = value;
		return is_set ? 0 : fail_unset(name, value != NULL, word, err);
	default:
		return cut(l, kind, word, value ? value : "", ret, err);
	}
}

/* "${name/pattern/replacement}", or with two at first. */
static int replace(struct lexer *l, const char *name, const char **ret, struct error *err)
{
	bool all = l->at[0] == '/';
	_cleanup_buf_ struct buf out = BUF_INIT;
	char *text = NULL, *replacement = NULL;
	struct words_pattern *pattern;
	const char *value;
	int r;

	l->at += all;
	r = expand_part(l, '/', true, &text, err);
	if (r == 0)
		r = expand_part(l, '}', true, &replacement, err);
	if (r < 0)
		return r;
	value = look_up(l, name);
	if (!value && l->words->keeps_unset) {
		*ret = arena_printf(l->arena, "${%s/%s/%s}", name, text, replacement);
		return 0;
	}
	value = value ? value : "";
	r = words_pattern_parse(l->arena, text, &pattern, err);
	if (r == 0)
		r = check_work(l, pattern, value, err);
	if (r < 0)
		return r;
	if (words_pattern_replace(pattern, value, replacement, all, WORDS_OUTPUT_LIMIT, &out) < 0)
		return fail(l, "variables make the text too long", err);
	*ret = arena_strndup(l->arena, out.length ? out.data : "", out.length);
	return 0;
}

static int fail_modifier(const struct lexer *l, const char *mark, struct error *err)
{
	size_t length;
	int r;

	if (!*mark)
		return fail(l, "'${' without '}'", err);
	ignore_result((long)utf8_decode(mark, &length));
	r = error_set(err, ERROR_INVALID, 0, "unknown modifier '%.*s' in a substitution: '%.200s'", (int)length, mark, l->text);
	error_hint(err, "there are :- - :+ + :? ? # ## %% %%%% / and //");
	return r;
}

/* Behind "${". */
static int expand_braces(struct lexer *l, const char **ret, struct error *err)
{
	const char *name, *mark;

	if (!*l->at)
		return fail(l, "'${' without '}'", err);
	if (strchr("{}:", *l->at))
		return fail(l, "a substitution without a name", err);
	name = take_name(l);
	mark = l->at;
	if (*mark == '}') {
		const char *value = look_up(l, name);

		l->at++;
		*ret = value ? value : l->words->keeps_unset ? arena_printf(l->arena, "${%s}", name) : "";
		return 0;
	}
	if (!*name)
		return fail_modifier(l, mark, err);
	if (*mark == '/') {
		l->at++;
		return replace(l, name, ret, err);
	}
	if (*mark == ':' && mark[1]) {
		size_t length;

		ignore_result((long)utf8_decode(mark + 1, &length));
		/* What stays as it is need not be known: "${x:0:3}" is the shell's. */
		if (!strchr("-+?", mark[1]) && !(l->words->keeps_unset && !words_value(l->words->environment, name)))
			return fail_modifier(l, mark + 1, err);
		l->at += 1 + length;
		return substitute(l, name, arena_strndup(l->arena, mark, 1 + length), ret, err);
	}
	if (!*mark || !strchr("-+?#%", *mark))
		return fail_modifier(l, mark, err);
	l->at++;
	return substitute(l, name, arena_strndup(l->arena, mark, 1), ret, err);
}

static int expand_variable(struct lexer *l, const char **ret, struct error *err)
{
	const char *name, *value;

	l->at++;
	if (*l->at == '{') {
		l->at++;
		return expand_braces(l, ret, err);
	}
	name = take_name(l);
	if (!*name) {
		*ret = "$";
		return 0;
	}
	value = look_up(l, name);
	*ret = value ? value : l->words->keeps_unset ? arena_printf(l->arena, "$%s", name) : "";
	return 0;
}

/* The escape character and what follows it within double quotes, where it takes the meaning of few characters. */
static int expand_quoted_escape(struct lexer *l, struct output *out, struct error *err)
{
	char escape = l->words->escape, next = l->at[1];
	int r = 0;

	if (l->keeps_escapes)
		r = add(l, out, &escape, 1, false, err);
	l->at++;
	if (r < 0 || !next)
		return r;
	if (next != '"' && next != '$' && next != escape)
		return add(l, out, &escape, 1, false, err);
	l->at++;
	return add(l, out, &next, 1, false, err);
}

static int expand_double_quotes(struct lexer *l, struct output *out, struct error *err)
{
	const char stops[] = { '"', '$', l->words->escape, '\0' };
	int r = l->words->keeps_quotes ? add(l, out, "\"", 1, false, err) : 0;

	l->at++;
	while (r == 0) {
		size_t plain = strcspn(l->at, stops);
		const char *value;

		r = add(l, out, l->at, plain, false, err);
		l->at += plain;
		if (r < 0)
			break;
		if (!*l->at)
			return fail(l, "a double quote is not closed", err);
		if (*l->at == '"') {
			l->at++;
			return l->words->keeps_quotes ? add(l, out, "\"", 1, false, err) : 0;
		}
		if (*l->at == l->words->escape) {
			r = expand_quoted_escape(l, out, err);
			continue;
		}
		r = expand_variable(l, &value, err);
		if (r == 0)
			r = add_text(l, out, value, err);
	}
	return r;
}

/* Outside of quotes the escape character takes the meaning of whatever follows. */
static int expand_escape(struct lexer *l, struct output *out, struct error *err)
{
	size_t length;
	int r = l->keeps_escapes ? add(l, out, l->at, 1, false, err) : 0;

	l->at++;
	if (r < 0 || !*l->at)
		return r;
	ignore_result((long)utf8_decode(l->at, &length));
	r = add(l, out, l->at, length, false, err);
	l->at += length;
	return r;
}

/* "<<" and blanks behind it belong to the word that follows: the name of a here-document. */
static int expand_less_than(struct lexer *l, struct output *out, struct error *err)
{
	size_t length = 1;
	int r;

	if (l->at[1] == '<')
		length = 2 + strspn(l->at + 2, " \t\r\n");
	r = add(l, out, l->at, length, false, err);
	l->at += length;
	return r;
}

static int expand_special(struct lexer *l, struct output *out, struct error *err)
{
	const char *value;
	int r;

	if (*l->at == l->words->escape)
		return expand_escape(l, out, err);
	if (*l->at == '<')
		return expand_less_than(l, out, err);
	if (*l->at == '\'')
		return expand_single_quotes(l, out, err);
	if (*l->at == '"')
		return expand_double_quotes(l, out, err);
	r = expand_variable(l, &value, err);
	return r < 0 ? r : add(l, out, value, strlen(value), true, err);
}

static int expand(struct lexer *l, char stop, struct output *out, struct error *err)
{
	const char specials[] = { '$', '<', l->words->escape, stop ? stop : '$', l->words->ignores_quotes ? '\0' : '\'', '"', '\0' };
	int r = 0;

	while (r == 0 && *l->at) {
		size_t plain = strcspn(l->at, specials);

		r = add(l, out, l->at, plain, true, err);
		l->at += plain;
		if (r < 0 || !*l->at)
			break;
		if (stop && *l->at == stop) {
			l->at++;
			return 0;
		}
		r = expand_special(l, out, err);
	}
	if (r == 0 && stop)
		return fail(l, stop == '/' ? "a substitution without its second '/'" : "'${' without '}'", err);
	return r;
}

static int run(struct arena *arena, const struct words *words, const char *text, struct output *out, struct error *err)
{
	struct lexer l = { .words = words, .arena = arena, .text = text, .at = text, .keeps_escapes = words->keeps_escapes };

	if (strlen(text) > WORDS_OUTPUT_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "a text with variables is longer than %u KiB", WORDS_OUTPUT_LIMIT >> 10);
	return expand(&l, '\0', out, err);
}

int words_expand(struct arena *arena, const struct words *words, const char *text, char **ret, struct error *err)
{
	const char specials[] = { '$', '\'', '"', words->escape, '\0' };
	struct output out = { BUF_INIT, NULL };
	int r;

	/* Most words have nothing in them. */
	if (!text[strcspn(text, specials)] && strlen(text) <= WORDS_OUTPUT_LIMIT) {
		*ret = arena_strdup(arena, text);
		return 0;
	}
	r = run(arena, words, text, &out, err);
	if (r == 0)
		*ret = arena_strndup(arena, out.text.length ? out.text.data : "", out.text.length);
	buf_done(&out.text);
	return r;
}

int words_split(struct arena *arena, const struct words *words, const char *text, char ***ret, struct error *err)
{
	struct split split = { 0 };
	struct output out = { BUF_INIT, &split };
	int r = run(arena, words, text, &out, err);

	if (r == 0) {
		end_word(arena, &split);
		*ret = arena_alloc(arena, split.count + 1, sizeof(**ret));
		if (split.count)
			memcpy(*ret, split.list, split.count * sizeof(**ret));
	}
	free(split.list);
	buf_done(&split.word);
	buf_done(&out.text);
	return r;
}
