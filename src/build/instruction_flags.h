/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of a Dockerfile's instructions, by one table of all of them. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_FLAGS_H
#define BIVY_BUILD_INSTRUCTION_FLAGS_H

#include "build/instruction.h"
#include "build/instruction_context.h"

struct instruction_choice {
	bool is_given, value;
};

/* Texts are NULL if not given; lists are NULL-terminated, or NULL. */
struct instruction_flags {
	char *platform;                                                       /* FROM */
	char *network, *security;                                             /* RUN */
	char **mounts, **devices;
	char *from, *chown, *chmod, *checksum;                                /* COPY, ADD */
	char **excludes;
	struct instruction_choice link, parents, keep_git_dir, unpack;
	char *interval, *timeout, *start_period, *start_interval, *retries;   /* HEALTHCHECK */
};

int instruction_flags_read(const struct instruction_context *c, enum instruction_kind kind, struct instruction_flags *ret) _must_check_;

#endif
