/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Dockerfile as instructions: lines joined, comments taken out, flags and
 * here-documents found; what the words mean is instruction.h's. A pure function
 * over bytes that nobody trusts.
 */
#ifndef BIVY_BUILD_DOCKERFILE_H
#define BIVY_BUILD_DOCKERFILE_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define DOCKERFILE_LIMIT (4u << 20)        /* bytes of a file */
#define DOCKERFILE_LINE_LIMIT 500000       /* lines of it */
#define DOCKERFILE_INSTRUCTION_LIMIT 20000 /* instructions in it */
#define DOCKERFILE_HEREDOC_LIMIT 1000      /* here-documents of one */

/* What of the file a message is about. Lines and columns count from 1; .line 0: nothing in particular, .column 0: the whole line. */
struct dockerfile_mark {
	unsigned line, column, width; /* columns and width in bytes */
};

/* "<<EOF" and what follows the instruction. */
struct dockerfile_heredoc {
	char *name;        /* "EOF", without quotes */
	bool expands;      /* the name is not quoted: variables are replaced in what needs it (COPY, ADD) */
	bool strips_tabs;  /* "<<-" */
	unsigned fd;       /* "3<<EOF": 3; 0 without */
	char *content;     /* with the newline of its last line; tabs at the beginnings of lines are gone if they are to be */
	char *written;     /* the same with them */
	unsigned first_line;
};

struct dockerfile_instruction {
	char *name;    /* in capitals */
	char *written; /* the same as it was written */
	char **flags;  /* "--mount=type=cache", quotes and escapes taken out; NULL-terminated, never NULL */
	char *text;    /* what follows name and flags, lines joined as BuildKit does, without here-documents' content */
	char **json;   /* the elements, if that (of HEALTHCHECK: behind its first word) is an array of strings in JSON where one may be; else NULL */
	struct dockerfile_heredoc *heredocs;
	size_t heredoc_count;
	char *original; /* its first lines as written, joined, with flags: what messages and progress show */
	char *comment;  /* comment lines directly above it, without '#', joined by newlines; or NULL */
	unsigned first_line, last_line;
	struct dockerfile_mark mark; /* of .written */
	struct dockerfile_instruction *triggered; /* ONBUILD: what is behind it, if anything; blanks at the end of its .original stay */
};

/* Something that is right but should be said (lint.h names the rules). */
struct dockerfile_warning {
	const char *rule;
	struct dockerfile_mark mark;
	char *text;
};

struct dockerfile {
	const char *name; /* for messages: "Dockerfile" */
	char *syntax;     /* first word of the directive's value, or NULL */
	struct dockerfile_mark syntax_mark; /* of that directive */
	char *check;      /* value of the directive, or NULL */
	char escape;      /* '\\' or '`' */
	struct dockerfile_instruction *instructions; /* at least one */
	size_t instruction_count;
	char **lines;     /* of the file as it is, without their ends, for messages; NULL-terminated */
	size_t line_count;
	struct dockerfile_warning *warnings; /* that only the lines as written show: empty continuation lines … */
	size_t warning_count;
};

/*
 * Decodes LENGTH bytes (UTF-8, perhaps with a byte order mark, lines ending in
 * "\n" or "\r\n"). All in the arena. ERROR_INVALID: "NAME:3: …", and *MARK says
 * where; nothing in it, a byte 0, a here-document without an end, a directive
 * twice or with a wrong value, an array in JSON of anything but strings, a limit
 * above. *RET then is NULL, or has the lines, for dockerfile_show_mark().
 */
int dockerfile_parse(struct arena *arena, const char *name, const char *text, size_t length, struct dockerfile **ret, struct dockerfile_mark *mark,
	struct error *err) _must_check_;

/*
 * Adds the lines around MARK with their numbers, the line itself pointed at and
 * a caret below its column, as compilers do; nothing without a line. Control
 * characters come out as '?'.
 */
void dockerfile_show_mark(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark, struct buf *out);

/* Whether the directive `syntax` names the stock frontend of Docker, in any version, whose language is built in. */
bool dockerfile_syntax_is_stock(const char *syntax);

#endif
