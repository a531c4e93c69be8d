/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --link: names that one container alone has for others of its networks, in
 * its hosts(5). They are of the addresses that those have at its start, or when
 * its networks change.
 */
#ifndef BIVY_ENGINE_CONTAINER_LINKS_H
#define BIVY_ENGINE_CONTAINER_LINKS_H

#include "base/memory.h"
#include "engine/directories.h"
#include "spec/container.h"

struct container_link {
	const char *names; /* "ALIAS NAME ID", the id being the beginning of it; "ALIAS" of one that is not there */
	char **addresses;  /* of the other one in that network, "10.66.3.2/24"; NULL-terminated; NULL: it does not run there */
};

/* Those of all of HOST's networks, in the arena; how many. */
size_t container_links_find(struct arena *arena, const struct directories *directories, const struct spec_host_config *host, struct container_link **ret);

#endif
