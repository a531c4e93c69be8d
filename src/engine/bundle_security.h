/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept from a container: --security-opt, masked and read-only paths, the filter of system calls. */
#ifndef BIVY_ENGINE_BUNDLE_SECURITY_H
#define BIVY_ENGINE_BUNDLE_SECURITY_H

#include "engine/bundle_plan.h"

/* Whether the options are known ones, and the files that they name can be used. */
int bundle_check_security(const struct spec_container *container, struct error *err) _must_check_;

/* After the process, whose capabilities decide about system calls. */
int bundle_add_security(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
