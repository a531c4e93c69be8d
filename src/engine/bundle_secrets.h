/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --secret: files of the caller's that a container sees below /run/secrets, or
 * in its environment, and that no image or record keeps: what they hold lies in
 * the volatile directory alone, and is read anew at each start.
 */
#ifndef BIVY_ENGINE_BUNDLE_SECRETS_H
#define BIVY_ENGINE_BUNDLE_SECRETS_H

#include "engine/bundle_plan.h"

int bundle_check_secrets(const struct spec_container_config *config, struct error *err) _must_check_;

/* After the process, whose environment gets those of type env. */
int bundle_add_secrets(struct bundle_plan *plan, struct error *err) _must_check_;

#endif
