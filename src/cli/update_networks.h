/* SPDX-License-Identifier: Apache-2.0 */
/* The part of `update` that is about published ports and networks. */
#ifndef BIVY_CLI_UPDATE_NETWORKS_H
#define BIVY_CLI_UPDATE_NETWORKS_H

#include "base/options.h"
#include "cli/value_port.h"
#include "engine/directories.h"

/* What the options fill. */
struct update_networks_request {
	char **published, **unpublished, **joined, **left;
	const char *limit;
};

#define UPDATE_NETWORKS_ENTRIES(type, member) \
	{ "publish-add", 0, OPTION_LIST, 0, offsetof(type, member.published), "[[IP:]PORT:]PORT[/PROTOCOL]", \
		"make a port of it one of the host, too; may be repeated" }, \
	{ "publish-rm", 0, OPTION_LIST, 0, offsetof(type, member.unpublished), "[[IP:]PORT:]PORT[/PROTOCOL]", \
		"no longer; what is not said may be anything; may be repeated" }, \
	{ "network-add", 0, OPTION_LIST, 0, offsetof(type, member.joined), "NETWORK[:OPTIONS]", \
		"put it into a network, as 'network connect' does; may be repeated" }, \
	{ "network-rm", 0, OPTION_LIST, 0, offsetof(type, member.left), "NETWORK", "take it out of a network; may be repeated" }, \
	{ "net-limit", 0, OPTION_STRING, 0, offsetof(type, member.limit), "none|RATE|down=RATE,up=RATE,priority=N", \
		"limit what it receives and sends, in place of what limited it" }

/* What comes of it. */
struct update_networks {
	struct value_ports published, unpublished;
	struct spec_container_endpoint *joined;
	size_t joined_count;
	char *const *left; /* NULL-terminated, or NULL */
	const char *limit; /* or NULL */
};

int update_networks_decode(struct arena *arena, const struct update_networks_request *request, struct update_networks *ret, struct error *err)
	_must_check_;

/* Changes CONTAINER; what is done when something fails stays. */
int update_networks_apply(const struct directories *directories, const char *container, const struct update_networks *changes, struct error *err)
	_must_check_;

#endif
