/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing. A recursive descent over the text itself: actions are short. */
#include "base/template.h"
#include "base/template_tree.h"
#include "base/template_value.h"

#include <ctype.h>

#define TEXT_LIMIT (1u << 20)
#define DEPTH_LIMIT 64
#define VARIABLE_LIMIT 64 /* that are known at one place */

struct parser {
	struct arena *arena;
	const char *start;
	const char *at;
	struct error *err;
	unsigned depth;
	unsigned ranges; /* that the place is in */
	const char *variables[VARIABLE_LIMIT];
	size_t variable_count;
};

static int fail(const struct parser *p, const char *cause)
{
	size_t position = 1;

	for (const char *c = p->start; c < p->at; c++)
		position += ((unsigned char)*c & 0xc0) != 0x80;
	return error_set(p->err, ERROR_INVALID, 0, "invalid template '%.200s': %s at character %zu", p->start, cause, position);
}

/* What another module said is wrong, with the place. */
static int fail_wrapped(const struct parser *p)
{
	struct error *err = p->err;
	char cause[200];

	if (!err)
		return -EINVAL;
	snprintf(cause, sizeof cause, "%.190s", err->message);
	return fail(p, cause);
}

/* ---- words ---------------------------------------------------------------------- */

static void skip_space(struct parser *p)
{
	while (*p->at && strchr(" \t\r\n", *p->at))
		p->at++;
}

/* Whether the action ends here: "}}" or " -}}". */
static bool at_end(const struct parser *p)
{
	return str_starts_with(p->at, "}}") || str_starts_with(p->at, "-}}");
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (is_name_char(text[length]))
		length++;
	return length;
}

static const char *take_name(struct parser *p)
{
	size_t length = name_length(p->at);
	const char *name = arena_strndup(p->arena, p->at, length);

	p->at += length;
	return name;
}

static bool take_word(struct parser *p, const char *word)
{
	size_t length = strlen(word);

	if (!str_starts_with(p->at, word) || is_name_char(p->at[length]))
		return false;
	p->at += length;
	skip_space(p);
	return true;
}

static bool take_mark(struct parser *p, const char *mark)
{
	if (!str_starts_with(p->at, mark))
		return false;
	p->at += strlen(mark);
	skip_space(p);
	return true;
}

/* ---- literals --------------------------------------------------------------------- */

static void add_code_point(struct buf *out, unsigned code)
{
	char bytes[4];
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = length; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(length == 1 ? code : (0xf00u >> length & 0xf0) | code);
	buf_add(out, bytes, length);
}

/* COUNT hexadecimal digits behind the escape at p->at, which moves on to the last. */
static int take_code(struct parser *p, int count, struct buf *out)
{
	unsigned code = 0;

	for (int i = 0; i < count; i++) {
		unsigned char c = (unsigned char)p->at[1];

		if (!isxdigit(c))
			return fail(p, "a wrong escape");
		code = code * 16 + (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
		p->at++;
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return fail(p, "no character");
	add_code_point(out, code);
	return 0;
}

static int take_escape(struct parser *p, struct buf *out)
{
	static const char letters[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
	const char *letter = *p->at ? strchr(letters, *p->at) : NULL;
	int r = 0;

	if (letter)
		buf_add_char(out, values[letter - letters]);
	else if (*p->at == 'x' || *p->at == 'u' || *p->at == 'U')
		r = take_code(p, *p->at == 'x' ? 2 : *p->at == 'u' ? 4 : 8, out);
	else
		r = fail(p, "a wrong escape");
	return r;
}

static int take_quoted(struct parser *p, const struct json **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char quote = *p->at++;

	for (; *p->at != quote; p->at++) {
		int r = 0;

		if (!*p->at || (quote != '`' && *p->at == '\n'))
			return fail(p, "a text that does not end");
		if (*p->at != '\\' || quote == '`') {
			buf_add_char(&text, *p->at);
			continue;
		}
		p->at++;
		r = take_escape(p, &text);
		if (r < 0)
			return r;
	}
	p->at++;
	*ret = value_of_text(p->arena, text.data ? text.data : "", text.length);
	return 0;
}

static int take_number(struct parser *p, const struct json **ret)
{
	size_t length = strspn(p->at, "+-0123456789abcdefABCDEFxX._");
	const char *text = arena_strndup(p->arena, p->at, length);
	struct json *value = arena_alloc(p->arena, 1, sizeof *value);
	int64_t number;
	char *end = NULL;

	if (str_to_i64(text, 0, &number) == 0) {
		*value = *value_of_int(p->arena, number);
	} else {
		*value = (struct json){ .type = JSON_REAL, .real = strtod(text, &end) };
		if (end == text || *end)
			return fail(p, "no number");
	}
	p->at += length;
	*ret = value;
	return 0;
}

/* ---- operands ---------------------------------------------------------------------- */

static int parse_pipeline(struct parser *p, bool in_range, const struct pipeline **ret);

/* ".Field.Field", directly behind what has them; more may be there already. */
static int take_fields(struct parser *p, struct operand *operand)
{
	while (*p->at == '.') {
		const char **larger = arena_alloc(p->arena, operand->field_count + 1, sizeof *larger);

		p->at++;
		if (name_length(p->at) == 0)
			return fail(p, "no name of a field");
		if (operand->field_count)
			memcpy(larger, operand->fields, operand->field_count * sizeof *larger);
		larger[operand->field_count++] = take_name(p);
		operand->fields = larger;
	}
	return 0;
}

static int take_variable(struct parser *p, struct operand *operand)
{
	p->at++;
	operand->kind = OPERAND_VARIABLE;
	operand->name = take_name(p);
	for (size_t i = 0; i < p->variable_count; i++)
		if (str_equal(p->variables[i], operand->name))
			return take_fields(p, operand);
	return *operand->name ? fail(p, "a variable that is not declared") : take_fields(p, operand);
}

static int take_parenthesis(struct parser *p, struct operand *operand)
{
	int r;

	if (++p->depth > DEPTH_LIMIT)
		return fail(p, "too much nesting");
	p->at++;
	operand->kind = OPERAND_PIPELINE;
	r = parse_pipeline(p, false, &operand->pipeline);
	if (r == 0 && *p->at != ')')
		r = fail(p, "a ')' is missing");
	if (r < 0)
		return r;
	p->at++;
	p->depth--;
	return take_fields(p, operand);
}

/* A name: a constant or a function. */
static int take_identifier(struct parser *p, struct operand *operand)
{
	static const struct json yes = { .type = JSON_BOOL, .boolean = true }, no = { .type = JSON_BOOL }, nothing = { .type = JSON_NULL };
	static const struct {
		const char *name;
		const struct json *value;
	} constants[] = { { "true", &yes }, { "false", &no }, { "nil", &nothing } };
	const char *place = p->at, *name = take_name(p);

	operand->kind = OPERAND_LITERAL;
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (str_equal(name, constants[i].name))
			operand->literal = constants[i].value;
	if (operand->literal)
		return 0;
	operand->kind = OPERAND_FUNCTION;
	operand->function = template_function_find(name, p->err);
	if (operand->function)
		return 0;
	p->at = place;
	return fail_wrapped(p);
}

static int parse_operand(struct parser *p, struct operand **ret)
{
	struct operand *operand = arena_alloc(p->arena, 1, sizeof *operand);
	char c = *p->at;
	int r;

	*ret = operand;
	if (c == '.' && name_length(p->at + 1) == 0) {
		operand->kind = OPERAND_DOT;
		p->at++;
		return 0;
	}
	if (c == '.') {
		operand->kind = OPERAND_DOT;
		r = take_fields(p, operand);
	} else if (c == '$') {
		r = take_variable(p, operand);
	} else if (c == '(') {
		r = take_parenthesis(p, operand);
	} else if (c == '"' || c == '`') {
		operand->kind = OPERAND_LITERAL;
		r = take_quoted(p, &operand->literal);
	} else if (isdigit((unsigned char)c) || ((c == '-' || c == '+') && isdigit((unsigned char)p->at[1]))) {
		operand->kind = OPERAND_LITERAL;
		r = take_number(p, &operand->literal);
	} else if (is_name_char(c)) {
		r = take_identifier(p, operand);
	} else {
		r = fail(p, c ? "something unexpected" : "an action that does not end");
	}
	return r;
}

/* ---- pipelines ------------------------------------------------------------------------ */

static bool command_ends(const struct parser *p)
{
	return !*p->at || *p->at == '|' || *p->at == ')' || at_end(p);
}

static int check_arguments(const struct parser *p, const struct template_command *command, size_t count)
{
	const struct operand *first = command->operands;

	if (count > TEMPLATE_ARGUMENT_LIMIT)
		return fail(p, "too many arguments");
	if (first->kind == OPERAND_LITERAL && count > 1)
		return fail(p, "a value that is no function but has arguments");
	return 0;
}

static int parse_command(struct parser *p, struct template_command **ret)
{
	struct template_command *command = arena_alloc(p->arena, 1, sizeof *command);
	struct operand **place = &command->operands;
	size_t count = 0;

	do {
		int r = parse_operand(p, place);

		if (r < 0)
			return r;
		if (!command_ends(p) && !strchr(" \t\r\n", *p->at))
			return fail(p, "a space is missing");
		place = &(*place)->next;
		count++;
		skip_space(p);
	} while (!command_ends(p));
	*ret = command;
	return check_arguments(p, command, count);
}

static int declare(struct parser *p, const char *name)
{
	if (p->variable_count == VARIABLE_LIMIT)
		return fail(p, "too many variables");
	p->variables[p->variable_count++] = name;
	return 0;
}

/* "$x :=", "$x =", and in a range "$i, $e :=": moves on only if it is one. */
static int take_variables(struct parser *p, bool in_range, struct pipeline *pipeline)
{
	const char *place = p->at;

	while (*p->at == '$' && pipeline->variable_count < (in_range ? 2 : 1)) {
		p->at++;
		pipeline->variables[pipeline->variable_count++] = take_name(p);
		skip_space(p);
		if (!in_range || pipeline->variable_count == 2 || !take_mark(p, ","))
			break;
	}
	if (pipeline->variable_count && take_mark(p, ":=")) {
		pipeline->declares = true;
	} else if (!pipeline->variable_count || !take_mark(p, "=")) {
		pipeline->variable_count = 0;
		p->at = place;
	}
	for (size_t i = 0; i < pipeline->variable_count; i++)
		if (!*pipeline->variables[i])
			return fail(p, "a variable without a name");
	return 0;
}

static int parse_pipeline(struct parser *p, bool in_range, const struct pipeline **ret)
{
	struct pipeline *pipeline = arena_alloc(p->arena, 1, sizeof *pipeline);
	struct template_command **place = &pipeline->commands;
	int r;

	skip_space(p);
	r = take_variables(p, in_range, pipeline);
	while (r == 0) {
		r = parse_command(p, place);
		if (r < 0 || *p->at != '|')
			break;
		place = &(*place)->next;
		p->at++;
		skip_space(p);
	}
	for (size_t i = 0; r == 0 && pipeline->declares && i < pipeline->variable_count; i++)
		r = declare(p, pipeline->variables[i]);
	*ret = pipeline;
	return r;
}

/* ---- text and actions -------------------------------------------------------------------- */

/* Behind the action's content; a "-" trims the text that follows. */
static int take_end(struct parser *p)
{
	skip_space(p);
	if (str_starts_with(p->at, "}}"))
		p->at += 2;
	else if (!take_mark(p, "-}}"))
		return fail(p, *p->at ? "something unexpected" : "an action that does not end");
	return 0;
}

static int take_comment(struct parser *p)
{
	const char *end = strstr(p->at, "*/");

	if (!end)
		return fail(p, "a comment that does not end");
	p->at = end + 2;
	return take_end(p);
}

/* Text up to the next action, whose "{{" is left for the caller. */
static struct node *parse_text(struct parser *p)
{
	struct node *node = arena_alloc(p->arena, 1, sizeof *node);
	const char *end = strstr(p->at, "{{");
	size_t length = end ? (size_t)(end - p->at) : strlen(p->at);

	node->kind = NODE_TEXT;
	node->text = p->at;
	node->length = length;
	p->at += length;
	if (end && end[2] == '-' && strchr(" \t\r\n", end[3]) && end[3])
		while (node->length && strchr(" \t\r\n", node->text[node->length - 1]))
			node->length--;
	return node;
}

enum ending { ENDING_TEXT, ENDING_ELSE, ENDING_END };

static int parse_nodes(struct parser *p, struct node **ret, enum ending *ret_ending);
static int parse_block(struct parser *p, struct node *node);

/* Behind "else", which is in an action of its own or goes on with "if" or "with". */
static int parse_else(struct parser *p, struct node *node)
{
	enum ending ending;
	int r;

	if ((node->kind == NODE_IF && take_word(p, "if")) || (node->kind == NODE_WITH && take_word(p, "with"))) {
		node->otherwise = arena_alloc(p->arena, 1, sizeof *node->otherwise);
		node->otherwise->kind = node->kind;
		return parse_block(p, node->otherwise);
	}
	r = take_end(p);
	if (r == 0)
		r = parse_nodes(p, &node->otherwise, &ending);
	if (r == 0 && ending != ENDING_END)
		r = fail(p, ending == ENDING_ELSE ? "a second else" : "an {{end}} is missing");
	return r;
}

/* If, with and range, behind their word. */
static int parse_block(struct parser *p, struct node *node)
{
	size_t variables = p->variable_count;
	enum ending ending = ENDING_TEXT;
	int r;

	if (++p->depth > DEPTH_LIMIT)
		return fail(p, "too much nesting");
	r = parse_pipeline(p, node->kind == NODE_RANGE, &node->pipeline);
	if (r == 0)
		r = take_end(p);
	p->ranges += node->kind == NODE_RANGE;
	if (r == 0)
		r = parse_nodes(p, &node->body, &ending);
	p->ranges -= node->kind == NODE_RANGE;
	if (r == 0 && ending == ENDING_ELSE)
		r = parse_else(p, node);
	else if (r == 0 && ending == ENDING_TEXT)
		r = fail(p, "an {{end}} is missing");
	p->variable_count = variables;
	p->depth--;
	return r;
}

/* What an action is, behind its "{{" and spaces. *RET is NULL for "else" and "end". */
static int parse_action(struct parser *p, struct node **ret, enum ending *ret_ending)
{
	static const char *const blocks[] = { [NODE_IF] = "if", [NODE_WITH] = "with", [NODE_RANGE] = "range" };
	struct node *node = arena_alloc(p->arena, 1, sizeof *node);

	*ret = NULL;
	if (take_word(p, "end")) {
		*ret_ending = ENDING_END;
		return take_end(p);
	}
	if (take_word(p, "else")) {
		*ret_ending = ENDING_ELSE;
		return 0; /* parse_else() reads on */
	}
	*ret = node;
	for (int kind = NODE_IF; kind <= NODE_RANGE; kind++) {
		if (take_word(p, blocks[kind])) {
			node->kind = (enum node_kind)kind;
			return parse_block(p, node);
		}
	}
	node->kind = take_word(p, "break") ? NODE_BREAK : take_word(p, "continue") ? NODE_CONTINUE : NODE_OUTPUT;
	if (node->kind != NODE_OUTPUT)
		return p->ranges ? take_end(p) : fail(p, "no range to leave");
	if (take_word(p, "define") || take_word(p, "template") || take_word(p, "block"))
		return fail(p, "an action that is not supported");
	if (at_end(p))
		return fail(p, "an empty action");
	return parse_pipeline(p, false, &node->pipeline) < 0 ? -EINVAL : take_end(p);
}

/* Up to the end of the text, an "else" or an "end" of whoever asked for them. */
static int parse_nodes(struct parser *p, struct node **ret, enum ending *ret_ending)
{
	struct node **place = ret;
	size_t variables = p->variable_count;
	bool ended = false;

	*ret = NULL;
	*ret_ending = ENDING_TEXT;
	while (!ended) {
		struct node *text = parse_text(p), *action = NULL;
		int r;

		if (text->length) {
			*place = text;
			place = &text->next;
		}
		if (!*p->at)
			break;
		p->at += 2;
		if (*p->at == '-' && p->at[1] && strchr(" \t\r\n", p->at[1]))
			p->at++;
		skip_space(p);
		if (str_starts_with(p->at, "/*")) {
			r = take_comment(p);
			if (r < 0)
				return r;
			continue;
		}
		r = parse_action(p, &action, ret_ending);
		if (r < 0)
			return r;
		ended = !action;
		*place = action;
		place = action ? &action->next : place;
	}
	p->variable_count = variables;
	return 0;
}

int template_parse(struct arena *arena, const char *text, struct template **ret, struct error *err)
{
	struct parser p = { .arena = arena, .start = arena_strdup(arena, text), .err = err };
	struct template *template = arena_alloc(arena, 1, sizeof *template);
	enum ending ending;
	int r;

	p.at = p.start;
	if (strlen(text) > TEXT_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "the template is too long");
	r = parse_nodes(&p, &template->nodes, &ending);
	if (r == 0 && ending != ENDING_TEXT)
		r = fail(&p, ending == ENDING_ELSE ? "an {{else}} without a beginning" : "an {{end}} without a beginning");
	if (r == 0)
		*ret = template;
	return r;
}
