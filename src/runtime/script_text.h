/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a script (script.h), each added by who knows it. */
#ifndef BIVY_RUNTIME_SCRIPT_TEXT_H
#define BIVY_RUNTIME_SCRIPT_TEXT_H

#include "runtime/mount_plan.h"
#include "runtime/plan.h"
#include "runtime/script.h"

struct script {
	const struct plan *plan;
	const struct script_request *request;
	bool has_user_namespace; /* a new one: $holder keeps it */
	struct buf *out;
};

/* Adds TEXT as one word of a shell, in single quotes if it needs them. */
void script_quote(struct buf *out, const char *text);

/* Adds a here-document that gives VARIABLE the value TEXT, which ends in a newline; MARK is the word at its end, or begins it. */
void script_add_document(struct buf *out, const char *variable, const char *mark, const char *text);

/* The program that runs in the new namespaces, as the shell's variable "inside": mounts, names, pivot, privileges, exec. */
void script_add_inside(const struct script *script);

/* Where the mount number INDEX of the plan finds its source: "$work/source/INDEX" if it has mapped ids or is made by the script. */
bool script_source_is_made(const struct script *script, const struct mount_step *step);
const struct script_source *script_find_source(const struct script *script, const struct mount_step *step);

/* Links, addresses and rules, from outside, between the birth of $init and its first step. */
void script_add_network(const struct script *script);

#endif
