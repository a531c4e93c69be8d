/* SPDX-License-Identifier: Apache-2.0 */
/* network create, with the options of docker and Podman. */
#include "engine/network_addresses.h"
#include "engine/networks.h"
#include "cli/command.h"
#include "cli/value_env.h"
#include "spec/config.h"

struct network_create_request {
	const char *driver, *interface;
	struct option_choice ipv4, ipv6;
	bool internal, disable_dns, ignore, attachable, ingress, config_only;
	char **subnets, **ranges, **gateways, **auxiliary;
	char **options, **labels, **dns;
	const char *ipam_driver, *config_from, *scope;
	char **ipam_options;
};

#define AT(member) offsetof(struct network_create_request, member)

static const struct option_entry entries[] = {
	{ "attachable", 0, OPTION_FLAG, OPTION_HIDDEN, AT(attachable), NULL, "as without it: containers are attached to any network" },
	{ "aux-address", 0, OPTION_LIST, 0, AT(auxiliary), "NAME=ADDRESS", "an address of another host, which no container gets; may be repeated" },
	{ "config-from", 0, OPTION_STRING, OPTION_HIDDEN, AT(config_from), "NETWORK", "of swarms" },
	{ "config-only", 0, OPTION_FLAG, OPTION_HIDDEN, AT(config_only), NULL, "of swarms" },
	{ "disable-dns", 0, OPTION_FLAG, 0, AT(disable_dns), NULL, "do not resolve names of its containers" },
	{ "dns", 0, OPTION_LIST, 0, AT(dns), "ADDRESS", "ask this name server in place of the host's; may be repeated" },
	{ "driver", 'd', OPTION_STRING, 0, AT(driver), "bridge|macvlan|ipvlan", "how it is made; default: bridge" },
	{ "gateway", 0, OPTION_LIST, 0, AT(gateways), "ADDRESS", "its own address in a subnet; default: the first; may be repeated" },
	{ "ignore", 0, OPTION_FLAG, 0, AT(ignore), NULL, "a network of that name is no error" },
	{ "ingress", 0, OPTION_FLAG, OPTION_HIDDEN, AT(ingress), NULL, "of swarms" },
	{ "interface-name", 0, OPTION_STRING, 0, AT(interface), "NAME", "name of its bridge; macvlan, ipvlan: the host's interface that they are on" },
	{ "internal", 0, OPTION_FLAG, 0, AT(internal), NULL, "nothing but its members and the host can be reached" },
	{ "ip-range", 0, OPTION_LIST, 0, AT(ranges), "SUBNET", "the part of a subnet that addresses are taken from; may be repeated" },
	{ "ipam-driver", 0, OPTION_STRING, OPTION_HIDDEN, AT(ipam_driver), "DRIVER", "who chooses addresses; default is the only one" },
	{ "ipam-opt", 0, OPTION_LIST, OPTION_HIDDEN, AT(ipam_options), "NAME=VALUE", "of other drivers" },
	{ "ipv4", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(ipv4), "CHOICE", "have IP version 4; default: true", .parse = option_parse_choice },
	{ "ipv6", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(ipv6), "CHOICE", "have IP version 6; default: true, where the host has it",
		.parse = option_parse_choice },
	{ "label", 'l', OPTION_LIST, 0, AT(labels), "NAME=VALUE", "give it a label; may be repeated" },
	{ "opt", 'o', OPTION_LIST, 0, AT(options), "NAME=VALUE", "an option of the driver: mtu, parent, mode, or docker's names; may be repeated" },
	{ "scope", 0, OPTION_STRING, OPTION_HIDDEN, AT(scope), "local", "where it is" },
	{ "subnet", 0, OPTION_LIST, 0, AT(subnets), "SUBNET", "addresses of its containers, one of each version; default: chosen; may be repeated" },
	{ 0 },
};

/* What is docker's for swarms, or for address managers that we do not have. */
static int refuse_others(const struct network_create_request *request, struct error *err)
{
	const char *option = request->ingress ? "--ingress" : request->config_only ? "--config-only" : request->config_from ? "--config-from"
		: request->ipam_options ? "--ipam-opt" : NULL;

	if (option)
		return error_set(err, ERROR_UNSUPPORTED, 0, "%s is not supported", option);
	if (request->scope && !str_equal(request->scope, "local"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "--scope: there is none but local");
	if (request->ipam_driver && !str_equal(request->ipam_driver, "default") && !str_equal(request->ipam_driver, "host-local"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "--ipam-driver: there is none but default");
	return 0;
}

static int read_pairs(struct arena *arena, const char *option, char *const *texts, struct spec_pair **ret, size_t *ret_count, struct error *err)
{
	struct value_pairs pairs = { NULL };

	for (; texts && *texts; texts++) {
		int r = value_label_add(arena, *texts, &pairs, err);

		if (r < 0)
			return error_wrap(err, "--%s", option);
	}
	*ret = pairs.items;
	*ret_count = pairs.count;
	return 0;
}

/* Commas part those of one option, too, as in docker's. */
static char **split_list(struct arena *arena, char *const *texts)
{
	struct value_strings list = { NULL };

	for (; texts && *texts; texts++) {
		struct value_strings parts = value_split(arena, *texts, ',');

		for (size_t i = 0; i < parts.count; i++)
			value_strings_add(arena, &list, parts.items[i]);
	}
	return list.items;
}

static int decode_addresses(struct arena *arena, const struct network_create_request *request, struct spec_network *network, struct error *err)
{
	struct network_address_texts texts = {
		.subnets = split_list(arena, request->subnets),
		.ranges = split_list(arena, request->ranges),
		.gateways = split_list(arena, request->gateways),
	};
	int r = read_pairs(arena, "aux-address", request->auxiliary, &texts.auxiliary, &texts.auxiliary_count, err);

	return r < 0 ? r : network_addresses_assign(arena, &texts, network, err);
}

static int decode(struct arena *arena, const struct network_create_request *request, const char *name, struct spec_network *network, struct error *err)
{
	int r = refuse_others(request, err);

	*network = (struct spec_network){
		.name = (char *)name,
		.driver = (char *)request->driver,
		.interface = (char *)request->interface,
		.internal = request->internal,
		.no_dns = request->disable_dns,
		.attachable = request->attachable,
		.no_ipv4 = request->ipv4.is_given && !request->ipv4.value,
		.ipv6 = !request->ipv6.is_given || request->ipv6.value,
		.dns = split_list(arena, request->dns),
	};
	if (r == 0)
		r = read_pairs(arena, "opt", request->options, &network->options, &network->option_count, err);
	if (r == 0)
		r = read_pairs(arena, "label", request->labels, &network->labels, &network->label_count, err);
	return r < 0 ? r : decode_addresses(arena, request, network, err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct network_create_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *made = NULL;
	struct spec_network asked = { .name = NULL };
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = decode(arena, request, call->operands[0], &asked, err);
	if (r == 0)
		r = network_create(arena, &directories, &asked, &made, err);
	if (r == -EEXIST && asked.name && request->ignore) {
		*err = ERROR_INIT;
		r = network_find(arena, &directories, asked.name, &made, err);
	}
	if (r == 0)
		buf_printf(out, "%s\n", made->id);
	return r;
}

const struct command cli_network_create = {
	.command = {
		.name = "network create",
		.operands = "NETWORK",
		.summary = "make a network",
		.description = "Makes a network that containers can be members of, and prints its id. Members find each other by name; members of other networks "
			"cannot be reached but through published ports. Without --subnet it gets subnets that overlap no route of the host.\n\n"
			"A bridge is a network within this host. With macvlan and ipvlan containers are hosts of their own in the network of one of the host's "
			"interfaces: --opt parent=INTERFACE; default: the one with the default route.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct network_create_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
