/* SPDX-License-Identifier: Apache-2.0 */
/* Records of containers, volumes and networks that cannot be read: `system check`. */
#ifndef BIVY_ENGINE_DAMAGE_CHECK_H
#define BIVY_ENGINE_DAMAGE_CHECK_H

#include "base/error.h"
#include "engine/directories.h"

#include <stdbool.h>
#include <stddef.h>

struct damage_check_report {
	size_t found, mended;
};

/*
 * Tells FOUND of each, in one line without its end. With REPAIR those are
 * mended of which enough is known: how a container was left becomes that it was
 * lost, a volume keeps its files, a network is what its bridge is. Others are
 * left as they are: with --force they can be removed.
 */
int damage_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context,
	struct damage_check_report *ret, struct error *err) _must_check_;

#endif
