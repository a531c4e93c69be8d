/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers, each extracted once: layers/HEX/ with the files in diff/ and a
 * record beside them, HEX from the chain id, which names a layer together with
 * all below it (image-spec, config.md). Here only whole directories are moved;
 * their content is layer_apply.h's.
 */
#ifndef BIVY_STORE_LAYERS_H
#define BIVY_STORE_LAYERS_H

#include "base/memory.h"
#include "spec/layer.h"
#include "store/store.h"

#include <stdbool.h>

bool layer_exists(const struct store *store, const char *chain_id);

/* Its record, in the arena. ERROR_NOT_FOUND without it. */
int layer_read(const struct store *store, struct arena *arena, const char *chain_id, struct spec_layer *ret, struct error *err) _must_check_;

/* Opens the directory of its files. */
int layer_open(const struct store *store, const char *chain_id, int *ret_fd, struct error *err) _must_check_;

/* The path of that directory, for mounts that take paths. */
char *layer_path(struct arena *arena, const struct store *store, const char *chain_id);

/*
 * The chain ids from TOP (NULL: no layers) down to the base, in this order, as
 * overlay takes them. ERROR_NOT_FOUND names one that is missing.
 */
int layer_stack(const struct store *store, struct arena *arena, const char *top, char ***ret_chain_ids, size_t *ret_count, struct error *err)
	_must_check_;

/* A layer that is being made. */
struct layer_stage {
	const struct store *store;
	char *name;  /* in staging/ */
	int fd;      /* of the directory that becomes the layer; its lock */
	int diff_fd; /* of its diff/, empty at first, 0755 */
};

#define LAYER_STAGE_INIT ((struct layer_stage){ .fd = -EBADF, .diff_fd = -EBADF })

/* The store must outlive *RET. */
int layer_begin(const struct store *store, struct layer_stage *ret, struct error *err) _must_check_;

/*
 * The layer is complete and verified: it gets its name. Ends the stage. If
 * another process has put the same one meanwhile, ours is dropped, and all is
 * well. Not synced to disk: image_put() does that.
 */
int layer_commit(struct layer_stage *stage, const char *chain_id, const struct spec_layer *layer, struct error *err) _must_check_;

/* Ends the stage and removes what was made. */
void layer_abort(struct layer_stage *stage);

#define _cleanup_layer_stage_ _cleanup_(layer_abort)

/*
 * Takes the layer's name away, under the exclusive lock "content": what
 * remains is garbage in staging/, removed by store_sweep() without a lock. No
 * error if it is not there. 0 or -errno.
 */
int layer_retire(const struct store *store, const char *chain_id) _must_check_;

/* Calls EACH for the chain ids of all layers in no order; stops at and returns what is not 0. */
typedef int layer_each(void *context, const char *chain_id);
int layer_list(const struct store *store, layer_each *each, void *context) _must_check_;

#endif
