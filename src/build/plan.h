/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stage as steps: what is to be run and copied in which environment, and what
 * the image's configuration is after each, given that of its base. Pure: the
 * engine knows files, images and processes.
 */
#ifndef BIVY_BUILD_PLAN_H
#define BIVY_BUILD_PLAN_H

#include "build/outline.h"

#define PLAN_VARIABLE_LIMIT 10000      /* of the environment, or names with values of one instruction */
#define PLAN_TEXT_LIMIT (64u << 20)    /* bytes of all that the steps of a stage say */

/* A mount of a RUN step, or one source of a COPY, with what it is of. */
struct plan_mount {
	const struct run_mount *mount; /* expanded: .target absolute */
	struct origin origin;          /* of bind and cache mounts with a from, or of a bind without */
};

enum plan_step_kind {
	PLAN_CONFIGURE, /* nothing but the configuration changes */
	PLAN_RUN,
	PLAN_COPY,      /* COPY and ADD */
	PLAN_DIRECTORY, /* WORKDIR: .directory is made if it is missing, the user's */
};

struct plan_step {
	enum plan_step_kind kind;
	const struct instruction *instruction; /* expanded */
	bool is_trigger;         /* by an ONBUILD of the base image */
	size_t number, count;    /* "2/5" among those of the stage that count: FROM is 1 if it takes an image, what is not PLAN_CONFIGURE follows; 0: it does not */
	const char *shown;       /* "RUN make", "COPY a b /" with variables replaced: for progress, history and messages */
	const char *created_by;  /* of its history entry, in the stock frontend's words: "RUN /bin/sh -c make # buildkit"; NULL: it has none (ONBUILD) */
	/*
	 * What it does, as text that is equal for equal work and names no content of
	 * files: everything of the instruction that can change what comes out, with
	 * user, working directory, shell, and the environment and arguments as far as
	 * they count. Values of proxy arguments that no ARG takes up, of secrets, and
	 * the paths of ssh sockets are not in it. NULL with PLAN_CONFIGURE.
	 */
	const char *key;

	/* RUN */
	char **command;          /* with the shell in front, if there is one */
	const char *script;      /* content of a here-document that begins with "#!": it is to be an executable file at the last word of .command, below /dev/pipes; or NULL */
	char **environment;      /* "K=V": the image's, with the arguments of this point */
	const char *user, *working_directory; /* never NULL: "" is root, "/" */
	struct plan_mount *mounts;
	size_t mount_count;

	/* COPY, ADD */
	struct origin origin;    /* of .instruction->from, or the context */
	const char *destination; /* absolute; ends in '/' if what was written did, or if it was "." */

	const char *directory;   /* WORKDIR */

	const struct spec_execution *execution; /* after the step */
};

struct plan_stage {
	const struct outline_stage *outline;
	const char *title;       /* "build", or "stage-1", as progress shows it; "" if it is the only one */
	struct plan_step *steps; /* one for each instruction, triggers first; FROM and ARG have none but ARG's history: PLAN_CONFIGURE */
	size_t step_count;
	const struct spec_execution *execution; /* at the end */
	const char *author;      /* of MAINTAINER, or the base's; or NULL */
	char **environment, **arguments; /* "K=V", what stages upon it begin with: all that RUN saw at the end, and the ARGs of it */
};

/* What the plan needs to know of a base. */
struct plan_base {
	const struct plan_stage *stage; /* the plan of a stage: then nothing else here counts; NULL: it is none */
	const struct spec_execution *execution; /* of an image; NULL: scratch, or a context */
	const char *author;
	const char *platform_os; /* or NULL */
};

/* Warnings with docker's rule names come out of a plan, too: what only values show. */
struct plan_request {
	const struct outline *outline;
	size_t stage;
	struct plan_base base;
	const char *default_path; /* of PATH, when the base has no environment: as docker's */
	struct dockerfile_warning *warnings; /* room is made as needed, in the arena */
	size_t warning_count;
};

/*
 * The base of a stage is planned first. What triggers of images take from must
 * be known to be needed: outline_follow_triggers(). ERROR_INVALID with *MARK.
 */
int build_plan_make(struct arena *arena, struct plan_request *request, struct plan_stage **ret, struct dockerfile_mark *mark, struct error *err) _must_check_;

#endif
