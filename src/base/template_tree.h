/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed template: between template.c, which makes it, and template_run.c. Everything lives in one arena. */
#ifndef BIVY_BASE_TEMPLATE_TREE_H
#define BIVY_BASE_TEMPLATE_TREE_H

#include "base/template_functions.h"

enum operand_kind {
	OPERAND_DOT,      /* "." and ".Field" */
	OPERAND_VARIABLE, /* "$", "$x" and "$x.Field" */
	OPERAND_LITERAL,
	OPERAND_FUNCTION,
	OPERAND_PIPELINE, /* "(…)" and "(…).Field" */
};

struct operand {
	enum operand_kind kind;
	const char *name; /* of the variable, without '$' */
	const struct json *literal;
	const struct template_function *function;
	const struct pipeline *pipeline;
	const char **fields; /* asked for in turn */
	size_t field_count;
	struct operand *next;
};

/* One command of a pipeline: its first operand is called with the rest. */
struct template_command {
	struct operand *operands;
	struct template_command *next;
};

struct pipeline {
	const char *variables[2]; /* what its value is stored in; the second only in a range */
	size_t variable_count;
	bool declares; /* ":=", not "=" */
	struct template_command *commands;
};

enum node_kind { NODE_TEXT, NODE_OUTPUT, NODE_IF, NODE_WITH, NODE_RANGE, NODE_BREAK, NODE_CONTINUE };

struct node {
	enum node_kind kind;
	const char *text; /* TEXT */
	size_t length;
	const struct pipeline *pipeline;
	struct node *body, *otherwise; /* IF, WITH, RANGE */
	struct node *next;
};

struct template {
	struct node *nodes;
};

#endif
