/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction in a Dockerfile's words that changes how an image is run, as
 * `import --change` and `commit --change` take them.
 */
#ifndef BIVY_SPEC_IMAGE_CHANGE_H
#define BIVY_SPEC_IMAGE_CHANGE_H

#include "spec/image_config.h"

#define SPEC_IMAGE_CHANGE_LIMIT (64u << 10) /* bytes */

/*
 * Applies INSTRUCTION: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
 * ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR, in capitals or not, with a blank
 * or (Podman's way) '=' behind it. Strings come from ARENA. Variables are not
 * replaced: a '$' where a Dockerfile would have one replaced is an error.
 * ERROR_INVALID: "invalid change 'EXPOSE x': …"; then *EXECUTION may be half
 * changed.
 */
int spec_image_change_apply(struct arena *arena, const char *instruction, struct spec_execution *execution, struct error *err) _must_check_;

#endif
