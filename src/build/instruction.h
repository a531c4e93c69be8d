/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an instruction of a Dockerfile asks for: its flags and words by their
 * meaning. Two steps: instruction_parse() checks what can be checked without
 * knowing any variable; instruction_expand() replaces variables.
 */
#ifndef BIVY_BUILD_INSTRUCTION_H
#define BIVY_BUILD_INSTRUCTION_H

#include "build/dockerfile.h"
#include "build/words.h"
#include "spec/image_config.h"

#include <stdint.h>

enum instruction_kind {
	INSTRUCTION_ADD, INSTRUCTION_ARG, INSTRUCTION_CMD, INSTRUCTION_COPY, INSTRUCTION_ENTRYPOINT, INSTRUCTION_ENV, INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM, INSTRUCTION_HEALTHCHECK, INSTRUCTION_LABEL, INSTRUCTION_MAINTAINER, INSTRUCTION_ONBUILD, INSTRUCTION_RUN, INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL, INSTRUCTION_USER, INSTRUCTION_VOLUME, INSTRUCTION_WORKDIR,
};
#define INSTRUCTION_KIND_COUNT (INSTRUCTION_WORKDIR + 1)

/* RUN --mount. */
enum run_mount_kind { RUN_MOUNT_BIND, RUN_MOUNT_CACHE, RUN_MOUNT_TMPFS, RUN_MOUNT_SECRET, RUN_MOUNT_SSH };
enum run_mount_sharing { RUN_MOUNT_SHARED, RUN_MOUNT_PRIVATE, RUN_MOUNT_LOCKED };

/* Before the expansion only what has no variables in it is here. */
struct run_mount {
	enum run_mount_kind kind;
	char *id;          /* cache, secret, ssh; the default filled in at the expansion */
	char *from;        /* bind, cache: a stage, its number, a context or an image, never with variables; NULL: the context (bind), nothing (cache) */
	char *source;      /* path within that, clean, absolute; "/" */
	/* As given, perhaps relative; NULL: the working directory, or the kind's default (secret: /run/secrets/ID, or none with .env; ssh: a path in /run/buildkit). */
	char *target;
	char *env;         /* secret: the variable that gets it */
	bool has_read_only, read_only; /* .has_read_only: said so; default: false for cache and tmpfs, true for others */
	bool required;     /* secret, ssh */
	enum run_mount_sharing sharing;
	uint64_t size;     /* tmpfs, bytes; 0: no limit */
	bool has_uid, has_gid, has_mode; /* cache 0,0,0755; secret, ssh 0,0,0400 and 0600 */
	uint32_t uid, gid, mode;
};

enum run_network { RUN_NETWORK_DEFAULT, RUN_NETWORK_NONE, RUN_NETWORK_HOST };
enum run_security { RUN_SECURITY_SANDBOX, RUN_SECURITY_INSECURE };

/* ENV, LABEL and ARG: names with values. */
struct instruction_pair {
	char *name, *value; /* .value NULL: ARG without a default */
};

/* A here-document as a file: COPY <<name. */
struct instruction_file {
	char *name, *content;
	bool expands; /* variables in the content are replaced at the expansion */
};

/* Where the file of a RUN that is one here-document beginning with "#!" has to be, with mode 0755; the command names it. */
#define INSTRUCTION_SCRIPT_DIRECTORY "/dev/pipes"

struct instruction {
	enum instruction_kind kind;
	const struct dockerfile_instruction *source;

	/* FROM */
	char *platform, *image, *stage; /* .stage: lower case, or NULL */

	/*
	 * RUN, CMD, ENTRYPOINT, SHELL: exec form, or one word for the shell. RUN's
	 * here-documents are in it: one that is all of the text by its content, others
	 * behind the text as shells want them; .files has the one of a script.
	 */
	char **command;
	bool is_shell_form;
	struct run_mount *mounts;
	size_t mount_count;
	enum run_network network;
	enum run_security security;
	char **devices; /* RUN --device, as given */

	/* COPY and ADD */
	char *from;
	char **sources, *destination; /* files named by here-documents are in .files, not in .sources, which may be empty and is never NULL */
	struct instruction_file *files;
	size_t file_count;
	char *chown, *chmod; /* as given: "user:group", "0755" or "u=rwX,go=rX"; or NULL */
	bool link, parents;
	char **excludes;     /* patterns as in .dockerignore; NULL-terminated, or NULL */
	char *checksum;      /* ADD: a digest */
	bool keep_git_dir;
	bool has_unpack, unpack;

	/* ENV, LABEL, ARG; MAINTAINER's text is .words[0] */
	struct instruction_pair *pairs;
	size_t pair_count;
	bool is_legacy_pair; /* ENV and LABEL: "NAME VALUE", without '=' */

	/* EXPOSE (sorted; after the expansion "80/tcp", ranges split), VOLUME, USER, WORKDIR, STOPSIGNAL, MAINTAINER */
	char **words;

	struct spec_health_check *health_check; /* HEALTHCHECK; .test {"NONE"} for NONE */
	struct dockerfile_instruction *triggered; /* ONBUILD: the instruction behind it, which parses; its text, with here-documents, is .words[0] */
};

/* The names of all instructions, sorted; NULL-terminated. */
extern const char *const instruction_names[];

/*
 * ERROR_INVALID: "NAME:3: …" with the nearest known instruction, flag or key as
 * hint, and *MARK: unknown ones; flags given twice that may be given once, or
 * with a value that is none; words that are missing or too many; JSON where only
 * JSON can be; ONBUILD of FROM, MAINTAINER or ONBUILD; and what
 * instruction_expand() finds, if there are no variables in it.
 */
int instruction_parse(struct arena *arena, const struct dockerfile *dockerfile, const struct dockerfile_instruction *source,
	struct instruction **ret, struct dockerfile_mark *mark, struct error *err) _must_check_;

/*
 * A copy with the variables replaced where the frontend replaces them (not in
 * RUN but its mounts, CMD, ENTRYPOINT, SHELL, HEALTHCHECK, MAINTAINER; not in
 * ONBUILD's rest; in quoted here-documents not; not in names of ARG), and what
 * can only be checked then: ports, signals, modes, mounts. The same errors.
 * Each value of an ARG should see those before it: who needs that expands them.
 */
int instruction_expand(struct arena *arena, const struct dockerfile *dockerfile, const struct instruction *instruction, const struct words *words,
	struct instruction **ret, struct dockerfile_mark *mark, struct error *err) _must_check_;

#endif
