/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that is to be executed in a container, as docker's API asks for it
 * (POST /containers/{id}/exec) and as its record has it until the container is
 * gone. Pure.
 */
#ifndef BIVY_SPEC_EXEC_H
#define BIVY_SPEC_EXEC_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_EXEC_LIMIT (1u << 20) /* bytes of a document */

struct spec_exec {
	bool attach_stdin, attach_stdout, attach_stderr;
	bool terminal, privileged;
	char *detach_keys, *user, *working_directory; /* or NULL */
	char **env, **args; /* NULL-terminated; env may be NULL */
	uint32_t width, height; /* of its terminal; 0: unknown */
};

/* All in the arena. ERROR_INVALID for what is none, or has no command. */
int spec_exec_decode(struct arena *arena, const char *text, size_t length, struct spec_exec **ret, struct error *err) _must_check_;
void spec_exec_encode(const struct spec_exec *exec, struct buf *out);

/* Once it was started, and once it has ended. */
struct spec_exec_run {
	int64_t session; /* its number at the container's supervisor */
	int64_t pid;     /* on this host */
	char *run;       /* when the container was started that it runs in */
	bool has_ended;
	int64_t exit_code;
};

int spec_exec_run_decode(struct arena *arena, const char *text, size_t length, struct spec_exec_run **ret, struct error *err) _must_check_;
void spec_exec_run_encode(const struct spec_exec_run *run, struct buf *out);

#endif
