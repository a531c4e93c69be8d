/* SPDX-License-Identifier: Apache-2.0 */
/* EXPOSE's ports. Internal to build. */
#ifndef BIVY_BUILD_INSTRUCTION_PORTS_H
#define BIVY_BUILD_INSTRUCTION_PORTS_H

#include "build/instruction_context.h"

/* "80", "53/udp", "8000-8010", and what docker lets pass though it means nothing here ("127.0.0.1:80:80"), as "80/tcp" each; NULL-terminated. */
int instruction_ports_read(const struct instruction_context *c, char *const *words, char ***ret) _must_check_;

#endif
