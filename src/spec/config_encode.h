/* SPDX-License-Identifier: Apache-2.0 */
/* An OCI runtime configuration, written. */
#ifndef BIVY_SPEC_CONFIG_ENCODE_H
#define BIVY_SPEC_CONFIG_ENCODE_H

#include "base/json.h"
#include "base/str.h"
#include "spec/config.h"

/*
 * One line of JSON without newline that spec_config_decode() makes the same
 * configuration of. What is not given is left out.
 */
void spec_config_encode(const struct spec_config *config, struct buf *out);

/* The members of linux.resources and linux.seccomp as one member each; nothing for NULL. */
void spec_resources_write(struct json_writer *w, const char *key, const struct spec_resources *resources);
void spec_seccomp_write(struct json_writer *w, const char *key, const struct spec_seccomp *seccomp);

#endif
