/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"
#include "base/memory.h"

#include <inttypes.h>

#define HELP_COLUMN 34
#define TEXT_WIDTH 80
#define WORD_LIMIT 48 /* longer words are not compared */

/* ---- the nearest word ------------------------------------------------------ */

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits from A to B: insert, delete, replace, swap of two neighbours (optimal string alignment). */
static unsigned word_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_LIMIT + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_LIMIT || b_length > WORD_LIMIT)
		return WORD_LIMIT;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *above = rows[(i - 1) % 3], *row = rows[i % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = min_of(min_of(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_of(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *options_nearest(const char *text, const char *const *words, size_t count)
{
	const char *best = NULL;
	unsigned best_distance = (unsigned)strlen(text) / 3 + 1; /* a third may be wrong */

	for (size_t i = 0; i < count; i++) {
		unsigned distance = words[i] ? word_distance(text, words[i]) : WORD_LIMIT;

		/* The beginning of exactly what was meant is as good as one wrong letter. */
		if (words[i] && strlen(text) >= 3 && str_starts_with(words[i], text))
			distance = min_of(distance, 1);
		if (distance <= best_distance && (!best || distance < best_distance)) {
			best = words[i];
			best_distance = distance;
		}
	}
	return best;
}

/* ---- parsing ---------------------------------------------------------------- */

static const struct option_entry *find_name(const struct option_entry *entries, const char *name, size_t length)
{
	for (; entries && entries->name; entries++)
		if (strlen(entries->name) == length && memcmp(entries->name, name, length) == 0)
			return entries;
	return NULL;
}

static const struct option_entry *find_letter(const struct option_entry *entries, char letter)
{
	for (; entries && entries->name; entries++)
		if (entries->letter == letter)
			return entries;
	return NULL;
}

static int store_flag(const char *value, bool *target, struct error *err)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	if (!value) {
		*target = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_equal(value, yes[i]) || str_equal(value, no[i])) {
			*target = str_equal(value, yes[i]);
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, 0, "expected true or false");
}

int option_parse_choice(const char *value, void *target, struct error *err)
{
	struct option_choice *choice = target;
	int r = store_flag(value, &choice->value, err);

	choice->is_given = choice->is_given || r == 0;
	return r;
}

static void store_in_list(char *value, char ***target)
{
	size_t count = strv_length(*target);

	*target = memory_resize(*target, count + 2, sizeof **target);
	(*target)[count] = value;
	(*target)[count + 1] = NULL;
}

static int store_int(const struct option_entry *entry, const char *value, int64_t *target, struct error *err)
{
	bool bounded = entry->minimum || entry->maximum;
	int64_t number;
	int r = str_to_i64(value, 10, &number);

	if (r == -EINVAL)
		return error_set(err, ERROR_INVALID, 0, "expected a whole number");
	if (r < 0 || (bounded && (number < entry->minimum || number > entry->maximum))) {
		if (!bounded)
			return error_set(err, ERROR_INVALID, 0, "the number is too large");
		return error_set(err, ERROR_INVALID, 0, "expected a number from %" PRId64 " to %" PRId64, entry->minimum, entry->maximum);
	}
	*target = number;
	return 0;
}

static int store(const struct option_entry *entry, char *value, void *request, struct error *err)
{
	void *target = (char *)request + entry->offset;
	int r = 0;

	switch (entry->kind) {
	case OPTION_FLAG:
		r = store_flag(value, target, err);
		break;
	case OPTION_STRING:
		*(const char **)target = value;
		break;
	case OPTION_LIST:
		store_in_list(value, target);
		break;
	case OPTION_INT:
		r = store_int(entry, value, target, err);
		break;
	case OPTION_CALLBACK:
		r = entry->parse(value, target, err);
		break;
	}
	if (r < 0)
		error_wrap(err, "invalid value '%s' for --%s", value ? value : "", entry->name);
	return r;
}

static int refuse_unknown(const struct options_command *command, const char *name, struct error *err)
{
	_cleanup_free_ const char **words = NULL;
	const char *nearest;
	size_t count = 0;

	for (const struct option_entry *entry = command->entries; entry && entry->name; entry++)
		count++;
	words = memory_new(count + 1, sizeof *words);
	count = 0;
	for (const struct option_entry *entry = command->entries; entry && entry->name; entry++)
		if (!(entry->properties & OPTION_HIDDEN))
			words[count++] = entry->name;
	error_set(err, ERROR_INVALID, 0, "unknown option '--%s' of '%s'", name, command->name);
	nearest = options_nearest(name, words, count);
	if (nearest)
		error_hint(err, "did you mean --%s?", nearest);
	return -EINVAL;
}

/* Where the parser is in the arguments. */
struct cursor {
	const struct options_command *command;
	char **args;
	size_t next; /* the argument to look at */
	void *request;
	bool help_asked;
	struct error *err;
};

/* Whether its value can be the next argument. */
static bool takes_next(const struct option_entry *entry)
{
	return entry->kind != OPTION_FLAG && !(entry->properties & OPTION_OPTIONAL);
}

/* The option's value: INLINE_VALUE if given (then not empty-handed), else the next argument. */
static int take_value(struct cursor *at, const struct option_entry *entry, char *inline_value)
{
	char *value = inline_value;

	if (!value && takes_next(entry)) {
		value = at->args[at->next];
		if (!value)
			return error_set(at->err, ERROR_INVALID, 0, "option '--%s' of '%s' needs a value (%s)", entry->name, at->command->name, entry->argument);
		at->next++;
	}
	return store(entry, value, at->request, at->err);
}

static int take_long(struct cursor *at, char *name)
{
	char *value = strchr(name, '=');
	size_t length = value ? (size_t)(value - name) : strlen(name);
	const struct option_entry *entry = find_name(at->command->entries, name, length);

	if (entry)
		return take_value(at, entry, value ? value + 1 : NULL);
	if (str_equal(name, "help")) {
		at->help_asked = true;
		return 0;
	}
	if (value)
		*value = '\0';
	return refuse_unknown(at->command, name, at->err);
}

/* "-it", "-u1000", "-u=1000"; the letters behind one that takes a value are its value. */
static int take_letters(struct cursor *at, char *letters)
{
	for (; *letters; letters++) {
		const struct option_entry *entry = find_letter(at->command->entries, *letters);
		char *rest = letters + 1;

		if (!entry && *letters == 'h') {
			at->help_asked = true;
			continue;
		}
		if (!entry)
			return error_set(at->err, ERROR_INVALID, 0, "unknown option '-%c' of '%s'", *letters, at->command->name);
		if (*rest == '=')
			return take_value(at, entry, rest + 1);
		if (entry->kind != OPTION_FLAG)
			return take_value(at, entry, *rest ? rest : NULL);
		*(bool *)((char *)at->request + entry->offset) = true;
	}
	return 0;
}

static int take_option(struct cursor *at, char *text)
{
	if (text[1] == '-')
		return take_long(at, text + 2);
	/* As Go's flag package, on which the callers of OCI runtimes may rely. */
	if (text[2] && find_name(at->command->entries, text + 1, strcspn(text + 1, "=")))
		return take_long(at, text + 1);
	return take_letters(at, text + 1);
}

static int check_operands(const struct options_command *command, size_t count, struct error *err)
{
	if (count < (size_t)command->minimum_operands)
		error_set(err, ERROR_INVALID, 0, "'%s' needs %s", command->name, command->operands);
	else if (command->maximum_operands == 0 && count > 0)
		error_set(err, ERROR_INVALID, 0, "'%s' takes no operand", command->name);
	else if (command->maximum_operands != OPTIONS_ANY_NUMBER && count > (size_t)command->maximum_operands)
		error_set(err, ERROR_INVALID, 0, "'%s' takes %s, but got %zu operands", command->name, command->operands, count);
	else
		return 0;
	return -EINVAL;
}

int options_parse(const struct options_command *command, char **args, void *request, struct options_result *ret, struct error *err)
{
	struct cursor at = { .command = command, .args = args, .request = request, .err = err };
	char **operands = args;
	size_t count = 0; /* operands so far; mixed ones are kept in args[0 … count) */

	while (args[at.next] && !(command->properties & OPTIONS_ALL_OPERANDS)) {
		char *text = args[at.next++];

		if (str_equal(text, "--"))
			break;
		if (text[0] == '-' && text[1]) {
			int r = take_option(&at, text);

			if (r < 0)
				return r;
			continue;
		}
		if (command->properties & OPTIONS_STOP_AT_OPERAND) {
			at.next--;
			break;
		}
		args[count++] = text;
	}
	if (command->properties & OPTIONS_STOP_AT_OPERAND) {
		operands = args + at.next;
		count = strv_length(operands);
	} else {
		while (args[at.next])
			args[count++] = args[at.next++];
		args[count] = NULL;
	}
	if (!at.help_asked) {
		int r = check_operands(command, count, err);

		if (r < 0)
			return r;
	}
	*ret = (struct options_result){ .operands = operands, .operand_count = count, .help_asked = at.help_asked };
	return 0;
}

void options_done(const struct options_command *command, void *request)
{
	for (const struct option_entry *entry = command->entries; entry && entry->name; entry++) {
		char ***list = (void *)((char *)request + entry->offset);

		if (entry->kind == OPTION_LIST) {
			free(*list);
			*list = NULL;
		}
	}
}

/* ---- text for people -------------------------------------------------------- */

/* TEXT in lines of at most TEXT_WIDTH, each line but the first starting at column INDENT. */
static void add_wrapped(struct buf *out, const char *text, size_t indent, size_t column)
{
	while (*text) {
		size_t word = strcspn(text, " ");

		if (column + word > TEXT_WIDTH && column > indent) {
			while (out->length && out->data[out->length - 1] == ' ')
				out->data[--out->length] = '\0';
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		buf_add(out, text, word);
		text += word;
		column += word;
		while (*text == ' ') {
			buf_add_char(out, ' ');
			text++;
			column++;
		}
	}
	buf_add_char(out, '\n');
}

/* Pads what was added since START to COLUMN, or begins a new line there. */
static void add_padding(struct buf *out, size_t start, size_t column)
{
	size_t used = out->length - start;

	if (used + 2 > column)
		buf_printf(out, "\n%*s", (int)column, "");
	else
		buf_printf(out, "%*s", (int)(column - used), "");
}

void options_list_entries(const struct option_entry *entries, struct buf *out)
{
	for (; entries && entries->name; entries++) {
		size_t start = out->length;

		if (entries->properties & OPTION_HIDDEN)
			continue;
		if (entries->letter)
			buf_printf(out, "  -%c, --%s", entries->letter, entries->name);
		else
			buf_printf(out, "      --%s", entries->name);
		if (entries->kind != OPTION_FLAG)
			buf_printf(out, takes_next(entries) ? " %s" : "[=%s]", entries->argument);
		add_padding(out, start, HELP_COLUMN);
		add_wrapped(out, entries->help, HELP_COLUMN, HELP_COLUMN);
	}
}

void options_list_commands(const struct options_command *const *commands, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		size_t start = out->length;

		if (commands[i]->properties & OPTIONS_HIDDEN)
			continue;
		buf_printf(out, "  %s", commands[i]->name);
		add_padding(out, start, 14);
		add_wrapped(out, commands[i]->summary, 14, 14);
	}
}

static void add_paragraphs(struct buf *out, const char *text)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		_cleanup_buf_ struct buf paragraph = BUF_INIT;

		buf_add(&paragraph, text, end ? (size_t)(end - text) : strlen(text));
		buf_add_char(out, '\n');
		add_wrapped(out, paragraph.data, 0, 0);
		text = end ? end + 2 : "";
	}
}

void options_help(const struct options_command *command, const char *program, struct buf *out)
{
	bool has_options = command->entries && command->entries->name;

	buf_printf(out, "%s %s: %s\n\nusage: %s %s%s%s%s\n", program, command->name, command->summary, program, command->name,
		has_options ? " [OPTION…]" : "", command->operands ? " " : "", command->operands ? command->operands : "");
	if (command->description)
		add_paragraphs(out, command->description);
	if (has_options) {
		buf_add_text(out, "\noptions:\n");
		options_list_entries(command->entries, out);
	}
}

/* ---- text for the generator ----------------------------------------------------- */

static const char *kind_word(const struct option_entry *entry)
{
	if (!takes_next(entry))
		return "flag";
	if (entry->properties & OPTION_DIRECTORY)
		return "directory";
	return entry->properties & OPTION_FILE ? "file" : "value";
}

void options_dump(const struct options_command *command, struct buf *out)
{
	const char *text = command->description ? command->description : "";

	buf_printf(out, "command\t%s\t%s\t%s\n", command->name, command->operands ? command->operands : "", command->summary);
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t length = end ? (size_t)(end - text) : strlen(text);

		buf_add_text(out, "text\t");
		buf_add(out, text, length);
		buf_add_char(out, '\n');
		text += length + (end ? 2 : 0);
	}
	for (const struct option_entry *entry = command->entries; entry && entry->name; entry++) {
		bool optional = entry->properties & OPTION_OPTIONAL;
		char letter[2] = { entry->letter, '\0' };

		if (!(entry->properties & OPTION_HIDDEN))
			buf_printf(out, "option\t%s\t%s\t%s%s%s\t%s\t%s\n", letter, entry->name, optional ? "[=" : "",
				   entry->argument ? entry->argument : "", optional ? "]" : "", kind_word(entry), entry->help);
	}
}
