/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a stage, done by a child process of the build's own (build_worker.h):
 * what it needs is all there, and what comes out is a layer of the store.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_STEP_H
#define BIVY_ENGINE_BUILD_STEP_H

#include "engine/build_state.h"

#define BUILD_DIGEST_SIZE 160

/* What cannot be had of caches elsewhere, although they say they have it. No pointers. */
struct build_stale {
	bool is_stale;
	char diff_id[BUILD_DIGEST_SIZE]; /* of a layer; "": all of the place */
	size_t place;                    /* number in --cache-from */
};

/* Crosses a pipe as it is: no pointers. */
struct build_step_result {
	int r;
	struct error err;
	bool is_cached, is_remote; /* as of a layer */
	struct build_stale stale;  /* the step has to wait until all begin anew */
	int64_t exit_code; /* of RUN's command */
	char chain_id[BUILD_DIGEST_SIZE], diff_id[BUILD_DIGEST_SIZE];
	char created[64], content_key[BUILD_DIGEST_SIZE]; /* "": none */
	char blob[BUILD_DIGEST_SIZE], media_type[128]; /* or empty: none was made */
	uint64_t blob_size;
	char failed_upper[1024]; /* kept for --debug */
};

struct build_step {
	struct build *build;
	struct build_stage *stage;
	const struct plan_step *plan;
	size_t vertex;
	const char *key; /* of the cache, complete but for what only the child can find out */
};

/*
 * The key of a step, as text. With files of other stages named by what they are
 * made of, which is known at once: equal work may have different ones, but never
 * the other way round.
 */
char *build_step_key(const struct build_step *step);

/* The same without the layers below, for COPY --link, whose layer is the same on all of them; NULL for others. */
char *build_step_link_key(const struct build_step *step);

/* Puts the layer into the build's lease, and sees whether it is there: ERROR_UNAVAILABLE. */
int build_hold_layer(struct build *build, const char *chain_id, struct error *err) _must_check_;

/* In the child: does it, and writes the record. What it prints is the step's output. */
void build_step_do(const struct build_step *step, struct build_step_result *ret);

/* build_graph.c: what has come out of the step is part of its stage. KEY: of the cache's record, NULL: there is none. */
void build_take_step(const struct build_step *step, const struct build_step_result *result, const char *key);

/* Makes a layer of what the step has changed, UPPER, which is taken away; MOUNTPOINTS as build_run_again() gives them. The cache does not get it. */
int build_step_layer(const struct build_step *step, const char *upper, const char *const *mountpoints, struct build_step_result *ret, struct error *err)
	_must_check_;

/* build_run.c and build_copy.c: the two kinds of work. *RET_UPPER: path of the directory with what has changed, in ROOT/build/work. */
int build_step_run(const struct build_step *step, const char **ret_upper, const char ***ret_mountpoints, struct build_step_result *result, struct error *err) _must_check_;
/*
 * In the build's own process: the command of a step of RUN, or a shell on our terminal, where what the step has changed is in
 * the directory UPPER, if that is there; so it is afterwards. *RET_MOUNTPOINTS: where something was mounted.
 */
int build_run_again(const struct build_step *step, const char *upper, bool is_shell, int64_t *ret_exit_code, const char ***ret_mountpoints,
	struct error *err) _must_check_;
/*
 * LAYER's .upper is set; if .layer of what is reported is NULL the layer is yet to be made of it. With WANTS_DIGEST that of what is copied is
 * reported (build_digests.h), as build_digests_of_copy() takes it.
 */
int build_step_copy(const struct build_step *step, struct spec_build_layer *layer, bool wants_digest, struct spec_build_copy_report *ret,
	struct error *err) _must_check_;

#endif
