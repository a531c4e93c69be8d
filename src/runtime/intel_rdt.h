/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: the container's class of service, made or joined as
 * runtime-spec 1.3 says (config-linux.md, "IntelRdt"):
 *
 *   closID      limits    the class
 *   not given   any       is named like the container; if we made it, delete removes it
 *   given       given     is made if it is missing, else has to have the limits already; stays for ever
 *   given       none      has to be there
 *
 * and a monitoring group of the container's own in it, if one is asked for.
 */
#ifndef BIVY_RUNTIME_INTEL_RDT_H
#define BIVY_RUNTIME_INTEL_RDT_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"
#include "spec/state.h"

#include <stdbool.h>
#include <sys/types.h>

struct intel_rdt {
	const struct spec_intel_rdt *config; /* NULL: nothing is asked for, nothing is touched */
	const char *id;       /* the container's, also of its monitoring group */
	const char *class;    /* its name */
	const char *mount;    /* "/sys/fs/resctrl" */
	const char *path;     /* of the class */
	int root_fd;
	int class_fd;         /* -EBADF: not there yet */
	bool makes;           /* the class is missing */
	bool has_made, has_made_monitor;
};

#define INTEL_RDT_NONE ((struct intel_rdt){ .root_fd = -EBADF, .class_fd = -EBADF })

/*
 * What is to be done for container ID; only looks. Strings live in ARENA,
 * CONFIG (may be NULL) and ID are borrowed. Undo: intel_rdt_done.
 */
int intel_rdt_plan(struct arena *arena, const struct spec_intel_rdt *config, const char *id, struct intel_rdt *ret, struct error *err) _must_check_;

/* The same with the resctrl ROOT_FD (which it takes), mounted at MOUNT. */
int intel_rdt_plan_at(struct arena *arena, const struct spec_intel_rdt *config, const char *id, int root_fd, const char *mount,
	struct intel_rdt *ret, struct error *err) _must_check_;

/* Names in the record what is going to be made. */
void intel_rdt_record(const struct intel_rdt *rdt, struct spec_state *state);

/* Makes the class, its limits and the monitoring group. A failure leaves nothing. */
int intel_rdt_make(struct intel_rdt *rdt, struct error *err) _must_check_;

/* Moves the container's first process in. */
int intel_rdt_enter(const struct intel_rdt *rdt, pid_t pid, struct error *err) _must_check_;

/* Removes what intel_rdt_make() made, also a class with a closID unless others are in it. */
void intel_rdt_undo(struct intel_rdt *rdt);
void intel_rdt_done(struct intel_rdt *rdt);

/* One line per step. */
void intel_rdt_explain(const struct intel_rdt *rdt, struct buf *out);

/* By the record: another process of the container. A class that somebody removed is none. */
int intel_rdt_enter_recorded(const struct spec_state *state, const struct spec_intel_rdt *config, pid_t pid, struct error *err) _must_check_;

/* By the record: removes what is the container's alone. */
int intel_rdt_remove_recorded(const struct spec_state *state, const struct spec_intel_rdt *config, struct error *err) _must_check_;

#endif
