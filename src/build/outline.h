/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a Dockerfile and what each takes from others, before anything
 * is known of images: what must be built for a target, and what must be fetched
 * for that.
 */
#ifndef BIVY_BUILD_OUTLINE_H
#define BIVY_BUILD_OUTLINE_H

#include "build/instruction.h"
#include "spec/platform.h"

#define OUTLINE_NO_STAGE ((size_t)-1)

/* What a FROM, a COPY --from or a mount's from means. */
enum origin_kind {
	ORIGIN_SCRATCH, /* nothing */
	ORIGIN_STAGE,   /* .stage */
	ORIGIN_CONTEXT, /* the main one */
	ORIGIN_NAMED,   /* a --build-context called .name that is no image ("docker-image://…" becomes ORIGIN_IMAGE) */
	ORIGIN_IMAGE,   /* .name, a reference as written or as --build-context says */
};

struct origin {
	enum origin_kind kind;
	size_t stage;
	const char *name;
	struct spec_platform platform; /* of an image: the one that is wanted, normalised */
};

struct outline_argument {
	const char *name, *value; /* value NULL: "--build-arg NAME" without a value in the environment */
};

/* What of the options decides about stages. */
struct outline_request {
	const struct dockerfile *dockerfile;
	const char *target;              /* name or number of a stage; NULL: the last */
	struct outline_argument *arguments; /* --build-arg */
	size_t argument_count;
	struct spec_pair *contexts;      /* --build-context: NAME -> what it is */
	size_t context_count;
	struct spec_platform build_platform, target_platform; /* normalised: BUILDPLATFORM, TARGETPLATFORM and their parts */
};

struct outline_stage {
	const char *name;    /* lower case; NULL: none */
	size_t number;
	struct origin base;
	struct spec_platform platform; /* what it is built for */
	bool has_platform;   /* FROM --platform said so */
	const struct instruction *from; /* parsed */
	struct instruction **instructions; /* the others, parsed, variables not replaced */
	size_t instruction_count;
	bool needed;         /* for the target */
	size_t *dependencies; /* stages that it takes something from, all before it, each once */
	size_t dependency_count;
	bool is_replaced;    /* a --build-context has its name: it is .base, and its instructions are not followed */
	struct instruction **triggers; /* what its ONBUILD instructions leave to stages upon it, parsed */
	size_t trigger_count;
};

struct outline {
	const struct outline_request *request;
	struct outline_stage *stages;
	size_t stage_count, target;
	struct instruction **globals; /* ARGs before the first FROM, parsed */
	size_t global_count;
	char **arguments;    /* "K=V" of ARGs before the first FROM, with predefined ones: what FROM sees and `ARG NAME` of a stage takes up */
	struct origin *images; /* all images that needed stages begin with or copy from, each once */
	size_t image_count, image_room;
	/* --build-arg that no ARG takes up, for a warning; NULL-terminated. */
	const char **unused_arguments;
};

/*
 * Parses all instructions, those of unneeded stages too. ERROR_INVALID with
 * *MARK: whatever instruction_parse() finds; no FROM first; a base that is none
 * or blank; a stage that is the same, a later or a missing one; a target that
 * does not exist, with the nearest name as hint.
 */
int outline_make(struct arena *arena, const struct outline_request *request, struct outline **ret, struct dockerfile_mark *mark, struct error *err)
	_must_check_;

/* What NAME, of a --from in the stage, means; as above, but without "NAME:LINE: ". A name that is neither a stage's nor a context's is an image's. */
int outline_origin(struct arena *arena, const struct outline *outline, const struct outline_stage *stage, const char *name, struct origin *ret, struct error *err) _must_check_;

/*
 * Once the image of a needed stage's base is known: what its ONBUILD (NULL: it
 * has none) takes from stages and images becomes needed, with all that they
 * need. *RET_MORE becomes true if that is more than before: images then have to
 * be found for those, too, and asked for their ONBUILD. ERROR_INVALID with *MARK.
 */
int outline_follow_triggers(struct arena *arena, struct outline *outline, size_t stage, char *const *triggers, bool *ret_more,
	struct dockerfile_mark *mark, struct error *err) _must_check_;

/* The name of the stage that NAME was probably meant to be, for an image that does not exist; or NULL. */
const char *outline_nearest_stage(const struct outline *outline, const char *name);

/* Whether docker knows the argument without an ARG: "HTTP_PROXY", "TARGETARCH", "BUILDKIT_…". */
bool outline_argument_is_predefined(const char *name);

/* The value of a --build-arg, or NULL. */
const char *outline_argument_value(const struct outline_request *request, const char *name);

#endif
