/* SPDX-License-Identifier: Apache-2.0 */
/* Running a parsed template: a walk over its nodes, pipelines evaluated to JSON values. */
#include "base/options.h"
#include "base/template.h"
#include "base/template_tree.h"
#include "base/template_value.h"

/* Nested ranges multiply; nobody means that many steps, or that much text. */
#define STEP_LIMIT (1u << 20)
#define OUTPUT_LIMIT (64u << 20)
#define VARIABLE_LIMIT 256

struct variable {
	const char *name;
	const struct json *value;
};

struct run {
	struct arena *arena;
	const char *const *maps;
	const struct json *data;
	struct buf *out;
	struct error *err;
	size_t steps;
	size_t bytes; /* of texts that functions have made */
	struct variable variables[VARIABLE_LIMIT];
	size_t variable_count;
};

static const struct json nothing = { .type = JSON_NULL };

static int evaluate(struct run *run, const struct json *dot, const struct pipeline *pipeline, const struct json **ret);

/* ---- fields ------------------------------------------------------------------------ */

static bool is_map(const struct run *run, const struct json *value)
{
	for (size_t i = 0; value->key && run->maps && run->maps[i]; i++)
		if (str_equal(value->key, run->maps[i]))
			return true;
	return false;
}

static int refuse_field(const struct run *run, const struct json *value, const char *name)
{
	_cleanup_free_ const char **names = NULL;
	const char *nearest;
	size_t count = 0;

	if (value->type != JSON_OBJECT)
		return error_set(run->err, ERROR_INVALID, 0, "there is no field '%.100s' in %s", name, json_type_name(value->type));
	names = memory_new(value->length + 1, sizeof *names);
	for (const struct json *member = value->first; member; member = member->next)
		names[count++] = member->key;
	error_set(run->err, ERROR_INVALID, 0, "there is no field '%.100s'", name);
	nearest = options_nearest(name, names, count);
	if (nearest)
		error_hint(run->err, "did you mean '%.100s'?", nearest);
	return -EINVAL;
}

static int take_field(const struct run *run, const struct json *value, const char *name, const struct json **ret)
{
	const struct json *member = value->type == JSON_OBJECT ? json_member(value, name) : NULL;

	/* What Go has as a pointer to nothing. */
	if (!member && (value->type == JSON_NULL || is_map(run, value)))
		member = &nothing;
	if (!member)
		return refuse_field(run, value, name);
	*ret = member;
	return 0;
}

/* ---- operands ------------------------------------------------------------------------ */

static struct variable *find_variable(struct run *run, const char *name)
{
	for (size_t i = run->variable_count; i-- > 0;)
		if (str_equal(run->variables[i].name, name))
			return &run->variables[i];
	return NULL;
}

static int evaluate_operand(struct run *run, const struct json *dot, const struct operand *operand, const struct json **ret)
{
	const struct json *value = dot;
	const struct variable *variable;
	int r = 0;

	switch (operand->kind) {
	case OPERAND_DOT:
		break;
	case OPERAND_LITERAL:
		value = operand->literal;
		break;
	case OPERAND_VARIABLE:
		variable = find_variable(run, operand->name);
		value = variable ? variable->value : run->data;
		break;
	case OPERAND_PIPELINE:
		r = evaluate(run, dot, operand->pipeline, &value);
		break;
	case OPERAND_FUNCTION: /* as an argument: without any of its own */
		if (operand->function->minimum > 0)
			return error_set(run->err, ERROR_INVALID, 0, "the function '%s' needs arguments", operand->function->name);
		return operand->function->call(&(struct template_call){ .arena = run->arena, .err = run->err }, ret);
	}
	for (size_t i = 0; r == 0 && i < operand->field_count; i++)
		r = take_field(run, value, operand->fields[i], &value);
	if (r == 0)
		*ret = value;
	return r;
}

/* ---- commands ------------------------------------------------------------------------ */

/* "and" and "or" look at their arguments until one decides. */
static int evaluate_logic(struct run *run, const struct json *dot, const struct operand *first, const struct json *last, const struct json **ret)
{
	bool decides = str_equal(first->function->name, "or");
	const struct json *value = last;
	int r = 0;

	for (const struct operand *operand = first->next; operand; operand = operand->next) {
		r = evaluate_operand(run, dot, operand, &value);
		if (r < 0 || value_is_true(value) == decides)
			break;
		value = last ? last : value;
	}
	if (r == 0 && !value)
		return error_set(run->err, ERROR_INVALID, 0, "the function '%s' needs arguments", first->function->name);
	*ret = value;
	return r;
}

static int call_function(struct run *run, const struct template_function *function, const struct json *const *arguments, size_t count,
			 const struct json **ret)
{
	const struct template_call call = { .arena = run->arena, .arguments = arguments, .count = count, .err = run->err };
	int r;

	if (count < function->minimum || count > function->maximum)
		return error_set(run->err, ERROR_INVALID, 0, "the function '%s' cannot take %zu argument%s", function->name, count,
				 count == 1 ? "" : "s");
	r = function->call(&call, ret);
	if (r < 0)
		return error_wrap(run->err, "%s", function->name);
	run->bytes += (*ret)->length;
	return run->bytes > OUTPUT_LIMIT ? error_set(run->err, ERROR_INVALID, 0, "the template makes too much text") : 0;
}

/* LAST is what comes through the pipe, or NULL. */
static int evaluate_command(struct run *run, const struct json *dot, const struct template_command *command, const struct json *last,
			    const struct json **ret)
{
	const struct json *arguments[TEMPLATE_ARGUMENT_LIMIT + 2];
	const struct operand *first = command->operands;
	size_t count = 0;
	int r = 0;

	if (first->kind == OPERAND_FUNCTION && !first->function->call)
		return evaluate_logic(run, dot, first, last, ret);
	if (first->kind != OPERAND_FUNCTION)
		r = evaluate_operand(run, dot, first, &arguments[count++]);
	for (const struct operand *operand = first->next; r == 0 && operand; operand = operand->next)
		r = evaluate_operand(run, dot, operand, &arguments[count++]);
	if (last)
		arguments[count++] = last;
	if (r < 0)
		return r;
	if (first->kind == OPERAND_FUNCTION)
		return call_function(run, first->function, arguments, count, ret);
	*ret = arguments[0];
	/* {{.Label "name"}}: in Go a method. */
	if (count > 1 && (first->kind == OPERAND_LITERAL || (arguments[0]->type != JSON_OBJECT && arguments[0]->type != JSON_NULL)))
		return error_set(run->err, ERROR_INVALID, 0, "a value that is no function has arguments");
	return count > 1 ? call_function(run, template_function_find("index", NULL), arguments, count, ret) : 0;
}

static int evaluate(struct run *run, const struct json *dot, const struct pipeline *pipeline, const struct json **ret)
{
	const struct json *value = NULL;

	if (++run->steps > STEP_LIMIT)
		return error_set(run->err, ERROR_INVALID, 0, "the template takes too many steps");
	for (const struct template_command *command = pipeline->commands; command; command = command->next) {
		int r = evaluate_command(run, dot, command, value, &value);

		if (r < 0)
			return r;
	}
	*ret = value;
	return 0;
}

/* ---- nodes ------------------------------------------------------------------------------ */

enum leaving { LEAVING_NOTHING, LEAVING_BREAK, LEAVING_CONTINUE };

static int run_nodes(struct run *run, const struct json *dot, const struct node *node, enum leaving *ret_leaving);

static int set_variable(struct run *run, const struct pipeline *pipeline, size_t i, const struct json *value)
{
	struct variable *variable = pipeline->declares ? NULL : find_variable(run, pipeline->variables[i]);

	if (!variable) {
		if (run->variable_count == VARIABLE_LIMIT)
			return error_set(run->err, ERROR_INVALID, 0, "the template has too many variables");
		variable = &run->variables[run->variable_count++];
	}
	*variable = (struct variable){ pipeline->variables[i], value };
	return 0;
}

/* One round of a range; an element of a list is known by its number, a member of an object by its name. */
static int run_round(struct run *run, const struct json *element, size_t number, const struct node *node, enum leaving *ret_leaving)
{
	const struct pipeline *pipeline = node->pipeline;
	size_t variables = run->variable_count;
	int r = 0;

	if (pipeline->variable_count == 2)
		r = set_variable(run, pipeline, 0, element->key ? value_of_text(run->arena, element->key, strlen(element->key))
								: value_of_int(run->arena, (int64_t)number));
	if (r == 0 && pipeline->variable_count)
		r = set_variable(run, pipeline, pipeline->variable_count - 1, element);
	if (r == 0)
		r = run_nodes(run, element, node->body, ret_leaving);
	run->variable_count = variables;
	return r;
}

static int run_range(struct run *run, const struct json *dot, const struct node *node, enum leaving *ret_leaving)
{
	const struct json *value = &nothing, **members = NULL;
	enum leaving leaving = LEAVING_NOTHING;
	size_t number = 0;
	int r = evaluate(run, dot, node->pipeline, &value);

	if (r < 0)
		return r;
	if (value->type != JSON_ARRAY && value->type != JSON_OBJECT && value->type != JSON_NULL)
		return error_set(run->err, ERROR_INVALID, 0, "range: expected a list or an object, not %s", json_type_name(value->type));
	if (!value_is_true(value))
		return run_nodes(run, dot, node->otherwise, ret_leaving);
	if (value->type == JSON_OBJECT)
		members = value_sorted_members(run->arena, value);
	for (const struct json *element = members ? members[0] : value->first; element && r == 0 && leaving != LEAVING_BREAK;) {
		if (++run->steps > STEP_LIMIT)
			return error_set(run->err, ERROR_INVALID, 0, "the template takes too many steps");
		r = run_round(run, element, number++, node, &leaving);
		element = members ? members[number] : element->next;
	}
	return r;
}

static int run_output(struct run *run, const struct json *dot, const struct node *node)
{
	const struct json *value = NULL;
	int r = evaluate(run, dot, node->pipeline, &value);

	if (r < 0)
		return r;
	if (node->pipeline->variable_count)
		return set_variable(run, node->pipeline, 0, value);
	value_print(value, run->out);
	return run->out->length > OUTPUT_LIMIT ? error_set(run->err, ERROR_INVALID, 0, "the template makes too much text") : 0;
}

static int run_choice(struct run *run, const struct json *dot, const struct node *node, enum leaving *ret_leaving)
{
	size_t variables = run->variable_count;
	const struct json *value = NULL;
	int r = evaluate(run, dot, node->pipeline, &value);

	if (r == 0 && node->pipeline->variable_count)
		r = set_variable(run, node->pipeline, 0, value);
	if (r == 0 && value_is_true(value))
		r = run_nodes(run, node->kind == NODE_WITH ? value : dot, node->body, ret_leaving);
	else if (r == 0)
		r = run_nodes(run, dot, node->otherwise, ret_leaving);
	run->variable_count = variables;
	return r;
}

static int run_nodes(struct run *run, const struct json *dot, const struct node *node, enum leaving *ret_leaving)
{
	size_t variables = run->variable_count;
	int r = 0;

	*ret_leaving = LEAVING_NOTHING;
	for (; node && r == 0 && *ret_leaving == LEAVING_NOTHING; node = node->next) {
		switch (node->kind) {
		case NODE_TEXT:
			buf_add(run->out, node->text, node->length);
			break;
		case NODE_OUTPUT:
			r = run_output(run, dot, node);
			break;
		case NODE_IF:
		case NODE_WITH:
			r = run_choice(run, dot, node, ret_leaving);
			break;
		case NODE_RANGE:
			r = run_range(run, dot, node, ret_leaving);
			break;
		case NODE_BREAK:
			*ret_leaving = LEAVING_BREAK;
			break;
		case NODE_CONTINUE:
			*ret_leaving = LEAVING_CONTINUE;
			break;
		}
	}
	run->variable_count = variables;
	return r;
}

int template_run(const struct template *template, const struct json *data, const char *const *maps, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct run run = { .arena = arena, .maps = maps, .data = data, .out = out, .err = err };
	enum leaving leaving;

	return run_nodes(&run, data, template->nodes, &leaving);
}
