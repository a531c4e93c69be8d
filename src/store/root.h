/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system of an image, as data: which directories, one above the other, make it. */
#ifndef BIVY_STORE_ROOT_H
#define BIVY_STORE_ROOT_H

#include "base/memory.h"
#include "host/overlay.h"
#include "store/images.h"
#include "store/store.h"

/*
 * The layers of the image as the lower directories of *RET, in the arena; the
 * rest of *RET, where is written and who is who, is the caller's to fill in.
 * They are there as long as the image has its name or they are in a lease.
 * Nothing is mounted or opened. ERROR_NOT_FOUND, with a hint, if a layer is
 * missing; ERROR_UNSUPPORTED for more layers than an overlay mount takes.
 */
int root_of_image(const struct store *store, struct arena *arena, const struct image *image, struct overlay *ret, struct error *err) _must_check_;

#endif
