/* SPDX-License-Identifier: Apache-2.0 */
/* Where an engine keeps what lasts, and what need not outlive the next boot. */
#ifndef BIVY_ENGINE_DIRECTORIES_H
#define BIVY_ENGINE_DIRECTORIES_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>

struct directories {
	const char *root;     /* what lasts */
	const char *run_root; /* what is volatile */
	const char *images;   /* the image store, in the root */
};

/* What decides besides the options; the process's own with directories_caller(). */
struct directories_caller {
	unsigned uid;
	const char *home, *data_home, *runtime_directory; /* $HOME, $XDG_DATA_HOME, $XDG_RUNTIME_DIR; or NULL */
};

struct directories_caller directories_caller(void);

/*
 * ROOT and RUN_ROOT are the options' values, NULL for those left out. Without
 * them it is /var/lib/bivy and /run/bivy for root, bivy in $XDG_DATA_HOME
 * (~/.local/share) and in $XDG_RUNTIME_DIR for others. A RUN_ROOT left out
 * beside a ROOT that is another than that is a directory of its own for that
 * root, whichever path it is called by, so that two engines never meet.
 * Nothing is made. *RET lives in the arena, its paths are absolute.
 */
int directories_decide(struct arena *arena, const struct directories_caller *caller, const char *root, const char *run_root,
	struct directories *ret, struct error *err) _must_check_;

/* Whether they are the caller's own usual ones, which no option needs to name. */
bool directories_are_usual(const struct directories *directories);

#endif
