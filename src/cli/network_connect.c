/* SPDX-License-Identifier: Apache-2.0 */
/* network connect, network disconnect: a container's place in a network, while it runs or not. */
#include "cli/command.h"
#include "cli/value_network.h"
#include "engine/container_network.h"
#include "spec/network.h"

/* ---- connect ----------------------------------------------------------------------- */

struct connect_request {
	struct value_endpoint endpoint;
	char **aliases, **links, **link_local, **options;
	const char *interface;
};

static const struct option_entry connect_entries[] = {
	{ "alias", 0, OPTION_LIST, 0, offsetof(struct connect_request, aliases), "NAME", "another name of the container in the network" },
	{ "driver-opt", 0, OPTION_LIST, 0, offsetof(struct connect_request, options), "NAME=VALUE", "an option of its place in the network" },
	{ "gw-priority", 0, OPTION_STRING, 0, offsetof(struct connect_request, endpoint.priority), "N",
		"the network with the highest number has the default route; default: 0" },
	{ "interface-name", 0, OPTION_STRING, 0, offsetof(struct connect_request, interface), "NAME", "what the interface is called; default: eth0, eth1, …" },
	{ "ip", 0, OPTION_STRING, 0, offsetof(struct connect_request, endpoint.ipv4), "IP", "its address" },
	{ "ip6", 0, OPTION_STRING, 0, offsetof(struct connect_request, endpoint.ipv6), "IP", "its address of IP version 6" },
	{ "link", 0, OPTION_LIST, 0, offsetof(struct connect_request, links), "CONTAINER[:ALIAS]", "reach another container by this name" },
	{ "link-local-ip", 0, OPTION_LIST, 0, offsetof(struct connect_request, link_local), "IP", "a link-local address besides" },
	{ "mac-address", 0, OPTION_STRING, 0, offsetof(struct connect_request, endpoint.mac), "MAC", "its hardware address" },
	{ 0 },
};

static int run_connect(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct connect_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_endpoint endpoint = { .network = call->operands[0] };
	struct value_endpoint more = request->endpoint;
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	more.aliases = request->aliases;
	more.links = request->links;
	more.link_local = request->link_local;
	more.options = request->options;
	if (r == 0)
		r = value_endpoint_add(arena, &more, &endpoint, err);
	if (r == 0 && request->interface && !spec_interface_name_is_valid(request->interface))
		r = error_set(err, ERROR_INVALID, 0, "invalid value '%.50s' for --interface-name: the kernel has no such names", request->interface);
	endpoint.interface = (char *)request->interface;
	return r < 0 ? r : container_network_connect(&directories, call->operands[1], &endpoint, err);
}

const struct command cli_network_connect = {
	.command = {
		.name = "network connect",
		.operands = "NETWORK CONTAINER",
		.summary = "put a container into a network",
		.description = "Makes a container a member of another network. If it runs it has an interface there at once, and others find it by its name; it "
			"is a member still when it is started again.",
		.entries = connect_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct connect_request),
	.run = run_connect,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- disconnect -------------------------------------------------------------------------- */

struct disconnect_request {
	bool force;
};

static const struct option_entry disconnect_entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct disconnect_request, force), NULL, "no error if there is no such container, or it is not in the network" },
	{ 0 },
};

static int run_disconnect(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct disconnect_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : container_network_disconnect(&directories, call->operands[1], call->operands[0], request->force, err);
}

const struct command cli_network_disconnect = {
	.command = {
		.name = "network disconnect",
		.operands = "NETWORK CONTAINER",
		.summary = "take a container out of a network",
		.description = "Takes a container out of a network, at once if it runs: its interface there, its addresses and the ports that led to them are gone.",
		.entries = disconnect_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct disconnect_request),
	.run = run_disconnect,
	.exit_status = CLI_EXIT_FAILURE,
};
