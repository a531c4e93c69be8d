/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp of the configuration made a filter. */
#ifndef BIVY_RUNTIME_SECCOMP_PLAN_H
#define BIVY_RUNTIME_SECCOMP_PLAN_H

#include "base/error.h"
#include "base/str.h"
#include "host/seccomp.h"
#include "spec/config.h"

/*
 * Compiles SECCOMP after asking the kernel for what it uses: an action or flag
 * that the kernel lacks is an error that names it. Architectures that this
 * machine cannot run are left out. SCMP_ACT_ERRNO and SCMP_ACT_TRACE without
 * errnoRet mean EPERM. Release with seccomp_program_done(). Touches nothing.
 */
int seccomp_plan_make(const struct spec_seccomp *seccomp, struct seccomp_program *ret, struct error *err) _must_check_;

/* The filter in a few lines for people, each with INDENT in front. */
void seccomp_plan_print(const struct spec_seccomp *seccomp, const struct seccomp_program *program, const char *indent, struct buf *out);

#endif
